"""Doors into proposing, the right of reply and the chief's decision: one page, and its forms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from evaluation import proposing
from evaluation.attachments import as_attachment
from evaluation.models import Evaluation, Proposal
from evaluation.proposal_forms import AnswerReplyForm, DecideForm, FinishForm, ProposeForm, ReplyForm
from evaluation.proposal_queries import FindingLine, finding_lines, may_have_proposals, reply_visible_to
from evaluation.queries import evaluations_visible_to
from evaluation.seen_forms import SeenForm, carry_out, say_what_is_left
from evaluation.steps import line_of
from evaluation.taking_away import of_reply, records_download
from evaluation.telling import who_is_told
from evaluation.workflow import REPLY_WORKING_DAYS, Step
from schools.vocabulary import Party


def _evaluation(request: HttpRequest, pk: int) -> Evaluation:
    """The evaluation; for whoever may not see it, or before there can be a proposal, there is no such page."""
    found = get_object_or_404(evaluations_visible_to(request.user), pk=pk)
    if not may_have_proposals(request.user, found):
        raise Http404
    return found


def _open_proposal(request: HttpRequest, pk: int) -> Proposal:
    found = _evaluation(request, pk)
    proposal = proposing.open_proposal(found) or proposing.proposals_of(found).first()
    if proposal is None:
        raise Http404
    proposal.evaluation = found
    return proposal


def _page(request: HttpRequest, found: Evaluation, refused: dict[str, SeenForm] | None = None) -> HttpResponse:
    """The page; a form that was refused stands where it was, as it was typed, with status 422."""
    refused = dict(refused or {})
    seen = {"version": found.version}
    proposals = list(proposing.proposals_of(found))
    for each in proposals:
        each.evaluation = found
    current = next((each for each in proposals if each.outcome == Proposal.Outcome.OPEN), None)
    context: dict[str, Any] = {
        "evaluation": found,
        "school_year_label": f"{found.school_year}—{found.school_year + 1}学年",
        "current": current,
        "earlier": [(each, finding_lines(each)) for each in proposals if each is not current],
        "reply_days": REPLY_WORKING_DAYS,
        "refused": bool(refused),
        "why_not_propose": proposing.why_not_propose(request.user, found, Proposal.Decision.DECLINE),
        "why_not_certify": proposing.why_not_propose(request.user, found, Proposal.Decision.CERTIFY),
    }
    if not context["why_not_propose"]:
        context["missing"] = [FindingLine(each, None) for each in proposing.missing_of(found)]
        context["propose_form"] = refused.pop("propose", None) or ProposeForm(initial=seen, prefix="propose")
        context["told"] = _told(request, found, Step.PROPOSE_CERTIFY)
    if current is not None:
        context |= _current(request, current, seen, refused)
    say_what_is_left(request, refused)
    return render(request, "evaluation/proposal.html", context, status=422 if context["refused"] else 200)


def _current(
    request: HttpRequest, current: Proposal, seen: dict[str, int], refused: dict[str, SeenForm]
) -> dict[str, Any]:
    """What is shown of the proposal that the chief has still to decide."""
    user, found = request.user, current.evaluation
    why_not_reply = proposing.why_not_reply(user, current)
    why_not_answer = proposing.why_not_answer_reply(user, current)
    lines = []
    for line in finding_lines(current):
        form: SeenForm | None = None
        if not why_not_reply and not (line.reply and line.reply.answer):
            form = refused.pop(line.key, None) or _reply_form(line, initial=seen | _said(line))
        elif not why_not_answer and line.waits:
            form = refused.pop(line.key, None) or AnswerReplyForm(initial=seen, prefix=f"answer-{line.key}")
        lines.append((line, form))
    approve = Step.APPROVE_CERTIFY if current.decision == Proposal.Decision.CERTIFY else Step.APPROVE_DECLINE
    why_not_decide = proposing.why_not_decide(user, found)
    return {
        "lines": lines,
        "is_over": proposing.is_reply_over(current, timezone.localdate()),
        "unanswered": proposing.unanswered(current).count(),
        "why_not_reply": why_not_reply,
        "why_not_answer": why_not_answer,
        "is_chief": user.party == Party.CHIEF,
        "why_not_decide": why_not_decide,
        "finish_form": refused.pop("finish", None) or FinishForm(initial=seen, prefix="finish"),
        "decide_form": refused.pop("decide", None) or DecideForm(current.decision, initial=seen, prefix="decide"),
        "told_of_approval": _told(request, found, approve) if not why_not_decide else [],
        "told_of_refusal": _told(request, found, Step.REFUSE) if not why_not_decide else [],
    }


def _told(request: HttpRequest, found: Evaluation, step: Step) -> list[str]:
    line = line_of(found, step)
    return [] if line is None else who_is_told(found, line, request.user)


def _reply_form(line: FindingLine, *said: Any, **more: Any) -> ReplyForm:
    return ReplyForm(*said, prefix=f"reply-{line.key}", **more)


def _said(line: FindingLine) -> dict[str, Any]:
    return {} if line.reply is None else {"agrees": "yes" if line.reply.agrees else "no", "text": line.reply.text}


def _answer(
    request: HttpRequest,
    found: Evaluation,
    name: str,
    form: SeenForm,
    act: Callable[..., object],
    done: str,
    anchor: str = "current",
) -> HttpResponse:
    """Carry one form out and go back to its place on the page; where that is refused, say why."""
    if request.method == "GET":  # a refused form reloaded, or the way back from signing in again
        return redirect("proposal", found.pk)
    if carry_out(request, found, form, act):
        messages.success(request, done)
        return redirect(f"{reverse('proposal', args=[found.pk])}#{anchor}")
    return _page(request, _evaluation(request, found.pk), {name: form})


@require_safe
@never_cache
def proposal_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What is proposed for a county, what the county says to it, and what was decided."""
    return _page(request, _evaluation(request, pk))


