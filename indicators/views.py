"""Doors into what a county reports: the changes of the register that its uploads suggest."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from indicators import register
from indicators.register_page import register_page
from schools.models import County, School


@require_safe
@never_cache
def register_changes(request: HttpRequest) -> HttpResponse:
    """What the county's uploads suggest for the register, what was decided, and the buttons to decide with."""
    county = _own_county(request)
    page = register_page(county)
    why_not = register.why_not_decide(request.user, county.code)
    return render(request, "indicators/register.html", {"county": county, "page": page, "why_not": why_not})


@require_POST
def register_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm one proposal, or turn it down."""
    county = _own_county(request)
    proposal = get_object_or_404(register.proposals_of(county.code), pk=pk)
    into = request.POST.get("merged_into", "")
    merged_into = get_object_or_404(School, pk=into, county=county) if into else None
    is_confirmed = request.POST.get("decision") == "confirm"
    try:
        decided = register.decide_proposal(request.user, proposal, is_confirmed, merged_into if is_confirmed else None)
    except register.DecisionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{decided.school_code} {decided.get_kind_display()}：{decided.get_state_display()}。"
        )
    return redirect("register_changes")


@require_POST
def register_decide_all(request: HttpRequest) -> HttpResponse:
    """Confirm every open proposal of one kind."""
    county = _own_county(request)
    try:
        confirmed, refused = register.decide_all(request.user, county.code, request.POST.get("kind", ""))
    except register.DecisionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"已确认 {confirmed} 项。")
        for reason in refused:
            messages.error(request, reason)
    return redirect("register_changes")


def _own_county(request: HttpRequest) -> County:
    """The county of whoever asks; for everybody else there is no such page."""
    county = County.objects.select_related("parent__parent").filter(pk=request.user.place_id).first()
    if county is None or not register.can_see_register(request.user, county.code):
        raise Http404
    return county
