"""What an evaluation passes through above the county: questions, decisions, proposal, 公示, certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from evaluation.models import Evaluation
from tests.evaluation.reviewing import working_day
from tests.evaluation.walk import MONITORING, SURVEY
from tests.permissions.askers import CHIEFS, DESK, EVERYBODY, Asker
from tests.permissions.row import Of, Row, Send, plain, thing
from tests.permissions.rules import (
    LIVE,
    PUBLIC,
    UNDECIDED,
    WITH_PROPOSAL,
    Rule,
    acts,
    answered,
    concerned,
    done_by,
    of_evaluation,
    of_signed,
    page_of,
    seen_by,
    with_proposal,
)
from tests.permissions.table_county import upload
from tests.permissions.world import Case, World

A = Asker
_PROVINCE = {key: CHIEFS | ({A.INSPECTOR} if key != "recused" else set()) for key in UNDECIDED}
_CHIEFS_WHILE_OPEN = dict.fromkeys(UNDECIDED, CHIEFS)
#: Whose turn it is to look at the county's figures.
_HOLDERS = {"city_review": {A.CITY}, "province_review": {A.INSPECTOR}}
_CERTIFIED = ("draft", "published", "revoked", "superseded")
_PUT_UP = ("draft", "notice", "notice_over", "published", "revoked", "superseded")


def _first(case: Case) -> Evaluation | None:
    """The evaluation that was signed: of a county that corrects, the one that is being corrected."""
    return case.things.get("before") or case.evaluation


def _of_first(*more: Any) -> Of:
    def of(world: World, case: Case) -> tuple[Any, ...] | None:
        found = _first(case)
        return None if found is None else (found.pk, *more)

    return of


def _of_county(*more: Any) -> Of:
    return lambda world, case: (case.code, *more)


def _seen(prefix: str = "", **said: Any) -> Send:
    """A form with the version of the evaluation, every field under the prefix of the form."""

    def send(world: World, case: Case) -> dict[str, Any]:
        found = _first(case)
        if found is None:
            return {}
        found.refresh_from_db()
        return {f"{prefix}{name}": told for name, told in (said | {"version": found.version}).items()}

    return send


def _send_back(world: World, case: Case) -> dict[str, Any]:
    about = {"reason": "请补充材料。", "deadline": working_day().isoformat(), "item": "G2", "reason-G2": "材料不全。"}
    return about | {"version": case.evaluation.version}


def _survey(world: World, case: Case) -> dict[str, Any]:
    figures = {f"survey-{name}": count for name, count in SURVEY.items()}
    return figures | {"survey-document": "省调查报告", "survey-issued_on": timezone.localdate().isoformat()}


def _monitoring(world: World, case: Case) -> dict[str, Any]:
    figures = {f"monitoring-{name}": value for name, value in MONITORING.items()}
    return figures | {"monitoring-document": "监测报告", "monitoring-issued_on": timezone.localdate().isoformat()}


def _grant(school: Callable[[World, Case], str]) -> Send:
    def send(world: World, case: Case) -> dict[str, Any]:
        today = timezone.localdate()
        said = {
            "school": school(world, case),
            "relaxation": "R3",
            "valid_from": today.isoformat(),
            "valid_until": today.replace(year=today.year + 1, day=1).isoformat(),
            "reason": "规划建设。",
            "file": upload(),
        }
        return {f"grant-{name}": told for name, told in said.items()}

    return send


def _own_school(world: World, case: Case) -> str:
    return str(case.school.pk)


def _neighbours_school(world: World, case: Case) -> str:
    return str(world.things["neighbours"]["sibling"].school.pk)


def _withdrawn_grant(world: World, case: Case) -> dict[str, Any]:
    return {f"withdraw-{case.grant.pk}-because": "条件不再具备。"}


def _answer_of_reply(world: World, case: Case) -> dict[str, Any]:
    begin = f"answer-{case.line}-"
    return {f"{begin}version": case.evaluation.version, f"{begin}answer": "已核对，建议不变。"}


def _reply(world: World, case: Case) -> dict[str, Any]:
    begin = f"reply-{case.line}-"
    said = {"version": case.evaluation.version, "agrees": "no", "text": "数据有误，请核对。"}
    return {begin + name: told for name, told in said.items()}


def _line(world: World, case: Case) -> tuple[Any, ...] | None:
    """A finding of the proposal; where there is none, as if there were."""
    found = case.evaluation
    return None if found is None else (found.pk, case.things.get("line", "G1"))


def _decision(choice: str) -> Send:
    def send(world: World, case: Case) -> dict[str, Any]:
        said = {"version": case.evaluation.version, "choice": choice, "words": "同意。", "notice_days": 5}
        return {f"decide-{name}": told for name, told in said.items()}

    return send


def _objection_answer(result: str) -> Send:
    def send(world: World, case: Case) -> dict[str, Any]:
        found, begin = _first(case), f"answer-{case.objection.pk}-"
        found.refresh_from_db()
        said = {"version": found.version, "result": result, "answer": "经核实，答复如下。"}
        return {begin + name: told for name, told in said.items()}

    return send


def _certificate(*ends: str) -> Of:
    return lambda world, case: (case.certificate.code,) if "certificate" in case.things else None


def _only_with(rule: Rule, cases: tuple[str, ...] | frozenset[str]) -> Rule:
    """The rule where there is such a page at all; in other cases there is none for anybody."""
    return lambda key: rule(key) if key in cases else answered()(key)


def _message(world: World, case: Case) -> tuple[Any, ...] | None:
    found = case.people[A.CLERK].inbox.exclude(evaluation=None).first()
    return None if found is None else (found.pk,)


_REVIEW = [
    Row("evaluation", thing("evaluation"), seen_by(of_evaluation)),
    Row("evaluation", _of_first(), seen_by(of_signed), cases=("draft",), what="under correction"),
    Row(
        "evaluation_forward", thing("evaluation"), send=_seen(opinion="数据属实，同意上报。"),
        post=acts({"city_review": {A.CITY}}, of_evaluation),
    ),
    Row(
        "evaluation_send_back", thing("evaluation"), page_of(_HOLDERS, of_evaluation), acts(_HOLDERS, of_evaluation),
        send=_send_back,
    ),
    Row(
        "question_ask", thing("evaluation"), post=acts(_HOLDERS, of_evaluation),
        send=plain(text="请说明数据来源。", criterion="G2"),
    ),
    Row(
        "question_answer", thing("question"), post=acts(dict.fromkeys(LIVE, DESK), of_signed),
        send=plain(text="已核对，数据属实。"),
    ),
    Row("inbox_open", _message, post=done_by({A.CLERK})),
]  # fmt: skip

_DECISIONS = [
    Row("decisions", _of_county(), seen_by(concerned)),
    Row("survey_supply", _of_county(), seen_by(concerned), acts(_PROVINCE, concerned), send=_survey),
    Row("monitoring_supply", _of_county(), seen_by(concerned), acts(_PROVINCE, concerned), send=_monitoring),
    Row(
        "item_judge", _of_county("G1"), seen_by(concerned), acts({"province_review": {A.INSPECTOR}}, concerned),
        send=plain(**{"item-G1-is_met": "yes", "item-G1-opinion": "查阅材料，符合要求。"}),
    ),
    Row(
        "relaxation_grant", _of_county(), seen_by(concerned), acts(_CHIEFS_WHILE_OPEN, concerned),
        send=_grant(_own_school),
    ),
    Row(
        "relaxation_grant", _of_county(), None, acts({}, concerned), send=_grant(_neighbours_school),
        what="to a neighbour's school",
    ),
    Row(
        "relaxation_withdraw", thing("grant"), seen_by(concerned), acts(_CHIEFS_WHILE_OPEN, concerned),
        send=_withdrawn_grant,
    ),
    Row("relaxation_file", thing("grant"), seen_by(concerned)),
    Row("supplied_file", thing("supplied"), seen_by(concerned)),
]  # fmt: skip

_PROPOSALS = [
    Row("proposal", thing("evaluation"), seen_by(with_proposal)),
    Row(
        "proposal_propose", thing("evaluation"), seen_by(with_proposal),
        acts({"province_review": {A.INSPECTOR}}, with_proposal),
        send=_seen("propose-", decision="certify", reason="综合各项核查，建议认定。"),
    ),
    Row(
        "proposal_propose", thing("evaluation"), None, acts({"province_review": {A.INSPECTOR}}, with_proposal),
        send=_seen("propose-", decision="decline", reason="综合各项核查，建议不予认定。"), what="to decline",
    ),
    Row(
        "proposal_finish", thing("evaluation"), _only_with(seen_by(with_proposal), WITH_PROPOSAL),
        _only_with(acts({"proposed": {A.SIGNER}}, with_proposal), WITH_PROPOSAL), send=_seen("finish-"),
    ),
    Row(
        "proposal_reply", _line, _only_with(seen_by(with_proposal), WITH_PROPOSAL),
        _only_with(acts({"proposed": {A.SIGNER}}, with_proposal), WITH_PROPOSAL), send=lambda world, case: (
            _reply(world, case) if "line" in case.things else {}
        ),
    ),
    Row(
        "reply_answer", thing("reply"), seen_by(with_proposal), acts({"proposed": {A.INSPECTOR}}, with_proposal),
        send=_answer_of_reply,
    ),
    Row("reply_file", thing("reply"), seen_by(with_proposal)),
    *(
        Row(
            "proposal_decide", thing("evaluation"), _only_with(seen_by(with_proposal), WITH_PROPOSAL),
            _only_with(acts({"ripe": CHIEFS}, with_proposal), WITH_PROPOSAL), send=_decision(choice), what=choice,
        )
        for choice in ("approve", "refuse")
    ),
]  # fmt: skip

_NOTICES = [
    Row("notice", thing("notice"), PUBLIC),
    Row(
        "notice_object", thing("notice"), PUBLIC, acts({"notice": EVERYBODY}, EVERYBODY),
        send=plain(text="公示的在校生数与实际不符，请核实。"),
    ),
    Row("objection", thing("objection", by="number"), PUBLIC),
    Row("objections", _of_first(), _only_with(seen_by(of_signed), _PUT_UP)),
    Row(
        "evaluation_publish", _of_first(), _only_with(seen_by(of_signed), _PUT_UP), send=_seen("publish-"),
        post=_only_with(acts({"notice_over": CHIEFS}, of_signed), _PUT_UP),
    ),
    *(
        Row(
            "objection_answer", thing("objection"), seen_by(of_signed), acts({"notice": CHIEFS}, of_signed),
            send=_objection_answer(result), what=result,
        )
        for result in ("dismissed", "upheld")
    ),
    Row("objection_file", thing("objection"), seen_by(CHIEFS)),
]  # fmt: skip

_CERTIFICATES = [
    Row("certificate", _certificate(), PUBLIC),
    Row("certificate_print", _certificate(), PUBLIC, cases=("revoked",), askers=frozenset({A.PUBLIC, A.OTHER_CLERK})),
    Row("certificate_record", _certificate(), PUBLIC),
    Row(
        "certificate_revoke", _of_first(), _only_with(seen_by(of_signed), _CERTIFIED), send=_seen(reason="数据不实。"),
        post=_only_with(acts({"published": CHIEFS, "draft": CHIEFS}, of_signed), _CERTIFIED),
    ),
    Row(
        "certificate_correct", _of_first(), _only_with(seen_by(of_signed), _CERTIFIED), send=_seen(reason="数据更正。"),
        post=_only_with(acts({"published": CHIEFS}, of_signed), _CERTIFIED),
    ),
]  # fmt: skip

ROWS = [*_REVIEW, *_DECISIONS, *_PROPOSALS, *_NOTICES, *_CERTIFICATES]
