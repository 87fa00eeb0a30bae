"""What pages of a filed version say to whoever reviews it: questions on a school or an item, asking, sending back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from evaluation.filed_cells import FiledCells
from evaluation.permissions import can_see_trial
from evaluation.queries import evaluations_visible_to
from evaluation.questions import LONGEST_TEXT, questions_on, why_not_answer, why_not_ask
from evaluation.sending_back import why_not_send_back
from indicators.models import Submission


def review_context(request: HttpRequest, version: Submission, school: str = "", criterion: str = "") -> dict[str, Any]:
    """The context of _components/review_box.html for one school or one item, or for the version as a whole; empty where
    the version is not what was signed last. Cells already chosen stand in the address and are carried on."""
    if can_see_trial(request.user, version.county_id) and not school and not criterion:
        return {}  # the county's own desk sends nothing back
    found = evaluations_visible_to(request.user).filter(filing__submission=version).order_by("-pk").first()
    if found is None:
        return {}
    may_ask, may_send_back = not why_not_ask(request.user, found), not why_not_send_back(request.user, found)
    about: dict[str, Any] = {"evaluation": found, "may_send_back": may_send_back}
    if not school and not criterion:
        return about
    cells = FiledCells(version).of_school(school) if school and (may_ask or may_send_back) else ()
    return about | {
        "questions": questions_on(found, school, criterion),
        "may_ask": may_ask,
        "why_not_answer": why_not_answer(request.user, found),
        "longest_text": LONGEST_TEXT,
        "review_cells": cells,
        "review_criterion": criterion,
        "chosen_cells": request.GET.getlist("cell"),
        "back": f"{request.path}#review",
    }
