"""Doors into the revised versions: accept proposals, correct a cell."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evaluation import revisions
from evaluation.permissions import Refused
from evaluation.queries import submissions_visible_to
from indicators.models import Submission

_LONGEST_NUMBER = 18


@require_POST
def accept_repairs(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry out the proposals that were ticked, or all of the kind whose button was pressed."""
    submission = get_object_or_404(submissions_visible_to(request.user), pk=pk)
    ticked = {int(n) for n in request.POST.getlist("problem") if n.isdecimal() and len(n) <= _LONGEST_NUMBER}
    kind = request.POST.get("kind", "")
    try:
        revised = revisions.accept_repairs(request.user, submission, () if kind else ticked, kind)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("submission", pk=pk)
    return _show(request, revised)


@require_POST
def correct_cell(request: HttpRequest, pk: int) -> HttpResponse:
    """Put what was typed into one cell."""
    submission = get_object_or_404(submissions_visible_to(request.user), pk=pk)
    sheet, cell, typed = (request.POST.get(name, "") for name in ("sheet", "cell", "typed"))
    try:
        revised = revisions.correct_cell(request.user, submission, sheet, cell, typed)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("submission", pk=pk)
    return _show(request, revised)


def _show(request: HttpRequest, revised: Submission) -> HttpResponse:
    count = revised.changes.count()
    messages.success(request, f"已更正 {count} 个单元格，保存为第 {revised.version} 版，正在重新检查和试算。")
    return redirect("submission", pk=revised.pk)
