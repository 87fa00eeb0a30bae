"""What everybody may see: published results, and the rule that keeps small schools out of them."""

from __future__ import annotations

from typing import Any

from evaluation.models import Standard
from tests.permissions.askers import EVERY_CHIEF, Asker
from tests.permissions.row import ONCE, Of, Row, nothing, plain
from tests.permissions.rules import PUBLIC, Rule, answered, done_by, seen_by
from tests.permissions.world import CASES, Case, World

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


def _with_result(*more: Any) -> Of:
    """A county that has a published result: one without has no tables."""
    return lambda world, case: (case.code, *more) if "certificate" in case.things else None


def _tables(route: str, of: Of, rule: Rule = PUBLIC, cases: tuple[str, ...] = CASES) -> list[Row]:
    """The files of a page's tables; to whom the page is open, they are."""

    def beside(suffix: str) -> Of:
        def address(world: World, case: Case) -> tuple[Any, ...] | None:
            found = of(world, case)
            return None if found is None else (*found, suffix)

        return address

    return [
        Row(f"{route}_tables", beside(suffix), rule, cases=cases, askers=_SOME, what=suffix)
        for suffix in ("csv", "xlsx")
    ]


def _standard(world: World, case: Case) -> tuple[Any, ...]:
    return (Standard.objects.get().pk,)


def _of_notice(world: World, case: Case) -> tuple[Any, ...] | None:
    return (case.things["notice"].pk,) if "notice" in case.things else None


_TABLES = [
    *_tables("country", nothing, cases=ONCE),
    *_tables("province", _province, cases=ONCE),
    *_tables("county", _with_result()),
    *_tables("result", _result()),
    *_tables("result_school", _school),
    *_tables("result_similar", _result()),
    *_tables("result_changes", _result(), answered(hidden=_SOME)),
    # Nothing is searched for: nothing is found.
    *_tables("search", nothing, answered(hidden=_SOME), cases=ONCE),
    *_tables("corrections", nothing, cases=ONCE),
    *_tables("notices", nothing, cases=ONCE),
    *_tables("notice", _of_notice),
    *_tables("standard", _standard, cases=ONCE),
    *_tables("rules", nothing, cases=ONCE),
]


def _link(name: str) -> Of:
    """A link out of a letter to a subscriber."""
    return lambda world, case: (world.things[name],)


_ASKED = plain(address="reader2@example.test", website="")
_SUBSCRIPTIONS = [
    Row("subscribe_country", nothing, PUBLIC, answered(done=_SOME), send=_ASKED, cases=ONCE, askers=_SOME),
    Row("subscribe_county", _county, PUBLIC, answered(done=_SOME), send=_ASKED, cases=ONCE, askers=_SOME),
    Row("subscribe_sent", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    Row("subscription_confirm", _link("to_confirm"), PUBLIC, answered(done=_SOME), cases=ONCE, askers=_SOME),
    Row("subscription_end", _link("to_end"), PUBLIC, answered(done=_SOME), cases=ONCE, askers=_SOME),
]


def _package(world: World, case: Case) -> tuple[Any, ...]:
    package = world.things["package"]
    return package.school_year, package.version


_OPEN_DATA = [
    Row("open_data", nothing, PUBLIC, cases=ONCE, askers=_SOME),
    *_tables("open_data", nothing, cases=ONCE),
    Row("open_data_file", _package, PUBLIC, cases=ONCE, askers=_SOME),
]
ROWS = [
    *_OPEN_DATA,
    *_SUBSCRIPTIONS,
    *_TABLES,
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
    *_tables("compare", nothing, answered(hidden=_SOME), cases=ONCE),
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
