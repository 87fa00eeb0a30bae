"""Doors into 公示: anybody objects; the chief answers objections and publishes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from evaluation import noticing
from evaluation.attachments import as_attachment
from evaluation.models import Evaluation, Notice, Objection
from evaluation.notice_forms import ObjectionAnswerForm, ObjectionForm, PublishForm
from evaluation.permissions import Refused
from evaluation.queries import evaluations_visible_to
from evaluation.seen_forms import SeenForm, carry_out, say_what_is_left
from evaluation.senders import network_of
from evaluation.steps import line_of
from evaluation.taking_away import of_objection, records_download
from evaluation.telling import who_is_told
from evaluation.workflow import Step
from schools.vocabulary import Party

# ── Open to the public ────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def notice_object(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of an objection; sent, it gets a number and a page of its own."""
    notice = get_object_or_404(Notice.objects.select_related("evaluation__county__parent__parent"), pk=pk)
    today = timezone.localdate()
    form = ObjectionForm(request.POST or None, request.FILES or None)
    why_not = noticing.why_not_object(notice, today)
    if request.method == "POST" and not why_not and form.is_valid():
        sender = noticing.sender_of(network_of(request), today)
        try:
            objection = noticing.object_to(notice, sender=sender, day=today, **form.arguments())
            return redirect("objection", objection.number)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = {"notice": notice, "form": form, "why_not": why_not, "last_day": noticing.last_day(notice)}
    return render(request, "evaluation/object.html", context, status=422 if request.method == "POST" else 200)


# ── The chief, and whoever sees the evaluation ────────────────────────────────────────────────


def _evaluation(request: HttpRequest, pk: int) -> Evaluation:
    """The evaluation; for whoever may not see it, or where nothing was put up yet, there is no such page."""
    found = get_object_or_404(evaluations_visible_to(request.user), pk=pk)
    if not found.notices.exists():
        raise Http404
    return found


def _page(request: HttpRequest, found: Evaluation, refused: dict[str, SeenForm] | None = None) -> HttpResponse:
    """The page of a county's objections; a form that was refused stands where it was, with status 422."""
    left = dict(refused or {})
    why_not = noticing.why_not_publish(request.user, found)
    lines = []
    for objection in noticing.objections_of(found):
        objection.notice.evaluation = found
        form: SeenForm | None = None
        if not noticing.why_not_answer(request.user, objection):
            form = left.pop(f"answer-{objection.pk}", None) or _answer_form(request, objection)
        lines.append((objection, form))
    lines.sort(key=lambda each: each[0].result != Objection.Result.OPEN)
    line = line_of(found, Step.PUBLISH)
    context: dict[str, Any] = {
        "evaluation": found,
        "notice": noticing.current_notice(found),
        "lines": lines,
        "is_chief": request.user.party == Party.CHIEF,
        "is_of_province": request.user.party in (Party.CHIEF, Party.INSPECTOR),
        "why_not_publish": why_not,
        "can_publish": not why_not,
        "told": who_is_told(found, line, request.user) if line is not None and not why_not else [],
        "publish_form": left.pop("publish", None) or PublishForm(initial={"version": found.version}, prefix="publish"),
        "refused": bool(refused),
    }
    context["last_day"] = noticing.last_day(context["notice"])
    say_what_is_left(request, left)
    return render(request, "evaluation/objections.html", context, status=422 if refused else 200)


def _answer_form(request: HttpRequest, objection: Objection, *said: Any) -> ObjectionAnswerForm:
    can_uphold = not noticing.why_not_uphold(request.user, objection)
    seen = {"version": objection.notice.evaluation.version}
    return ObjectionAnswerForm(*said, can_uphold=can_uphold, initial=seen, prefix=f"answer-{objection.pk}")


@require_safe
@never_cache
def objections_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The objections to a county's 公示, and the publication."""
    return _page(request, _evaluation(request, pk))


@require_http_methods(["GET", "POST"])
def objection_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer an objection: not right, or right."""
    objection = get_object_or_404(noticing.objections_visible_to(request.user), pk=pk)
    found = objection.notice.evaluation
    if request.method == "GET":
        return redirect("objections", found.pk)
    form = _answer_form(request, objection, request.POST)
    is_right = request.POST.get(form.add_prefix("result")) == Objection.Result.UPHELD
    act = partial(noticing.uphold if is_right else noticing.dismiss, request.user, objection)
    if carry_out(request, found, form, act):
        messages.success(request, f"异议 {objection.number} 已答复。")
        return redirect("objections", found.pk)
    return _page(request, _evaluation(request, found.pk), {f"answer-{objection.pk}": form})


@require_http_methods(["GET", "POST"])
def evaluation_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish the result."""
    found = _evaluation(request, pk)
    if request.method == "GET":
        return redirect("objections", found.pk)
    form = PublishForm(request.POST, prefix="publish")
    if carry_out(request, found, form, partial(noticing.publish, request.user, found)):
        messages.success(request, "已公布。")
        return redirect("objections", found.pk)
    return _page(request, _evaluation(request, found.pk), {"publish": form})


@require_safe
@never_cache
@records_download("异议附件", of_objection, is_named=False)
def objection_file(request: HttpRequest, pk: int) -> FileResponse:
    """What was attached to an objection; for the chief alone."""
    objection = get_object_or_404(noticing.objections_visible_to(request.user).select_related("file"), pk=pk)
    if request.user.party != Party.CHIEF or objection.file is None:
        raise Http404
    return as_attachment(objection.file, objection.filename)
