"""The interface for programs, asked by whoever has signed in: the same people are answered as on the pages. What a
token changes is asked in tests/reports/api/."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import PASSWORD
from tests.permissions.askers import DESK, EVERY_DESK, EVERY_PARTY, EVERYBODY, SIGNED_IN, Asker
from tests.permissions.row import ONCE, Of, Row, nothing, plain, thing
from tests.permissions.rules import ANYBODY_SIGNED_IN, OPEN, PUBLIC, Rule, answered, done_by, of_signed, seen_by
from tests.permissions.world import Case, World

A = Asker
_SOME = frozenset({A.PUBLIC, A.CLERK, A.OTHER_CLERK, A.STEWARD})
#: An address that names no county leads everybody to the own one.
_OWN_ROOM = EVERYBODY - (EVERY_DESK - DESK)
_STANDARD = "2017-quality"
_ONE_VERSION = ("api_job", "api_problems", "api_verdict", "api_annotated")


def _county(world: World, case: Case) -> tuple[Any, ...]:
    return (case.code,)


def _province(world: World, case: Case) -> tuple[Any, ...]:
    return (f"{case.code[:2]}0000",)


def _result(world: World, case: Case) -> tuple[Any, ...] | None:
    return (case.certificate.code,) if "certificate" in case.things else None


def _school(world: World, case: Case) -> tuple[Any, ...] | None:
    if "certificate" not in case.things:
        return None
    largest = case.certificate.evaluation.filing.submission.records.order_by("-primary_enrollment", "code")
    return case.certificate.code, largest.exclude(primary_enrollment=None)[0].code


def _standard(world: World, case: Case) -> tuple[Any, ...]:
    return (_STANDARD,)


def _workbook(world: World, case: Case) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("接口.csv", "学校标识码\n".encode())}


def _where_open(key: str) -> Any:
    return done_by({A.CLERK}, SIGNED_IN)(key) if key in OPEN else done_by((), SIGNED_IN)(key)


def _open(route: str, of: Of, rule: Rule = PUBLIC, *, once: bool = False) -> Row:
    return Row(route, of, rule, askers=_SOME, cases=ONCE) if once else Row(route, of, rule, askers=_SOME)


ROWS = [
    *(_open(route, nothing, once=True) for route in ("api_guide", "api_docs", "api_document", "api_index")),
    *(_open(f"api_{room}", nothing, once=True)
      for room in ("provinces", "counties", "results", "corrections", "notices", "standards")),
    _open("api_province", _province, once=True),
    _open("api_standard", _standard, once=True),
    _open("api_county", _county),
    _open("api_result", _result),
    _open("api_result_schools", _result),
    _open("api_result_school", _school),
    _open("api_result_similar", _result),
    # No county of the world has a result of an earlier year.
    _open("api_result_changes", _result, answered(hidden=_SOME)),
    _open("api_notice", thing("notice")),
    Row("api_account", nothing, ANYBODY_SIGNED_IN, cases=ONCE),
    Row("api_submissions", nothing, ANYBODY_SIGNED_IN, _where_open, send=_workbook, askers=_OWN_ROOM),
    *(Row(route, thing("trial"), seen_by(DESK), what="trial") for route in _ONE_VERSION),
    *(Row(route, thing("signed"), seen_by(of_signed), what="signed") for route in _ONE_VERSION),
    Row("tokens", nothing, seen_by(EVERY_PARTY), done_by(EVERY_PARTY), cases=ONCE,
        send=plain(name="程序", days="30", password=PASSWORD)),
    Row("token_revoke", nothing, None, answered(refused=SIGNED_IN), cases=ONCE, send=plain(token="unknown")),
]  # fmt: skip
