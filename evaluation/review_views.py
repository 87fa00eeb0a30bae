"""Doors into reviewing: forwarding, sending back precisely, questions and their answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evaluation import questions, sending_back
from evaluation.models import Evaluation, Question
from evaluation.permissions import Refused
from evaluation.queries import evaluations_visible_to
from evaluation.send_back_form import SendBackForm, asked_back, choices
from evaluation.steps import line_of
from evaluation.telling import who_is_told
from evaluation.workflow import Step

_LONGEST_VERSION = 9


def _evaluation(request: HttpRequest, pk: int) -> Evaluation:
    visible = evaluations_visible_to(request.user).select_related("filing__submission")
    return get_object_or_404(visible, pk=pk)


def _seen(request: HttpRequest) -> int:
    """The version of the evaluation the person looked at; one there never is where the form names none."""
    typed = request.POST.get("version", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_VERSION else -1


@require_POST
def forward(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand an evaluation on to the province with an opinion."""
    evaluation = _evaluation(request, pk)
    try:
        sending_back.forward(request.user, evaluation, _seen(request), request.POST.get("opinion", ""))
        messages.success(request, "已上报，转到省级评估。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("evaluation", pk=pk)


@require_http_methods(["GET", "POST"])
@never_cache
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose cells and items with reasons and a deadline, and send the evaluation back."""
    evaluation = _evaluation(request, pk)
    if request.method == "POST" and "add" not in request.POST:
        return _send_back(request, evaluation, SendBackForm(request.POST))
    if why_not := sending_back.why_not_send_back(request.user, evaluation):
        messages.error(request, why_not)
        return redirect("evaluation", pk=pk)
    return _form(request, evaluation, SendBackForm(initial=request.POST.dict() or None))


def _send_back(request: HttpRequest, evaluation: Evaluation, form: SendBackForm) -> HttpResponse:
    if form.is_valid():
        try:
            asked = asked_back(request.POST)
            sending_back.send_back(request.user, evaluation, _seen(request), asked=asked, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"已退回，期限 {form.cleaned_data['deadline']}。县里只能修改列出的内容。")
            return redirect("evaluation", pk=evaluation.pk)
    evaluation.refresh_from_db(fields=["state", "version"])
    if _seen(request) == evaluation.version and not sending_back.why_not_send_back(request.user, evaluation):
        return _form(request, evaluation, form)
    # Somebody was first, or this is not theirs to do: there is no form to go back to.
    for refusal in form.non_field_errors() or [sending_back.why_not_send_back(request.user, evaluation)]:
        messages.error(request, refusal)
    return redirect("evaluation", pk=evaluation.pk)


def _form(request: HttpRequest, evaluation: Evaluation, form: SendBackForm) -> HttpResponse:
    """The form as it was typed; with status 422 where it was refused."""
    line = line_of(evaluation, Step.SEND_BACK)
    context = {
        "evaluation": evaluation,
        "form": form,
        "choices": choices(evaluation, request.GET, request.POST),
        "seen": request.POST.get("version", evaluation.version),
        "tells": "；".join(who_is_told(evaluation, line, request.user)) if line else "",
    }
    return render(request, "evaluation/send_back.html", context, status=422 if form.errors else 200)


@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask about a cell or an item."""
    evaluation, said = _evaluation(request, pk), request.POST
    sheet, _, cell = said.get("cell", "").rpartition("!")
    try:
        questions.ask(request.user, evaluation, said.get("text", ""), sheet, cell, said.get("criterion", ""))
        messages.success(request, "问题已提出，县里会看到。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(_back(request, reverse("evaluation", args=[pk]) + "#questions"))


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a question."""
    visible = Question.objects.filter(evaluation__in=evaluations_visible_to(request.user).order_by().values("pk"))
    question = get_object_or_404(visible.select_related("evaluation__county__parent"), pk=pk)
    try:
        questions.answer(request.user, question, request.POST.get("text", ""))
        messages.success(request, "答复已保存，提问的人会看到。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    place = f"{reverse('evaluation', args=[question.evaluation_id])}#question-{pk}"
    return redirect(_back(request, place))


def _back(request: HttpRequest, otherwise: str) -> str:
    """The page of this site the form stood on."""
    asked = request.POST.get("back", "")
    return asked if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked else otherwise
