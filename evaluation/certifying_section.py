"""What the page of an evaluation says about its certificate."""

from __future__ import annotations

from typing import Any

from evaluation.certifying import certificate_status
from evaluation.models import Certificate, Evaluation
from evaluation.permissions import Person, why_not_correct
from evaluation.steps import why_not_step
from evaluation.workflow import State, Step


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The certificate and what it is worth; for the chief the ways to revoke and to correct it; the evaluation this
    one corrects, and the ones that correct it."""
    certificate = Certificate.objects.filter(evaluation=evaluation).select_related("evaluation").first()
    is_published = evaluation.state_of is State.PUBLISHED
    corrected = evaluation.supersedes
    return {
        "why_not": {Step.SUPERSEDE: "更正后的评估公布时自动办理。"},
        "certificate": certificate,
        "status": certificate_status(certificate) if certificate is not None else None,
        "may_revoke": is_published and not why_not_step(user, evaluation, Step.REVOKE),
        "may_correct": is_published and not why_not_correct(user, evaluation),
        "corrects": Certificate.objects.filter(evaluation=corrected).first() if corrected is not None else None,
    }
