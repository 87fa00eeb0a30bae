"""What belongs to the county's own desk: uploads and trial versions, checklist, register, headers, signing."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from evaluation.models import Job, JobState
from indicators.catalogue import SCHOOL_SHEET
from indicators.header_mapping import unknown_headers
from indicators.workbook.repairs import RepairKind
from tests import builders
from tests.conftest import PASSWORD
from tests.indicators.test_evidence_files import pdf
from tests.permissions.askers import DESK, EVERY_DESK, EVERYBODY, Asker
from tests.permissions.row import ONCE, Of, Row, nothing, plain, thing
from tests.permissions.rules import OPEN, Rule, acts, done_by, of_signed, seen_by
from tests.permissions.world import CASES, Case, World

A = Asker
#: Addresses that name no county lead everybody to the own one: other desks are in their own rooms there.
OWN_ROOM = EVERYBODY - (EVERY_DESK - DESK)
_MISPLACED = frozenset({A.MISPLACED})
SIGNED_ONE = tuple(key for key in CASES if key != "trial")
_PRIMARY, _INDICATOR, _COUNTY_ITEM = "PRIMARY", "L5", "G5"
_CLERK_WHERE_OPEN = acts({key: {A.CLERK} for key in OPEN}, DESK)


def upload(name: str = "新.pdf", content: bytes | None = None) -> SimpleUploadedFile:
    """A small file that is accepted as evidence."""
    return SimpleUploadedFile(name, content or pdf())


def code_of(case: Case, number: int) -> str:
    """The code of one of the county's schools."""
    row = builders.good_rows()[number]
    return f"{row['code'][0]}{case.code}{number:03d}"


def _workbook(world: World, case: Case) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("新.csv", "学校标识码\n".encode())}


def _evidence(world: World, case: Case) -> dict[str, Any]:
    about = {"issued_by": "县政府", "issued_on": "2025-03-01", "proof_page": "第3页"}
    return {"evidence-file": upload(), **{f"evidence-{name}": said for name, said in about.items()}}


def _signature(world: World, case: Case) -> dict[str, Any]:
    version = case.things.get("signed", case.trial)
    found = case.evaluation
    seen = {"submission": version.pk, "verdict": version.verdicts.order_by("-number").first().pk}
    # One that is over is followed by a new one, which nobody has seen yet.
    seen["version"] = found.version if found is not None and found.state_of.is_live else 0
    return seen | {"name": "张文清", "post": "县教育局局长", "accepts": "on", "password": PASSWORD}


def _withdrawal(world: World, case: Case) -> dict[str, Any]:
    return {"version": case.evaluation.version, "reason": "发现一处填错。"}


def _problem(world: World, case: Case) -> tuple[Any, ...]:
    return case.trial.pk, case.trial.problems.filter(severity="explain").first().position


def _cell(world: World, case: Case) -> dict[str, Any]:
    version = case.things.get("signed", case.trial)
    row = version.records.order_by("row")[1].row
    return {"sheet": SCHOOL_SHEET, "cell": f"{version.columns['primary_largest_class']}{row}", "typed": "31"}


def _with_another(first: str, second: str) -> Of:
    def of(world: World, case: Case) -> tuple[Any, ...] | None:
        if first not in case.things or second not in case.things:
            return None
        return case.things[first].pk, case.things[second].pk

    return of


def _with_a_neighbours(first: str) -> Of:
    def of(world: World, case: Case) -> tuple[Any, ...] | None:
        neighbour = world.things["neighbours"]["sibling"]
        return None if first not in case.things else (case.things[first].pk, neighbour.signed.pk)

    return of


def _set_aside(world: World, case: Case) -> None:
    Job.objects.filter(submission__county=case.county).update(state=JobState.SET_ASIDE)
    Job.objects.filter(partial__base__county=case.county).update(state=JobState.SET_ASIDE)


def _header(world: World, case: Case) -> dict[str, Any]:
    header = unknown_headers(case.trial)[0]
    return {"version": case.trial.pk, f"key-{header.cell}": ""}


