"""公示 as everybody may read it: the list, one page each, and the answer to an objection by its number."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation import noticing
from evaluation.models import Notice, Objection
from evaluation.standards import parsed_standard
from reports.presenters.notice import decision_sentence, dimension_lines, standing_of
from reports.presenters.open_tables import Table
from reports.presenters.open_tables.places import notices_table, objection_table
from reports.presenters.open_tables.results import coefficient_tables, dimension_table, item_tables
from reports.presenters.verdict import verdict_page
from reports.public_page import PublicPage, answer

_NOTICES_LISTED = 200


@require_safe
@login_not_required
@never_cache
def notices(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """What is in 公示 today."""
    today = timezone.localdate()
    found = [(each, noticing.last_day(each)) for each in noticing.notices_open(today)]
    tables = [notices_table(found[:_NOTICES_LISTED], len(found))]
    return answer(request, PublicPage("reports/notices.html", {"count": len(found)}, tables, "公示"), suffix)


@require_safe
@login_not_required
@never_cache
def notice(request: HttpRequest, pk: int, suffix: str = "") -> HttpResponse | FileResponse:
    """One 公示: what was decided, the figures it rests on, the term, and how to object."""
    found = Notice.objects.select_related("evaluation__county__parent__parent", "proposal__verdict__standard")
    return answer(request, _page(get_object_or_404(found, pk=pk)), suffix)


def _page(found: Notice) -> PublicPage:
    evaluation, verdict, today = found.evaluation, found.proposal.verdict, timezone.localdate()
    is_current = noticing.is_current(found)
    objections = list(found.objections.order_by("pk").defer("text", "name", "contact", "sender"))
    tables: list[Table] = []
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
        "objections": objections,
        "is_current": is_current,
    }
    if is_current:
        document, result = parsed_standard(verdict.standard), json.loads(verdict.document)
        page = verdict_page(result, document, {}, with_rows=False)
        context |= {
            "page": page,
            "sentence": decision_sentence(evaluation.county, evaluation.school_year, verdict.standard.name),
            "verdict": verdict,
        }
        tables += [dimension_table(dimension_lines(result, document)), *coefficient_tables(page), *item_tables(page)]
    if objections:
        tables.append(objection_table(objections))
    about = [
        ("县", evaluation.county.full_name),
        ("学年", context["school_year_label"]),
        ("公示期", f"{found.opens_on:%Y-%m-%d} 至 {context['last_day']:%Y-%m-%d}"),
        ("现在", context["standing"]),
    ]
    if is_current:
        about.append(("核算的 SHA-256", verdict.sha256))
    return PublicPage("reports/notice.html", context, tables, f"{evaluation.county.name}公示_{found.pk}", about)


@require_safe
@login_not_required
@never_cache
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Where an objection stands, by its number. Who wrote it and what is not shown: numbers can be guessed."""
    found = Objection.objects.select_related("notice__evaluation__county__parent__parent")
    return render(request, "reports/objection.html", {"objection": get_object_or_404(found, number=number)})
