"""Doors into signing: sign, take a signature back, the receipt."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluation import signing
from evaluation.models import Filing
from evaluation.permissions import Refused, can_see_trial
from evaluation.queries import evaluations_visible_to, filings_visible_to
from evaluation.signing_forms import SigningForm, WithdrawalForm
from evaluation.signing_section import withdrawal
from schools.models import County
from schools.queries import current_school_year

#: What was typed stays for the page the signer is sent back to; the password never does.
TYPED = "signing_typed"


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
def signing_submit(request: HttpRequest) -> HttpResponse:
    """Sign what the page showed; where that is not possible, back to the page with the reason."""
    county = get_object_or_404(County, pk=request.user.place_id)
    if not can_see_trial(request.user, county.pk):
        raise Http404
    form = SigningForm(request.POST)
    if request.method == "GET" or not form.is_valid():  # the way back from signing in again
        return redirect("signing")
    request.session[TYPED] = {name: form.cleaned_data[name] for name in ("name", "post")}
    try:
        signature = form.signature(request, request.user)
        filing = signing.submit(request.user, county, current_school_year(), form.seen(), signature)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("signing")
    del request.session[TYPED]
    messages.success(request, f"已签报，编号 {filing.number}。数据已封存，现在是“{filing.evaluation.state_of.label}”。")
    return redirect("filing", number=filing.number)


@require_POST
def signing_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a signature back while the city has not acted."""
    evaluation = get_object_or_404(evaluations_visible_to(request.user), pk=pk)
    form = WithdrawalForm(request.POST)
    number = evaluation.filing.number if evaluation.filing else ""
    if not number or not form.is_valid():
        raise Http404
    try:
        signing.withdraw(request.user, evaluation, form.cleaned_data["version"], form.cleaned_data["reason"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("filing", number=number)
    messages.success(request, "已撤回签报，数据重新开放。签报记录保留；更正后请再次签报。")
    return redirect("filing", number=number)


@require_safe
@never_cache
def filing_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt of a filing: number, time, who signed as what, the hash, the statement."""
    filing: Filing = get_object_or_404(filings_visible_to(request.user), number=number)
    context = {
        "filing": filing,
        "evaluation": filing.evaluation,
        "is_current": filing.evaluation.filing_id == filing.pk,
        **withdrawal(request.user, filing.evaluation),
    }
    return render(request, "evaluation/filing.html", context)
