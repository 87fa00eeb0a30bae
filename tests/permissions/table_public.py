"""What everybody may see: published results, and the rule that keeps small schools out of them."""

from __future__ import annotations

from typing import Any

from tests.permissions.askers import EVERY_CHIEF, Asker
from tests.permissions.row import ONCE, Of, Row, nothing, plain
from tests.permissions.rules import PUBLIC, answered, done_by, seen_by
from tests.permissions.world import Case, World

A = Asker
#: What is the same for whoever asks is asked by few.
_SOME = frozenset({A.PUBLIC, A.CLERK, A.OTHER_CLERK, A.STEWARD})


def _county(world: World, case: Case) -> tuple[Any, ...]:
    return (case.code,)


def _province(world: World, case: Case) -> tuple[Any, ...]:
    return (f"{case.code[:2]}0000",)


def _result(*more: Any) -> Of:
    return lambda world, case: (case.certificate.code, *more) if "certificate" in case.things else None


def _school(world: World, case: Case) -> tuple[Any, ...] | None:
    if "certificate" not in case.things:
        return None
    largest = case.certificate.evaluation.filing.submission.records.order_by("-primary_enrollment", "code")
    return case.certificate.code, largest.exclude(primary_enrollment=None)[0].code


ROWS = [
    Row("country", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("province", _province, PUBLIC, cases=ONCE, askers=_SOME),
    Row("county", _county, PUBLIC, askers=_SOME),
    Row("result", _result(), PUBLIC, askers=_SOME),
    Row("result_school", _school, PUBLIC, askers=_SOME),
    *(Row("result_export", _result(suffix), PUBLIC, askers=_SOME, what=suffix) for suffix in ("csv", "xlsx")),
    Row("result_similar", _result(), PUBLIC, askers=_SOME),
    # No county of the world has a result of an earlier year: there is no such page for anybody.
    Row("result_changes", _result(), answered(hidden=_SOME), askers=_SOME),
    Row("compare", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("glossary", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("search", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("corrections", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("country_feed", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("county_feed", _county, PUBLIC, askers=_SOME),
    Row(
        "publication_rule", nothing, seen_by(EVERY_CHIEF), done_by(EVERY_CHIEF), cases=ONCE,
        send=plain(fewest_pupils="20", reason="保护个人信息。"),
    ),
]  # fmt: skip
