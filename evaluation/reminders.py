"""Reminders before deadlines: each said once to each person, however often this runs."""

from __future__ import annotations

import datetime

from django.utils import timezone

from evaluation.models import Evaluation, Notice, Objection, Proposal, SendBack
from evaluation.noticing import is_current, last_day
from evaluation.parties import people_of
from evaluation.telling import notify_all
from evaluation.workflow import State
from schools.models import User
from schools.vocabulary import Party

#: So many days before the last day somebody is reminded.
DAYS_BEFORE = 2


def remind_of_deadlines(today: datetime.date | None = None) -> int:
    """Remind whoever has to act soon: the county of a send-back and of a proposal it may reply to, the chiefs of the
    end of a notice. Returns how many messages were written now."""
    day = today or timezone.localdate()
    soon = day + datetime.timedelta(days=DAYS_BEFORE)
    return _send_backs(day, soon) + _proposals(day, soon) + _notices(day)


def _send_backs(day: datetime.date, soon: datetime.date) -> int:
    open_ones = SendBack.objects.filter(
        evaluation__state=State.RETURNED, answered_by=None, deadline__range=(day, soon)
    ).select_related("evaluation__county__parent")
    return sum(
        notify_all(
            _desk(each.evaluation),
            each.evaluation,
            f"退回的事项应在 {each.deadline:%Y-%m-%d} 前更正并重新签报。",
            f"send_back:{each.pk}:{each.deadline:%Y-%m-%d}",
        )
        for each in open_ones
    )


def _proposals(day: datetime.date, soon: datetime.date) -> int:
    open_ones = Proposal.objects.filter(
        evaluation__state=State.PROPOSED,
        outcome=Proposal.Outcome.OPEN,
        finished_at=None,
        reply_until__range=(day, soon),
    ).select_related("evaluation__county__parent")
    return sum(
        notify_all(
            _desk(each.evaluation),
            each.evaluation,
            f"对“{each.get_decision_display()}”的意见应在 {each.reply_until:%Y-%m-%d} 前提交，过期后由审定人直接审定。",
            f"proposal:{each.pk}:{each.reply_until:%Y-%m-%d}",
        )
        for each in open_ones
    )


def _notices(day: datetime.date) -> int:
    """The end of a notice is near, and, once it is over, that it may be published."""
    running = Notice.objects.filter(evaluation__state=State.NOTICE).select_related("evaluation__county__parent")
    told = 0
    for notice in running:
        last = last_day(notice)
        if not is_current(notice) or last > day + datetime.timedelta(days=DAYS_BEFORE):
            continue
        waiting = notice.objections.filter(result=Objection.Result.OPEN).count()
        objections = f"还有 {waiting} 件异议没有答复，答复后才能公布。" if waiting else "没有未答复的异议。"
        words, key = ("公示已于", "over") if last < day else ("公示将于", "soon")
        chiefs = people_of(notice.evaluation, (Party.CHIEF,))[Party.CHIEF]
        words = f"{words} {last:%Y-%m-%d} 期满，{objections}"
        told += notify_all(chiefs, notice.evaluation, words, f"notice:{notice.pk}:{last:%Y-%m-%d}:{key}")
    return told


def _desk(evaluation: Evaluation) -> list[User]:
    found = people_of(evaluation, (Party.CLERK, Party.SIGNER))
    return [person for people in found.values() for person in people]
