"""Doors of the second factor: set it up, give a code, fresh recovery codes, take it away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as mark_verified
from django_otp.models import Device

from evaluation import people
from evaluation.permissions import Refused
from schools import second_factor
from schools.account_forms import CodeForm, PasswordForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """What is set up; or the QR code and the field for the first code, which answers with the recovery codes."""
    if second_factor.owed_step(request) == "second_factor_code":
        return redirect("second_factor_code")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device, codes = people.confirm_second_factor(request.user, form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            _verified(request, device)
            return render(request, "schools/recovery_codes.html", {"codes": codes, "is_new": True})
    return _page(request, code_form=form)


@require_POST
def second_factor_begin(request: HttpRequest) -> HttpResponse:
    """A fresh key to set up."""
    try:
        second_factor.begin(request.user)
    except second_factor.CodeRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("second_factor")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def second_factor_code(request: HttpRequest) -> HttpResponse:
    """The page that asks for the code after the password."""
    target = _target(request)
    if second_factor.owed_step(request) != "second_factor_code":
        return redirect(target)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device = people.check_second_factor(request.user, form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            _verified(request, device)
            return redirect(target)
    return render(request, "schools/code.html", {"form": form, "next": target}, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@require_POST
@never_cache
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Fresh recovery codes, shown this once, for whoever gives the password again."""
    form = PasswordForm(request.user, request.POST, prefix="codes")
    if not form.is_valid():
        return _page(request, codes_form=form)
    try:
        codes = people.renew_recovery_codes(request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("second_factor")
    return render(request, "schools/recovery_codes.html", {"codes": codes, "is_new": False})


@sensitive_post_parameters("password")
@require_POST
@never_cache
def second_factor_remove(request: HttpRequest) -> HttpResponse:
    """Take the second factor away, for whoever gives the password again."""
    form = PasswordForm(request.user, request.POST, prefix="remove")
    if not form.is_valid():
        return _page(request, remove_form=form)
    try:
        people.remove_second_factor(request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "两步验证已停用。")
    return redirect("second_factor")


def _page(request: HttpRequest, **given: forms.Form) -> HttpResponse:
    """The page; a form that was refused stands where it was, with status 422."""
    user = request.user
    is_on = second_factor.has_second_factor(user)
    device = None if is_on else second_factor.pending_device(user)
    context: dict[str, Any] = {
        "is_on": is_on,
        "is_duty": second_factor.is_duty_of(user),
        "codes_left": second_factor.codes_left(user) if is_on else 0,
        "device": device,
        "code_form": given.get("code_form") or CodeForm(),
        "codes_form": given.get("codes_form") or PasswordForm(user, prefix="codes"),
        "remove_form": given.get("remove_form") or PasswordForm(user, prefix="remove"),
    }
    if device is not None:
        context["qr_side"], context["qr_path"] = second_factor.qr_path(device.config_url)
        context["key"] = second_factor.typed_key(device)
    is_refused = any(form.errors for form in given.values())
    return render(request, "schools/second_factor.html", context, status=422 if is_refused else 200)


def _verified(request: HttpRequest, device: Device) -> None:
    """From now on this session has given both; it gets a new key."""
    request.session.cycle_key()
    request.session.pop(second_factor.OWES_CODE, None)
    mark_verified(request, device)


def _target(request: HttpRequest) -> str:
    """Where the person was going, if that is a page of this site."""
    asked: str = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
        return asked
    return resolve_url(settings.LOGIN_REDIRECT_URL)
