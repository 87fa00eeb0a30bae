"""How a number, a limit and a status are printed. Judged first, rounded last: nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from evaluation.core.status import UNKNOWN_TEXT, Status


@dataclass(frozen=True, slots=True)
class Mark:
    """A status as it is drawn: ``key`` chooses the colour, ``sign`` and ``label`` say the same without it."""

    key: str
    sign: str
    label: str


MARKS = {
    Status.MET: Mark("met", "✓", Status.MET.label),
    Status.NOT_MET: Mark("not_met", "✗", Status.NOT_MET.label),
    Status.UNKNOWN: Mark("unknown", "?", Status.UNKNOWN.label),
    Status.TO_JUDGE: Mark("to_judge", "…", Status.TO_JUDGE.label),
    Status.EXEMPT: Mark("exempt", "◇", Status.EXEMPT.label),
}
#: A value of one school against its limit: reached, reached only at the floor (85 %), under it, or missing.
ATTAINED = Mark("met", "✓", "达标")
UNDER_FLOOR = Mark("not_met", "✗", "不足")
NO_LIMIT = Mark("plain", "", "不逐校设限")
MISSING = Mark("unknown", "?", UNKNOWN_TEXT)


def mark_of(passed: bool | None) -> Mark:
    """The mark of a verdict that is true, false or unknown."""
    return MARKS[{True: Status.MET, False: Status.NOT_MET, None: Status.UNKNOWN}[passed]]


def equals(value: Fraction, text: str) -> str:
    """＝ where the printed ``text`` is the value itself, ≈ where it was rounded."""
    return "=" if Fraction(text) == value else "≈"
