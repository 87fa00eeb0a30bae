"""Evaluations that were published, without the long way through every single judgement."""

from __future__ import annotations

import datetime

from django.utils import timezone

from evaluation.decisions import judged_items, supply_monitoring, supply_survey
from evaluation.models import Evaluation, ItemJudgement, Proposal
from evaluation.noticing import last_day, publish
from evaluation.proposing import approve, finish_replies, propose
from evaluation.queries import default_standard
from evaluation.sending_back import forward
from evaluation.standards import parsed_standard
from schools.models import County
from tests.evaluation.walk import MONITORING, SURVEY, People, forwarded, sign, the_proposal


def decided(evaluation: Evaluation, people: People) -> Evaluation:
    """An evaluation with the province, to its 公示: judged in one go, proposed, answered, approved."""
    county, year, today = evaluation.county, evaluation.school_year, timezone.localdate()
    ItemJudgement.objects.bulk_create(
        ItemJudgement(
            county=county,
            school_year=year,
            criterion=item.code,
            is_met=True,
            opinion="符合要求。",
            judged_by=people.inspector,
        )
        for item in judged_items(parsed_standard(default_standard()))
    )
    supply_survey(people.inspector, county, year, SURVEY, "省调查报告", today)
    supply_monitoring(people.inspector, county, year, MONITORING, "监测报告", today)
    propose(people.inspector, evaluation, Proposal.Decision.CERTIFY, evaluation.version, "各项均已达标。")
    finish_replies(people.signer, the_proposal(evaluation), evaluation.version)
    evaluation.refresh_from_db()
    approve(people.chief, evaluation, evaluation.version, "同意。")
    return evaluation


def over(evaluation: Evaluation) -> datetime.date:
    """The first day on which it may be published."""
    return last_day(evaluation.notices.order_by("-pk")[0]) + datetime.timedelta(days=1)


def stands(county: County, people: People) -> Evaluation:
    """A published evaluation with its certificate."""
    evaluation = decided(forwarded(county, people), people)
    publish(people.chief, evaluation, evaluation.version, over(evaluation))
    return evaluation


def corrected(correction: Evaluation, people: People) -> Evaluation:
    """A correction, signed anew and walked to its publication."""
    sign(correction.county, people.signer)
    correction.refresh_from_db()
    forward(people.city, correction, correction.version, "同意上报。")
    decided(correction, people)
    publish(people.chief, correction, correction.version, over(correction))
    return correction
