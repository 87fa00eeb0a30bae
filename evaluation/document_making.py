"""What a county's printed documents are, and who writes them: the seam between the workflow and what is shown.

Which documents exist, who may have them made, their numbers and where they are kept is decided here in ``evaluation``.
What stands in them is made in ``reports``, which this room may not import: it gives its maker to ``use_maker`` when the
site starts (``reports.apps``), and the worker asks ``maker()``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class DocumentKind(StrEnum):
    """The five documents. The values are stored and never renamed."""

    SELF_ASSESSMENT = "self_assessment"
    OPINION = "opinion"
    FEEDBACK = "feedback"
    SCHOOL_PLAN = "school_plan"
    ANNUAL_REPORT = "annual_report"

    @property
    def label(self) -> str:
        """The name a document bears on its first page."""
        return _LABELS[self]


_LABELS = {
    DocumentKind.SELF_ASSESSMENT: "自评报告",
    DocumentKind.OPINION: "督导评估意见书",
    DocumentKind.FEEDBACK: "反馈意见",
    DocumentKind.SCHOOL_PLAN: "一校一策",
    DocumentKind.ANNUAL_REPORT: "省级年度报告",
}


@dataclass(frozen=True, slots=True)
class Seal:
    """What tells a document from every other: printed in it, its address also as a QR code.

    ``sha256`` is the hash of the canonical JSON of the facts the document was filled with; a file cannot bear its own.
    """

    number: str
    sha256: str
    address: str


class Maker(Protocol):
    """Turns frozen rows into facts, facts and a template into .docx, .docx into PDF. Writes nothing."""

    def facts(
        self, kind: DocumentKind, evaluation_id: int, school: str = "", verdict_id: int | None = None
    ) -> dict[str, Any]:
        """Everything a county's document says, as JSON: texts as they are printed, numbers already rounded, lists of
        rows. ``school`` is the code of the school of a SCHOOL_PLAN; ``verdict_id`` the verdict all of an order rests
        on, without it the one a document made now would rest on."""

    def province_facts(self, province: str, school_year: int) -> dict[str, Any]:
        """The same for the ANNUAL_REPORT of a province (its code), from published results alone."""

    def schools(self, evaluation_id: int) -> Sequence[tuple[str, str]]:
        """Code and name of every school of the signed filing that gets a plan of its own."""

    def default_template(self, kind: DocumentKind) -> bytes:
        """The .docx with placeholders that is used where a province has none of its own, to be edited in Word."""

    def template_problems(self, kind: DocumentKind, content: bytes) -> Sequence[str]:
        """Chinese sentences on what keeps a province's template from being used; none where it fits. The file may be
        hostile: it is looked at and filled on trial with limits."""

    def fill(self, kind: DocumentKind, facts: Mapping[str, Any], template: bytes | None, seal: Seal) -> bytes:
        """The .docx. Every text of ``facts`` is inert in it. Raises FillingFailed."""

    def can_print(self) -> bool:
        """Whether this machine can turn .docx into PDF."""

    def to_pdf(self, documents: Sequence[bytes], report: Callable[[int], None]) -> Sequence[bytes]:
        """The PDFs of .docx files in their order, fonts embedded, with bookmarks and page numbers; ``report`` is told
        how many are ready. Raises PrintingFailed."""


class FillingFailed(Exception):
    """A template could not be filled: one that was changed behind our back, or that wants too much. The message is
    Chinese and may be shown."""


class PrintingFailed(Exception):
    """The program that prints was missing, was killed or gave no file. The message is Chinese and may be shown."""


class NoMaker(Exception):
    """Nobody gave a maker: a process that was not set up as the site is."""


_maker: list[Maker] = []


def use_maker(maker: Maker) -> None:
    """Called once, when the site starts."""
    _maker[:] = [maker]


def maker() -> Maker:
    """Who writes the documents. Raises NoMaker."""
    if not _maker:
        raise NoMaker
    return _maker[0]
