"""What the page of an evaluation says about reviewing: forwarding, sending back, what was sent back, and questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.models import Evaluation, SendBack
from evaluation.permissions import Person
from evaluation.questions import LONGEST_TEXT, questions_of, why_not_answer, why_not_ask
from evaluation.revisions import newest_version
from evaluation.sending_back import AnsweredItem, answered_items, seal_of
from evaluation.steps import why_not_step
from evaluation.workflow import Step


@dataclass(frozen=True, slots=True)
class SentBack:
    """One send-back with what became of each thing in it. ``is_seal``: it says now what may be changed."""

    row: SendBack
    items: Sequence[AnsweredItem]
    is_seal: bool

    @property
    def changed(self) -> int:
        return sum(item.is_changed for item in self.items)

    @property
    def unchanged(self) -> int:
        return len(self.items) - self.changed


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The context of templates/evaluation/sections/reviewing.html."""
    rows = evaluation.send_backs.select_related(
        "evaluation", "filing__submission", "answered_by__submission", "sent_by"
    ).prefetch_related("items")
    seal = seal_of(evaluation)
    questions = questions_of(evaluation)
    return {
        "why_not": {step: why_not_step(user, evaluation, step) for step in (Step.FORWARD, Step.SEND_BACK)},
        "why_not_forward": why_not_step(user, evaluation, Step.FORWARD),
        "why_not_send_back": why_not_step(user, evaluation, Step.SEND_BACK),
        "send_backs": [
            SentBack(row, answered_items(row), seal is not None and row.pk == seal.pk) for row in rows.order_by("-pk")
        ],
        "questions": questions,
        "open_questions": sum(question.answered_at is None for question in questions),
        "why_not_ask": why_not_ask(user, evaluation),
        "why_not_answer": why_not_answer(user, evaluation),
        "longest_text": LONGEST_TEXT,
        "newest_version": None if seal is None else newest_version(seal.filing.submission).pk,
    }
