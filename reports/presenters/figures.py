"""How a number, a limit and a status are printed. Judged first, rounded last: nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from evaluation.core.status import UNKNOWN_TEXT, Status


@dataclass(frozen=True, slots=True)
class Mark:
    """A status as it is drawn: ``key`` chooses the colour, ``sign`` and ``label`` say the same without it."""

    key: str
    sign: str
    label: str


@lru_cache(maxsize=64)
def _beside(mark: Mark) -> tuple[str, str]:
    """What stands before and behind a figure with this mark."""
    before = format_html('<span class="value value-{}">', mark.key)
    behind = format_html(
        ' <span class="value-words"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>'
        "</span>",
        mark.sign,
        mark.label,
    )
    return str(before), str(behind)


def marked_figure(text: str, mark: Mark) -> SafeString:
    """A figure with its mark as it is written into a table. Not a template: a county of 300 schools has 2,800 of them,
    and whoever opens its page waits."""
    before, behind = _beside(mark)
    return mark_safe(f"{before}{escape(text)}{behind}")  # noqa: S308 - all three parts are escaped


@lru_cache(maxsize=64)
def drawn_mark(mark: Mark) -> SafeString:
    """A status as ``_components/mark.html`` draws it, for tables that are not made by a template."""
    return format_html(
        '<span class="mark mark-{}"><span class="mark-sign" aria-hidden="true">{}</span>{}</span>',
        mark.key,
        mark.sign,
        mark.label,
    )


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
