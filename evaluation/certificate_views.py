"""Doors to certificates. Public: the live status, the PDF, the record, verifying. For the chief: revoke, correct."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_http_methods, require_safe

from evaluation.certificate_file import published_file
from evaluation.certificate_forms import NumberForm, ReasonForm, RecordForm
from evaluation.certificate_pdf import CannotPrint, certificate_pdf
from evaluation.certificate_record import publication_of
from evaluation.certifying import certificate_status, public_history, revoke, start_correction
from evaluation.models import Certificate, Evaluation
from evaluation.permissions import Refused, why_not_correct
from evaluation.queries import evaluations_visible_to
from evaluation.steps import line_of, why_not_step
from evaluation.telling import who_is_told
from evaluation.verifying import verify_file, verify_number
from evaluation.workflow import Step


def _certificate(code: str) -> Certificate:
    found = Certificate.objects.select_related("evaluation__county__parent__parent", "evaluation__standard")
    return get_object_or_404(found, code=code)


def _record_hash(request: HttpRequest, code: str) -> str | None:
    sha256 = Certificate.objects.filter(code=code).values_list("sha256", flat=True).first()
    return f'"{sha256}"' if sha256 else None


@require_safe
@login_not_required
@never_cache
def certificate(request: HttpRequest, code: str) -> HttpResponse:
    """What a certificate is worth now, and its history: where its QR code leads."""
    found = _certificate(code)
    context = {
        "certificate": found,
        "status": certificate_status(found),
        "history": public_history(found),
        "publication": publication_of(found),
    }
    return render(request, "evaluation/certificate.html", context)


@require_safe
@login_not_required
@condition(etag_func=_record_hash)
def certificate_print(request: HttpRequest, code: str) -> HttpResponse:
    """The certificate as a PDF; where the machine cannot make one, the page says so."""
    try:
        content = certificate_pdf(_certificate(code))
    except CannotPrint as refusal:
        context = {"words": str(refusal), "code": code}
        return render(request, "evaluation/certificate_unprinted.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return _file(content, f"{code}.pdf", "application/pdf")


@require_safe
@login_not_required
@condition(etag_func=_record_hash)
def certificate_record(request: HttpRequest, code: str) -> HttpResponse:
    """The published record with its hash, as a file that can be checked without the portal."""
    return _file(published_file(_certificate(code).record), f"{code}.json", "application/json; charset=utf-8")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """Whether a number, a PDF or a record is one of this portal, and what it is worth now."""
    number_form, record_form, checked = NumberForm(request.GET or None), RecordForm(), None
    if request.method == "POST":
        number_form, record_form = NumberForm(), RecordForm(request.POST, request.FILES)
        if record_form.is_valid():
            checked = verify_file(record_form.cleaned_data["file"])
    elif number_form.is_bound and number_form.is_valid():
        checked = verify_number(number_form.cleaned_data["number"])
    context = {"number_form": number_form, "record_form": record_form, "checked": checked}
    return render(request, "evaluation/verify.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def certificate_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke: what it means, who is told, and the reason."""
    found = _published(request, pk)
    line = line_of(found, Step.REVOKE)
    told = who_is_told(found, line, request.user) if line is not None else []
    context = {"evaluation": found, "act": "revoke", "title": "撤销证书", "button": "撤销证书", "told": told}
    why_not = why_not_step(request.user, found, Step.REVOKE)
    return _act(request, found, context, why_not, revoke, "证书已撤销，状态页已经更新。")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def certificate_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a correction: what it means, who is told, and the reason."""
    found = _published(request, pk)
    context = {
        "evaluation": found,
        "act": "correct",
        "title": "启动更正",
        "button": "启动更正",
        "told": [f"{found.county.full_name}的填报员和签报人"],
    }
    why_not = why_not_correct(request.user, found)
    return _act(request, found, context, why_not, start_correction, "更正已启动，县里可以重新填报、签报。")


def _published(request: HttpRequest, pk: int) -> Evaluation:
    """The evaluation behind a certificate; for whoever may not see it, and before there is one, no such page."""
    visible = evaluations_visible_to(request.user).filter(certificate__isnull=False).select_related("certificate")
    return get_object_or_404(visible, pk=pk)


def _act(
    request: HttpRequest,
    found: Evaluation,
    context: dict[str, Any],
    why_not: str,
    act: Callable[..., object],
    done: str,
) -> HttpResponse:
    """The page with its form, or the act itself; what was refused stands as it was typed, with status 422."""
    form = ReasonForm(request.POST if request.method == "POST" else None, initial={"version": found.version})
    if request.method == "POST" and form.is_valid():
        try:
            act(request.user, found, form.cleaned_data["version"], form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, done)
            return redirect("certificate", code=found.certificate.code)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context |= {"form": form, "why_not": why_not, "certificate": found.certificate}
    return render(request, "evaluation/certificate_act.html", context, status=status)
