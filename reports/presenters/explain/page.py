"""What a page of explanation is made of, and how its numbers are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from urllib.parse import quote

from evaluation.core.rounding import half_up
from evaluation.core.standard import OpenQuestion, Standard
from reports.presenters.figures import Mark, equals
from schools.vocabulary import Stage

#: Decimals of a number that no decimal ends.
_LONG = 12
#: A fraction with longer numbers says nothing to a reader.
_MOST_DIGITS = 15
_ROOT_DIGITS = 60


class Disagreement(RuntimeError):
    """What the frozen figures give is not what the stored verdict says: one of the two must not be shown."""

    def __init__(self, what: str, found: object, stored: object) -> None:
        super().__init__(f"{what}: the figures give {found!r}, the verdict says {stored!r}")


def check_agrees(what: str, found: object, stored: object) -> None:
    """Raise Disagreement unless both are the same."""
    if found != stored:
        raise Disagreement(what, found, stored)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the pages around an explanation; empty where there is no submission to point into."""

    submission: str = ""
    method: str = ""

    def _to(self, *parts: str) -> str:
        if not self.submission or not all(parts):
            return ""
        return self.submission + "".join(f"{quote(part, safe='')}/" for part in parts)

    def value(self, school: str, stage: Stage, indicator: str) -> str:
        return self._to("explain", "value", school, stage.value, indicator)

    def coefficient(self, stage: Stage, indicator: str) -> str:
        return self._to("explain", "coefficient", stage.value, indicator)

    def composite(self, stage: Stage) -> str:
        return self._to("explain", "composite", stage.value)

    def item(self, code: str) -> str:
        return self._to("explain", "item", code)

    def school_item(self, code: str, school: str) -> str:
        return self._to("explain", "item", code, school)

    def school(self, school: str) -> str:
        return self._to("schools", school)

    def influence(self, stage: Stage, indicator: str) -> str:
        """The page that tells which schools make a coefficient what it is."""
        return self._to("coefficients", stage.value, indicator)

    def how(self, anchor: str) -> str:
        """The place of the method page that tells how such a figure is made."""
        return f"{self.method}#{quote(anchor)}" if self.method else ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words that may lead somewhere."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the computation, with what it computes."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One number a figure is made from: what it is, what was read, where it stands. ``original`` is what stood in a
    cell that was refused; ``note`` says why a number is there that the formula does not name."""

    what: str
    value: str
    unit: str
    sheet: str
    cell: str
    form: str
    original: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table of schools. ``mark`` is drawn beside the words where it is set."""

    words: str
    href: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of such a table."""

    words: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to compute again from; ``foot`` is the line of their sums, empty where there is none."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[str, ...] = ()
    note: str = ""

    def lines(self) -> Iterable[Iterable[tuple[Column, Cell]]]:
        """The rows, every cell with its column."""
        return (zip(self.columns, row, strict=True) for row in self.rows)

    def foot_line(self) -> Iterable[tuple[Column, str]]:
        return zip(self.columns, self.foot, strict=True)

    @property
    def is_long(self) -> bool:
        return len(self.rows) > 20


@dataclass(frozen=True, slots=True)
class Article:
    """What a figure rests on: the place in the document, and the document."""

    place: str
    document: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the page of one figure prints. ``steps`` are empty where it cannot be computed; ``why`` then says what
    is missing."""

    kind: str
    title: str
    sentence: str
    mark: Mark
    requirement: str
    formulas: tuple[str, ...]
    steps: tuple[Step, ...]
    why: tuple[Text, ...]
    sources: tuple[SourceLine, ...]
    tables: tuple[Table, ...]
    rounding: tuple[Step, ...]
    articles: tuple[Article, ...]
    method: str
    questions: tuple[tuple[str, str], ...]
    links: tuple[Text, ...]
    notes: tuple[str, ...] = ()


# ── How numbers are written ───────────────────────────────────────────────────────────────────


def ends(value: Fraction, places: int = _LONG) -> bool:
    """Whether ``value`` is a decimal of at most so many places."""
    return (10**places) % value.denominator == 0


def decimal(value: Fraction | int, places: int = _LONG) -> str:
    """``value`` as a decimal without zeros at the end; half up at ``places`` where it is longer."""
    text = half_up(Fraction(value), places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def exactly(value: Fraction | int) -> str:
    """``value`` itself: the decimal where it ends, else the fraction and its first decimals."""
    value = Fraction(value)
    if ends(value):
        return decimal(value)
    fraction = f"{value.numerator}/{value.denominator}"
    return f"{fraction} ≈ {decimal(value)}" if len(fraction) <= 2 * _MOST_DIGITS else f"≈ {decimal(value)}"


def said(value: Fraction, places: int = _LONG) -> str:
    """``= 4.2`` or ``≈ 4.333333``: a result with the sign that is true of it."""
    text = decimal(value, places)
    return f"{equals(value, text)} {text}"


def root(value: Fraction) -> Decimal:
    """√value to sixty digits."""
    with localcontext() as context:
        context.prec = _ROOT_DIGITS
        return (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()


# ── Open questions ────────────────────────────────────────────────────────────────────────────


def questions_on(standard: Standard, *subjects: str) -> tuple[tuple[str, str], ...]:
    """The open questions of a standard that touch one of ``subjects`` (codes, rules, ``population``), with what this
    standard does about each."""
    return tuple(
        (question.question, question.effect)
        for question in standard.open_questions
        if any(subject and subject in _subjects(question) for subject in subjects)
    )


def _subjects(question: OpenQuestion) -> set[str]:
    """What a question is about: ``G3–G5、G9`` is G3, G4, G5 and G9."""
    return {subject for part in question.criterion.split("、") for subject in _range(part)}


def _range(part: str) -> Iterable[str]:
    found = re.fullmatch(r"([A-Z]+)(\d+)–\1(\d+)", part)
    if found is None:
        return [part]
    return [f"{found[1]}{number}" for number in range(int(found[2]), int(found[3]) + 1)]
