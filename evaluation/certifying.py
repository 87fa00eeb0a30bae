"""Certificates: issued when an evaluation is published, revoked with a reason, superseded by a correction; and what a
certificate is worth today."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from evaluation.certificate_file import canonical, sha256_of
from evaluation.certificate_record import is_vouched_for, kind_letters, kind_words, publication_of, record_of
from evaluation.comparing import keep_facts
from evaluation.events import head_for_writing
from evaluation.models import Certificate, Evaluation, Event, Proposal
from evaluation.parties import people_of
from evaluation.permissions import Refused, why_not_correct
from evaluation.standards import parsed_standard
from evaluation.steps import act_within, take_step
from evaluation.subscribing import announce
from evaluation.subscription_letters import letter_of_correction
from evaluation.telling import notify_all
from evaluation.workflow import State, Step, Within
from schools.models import Division, User
from schools.vocabulary import Party

#: Places of the number that counts the certificates of a province and year.
_NUMBER_PLACES = 3


def publish_effect(user: User) -> Callable[[Evaluation], Mapping[str, Any]]:
    """What belongs to the step of publishing: the certificate, and, for a correction, that what it corrects no longer
    stands. To be the ``effect`` of ``take_step``: all of it in one transaction."""

    def effect(evaluation: Evaluation) -> Mapping[str, Any]:
        corrected = _supersede(user, evaluation)
        certificate = issue_certificate(user, evaluation, corrected)
        return {"certificate": certificate.code, "number": certificate.number, "record": certificate.sha256}

    return effect


def _supersede(user: User, evaluation: Evaluation) -> Certificate | None:
    """The certificate a correction takes the place of; one that was revoked meanwhile stays so."""
    if evaluation.supersedes_id is None:
        return None
    old = Evaluation.objects.select_related("county__parent__parent").get(pk=evaluation.supersedes_id)
    certificate = Certificate.objects.filter(evaluation=old).first()
    if old.state_of is State.PUBLISHED:
        take_step(user, old, Step.SUPERSEDE, old.version, reason="更正后的评估已公布，由新证书取代。")
    return certificate


def issue_certificate(user: User, evaluation: Evaluation, corrects: Certificate | None = None) -> Certificate:
    """Issue the certificate of an evaluation that is about to be published; call inside the step. Raises Refused where
    what it would certify was not decided so."""
    proposal = _approved(evaluation)
    notice = proposal.notice
    if evaluation.filing is None:
        raise Refused("这次评估没有签报，不能颁发证书。")
    # The head of the chain is the lock: numbers are given out one after the other.
    last_event = head_for_writing()
    code, number = _next_code(evaluation), _next_number(evaluation)
    told = record_of(
        evaluation,
        evaluation.filing,
        proposal,
        notice,
        user,
        code=code,
        number=number,
        last_event=last_event,
        corrects=corrects,
    )
    text = canonical(told)
    certificate = Certificate.objects.create(
        evaluation=evaluation, code=code, number=number, record=text, sha256=sha256_of(text), issued_by=user
    )
    keep_facts(certificate, evaluation.filing.submission)
    return certificate


def _approved(evaluation: Evaluation) -> Proposal:
    """The proposal to certify that was approved for what is signed now."""
    approved = evaluation.proposals.filter(
        outcome=Proposal.Outcome.APPROVED, decision=Proposal.Decision.CERTIFY, filing=evaluation.filing_id
    )
    proposal = approved.select_related("verdict", "notice").order_by("-pk").first()
    if proposal is None or not hasattr(proposal, "notice"):
        raise Refused("没有经审定同意并公示的认定建议，不能颁发证书。")
    if proposal.verdict.passed is not True or not proposal.verdict.complete:
        raise Refused("建议所依据的核算结论不是“达标”，不能颁发证书。")
    return proposal


def _next_code(evaluation: Evaluation) -> str:
    letters = kind_letters(parsed_standard(evaluation.standard))
    stem = f"{letters}-{evaluation.school_year}-{evaluation.county_id}-"
    return f"{stem}{Certificate.objects.filter(code__startswith=stem).count() + 1:02d}"


def _next_number(evaluation: Evaluation) -> str:
    """优质均衡〔2026〕示例省 001 号: counted for a province and the year of publication."""
    province = _province(evaluation)
    kind = kind_words(parsed_standard(evaluation.standard))
    stem = f"{kind}〔{timezone.localdate().year}〕{province.name} "
    counted = Certificate.objects.filter(number__startswith=stem).count() + 1
    return f"{stem}{counted:0{_NUMBER_PLACES}d} 号"


def _province(evaluation: Evaluation) -> Division:
    place: Division = evaluation.county
    while place.parent is not None:
        place = place.parent
    return place


def revoke(user: User, evaluation: Evaluation, seen_version: int, reason: str) -> Event:
    """Revoke what was published; the reason is public. Raises Refused, and Overtaken where somebody was first."""
    return take_step(user, evaluation, Step.REVOKE, seen_version, reason, lambda _: _named(evaluation))


def _named(evaluation: Evaluation) -> dict[str, str]:
    certificate = Certificate.objects.filter(evaluation=evaluation).first()
    return {"certificate": certificate.code} if certificate is not None else {}


def start_correction(user: User, evaluation: Evaluation, seen_version: int, reason: str) -> Evaluation:
    """Let the county file anew what was published: a new evaluation that takes the place of this one when it is
    published itself; until then the certificate is under re-check, for a public reason. Returns the new evaluation.
    Raises Refused, and Overtaken where somebody was first."""
    if words := why_not_correct(user, evaluation):
        raise Refused(words)
    said = reason.strip()
    if not said:
        raise Refused("启动更正须写明理由，理由向社会公开。")
    opened: list[Evaluation] = []

    def effect(found: Evaluation) -> Mapping[str, Any]:
        under_way = Evaluation.objects.filter(
            county=found.county_id, school_year=found.school_year, standard=found.standard_id
        ).exclude(state__in=[state for state in State if not state.is_live or state is State.PUBLISHED])
        if under_way.exists():
            raise Refused("本县本学年已有一次评估正在办理，办完以后才能再启动更正。")
        correction = Evaluation.objects.create(
            county=found.county, school_year=found.school_year, standard=found.standard, supersedes=found
        )
        opened.append(correction)
        desk = people_of(correction, (Party.CLERK, Party.SIGNER))
        words = (
            f"{user}（{Party.CHIEF.label}）启动了更正，请核对数据后重新签报；原证书在此期间显示为复核中。理由：{said}"
        )
        notify_all([person for people in desk.values() for person in people], correction, words)
        announce(found, letter_of_correction(found, said))
        return _named(found) | {"correction": correction.pk}

    act_within(user, evaluation, Within.START_CORRECTION, seen_version, effect, said)
    return opened[0]


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """What a certificate is worth now: ``key`` is valid, recheck, superseded, revoked or altered; ``since`` and
    ``reason`` where it is no longer plainly valid; ``successor`` is what took its place."""

    key: str
    label: str
    words: str
    since: datetime.datetime | None = None
    reason: str = ""
    successor: Certificate | None = None

    @property
    def is_valid(self) -> bool:
        return self.key in ("valid", "recheck")


def certificate_status(certificate: Certificate) -> CertificateStatus:
    """The status of a certificate at this moment, from the state of its evaluation; a record that is not the one that
    was published is worth nothing."""
    evaluation = certificate.evaluation
    if not is_vouched_for(certificate, publication_of(certificate)):
        words = "平台上的记录与公布时的留痕不符，核查清楚以前不能作为依据。"
        return CertificateStatus("altered", "记录异常", words)
    if evaluation.state_of is State.REVOKED:
        event = _last(evaluation, Step.REVOKE)
        words = "证书已被撤销，不再有效。"
        return CertificateStatus("revoked", "已撤销", words, event and event.at, event.reason if event else "")
    if evaluation.state_of is State.SUPERSEDED:
        event = _last(evaluation, Step.SUPERSEDE)
        successor = Certificate.objects.filter(evaluation__supersedes=evaluation).first()
        why = _last(evaluation, Within.START_CORRECTION)
        words = "证书已由更正后的新证书取代，不再有效。"
        reason = why.reason if why else event.reason if event else ""
        return CertificateStatus("superseded", "已被取代", words, event and event.at, reason, successor)
    if evaluation.corrections.exclude(state__in=[state for state in State if not state.is_live]).exists():
        event = _last(evaluation, Within.START_CORRECTION)
        words = "证书仍然有效，但已启动更正，正在复核。"
        return CertificateStatus("recheck", "复核中", words, event and event.at, event.reason if event else "")
    return CertificateStatus("valid", "有效", "证书有效。")


def _last(evaluation: Evaluation, kind: Step | Within) -> Event | None:
    return Event.objects.filter(evaluation=evaluation, kind=kind.value).order_by("-number").first()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the public history of a certificate."""

    event: Event
    words: str
    certificate: Certificate | None


