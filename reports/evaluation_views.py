"""The page of one evaluation, the same address for everybody who may see it: where it stands, what may be done now and
who is told, what was signed, and item by item what it rests on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation import (
    certifying_section,
    documents_section,
    noticing_section,
    proposing_section,
    reviewing_section,
    signing_section,
)
from evaluation.decisions import judged_items
from evaluation.evidence_queries import evidence_of, items_of
from evaluation.models import Evaluation, Filing, Question
from evaluation.parties import party_words, people_of
from evaluation.permissions import Person, why_not_judge_item
from evaluation.queries import evaluations_visible_to, submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from evaluation.workflow import State, Step, holder, steps_from
from indicators.models import Submission
from reports import radar_section
from reports.firmness_kept import firmness_in_short
from reports.presenters.evaluation import AREA_OF, event_lines, item_groups, step_lines
from reports.presenters.verdict import Register, verdict_page
from schools.vocabulary import Party

_Section = Callable[[Person, Evaluation], dict[str, Any]]
#: The parts of the page that are made elsewhere, each by ``evaluation.<area>_section.section`` and a template of its
#: own, in the order they stand where none of their steps is due.
_AREAS: dict[str, tuple[_Section, str]] = {
    "signing": (signing_section.section, "evaluation/sections/signing.html"),
    "reviewing": (reviewing_section.section, "evaluation/sections/reviewing.html"),
    "proposing": (proposing_section.section, "evaluation/sections/proposing.html"),
    "noticing": (noticing_section.section, "evaluation/sections/noticing.html"),
    "certifying": (certifying_section.section, "evaluation/sections/certifying.html"),
    "documents": (documents_section.section, "evaluation/sections/documents.html"),
    "radar": (radar_section.section, "evaluation/sections/radar.html"),
}
_EVENTS_LISTED = 200


@require_safe
@never_cache
def evaluation(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one evaluation; for whoever may not see it there is no such page."""
    visible = evaluations_visible_to(request.user).select_related("filing__submission", "filing__verdict")
    found = get_object_or_404(visible, pk=pk)
    sections, reasons, is_making = _sections(request, found)
    state, today = found.state_of, timezone.localdate()
    party = holder(state)
    context = {
        "evaluation": found,
        "school_year_label": f"{found.school_year}—{found.school_year + 1}学年",
        "state": state,
        "holder": party_words(party, people_of(found, (party,))[party]) if party else "",
        "is_overdue": found.deadline is not None and found.deadline < today,
        "steps": step_lines(request.user, found, reasons),
        "sections": sections,
        "is_making": is_making,
        "events": event_lines(found.events.order_by("-number")[:_EVENTS_LISTED]),
        "is_desk": request.user.party in (Party.CLERK, Party.SIGNER),
    }
    if found.filing is not None:
        context |= _filed(request, found, found.filing)
    return render(request, "evaluation/evaluation.html", context)


def _sections(request: HttpRequest, found: Evaluation) -> tuple[list[tuple[str, str]], dict[Step, str], bool]:
    """The parts of the page by their names, those a step of this state belongs to first; what they have against each
    step; and whether a worker is making documents, so that the page asks again."""
    told: dict[str, dict[str, Any]] = {}
    reasons: dict[Step, str] = {}
    for area, (section, _) in _AREAS.items():
        told[area] = section(request.user, found)
        reasons |= {Step(step): words for step, words in told[area].get("why_not", {}).items() if words}
    printed = [(area, _printed(request, found, area, told[area])) for area in _in_order(request, found, told)]
    return printed, reasons, told["documents"]["is_making"]


def _in_order(request: HttpRequest, found: Evaluation, told: dict[str, dict[str, Any]]) -> list[str]:
    """The areas, those first in which the reader may take a step now; what was sent back before the next signature."""
    mine = {AREA_OF[line.step] for line in steps_from(found.state_of, Party(request.user.party))}
    if found.state_of is State.RETURNED:
        mine = {"reviewing"}
    return sorted(told, key=lambda area: area not in mine)


def _printed(request: HttpRequest, found: Evaluation, area: str, told: dict[str, Any]) -> str:
    context = {**told, "section": told, "evaluation": found, "user": request.user}
    return render_to_string(_AREAS[area][1], context, request=request)


def _filed(request: HttpRequest, found: Evaluation, filing: Filing) -> dict[str, Any]:
    """What was signed last, judged with everything decided since: its items, schools and evidence side by side."""
    version, user = filing.submission, request.user
    verdict = verdict_of(version) or filing.verdict
    standard = parsed_standard(found.standard)
    register = Register.of(version.records.values("code", "name", "school_type", "sponsor_type"))
    page = verdict_page(json.loads(verdict.document), standard, register)
    asked = Question.objects.filter(evaluation=found, answered_at=None).values_list("criterion", flat=True)
    on_evidence = {item.code for item in items_of(found.standard) if item.rests_on_evidence}
    return {
        "filing": filing,
        "submission": version,
        "verdict": verdict,
        "page": page,
        "firmness": firmness_in_short(version, verdict),
        "items": item_groups(page, evidence_of(filing).defer("note"), on_evidence, Counter(asked)),
        "judged_codes": {criterion.code for criterion in judged_items(standard)},
        "why_not_judge": why_not_judge_item(user, found.county, found.school_year),
        **_other_versions(request, found, filing),
    }


def _other_versions(request: HttpRequest, found: Evaluation, filing: Filing) -> dict[str, Submission | None]:
    """What the filed version is compared with: the one signed before it, and the newest one to be seen of last year."""
    earlier = found.filings.filter(pk__lt=filing.pk).exclude(submission=filing.submission_id).order_by("-pk").first()
    of_last_year = submissions_visible_to(request.user).filter(
        county=found.county_id, school_year=found.school_year - 1, is_readable=True
    )
    return {
        "version_before": earlier.submission if earlier is not None else None,
        "last_year": of_last_year.order_by("-version").first(),
    }
