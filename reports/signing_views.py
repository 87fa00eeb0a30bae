"""The page before signing, and the whole filing as one page to print: before the signature, and as it was signed."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.manifest import Content, content_now, content_of
from evaluation.models import Evaluation, Filing, Verdict
from evaluation.permissions import can_see_trial
from evaluation.queries import default_standard, filings_visible_to
from evaluation.sending_back import seal_of
from evaluation.signing import ToSign, statement_for, to_sign
from evaluation.signing_forms import SigningForm
from evaluation.signing_views import TYPED
from evaluation.standards import parsed_standard
from evaluation.steps import line_of
from evaluation.telling import who_is_told
from evaluation.workflow import Step
from indicators.explanations import open_explanations
from indicators.models import Submission
from indicators.problem import Severity
from reports.checklist_views import handed_in
from reports.presenters.checklist import Standing, checklist
from reports.presenters.problems import Explaining, problem_lines, severity_counts
from reports.presenters.signing import key_figures
from reports.presenters.verdict import Register, verdict_page
from schools.models import County, User
from schools.queries import current_school_year

#: Problems that still wait, named on the page; the rest is counted, and all are on the page of the version.
_NAMED = 20


def _desk(request: HttpRequest) -> tuple[County, ToSign]:
    """The county whose desk this is and what there is to sign; for everybody else there is no such page."""
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=request.user.place_id)
    if not can_see_trial(request.user, county.pk):
        raise Http404
    return county, to_sign(request.user, county, current_school_year())


@require_safe
@never_cache
def signing(request: HttpRequest) -> HttpResponse:
    """Everything a signer must have seen, what stands in the way, the statement and the form."""
    county, found = _desk(request)
    year = current_school_year()
    context: dict[str, Any] = {
        "county": county,
        "school_year_label": f"{year}—{year + 1}学年",
        "found": found,
        "tells": _told_next(found.evaluation or Evaluation(county=county, school_year=year), request.user),
        "filing": found.evaluation.filing if found.evaluation else None,
        "seal": seal_of(found.evaluation) if found.evaluation else None,
    }
    if found.submission is not None:
        context |= _version_facts(request.user, found.submission)
    if found.submission is not None and found.verdict is not None:
        content = content_now(found.submission, found.verdict)
        context |= _verdict_facts(found.submission, found.verdict, content)
        context["statement"] = statement_for(found.submission, found.verdict)
        context["form"] = _form(request, found)
    return render(request, "evaluation/signing.html", context)


def _told_next(evaluation: Evaluation, user: User) -> list[str]:
    """Who will be told once this is signed, in words."""
    line = line_of(evaluation, Step.SUBMIT)
    return who_is_told(evaluation, line, user) if line is not None else []


def _form(request: HttpRequest, found: ToSign) -> SigningForm:
    """The form with what is known already: the name of the account, the post of the last signature, or what was typed
    before the page came back."""
    user = request.user
    last = Filing.objects.filter(signed_by=user).order_by("-pk").values_list("signer_name", "signer_post").first()
    name, post = last or (user.full_name, "")
    typed = request.session.pop(TYPED, {"name": name, "post": post})
    told = {"submission": found.submission.pk, "verdict": found.verdict.pk, "version": found.version}
    return SigningForm(initial=typed | told)


def _version_facts(user: User, version: Submission) -> dict[str, Any]:
    """The problems of a version that matter before it is signed, and what its checklist still misses."""
    waiting, errors = open_explanations(version), version.problems.filter(severity=Severity.ERROR)
    names = _names(version)
    standard = parsed_standard(default_standard())
    page = checklist(standard, handed_in(user, version.school_year, version, standard), timezone.localdate())
    return {
        "submission": version,
        "waiting": problem_lines(waiting.values()[:_NAMED], names),
        "waiting_count": waiting.count(),
        "errors": problem_lines(errors.values()[:_NAMED], names),
        "errors_count": errors.count(),
        "checklist": page,
        "missing": [line for group in page.groups for line in group.lines if line.mark != Standing.HANDED_IN.value],
    }


def _verdict_facts(version: Submission, verdict: Verdict, content: Content) -> dict[str, Any]:
    """The key figures of a verdict, and what was said and attached beside it."""
    register = Register.of(version.records.values("code", "name", "school_type", "sponsor_type"))
    page = verdict_page(json.loads(verdict.document), parsed_standard(verdict.standard), register)
    explanations = [
        {"written": each, "name": register[each.school].name if each.school in register else each.school}
        for each in content.explanations
    ]
    return {
        "submission": version,
        "verdict": verdict,
        "key": key_figures(page),
        "page": page,
        "has_tables": page.has_limits,
        "explanations": explanations,
        "evidence": content.evidence,
    }


def _names(version: Submission) -> dict[str, str]:
    return dict(version.records.exclude(code="").values_list("code", "name"))


# ── The whole filing on paper ─────────────────────────────────────────────────────────────────


@require_safe
@never_cache
def signing_print(request: HttpRequest) -> HttpResponse:
    """The filing as it would be signed now, to print and to read before signing."""
    county, found = _desk(request)
    if found.submission is None or found.verdict is None:
        raise Http404
    content = content_now(found.submission, found.verdict)
    context = _whole(request.user, found.submission, found.verdict, content)
    context |= {"county": county, "statement": statement_for(found.submission, found.verdict), "filing": None}
    return render(request, "evaluation/signing_print.html", context)


@require_safe
@never_cache
def filing_print(request: HttpRequest, number: str) -> HttpResponse:
    """The filing as it was signed, to print: the rows its manifest names."""
    filing = get_object_or_404(filings_visible_to(request.user), number=number)
    content = content_of(filing, json.loads(filing.manifest))
    context = _whole(request.user, filing.submission, filing.verdict, content)
    context |= {"county": filing.evaluation.county, "statement": filing.statement, "filing": filing}
    return render(request, "evaluation/signing_print.html", context)


def _whole(user: User, version: Submission, verdict: Verdict, content: Content) -> dict[str, Any]:
    """Everything on paper but the official tables, which have a page of their own."""
    written = {each.fingerprint: each for each in content.explanations}
    counts = dict(version.problems.order_by().values_list("severity").annotate(Count("pk")))
    weighty = version.problems.filter(severity__in=[Severity.ERROR, Severity.EXPLAIN]).values()
    return _verdict_facts(version, verdict, content) | {
        "school_year_label": version.school_year_label,
        "severities": severity_counts(counts, ""),
        "problems": problem_lines(weighty, _names(version), Explaining(written, version.pk, may_write=False)),
    }