def public_history(certificate: Certificate) -> list[HistoryLine]:
    """What happened to a certificate, and to those it took the place of or that took its place, oldest first."""
    family = _family(certificate.evaluation)
    kinds = {
        Step.PUBLISH.value: "公布并颁发证书",
        Within.START_CORRECTION.value: "启动更正，证书复核中",
        Step.SUPERSEDE.value: "由更正后的新证书取代",
        Step.REVOKE.value: "撤销证书",
    }
    issued = {each.evaluation_id: each for each in Certificate.objects.filter(evaluation__in=family)}
    events = Event.objects.filter(evaluation__in=[pk for pk in family if pk in issued], kind__in=kinds)
    return [
        HistoryLine(event, kinds[event.kind], issued.get(event.evaluation_id)) for event in events.order_by("number")
    ]


def _family(evaluation: Evaluation) -> list[int]:
    """The evaluation, what it corrects and what corrects it, one after the other."""
    family = [evaluation.pk]
    before = evaluation.supersedes_id
    while before is not None and before not in family:
        family.append(before)
        before = Evaluation.objects.values_list("supersedes", flat=True).get(pk=before)
    after = [evaluation.pk]
    while after := list(
        Evaluation.objects.filter(supersedes__in=after).exclude(pk__in=family).values_list("pk", flat=True)
    ):
        family += after
    return family


def find_certificate(typed: str) -> Certificate | None:
    """A certificate by its number or its code, however the brackets and spaces were typed."""
    wanted = _folded(typed)
    if not wanted:
        return None
    found = Certificate.objects.select_related("evaluation__county__parent__parent")
    by_code = found.filter(code=wanted).first()
    if by_code is not None:
        return by_code
    # Numbers of one kind and year; so many are few.
    year = "".join(char for char in wanted if char.isdigit())[:4]
    return next((each for each in found.filter(number__contains=f"〔{year}〕") if _folded(each.number) == wanted), None)


_BRACKETS = str.maketrans("[(（【［﹝{｛)）】］﹞}｝]", "〔〔〔〔〔〔〔〔〕〕〕〕〕〕〕〕")


def _folded(text: str) -> str:
    return "".join(text.split()).translate(_BRACKETS).upper()


def altered_certificates() -> list[Certificate]:
    """The certificates whose stored record is not the one that was published."""
    return [each for each in Certificate.objects.order_by("pk") if not is_vouched_for(each, publication_of(each))]
