"""Explaining a figure: may it still be explained, then the writer of the room below."""

from __future__ import annotations

from django.db import transaction

from evaluation.freezing import check_open, lock_county, why_frozen
from evaluation.permissions import Refused
from indicators import explanations
from indicators.models import Explanation, ReportedProblem, Submission
from schools.models import User


def why_not_explain(user: User, submission: Submission) -> str:
    """Empty if ``user`` may explain the figures of a version now, otherwise the reason in words."""
    return explanations.why_not_explain(user, submission) or why_frozen(submission.county_id, submission.school_year)


def explain(user: User, submission: Submission, problem: ReportedProblem, text: str) -> Explanation:
    """Take in why a figure is right. Raises Refused."""
    with transaction.atomic():
        lock_county(submission.county_id)
        check_open(submission.county_id, submission.school_year)
        try:
            return explanations.explain(user, submission, problem, text)
        except explanations.ExplanationRefused as refusal:
            raise Refused(str(refusal)) from refusal