def _merged_abroad(world: World, case: Case) -> dict[str, Any]:
    return {"decision": "confirm", "merged_into": world.things["neighbours"]["sibling"].school.pk}


_DETAILS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("submission_file", ()),
    ("submission_annotated", ()),
    ("submission_problems", ()),
    ("submission_export", ("csv",)),
    ("submission_export", ("xlsx",)),
    ("submission_standard", ("2017-quality",)),
    ("submission_tables", ()),
    ("submission_tables_export", ()),
    ("coefficient", (_PRIMARY, _INDICATOR)),
    ("coefficient_export", (_PRIMARY, _INDICATOR, "csv")),
    ("explain_coefficient", (_PRIMARY, _INDICATOR)),
    ("explain_composite", (_PRIMARY,)),
    ("explain_item", (_COUNTY_ITEM,)),
    ("firmness", ()),
)
_OF_SCHOOL: tuple[tuple[str, str], ...] = (
    ("school", "{school}"),
    ("explain_value", "{school} PRIMARY L5"),
    ("explain_school_item", "G4 {school}"),
)


def _about_school(name: str, pattern: str) -> Of:
    def of(world: World, case: Case) -> tuple[Any, ...] | None:
        if name not in case.things:
            return None
        return (case.things[name].pk, *pattern.format(school=code_of(case, 1)).split())

    return of


def _versions() -> list[Row]:
    """Every page and file about a version: those that were signed, and those that never were."""
    rows = []
    for name, rule, what in (("signed", of_signed, "signed"), ("trial", DESK, "trial")):
        rows += [
            Row("submission", thing(name), seen_by(rule), what=what),
            Row("api_submission", thing(name), seen_by(rule), what=what),
            Row("submission_progress", thing(name), seen_by(rule), what=what, headers={"HX-Request": "true"}),
        ]
        about = {"get": seen_by(rule), "in_every_state": False}
        rows += [Row(route, thing(name, *more), what=f"{what} {more}", **about) for route, more in _DETAILS]
        rows += [Row(route, _about_school(name, pattern), what=what, **about) for route, pattern in _OF_SCHOOL]
    return rows


def _compared() -> list[Row]:
    rows = []
    for route in ("submission_compare", "comparison_export"):
        rows += [
            Row(route, _with_another("signed", "trial"), seen_by(DESK), what="with a trial version"),
            Row(route, _with_another("trial", "signed"), seen_by(DESK), what="of a trial version"),
            Row(
                route, _with_a_neighbours("signed"), answered_nobody(), what="with a neighbour's", in_every_state=False
            ),
        ]
    return rows


def answered_nobody() -> Rule:
    """A page there is not, whoever asks."""
    return seen_by(frozenset())


_ABOUT_VERSIONS = [
    Row("retry", thing("trial"), post=done_by(DESK), before=_set_aside, what="trial"),
    Row("retry", thing("signed"), post=done_by(DESK, of_signed), before=_set_aside, what="signed"),
    Row("reread", thing("trial"), post=done_by({A.CLERK}, DESK), cases=("trial",), what="trial"),
    Row("reread", thing("signed"), post=acts({key: {A.CLERK} for key in OPEN}, of_signed), what="signed"),
    Row("explain", _problem, post=_CLERK_WHERE_OPEN, send=plain(text="经核实，数据无误，学校新建。")),
    Row(
        "accept_repairs", thing("trial"), post=done_by({A.CLERK}, DESK), cases=("trial",),
        send=plain(kind=RepairKind.SEPARATORS.value), what="trial",
    ),
    Row("accept_repairs", thing("signed"), post=done_by((), of_signed), what="signed, nothing to repair"),
    Row("correct_cell", thing("trial"), post=done_by({A.CLERK}, DESK), send=_cell, cases=("trial",), what="trial"),
    Row(
        "correct_cell", thing("signed"), send=_cell, cases=SIGNED_ONE, what="signed",
        post=acts({key: {A.CLERK} for key in OPEN}, of_signed),
    ),
    Row("update_with_version", thing("trial"), post=done_by((), DESK), what="trial, no small version"),
    Row("update_with_version", thing("signed"), post=done_by((), of_signed), what="signed, no small version"),
    Row("partial", thing("partial"), seen_by(DESK)),
    Row("partial_progress", thing("partial"), seen_by(DESK), headers={"HX-Request": "true"}),
    Row("partial_file", thing("partial"), seen_by(DESK)),
    Row("partial_apply", thing("partial"), post=done_by({A.CLERK}, DESK)),
    Row("partial_discard", thing("partial"), post=done_by({A.CLERK}, DESK)),
    Row("partial_retry", thing("partial"), post=done_by(DESK), before=_set_aside),
]  # fmt: skip

