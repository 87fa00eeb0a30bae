"""Doors of the chief to the annual reports of the province: have one made, publish it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evaluation.annual_reports import report_lines
from evaluation.document_queries import documents_visible_to
from evaluation.document_views import seen_number
from evaluation.documents import has_maker, order_annual_report, publish_report
from evaluation.documents_section import NO_MAKER
from evaluation.permissions import Refused, why_not_tend_documents

_DIGITS_OF_YEAR = 4


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def annual_reports(request: HttpRequest) -> HttpResponse:
    """The annual reports of the own province, year by year; sending a year has its report made."""
    if why_not_tend_documents(request.user):
        raise Http404
    if request.method == "POST":
        try:
            order_annual_report(request.user, _year(request), seen_number(request))
            messages.success(request, "年度报告已开始制作，可以离开本页，稍后再来查看。")
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect("annual_reports")
    lines = report_lines(request.user)
    is_making = any(line.is_made_now for line in lines)
    context = {"lines": lines, "is_making": is_making, "no_maker": "" if has_maker() else NO_MAKER}
    return render(request, "evaluation/annual_reports.html", context)


def _year(request: HttpRequest) -> int:
    typed = request.POST.get("school_year", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) == _DIGITS_OF_YEAR else 0


@require_POST
def annual_report_publish(request: HttpRequest, number: str) -> HttpResponse:
    """Let everybody read a report."""
    if why_not_tend_documents(request.user):
        raise Http404
    found = get_object_or_404(documents_visible_to(request.user), number=number)
    try:
        publish_report(request.user, found)
        messages.success(request, "年度报告已公布，任何人都可以查看和下载。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("annual_reports")
