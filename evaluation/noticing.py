"""公示 of an approved certification: anybody may object during its term; every objection is answered; then the chief
publishes, or takes the evaluation back where an objection is right.

An objection and the publication never both win: either changes the evaluation, under one lock and one version.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evaluation.certifying import publish_effect
from evaluation.core.working_days import BeyondCalendar, add_working_days, is_provisional, working_days_between
from evaluation.models import Evaluation, Notice, Objection
from evaluation.parties import people_of
from evaluation.permissions import Person, Refused, can_see_evaluation
from evaluation.queries import evaluations_visible_to
from evaluation.steps import Overtaken, act_within, overtaken_or, take_step, why_not_step
from evaluation.telling import notify_all
from evaluation.workflow import NOTICE_WORKING_DAYS, State, Step, Within
from evaluation.working_calendar import working_calendar
from indicators.actions import store_file
from indicators.evidence_files import EvidenceRefused, check_evidence_file
from schools.models import User
from schools.vocabulary import Party

SHORTEST_TEXT, LONGEST_TEXT = 10, 2_000
LONGEST_ANSWER = 4_000
#: Largest attachment of an objection, bytes.
OBJECTION_FILE_LIMIT = 5 * 1024 * 1024
#: Objections one sender may make a day, and all senders a day against one 公示: nobody drowns the answers.
_MOST_A_DAY_BY_SENDER = 5
_MOST_A_DAY = 200
_FILENAME_LENGTH = Objection._meta.get_field("filename").max_length or 0


# ── Reads ─────────────────────────────────────────────────────────────────────────────────────


def notices_open(day: datetime.date) -> list[Notice]:
    """The 公示 whose term runs on ``day``, the one that ends first at the top."""
    later = Notice.objects.filter(evaluation=OuterRef("evaluation"), pk__gt=OuterRef("pk"))
    found = Notice.objects.filter(~Exists(later), evaluation__state=State.NOTICE, opens_on__lte=day)
    found = found.select_related("evaluation__county__parent__parent", "evaluation__standard")
    return [notice for notice in found.order_by("closes_on", "pk") if day <= last_day(notice)]


def current_notice(evaluation: Evaluation) -> Notice | None:
    """The 公示 an evaluation is in, or was in last."""
    found = evaluation.notices.select_related("evaluation__county__parent__parent", "proposal__verdict__standard")
    return found.order_by("-pk").first()


def is_current(notice: Notice) -> bool:
    """Whether the evaluation still stands on this 公示: it was not taken back since."""
    evaluation = notice.evaluation
    is_newest = not Notice.objects.filter(evaluation=notice.evaluation_id, pk__gt=notice.pk).exists()
    return is_newest and evaluation.state_of.is_public


def last_day(notice: Notice) -> datetime.date:
    """The last day of the term. Where the schedule of a year came in after the 公示 was put up and leaves fewer than
    the working days that are due, the term runs on until there are enough."""
    try:
        due = add_working_days(working_calendar(), notice.opens_on, NOTICE_WORKING_DAYS)
    except BeyondCalendar:
        return notice.closes_on
    return max(notice.closes_on, due)


def working_days_of(notice: Notice) -> int | None:
    """Working days of the term, the day it was put up not counted; None beyond the calendar."""
    try:
        return working_days_between(working_calendar(), notice.opens_on + datetime.timedelta(days=1), last_day(notice))
    except BeyondCalendar:
        return None


def is_term_provisional(notice: Notice) -> bool:
    """Whether the term reaches into a year whose holidays are not published yet."""
    try:
        return is_provisional(working_calendar(), notice.opens_on, last_day(notice))
    except BeyondCalendar:
        return True


def open_objections(evaluation: Evaluation) -> QuerySet[Objection]:
    """Objections to any 公示 of an evaluation that nobody answered yet."""
    return Objection.objects.filter(notice__evaluation=evaluation, result=Objection.Result.OPEN)


def objections_of(evaluation: Evaluation) -> QuerySet[Objection]:
    """Every objection to an evaluation, the newest first."""
    found = Objection.objects.filter(notice__evaluation=evaluation).select_related("notice", "answered_by")
    return found.order_by("-pk")


def objections_visible_to(user: Person) -> QuerySet[Objection]:
    """The objections to evaluations that ``user`` may see. Words, name, contact and file are for the chief alone."""
    found = Objection.objects.select_related("notice__evaluation__county__parent")
    return found.filter(notice__evaluation__in=evaluations_visible_to(user).order_by())


# ── Anybody objects ───────────────────────────────────────────────────────────────────────────


def why_not_object(notice: Notice, day: datetime.date) -> str:
    """Empty if objections are taken on ``day``, otherwise the reason in words for the public."""
    evaluation = notice.evaluation
    if evaluation.state_of is not State.NOTICE or not is_current(notice):
        ended = timezone.localtime(evaluation.since)
        if evaluation.state_of is State.PUBLISHED:
            return f"省级审定人已于 {ended:%Y-%m-%d %H:%M:%S} 公布结果，公示已经结束，不再受理异议。"
        return "这次公示已经结束，不再受理异议。"
    if day < notice.opens_on:
        return f"公示从 {notice.opens_on} 开始，到时再提出异议。"
    if day > last_day(notice):
        return f"公示期到 {last_day(notice)} 为止，已经结束，不再受理异议。"
    return ""


def sender_of(address: str, day: datetime.date) -> str:
    """A keyed hash of an address on a day, by which the objections of one sender are counted. The next day the same
    address has another."""
    return salted_hmac("objection-sender", f"{day.isoformat()} {address}", algorithm="sha256").hexdigest()


def object_to(
    notice: Notice,
    text: str,
    *,
    sender: str,
    day: datetime.date | None = None,
    name: str = "",
    contact: str = "",
    file: tuple[str, bytes] | None = None,
) -> Objection:
    """Take in an objection and give it its number. ``sender`` counts (see :func:`sender_of`); ``day`` is the day it
    came in. Raises Refused with the reason."""
    day = day or timezone.localdate()
    words, filename = _checked_text(text), _checked_file(file)
    made: list[Objection] = []

    def write(_: Evaluation) -> Mapping[str, Any]:
        current = Notice.objects.select_related("evaluation__county").get(pk=notice.pk)
        _check(why_not_object(current, day))
        _check_rate(current, sender)
        objection = Objection.objects.create(
            notice=current,
            number=_next_number(current.evaluation),
            text=words,
            name=name.strip(),
            contact=contact.strip(),
            file=store_file(file[1]) if file is not None else None,
            filename=filename,
            sender=sender,
        )
        made.append(objection)
        chiefs = people_of(current.evaluation, (Party.CHIEF,))[Party.CHIEF]
        notify_all(chiefs, current.evaluation, f"收到异议 {objection.number}，请您核实并答复。")
        # The chain keeps that it came and what it said, by hash; never the words nor who wrote them.
        sha256 = hashlib.sha256(words.encode("utf-8")).hexdigest()
        return {"notice": current.pk, "number": objection.number, "sha256": sha256}

    try:
        act_within(None, notice.evaluation, Within.OBJECT, None, write)
    except Overtaken as overtaken:
        raise Refused("这次公示刚刚结束，异议没有提交。") from overtaken
    return made[0]


def _checked_text(text: str) -> str:
    words = text.strip()
    if not SHORTEST_TEXT <= len(words) <= LONGEST_TEXT:
        raise Refused(f"异议内容应为 {SHORTEST_TEXT} 至 {LONGEST_TEXT} 个字，现在有 {len(words)} 个字。")
    return words


def _checked_file(file: tuple[str, bytes] | None) -> str:
    if file is None:
        return ""
    name = PurePath(file[0].replace("\\", "/")).name[-_FILENAME_LENGTH:]
    if len(file[1]) > OBJECTION_FILE_LIMIT:
        raise Refused(f"附件有 {len(file[1]) / 1024**2:.1f} MB，最大 {OBJECTION_FILE_LIMIT // 1024**2} MB。")
    try:
        check_evidence_file(name, file[1])
    except EvidenceRefused as refusal:
        raise Refused(str(refusal)) from refusal
    return name


def _check_rate(notice: Notice, sender: str) -> None:
    if Objection.objects.filter(sender=sender).count() >= _MOST_A_DAY_BY_SENDER:
        raise Refused(f"从您的网络今天已经提交了 {_MOST_A_DAY_BY_SENDER} 件异议，请明天再提交，或写在一件里。")
    since = timezone.now() - datetime.timedelta(days=1)
    if Objection.objects.filter(notice=notice, received_at__gte=since).count() >= _MOST_A_DAY:
        raise Refused("这次公示今天收到的异议太多，暂时不能在网上提交。请明天再试，或按公示页上的方式联系。")


def _next_number(evaluation: Evaluation) -> str:
    """YY-990101-2026-001, counted by county and year; the county's row is held by the caller."""
    begin = f"YY-{evaluation.county_id}-{evaluation.school_year}-"
    return f"{begin}{Objection.objects.filter(number__startswith=begin).count() + 1:03d}"


