"""What the page of a verdict is made from: the verdict asked for, what it rests on, and the others there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404

from evaluation.core.decided import Decided
from evaluation.models import Standard, Verdict
from evaluation.queries import DEFAULT_STANDARD
from evaluation.standards import parsed_standard
from indicators.models import Submission
from reports.presenters.relaxed import relaxed_view
from reports.presenters.verdict import Register, verdict_page


def chosen_verdict(latest: Verdict | None, asked_for: str) -> Verdict | None:
    """The verdict of a version that an address names by its number, the ``latest`` where it names none. Raises Http404
    for a number there is not."""
    if latest is None or not asked_for:
        return latest
    if not (asked_for.isascii() and asked_for.isdecimal()):
        raise Http404
    if int(asked_for) == latest.number:
        return latest
    of_version = Verdict.objects.filter(submission_id=latest.submission_id, standard_id=latest.standard_id)
    found = of_version.select_related("standard").filter(number=min(int(asked_for), latest.number)).first()
    if found is None or found.number != int(asked_for):
        raise Http404
    return found


def verdict_context(version: Submission, verdict: Verdict, register: Mapping[str, Register]) -> dict[str, Any]:
    """Everything the template of a verdict needs besides the version's own facts."""
    numbers = version.verdicts.filter(standard_id=verdict.standard_id).values("number", "as_of", "computed_at")
    others = Standard.objects.exclude(pk=verdict.standard_id).order_by("-code").only("code", "name")
    return content(verdict, register, json.loads(verdict.document)) | {
        "verdict": verdict,
        "verdicts": list(numbers),
        "other_standards": list(others),
    }


def content(verdict: Verdict, register: Mapping[str, Register], result: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a verdict and what it rests on beside them; ``verdict`` need not be stored."""
    standard, decided = parsed_standard(verdict.standard), Decided.of(verdict.decided)
    return {
        "page": verdict_page(result, standard, register),
        "relaxed": relaxed_view(result, standard, decided),
        "basis": basis_words(decided),
        "is_the_standard": verdict.standard_id == DEFAULT_STANDARD,
    }


def basis_words(decided: Decided) -> str:
    """What a verdict rests on beside the county's figures, counted; empty where that is nothing."""
    parts = (
        (len(decided.judged), "督学评定 {} 项"),
        (len(decided.supplied), f"省级录入 {'、'.join(sorted(decided.supplied))}"),
        (len(decided.grants), "过渡规定 {} 项"),
    )
    return "，".join(words.format(count) for count, words in parts if count)
