"""A version judged against another loaded standard, for information: computed when asked for, never stored."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.decided import Decided
from evaluation.core.verdict import judge_report
from evaluation.models import Standard, Verdict
from evaluation.queries import submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from indicators.queries import report_of
from reports.presenters.verdict import Register
from reports.verdict_context import content


@require_safe
@never_cache
def submission_standard(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """What another loaded standard says of the figures of a version, on the same day and with the same decisions."""
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    version = get_object_or_404(visible, pk=pk)
    row, own = get_object_or_404(Standard, pk=code), verdict_of(version)
    if own is None:
        raise Http404
    if row.pk == own.standard_id:
        return redirect("submission", pk=pk)
    standard, decided = parsed_standard(row), Decided.of(own.decided)
    result = judge_report(report_of(version), standard, own.as_of, decided)
    register = Register.of(version.records.values("code", "name", "school_type", "sponsor_type"))
    seen_as = Verdict(submission=version, standard=row, number=own.number, as_of=own.as_of, decided=own.decided)
    context = {"submission": version, "verdict": seen_as, "own_standard": own.standard, "is_informal": True}
    return render(request, "reports/verdict.html", context | content(seen_as, register, result))