# ── The chief answers, publishes, or takes back ───────────────────────────────────────────────


def why_not_answer(user: Person, objection: Objection) -> str:
    """Empty if ``user`` may answer an objection as not right, otherwise the reason in words."""
    evaluation = objection.notice.evaluation
    if not isinstance(user, User) or user.party != Party.CHIEF or not can_see_evaluation(user, evaluation):
        return "异议由审定人答复。"
    return "这件异议已经答复。" if objection.result != Objection.Result.OPEN else ""


def why_not_uphold(user: Person, objection: Objection) -> str:
    """Empty if ``user`` may take the evaluation back because of an objection, otherwise the reason in words."""
    if reason := why_not_answer(user, objection):
        return reason
    return why_not_step(user, objection.notice.evaluation, Step.UPHOLD_OBJECTION)


def dismiss(user: User, objection: Objection, seen_version: int, answer: str) -> None:
    """Answer an objection that is not right. Raises Refused, and Overtaken where somebody was first."""
    evaluation = objection.notice.evaluation
    if reason := why_not_answer(user, objection):
        raise overtaken_or(evaluation, seen_version, reason)
    words = _checked_answer(answer)

    def write(_: Evaluation) -> Mapping[str, Any]:
        return _answer(user, objection, Objection.Result.DISMISSED, words)

    act_within(user, evaluation, Within.DISMISS_OBJECTION, seen_version, write)
    objection.refresh_from_db()


