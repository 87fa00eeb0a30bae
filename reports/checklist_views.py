"""The checklist page of a filing, for the county's own desk alone."""

from __future__ import annotations

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.status import Status
from evaluation.evidence_queries import evidence_visible_to, tasks_visible_to
from evaluation.models import Finding, Standard
from evaluation.permissions import can_see_evidence, why_not_evidence
from evaluation.queries import DEFAULT_STANDARD, submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from indicators.models import Explanation, Submission
from indicators.problem import Severity
from reports.presenters.checklist import Filing, FoundProblem, Task, VersionState, checklist
from schools.models import County, User
from schools.queries import current_school_year


@require_safe
@never_cache
def checklist_page(request: HttpRequest) -> HttpResponse:
    """All items of the filing, each with its standing, the person on it and the deadline."""
    user, year = request.user, current_school_year()
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=user.place_id)
    if not can_see_evidence(user, county.code):
        raise Http404
    standard = parsed_standard(get_object_or_404(Standard, pk=DEFAULT_STANDARD))
    newest = submissions_visible_to(user).filter(school_year=year).order_by("-version").first()
    context = {
        "county": county,
        "school_year_label": f"{year}—{year + 1}学年",
        "newest": newest,
        "why_not": why_not_evidence(user, county),
        "page": checklist(standard, handed_in(user, year, newest, standard), timezone.localdate()),
    }
    return render(request, "reports/checklist.html", context)


def handed_in(user: User, year: int, newest: Submission | None, standard: StandardDocument) -> Filing:
    """What the county has handed in, from a constant number of queries."""
    standing = evidence_visible_to(user).filter(school_year=year, withdrawn_at=None).order_by()
    tasks = tasks_visible_to(user).filter(school_year=year).values_list("item", "person", "due_on")
    return Filing(
        state=_state(newest),
        version=newest.version if newest else 0,
        problems=_problems(newest) if newest else (),
        open_codes=_open_codes(newest, standard) if newest else frozenset(),
        evidence=dict(standing.values_list("criterion").annotate(Count("pk"))),
        tasks={item: Task(person, due_on) for item, person, due_on in tasks},
    )


def _state(newest: Submission | None) -> VersionState:
    if newest is None:
        return VersionState.NONE
    return {None: VersionState.UNREAD, False: VersionState.REFUSED, True: VersionState.READ}[newest.is_readable]


def _problems(newest: Submission) -> tuple[FoundProblem, ...]:
    explanations = Explanation.objects.filter(county_id=newest.county_id, school_year=newest.school_year).order_by()
    explained = set(explanations.values_list("fingerprint", flat=True))
    asked = newest.problems.filter(severity__in=(Severity.ERROR, Severity.EXPLAIN)).order_by()
    return tuple(
        FoundProblem(severity, sheet, header, fingerprint in explained)
        for severity, sheet, header, fingerprint in asked.values_list("severity", "sheet", "header", "fingerprint")
    )


def _open_codes(newest: Submission, standard: StandardDocument) -> frozenset[str]:
    """Items whose figures do not decide yet: unknown, or, where figures alone decide, awaiting them."""
    findings = Finding.objects.filter(verdict=verdict_of(newest))
    by_figures = {c.code for c in standard.criteria if c.rule and "E" not in c.basis}
    return frozenset(
        code
        for code, status in findings.values_list("code", "status")
        if status == Status.UNKNOWN or (status == Status.TO_JUDGE and code in by_figures)
    )