_ROOMS = [
    Row("upload", nothing, post=_CLERK_WHERE_OPEN, send=_workbook, askers=OWN_ROOM),
    Row("checklist", nothing, seen_by(DESK), askers=OWN_ROOM),
    Row("checklist_item", lambda world, case: ("G1",), seen_by(DESK), askers=OWN_ROOM),
    Row(
        "checklist_task", lambda world, case: ("G1",), seen_by(DESK), done_by({A.CLERK}, DESK), askers=OWN_ROOM,
        send=plain(**{"task-person": "李四", "task-due_on": ""}),
    ),
    Row(
        "evidence_attach", lambda world, case: ("G1",), seen_by(DESK), _CLERK_WHERE_OPEN, send=_evidence,
        askers=OWN_ROOM,
    ),
    Row("evidence_file", thing("evidence"), seen_by(of_signed)),
    Row("evidence_withdraw", thing("evidence"), post=acts({key: {A.CLERK} for key in OPEN}, of_signed)),
    Row("register_changes", nothing, seen_by(DESK), askers=OWN_ROOM),
    Row("register_decide", thing("change"), post=done_by({A.CLERK}, DESK), send=plain(decision="decline")),
    Row(
        "register_decide", thing("change"), post=answered_nobody(), send=_merged_abroad, what="into a neighbour's",
    ),
    Row(
        "register_decide_all", nothing, post=done_by({A.CLERK}, DESK), send=plain(kind="retyped"), askers=OWN_ROOM
    ),
    Row("headers", nothing, seen_by(DESK), askers=OWN_ROOM),
    Row("headers", nothing, None, done_by({A.CLERK}, DESK), send=_header, cases=("trial",), what="of the county"),
    Row("register_changes", nothing, answered_nobody(), askers=_MISPLACED, cases=ONCE, what="by a misplaced account"),
    Row("headers", nothing, answered_nobody(), askers=_MISPLACED, cases=ONCE, what="by a misplaced account"),
    Row("header_forget", thing("mapping"), post=done_by({A.CLERK}, DESK)),
    Row("signing", nothing, seen_by(DESK), askers=OWN_ROOM),
    Row("signing_print", nothing, seen_by(DESK), askers=OWN_ROOM),
    Row(
        "signing_submit", nothing, seen_by(DESK), acts({key: {A.SIGNER} for key in OPEN - {"trial"}}, DESK),
        send=_signature, askers=OWN_ROOM,
    ),
    Row(
        "signing_withdraw", thing("evaluation"), send=_withdrawal,
        post=lambda key: answered_nobody()(key) if key == "draft" else _withdrawn(key),
    ),
    Row("filing", thing("filing", by="number"), seen_by(of_signed)),
    Row("filing_print", thing("filing", by="number"), seen_by(of_signed)),
    Row(
        "template_download", nothing, seen_by(EVERY_DESK), cases=ONCE,
        askers=EVERYBODY - (EVERY_DESK - DESK - {A.OTHER_CLERK}),
    ),
]  # fmt: skip


def _withdrawn(key: str) -> Any:
    return acts({"city_review": {A.SIGNER}}, of_signed)(key)


ROWS = [*_versions(), *_compared(), *_ABOUT_VERSIONS, *_ROOMS]