def uphold(user: User, objection: Objection, seen_version: int, answer: str) -> None:
    """Answer an objection that is right: the evaluation goes back to review. Raises Refused, and Overtaken where
    somebody was first."""
    evaluation = objection.notice.evaluation
    if reason := why_not_uphold(user, objection):
        raise overtaken_or(evaluation, seen_version, reason)
    words = _checked_answer(answer)

    def write(_: Evaluation) -> Mapping[str, Any]:
        return _answer(user, objection, Objection.Result.UPHELD, words)

    take_step(user, evaluation, Step.UPHOLD_OBJECTION, seen_version, words, effect=write)
    objection.refresh_from_db()


def _checked_answer(answer: str) -> str:
    words = answer.strip()
    if not words:
        raise Refused("请写明答复：核实了什么、结论是什么。答复会公开。")
    if len(words) > LONGEST_ANSWER:
        raise Refused(f"答复有 {len(words)} 个字，最多 {LONGEST_ANSWER} 个字。")
    return words


def _answer(user: User, objection: Objection, result: Objection.Result, words: str) -> Mapping[str, Any]:
    changed = Objection.objects.filter(pk=objection.pk, result=Objection.Result.OPEN).update(
        result=result, answer=words, answered_by=user, answered_at=timezone.now()
    )
    if not changed:
        raise Refused("这件异议已经答复。")
    return {"notice": objection.notice_id, "number": objection.number, "result": result.value, "text": words}


def why_not_publish(user: Person, evaluation: Evaluation, day: datetime.date | None = None) -> str:
    """Empty if ``user`` may publish now, otherwise the reason in words: the term, and the objections still open."""
    if reason := why_not_step(user, evaluation, Step.PUBLISH):
        return reason
    return _why_not_over(evaluation, day or timezone.localdate())


def _why_not_over(evaluation: Evaluation, day: datetime.date) -> str:
    notice = current_notice(evaluation)
    if notice is None:
        return "还没有公示过，不能公布。"
    reasons = []
    if day <= last_day(notice):
        reasons.append(f"公示期到 {last_day(notice)} 为止，期满以后才能公布")
    if count := open_objections(evaluation).count():
        reasons.append(f"还有 {count} 件异议没有答复")
    return f"{'；'.join(reasons)}。" if reasons else ""


def publish(user: User, evaluation: Evaluation, seen_version: int, day: datetime.date | None = None) -> None:
    """Publish the result, once the term of the 公示 is over and every objection answered; the certificate is issued
    with it. Raises Refused, and Overtaken where somebody was first."""
    if reason := why_not_step(user, evaluation, Step.PUBLISH):
        raise overtaken_or(evaluation, seen_version, reason)

    def write(seen: Evaluation) -> Mapping[str, Any]:
        _check(_why_not_over(seen, day or timezone.localdate()))
        notice = current_notice(seen)
        if notice is None:
            raise Refused("还没有公示过，不能公布。")
        # Where holidays that were published later made the term longer, the row says how long it was.
        Notice.objects.filter(pk=notice.pk, closes_on__lt=last_day(notice)).update(closes_on=last_day(notice))
        return {"notice": notice.pk} | publish_effect(user)(seen)

    take_step(user, evaluation, Step.PUBLISH, seen_version, effect=write)


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)
