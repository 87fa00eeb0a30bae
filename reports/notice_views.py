"""公示 as everybody may read it: the list, one page each, and the answer to an objection by its number."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation import noticing
from evaluation.models import Notice, Objection
from evaluation.standards import parsed_standard
from reports.presenters.notice import decision_sentence, dimension_lines, standing_of
from reports.presenters.verdict import verdict_page

_NOTICES_LISTED = 200


@require_safe
@login_not_required
@never_cache
def notices(request: HttpRequest) -> HttpResponse:
    """What is in 公示 today."""
    today = timezone.localdate()
    found = [(each, noticing.last_day(each)) for each in noticing.notices_open(today)]
    return render(request, "reports/notices.html", {"notices": found[:_NOTICES_LISTED], "count": len(found)})


@require_safe
@login_not_required
@never_cache
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One 公示: what was decided, the figures it rests on, the term, and how to object."""
    found = Notice.objects.select_related("evaluation__county__parent__parent", "proposal__verdict__standard")
    return render(request, "reports/notice.html", _context(get_object_or_404(found, pk=pk)))


def _context(found: Notice) -> dict[str, Any]:
    evaluation, verdict, today = found.evaluation, found.proposal.verdict, timezone.localdate()
    is_current = noticing.is_current(found)
    objections = list(found.objections.order_by("pk").values("number", "received_at", "result", "answer"))
    context: dict[str, Any] = {
        "notice": found,
        "county": evaluation.county,
        "standard": evaluation.standard,
        "school_year_label": f"{evaluation.school_year}—{evaluation.school_year + 1}学年",
        "last_day": noticing.last_day(found),
        "working_days": noticing.working_days_of(found),
        "is_provisional": noticing.is_term_provisional(found),
        "standing": standing_of(evaluation.state_of, is_current, today, noticing.last_day(found)),
        "why_not_object": noticing.why_not_object(found, today),
        "objections": [each | {"label": Objection.Result(each["result"]).label} for each in objections],
        "is_current": is_current,
    }
    if is_current:
        document, result = parsed_standard(verdict.standard), json.loads(verdict.document)
        page = verdict_page(result, document, {}, with_rows=False)
        context |= {
            "page": page,
            "sentence": decision_sentence(evaluation.county, evaluation.school_year, verdict.standard.name),
            "dimensions": dimension_lines(result, document),
            "verdict": verdict,
        }
    return context


@require_safe
@login_not_required
@never_cache
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Where an objection stands, by its number. Who wrote it and what is not shown: numbers can be guessed."""
    found = Objection.objects.select_related("notice__evaluation__county__parent__parent")
    return render(request, "reports/objection.html", {"objection": get_object_or_404(found, number=number)})