@require_http_methods(["GET", "POST"])
def proposal_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to certify or to decline."""
    found = _evaluation(request, pk)
    form = ProposeForm(request.POST, prefix="propose")
    act = partial(proposing.propose, request.user, found)
    return _answer(request, found, "propose", form, act, "处理建议已提出，县里可以答复。")


@require_http_methods(["GET", "POST"])
def proposal_reply(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Say for the county whether it agrees with a finding."""
    proposal = _open_proposal(request, pk)
    line = next((each for each in finding_lines(proposal) if each.key == key), None)
    if line is None:
        raise Http404
    finding = line.finding
    act = partial(proposing.reply, request.user, proposal, finding=finding.code, stage=finding.stage)
    form = _reply_form(line, request.POST, request.FILES)
    return _answer(request, proposal.evaluation, key, form, act, f"对“{finding.name}”的意见已保存。", f"finding-{key}")


@require_http_methods(["GET", "POST"])
def proposal_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the county has said all it wanted."""
    proposal = _open_proposal(request, pk)
    form = FinishForm(request.POST, prefix="finish")
    act = partial(proposing.finish_replies, request.user, proposal)
    return _answer(request, proposal.evaluation, "finish", form, act, "已答复完毕。")


@require_http_methods(["GET", "POST"])
def reply_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a disagreement of the county."""
    said = reply_visible_to(request.user, pk)
    if said is None:
        raise Http404
    line = next(each for each in finding_lines(said.proposal) if each.reply == said)
    form = AnswerReplyForm(request.POST, prefix=f"answer-{line.key}")
    act = partial(proposing.answer_reply, request.user, said)
    found = said.proposal.evaluation
    return _answer(request, found, line.key, form, act, f"已答复“{line.finding.name}”。", f"finding-{line.key}")


@require_http_methods(["GET", "POST"])
def proposal_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree with what is proposed, or give it back."""
    proposal = _open_proposal(request, pk)
    found = proposal.evaluation
    form = DecideForm(proposal.decision, request.POST, prefix="decide")
    is_refusal = request.POST.get("decide-choice") == "refuse"
    act = partial(proposing.refuse if is_refusal else proposing.approve, request.user, found)
    done = "已退回督学。" if is_refusal else "已同意。"
    return _answer(request, found, "decide", form, act, done)


@require_safe
@never_cache
@records_download("县级意见附件", of_reply)
def reply_file(request: HttpRequest, pk: int) -> FileResponse:
    """The file behind a disagreement."""
    said = reply_visible_to(request.user, pk)
    if said is None or said.file is None:
        raise Http404
    return as_attachment(said.file, said.filename)
