"""Doors into the evidence of a filing: one item with its files, attach, withdraw, take away; and its task."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluation import evidence_actions as actions
from evaluation.core.filing import FilingItem
from evaluation.evidence_forms import EvidenceForm, TaskForm
from evaluation.evidence_queries import evidence_visible_to, item_of, next_without_evidence, tasks_visible_to
from evaluation.freezing import why_frozen
from evaluation.models import Standard
from evaluation.permissions import Refused, can_see_evidence, why_not_evidence
from evaluation.queries import DEFAULT_STANDARD
from evaluation.taking_away import of_evidence, records_download
from indicators.evidence_files import CONTENT_TYPES
from schools.models import County
from schools.queries import current_school_year

_SANDBOX = "default-src 'none'; sandbox"


def _desk(request: HttpRequest, code: str) -> tuple[County, FilingItem, Standard]:
    """The county whose desk this is, and the item; for everybody else there is no such page."""
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=request.user.place_id)
    standard = get_object_or_404(Standard, pk=DEFAULT_STANDARD)
    item = item_of(standard, code)
    if item is None or not can_see_evidence(request.user, county.code):
        raise Http404
    return county, item, standard


def _page(request: HttpRequest, county: County, item: FilingItem, standard: Standard, **forms: Any) -> HttpResponse:
    """The page of an item; a form that was refused comes back as it was typed, with status 422."""
    year = current_school_year()
    task = tasks_visible_to(request.user).filter(school_year=year, item=item.code).first()
    files = evidence_visible_to(request.user).filter(school_year=year, criterion=item.code)
    context = {
        "county": county,
        "item": item,
        "school_year_label": f"{year}—{year + 1}学年",
        "files": files,
        "next_item": next_without_evidence(county.pk, year, standard, item.code),
        "why_not": why_not_evidence(request.user, county) or why_frozen(county.pk, year),
        "form": EvidenceForm(prefix="evidence"),
        "task_form": TaskForm(prefix="task", initial={"person": task.person, "due_on": task.due_on} if task else None),
    }
    return render(request, "reports/evidence.html", context | forms, status=422 if forms else 200)


@require_safe
@never_cache
def checklist_item(request: HttpRequest, item: str) -> HttpResponse:
    """One item of the filing: what it asks for, the files on it, and who is on it."""
    return _page(request, *_desk(request, item))


@require_http_methods(["GET", "POST"])
def evidence_attach(request: HttpRequest, item: str) -> HttpResponse:
    """Attach a file to an item; what was typed comes back where that is not possible."""
    county, about, standard = _desk(request, item)
    if request.method == "GET":  # a refused form reloaded, or the way back from signing in again
        return redirect("checklist_item", item=item)
    form = EvidenceForm(request.POST, request.FILES, prefix="evidence")
    if not form.is_valid():
        return _page(request, county, about, standard, form=form)
    said = dict(form.cleaned_data)
    file = said.pop("file")
    try:
        _, is_new = actions.attach_evidence(
            request.user, county, current_school_year(), item, file.name, file.read(), **said
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, county, about, standard, form=form)
    messages.success(request, "材料已添加。" if is_new else "这份材料已经在这一项下，没有重复添加。")
    return redirect("checklist_item", item=item)


@require_POST
def evidence_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a file from its item."""
    evidence = get_object_or_404(evidence_visible_to(request.user), pk=pk)
    try:
        actions.withdraw_evidence(request.user, evidence)
        messages.success(request, f"已撤回“{evidence.filename}”，记录保留。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("checklist_item", item=evidence.criterion)


@require_http_methods(["GET", "POST"])
def checklist_task(request: HttpRequest, item: str) -> HttpResponse:
    """Say who prepares an item, and by when."""
    county, about, standard = _desk(request, item)
    if request.method == "GET":
        return redirect("checklist_item", item=item)
    form = TaskForm(request.POST, prefix="task")
    if not form.is_valid():
        return _page(request, county, about, standard, task_form=form)
    try:
        actions.set_task(request.user, county, current_school_year(), item, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, county, about, standard, task_form=form)
    messages.success(request, f"{item} 的分工已保存。")
    return redirect("checklist")


@require_safe
@never_cache
@records_download("佐证材料", of_evidence)
def evidence_file(request: HttpRequest, pk: int) -> FileResponse:
    """The file as it was attached: always to keep, never shown inside the browser, as the type it was checked for."""
    evidence = get_object_or_404(evidence_visible_to(request.user).select_related("file"), pk=pk)
    answer = FileResponse(
        BytesIO(evidence.file.content),
        as_attachment=True,
        filename=evidence.filename,
        content_type=CONTENT_TYPES[evidence.kind],
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer
