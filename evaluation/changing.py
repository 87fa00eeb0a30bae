"""What changed from one published result to a later one of the same county.

To find it, the figures of two years are read and judged six times. Both results are frozen, so what was found holds for
ever: it is kept by their codes. What may be said of it depends on the rule of the province, and is not kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.core.cache import cache

from evaluation.core.decided import Decided
from evaluation.core.waterfall import MovedSchool, Waterfall, Year, closed_and_opened, waterfalls
from evaluation.models import Certificate, Verdict
from evaluation.standards import parsed_standard
from indicators.queries import reports_of

_KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Change:
    """Every figure from a year to the next, and the schools that closed and opened, those that are not shown alone
    among them."""

    waterfalls: tuple[Waterfall, ...]
    closed: tuple[MovedSchool, ...]
    opened: tuple[MovedSchool, ...]


def change_between(results: tuple[Certificate, Certificate], verdicts: tuple[Verdict, Verdict]) -> Change:
    """What changed from the first result to the second; ``verdicts`` are those behind them."""
    key = f"change:{results[0].code}:{results[1].code}"
    found: Change | None = cache.get(key)
    if found is None:
        found = _change(*verdicts)
        cache.set(key, found, _KEPT_SECONDS)
    return found


def _change(before: Verdict, after: Verdict) -> Change:
    reports = reports_of([before.submission, after.submission])
    old, new = (
        Year(
            reports[verdict.submission_id][0],
            parsed_standard(verdict.standard),
            verdict.as_of,
            Decided.of(verdict.decided),
        )
        for verdict in (before, after)
    )
    return Change(waterfalls(old, new), *closed_and_opened(old, new, (_judged(before), _judged(after))))


def _judged(verdict: Verdict) -> list[tuple[str, str]]:
    return [(row["code"], row["stage"]) for row in json.loads(verdict.document)["schools"]]
