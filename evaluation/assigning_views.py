"""Doors to who answers for which county: the chief's list, and what an inspector keeps away from."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluation import assigning
from evaluation.assigning_forms import AssignForm, RecusalForm
from evaluation.models import Assignment, Recusal
from evaluation.permissions import Refused, can_see_assignments
from evaluation.queries import counties_in
from schools.models import County
from schools.queries import current_school_year
from schools.vocabulary import Party


def _for_chief(request: HttpRequest) -> None:
    if not can_see_assignments(request.user):
        raise Http404


def _counties(request: HttpRequest) -> QuerySet[County]:
    return counties_in(request.user.place).select_related("parent__parent").order_by("code")


@require_safe
@never_cache
def assignments(request: HttpRequest) -> HttpResponse:
    """The counties of the chief's province this school year, and the load of each inspector."""
    _for_chief(request)
    return _page(request)


def _page(request: HttpRequest, **refused: forms.Form) -> HttpResponse:
    """The page; a form that was refused stands where it was, with status 422."""
    year, inspectors = current_school_year(), assigning.inspectors_of(request.user)
    lines, burdens = assigning.assignment_lines(request.user, year)
    context = {
        "school_year_label": f"{year}—{year + 1}学年",
        "former_post_years": settings.FORMER_POST_YEARS,
        "lines": lines,
        "burdens": burdens,
        "unassigned": sum(line.assignment is None for line in lines),
        "assign_form": refused.get("assign")
        or AssignForm(_counties(request), inspectors, prefix="assign", initial={"county": request.GET.get("county")}),
        "recusal_form": refused.get("recusal") or RecusalForm(_counties(request), inspectors, prefix="recusal"),
        "seen": ",".join(f"{line.county.pk}:{line.assignment.pk}" for line in lines if line.assignment),
    }
    return render(request, "evaluation/assignments.html", context, status=422 if refused else 200)


@require_POST
def assignments_share_out(request: HttpRequest) -> HttpResponse:
    """Share out the counties nobody answers for."""
    _for_chief(request)
    try:
        shares = assigning.assign_all(request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("assignments")
    given = sum(share.inspector is not None for share in shares)
    messages.success(request, f"已分配 {given} 个县（市、区），每个县的理由见下表。")
    for share in shares:
        if share.inspector is None:
            messages.error(request, f"{share.county} 没有分配：{share.words}。")
    return redirect("assignments")


@require_POST
@never_cache
def assignment_give(request: HttpRequest) -> HttpResponse:
    """Give one county to an inspector by hand."""
    _for_chief(request)
    form = AssignForm(_counties(request), assigning.inspectors_of(request.user), request.POST, prefix="assign")
    if not form.is_valid():
        return _page(request, assign=form)
    told = form.cleaned_data
    try:
        assigning.assign(
            request.user, told["county"], told["inspector"], told["reason"], _seen(request, told["county"])
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, assign=form)
    messages.success(request, f"{told['county'].name}由{told['inspector']}负责。")
    return redirect("assignments")


def _seen(request: HttpRequest, county: County) -> int | None:
    """The assignment of a county as it stood on the page the person looked at."""
    pairs = (pair.partition(":") for pair in request.POST.get("seen", "").split(","))
    seen = {code: pk for code, _, pk in pairs if pk.isascii() and pk.isdecimal()}
    return int(seen[county.pk]) if county.pk in seen else None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def recusals(request: HttpRequest) -> HttpResponse:
    """What an inspector answers for and keeps away from; the chief declares on the page of assignments."""
    is_chief = can_see_assignments(request.user)
    if not is_chief and request.user.party != Party.INSPECTOR:
        raise Http404
    inspectors = assigning.inspectors_of(request.user) if is_chief else None
    form = RecusalForm(_counties(request), inspectors, request.POST or None, prefix="recusal")
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        inspector = told["inspector"] if is_chief else request.user
        try:
            assigning.recuse(request.user, inspector, told["county"], told["ground"], told["words"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"已申报：{inspector}回避{told['county'].name}，在当地的任务已结束。")
            return redirect("assignments" if is_chief else "recusals")
    if is_chief:
        return _page(request, recusal=form) if form.errors else redirect("assignments")
    mine = Assignment.objects.filter(inspector=request.user).select_related("county__parent", "assigned_by")
    context = {
        "form": form,
        "recusals": Recusal.objects.filter(inspector=request.user).select_related("county__parent", "declared_by"),
        "assignments": mine.order_by("-school_year", "ended_at", "county"),
    }
    return render(request, "evaluation/recusals.html", context, status=422 if form.errors else 200)
