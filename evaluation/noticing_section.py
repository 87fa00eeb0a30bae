"""What the page of an evaluation says about its 公示: the term, the objections, and what stands against publishing."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from evaluation.models import Evaluation
from evaluation.noticing import current_notice, is_current, last_day, objections_of, open_objections, why_not_publish
from evaluation.permissions import Person
from evaluation.steps import why_not_step
from evaluation.workflow import State, Step


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The context of templates/evaluation/sections/noticing.html."""
    notice = current_notice(evaluation)
    if notice is None:
        return {"notice": None}
    notice.evaluation = evaluation
    waiting, last = open_objections(evaluation).count(), last_day(notice)
    unpublished = why_not_publish(user, evaluation)
    no_objection = "" if waiting else "没有待答复的异议。"
    return {
        "notice": notice,
        "last_day": last,
        "is_running": evaluation.state_of is State.NOTICE and timezone.localdate() <= last,
        "is_ended_early": not is_current(notice),
        "objections": objections_of(evaluation).count(),
        "waiting": waiting,
        "can_publish": not unpublished,
        "why_not_publish": unpublished if evaluation.state_of is State.NOTICE else "",
        "why_not": {
            Step.PUBLISH: unpublished,
            Step.UPHOLD_OBJECTION: why_not_step(user, evaluation, Step.UPHOLD_OBJECTION) or no_objection,
        },
    }
