"""What a check says about a workbook: one problem, at one place, in words a clerk understands."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem weighs; the stored value never changes, the label is what people read."""

    ERROR = "error"
    EXPLAIN = "explain"
    WARNING = "warning"

    @property
    def label(self) -> str:
        return {"error": "必须更正", "explain": "必须说明", "warning": "提示"}[self.value]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about the reported data.

    ``cell`` is an A1 address on ``sheet``; both are empty where the file as a whole is meant.
    ``found`` is what stood there, as text. ``rejects`` names the catalogue keys of the school's row
    (or the code of the county figure) whose values cannot be used: they count as missing, so that
    a rejected figure never improves a verdict. ``row`` is the sheet row, 0 where none. ``fix`` is what
    may be put into the cell instead, where there is one safe repair: proposed, never applied.
    """

    severity: Severity
    rule: str
    message: str
    sheet: str = ""
    cell: str = ""
    school: str = ""
    header: str = ""
    found: str = ""
    row: int = 0
    rejects: tuple[str, ...] = ()
    fix: str = ""

    @property
    def fingerprint(self) -> str:
        """What an explanation is bound to: the same rule finding the same at the same school, whatever the row.

        The message takes part because it holds every number involved, also those of other cells."""
        parts = "\x1f".join((self.rule, self.school, self.header, self.found, self.message))
        return hashlib.sha256(parts.encode("utf-8")).hexdigest()

    def as_dict(self) -> dict[str, str]:
        """The form of this problem in ``judge --json`` and in the database."""
        return {
            "severity": self.severity.value,
            "rule": self.rule,
            "sheet": self.sheet,
            "cell": self.cell,
            "school": self.school,
            "header": self.header,
            "found": self.found,
            "message": self.message,
        }
