"""Pages: fetch, present, render. Whatever a person may not see does not exist for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Prefetch, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.explaining import why_not_explain
from evaluation.freezing import why_frozen
from evaluation.models import Job, JobState, Standard, Verdict
from evaluation.partials import OPEN, base_of, offer_of, why_not_update
from evaluation.permissions import can_see_trial, why_not_upload
from evaluation.queries import (
    DEFAULT_STANDARD,
    counties_of,
    job_of,
    partials_visible_to,
    submissions_visible_to,
    verdict_of,
    waiting_before,
)
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_submission, records_download
from indicators.catalogue import SCHOOL_SHEET
from indicators.explanations import explanations_for, open_explanations
from indicators.models import Submission
from indicators.problem import Severity
from indicators.queries import last_year_version, school_report_of
from indicators.register import open_proposals
from indicators.workbook.last_year_sheet import LastYearUse
from reports import exporters
from reports.firmness_kept import firmness_in_short
from reports.presenters.open_tables.requirements import standard_tables
from reports.presenters.problems import Explaining, Window, problem_lines, severity_counts
from reports.presenters.progress import Standing, progress, standing
from reports.presenters.school import school_page
from reports.presenters.standard import Rule, standard_page
from reports.presenters.verdict import Register, VerdictPage, verdict_page
from reports.public_cache import kept_for_everybody
from reports.public_page import PublicPage, answer
from reports.public_views import public_overview
from reports.review_context import review_context
from reports.revision_page import correction_context, revision_context
from reports.verdict_context import chosen_verdict, verdict_context
from schools.models import County, User
from schools.queries import current_school_year

#: Versions listed in the workspace, the newest first.
_VERSIONS_LISTED = 50
_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


# ── Open to the public ────────────────────────────────────────────────────────────────────────


@require_safe
@login_not_required
@kept_for_everybody
def home(request: HttpRequest) -> HttpResponse:
    """The public first page: what this is, what was published, what is in 公示, how a verdict is made and by what."""
    standards = [(row, parsed_standard(row)) for row in Standard.objects.order_by("-code")]
    rule = next((Rule.of(document) for row, document in standards if row.code == DEFAULT_STANDARD), None)
    return render(request, "reports/home.html", {"standards": standards, "rule": rule, **public_overview()})


@require_safe
@login_not_required
def standard(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """A loaded standard, printed from its document."""
    row = get_object_or_404(Standard, pk=code)
    page = standard_page(parsed_standard(row))
    about = [("标准", page.name), ("文号", page.document), ("标准文件的 SHA-256", page.sha256)]
    context = {"standard": row, "page": page}
    return answer(request, PublicPage("reports/standard.html", context, standard_tables(page), row.code, about), suffix)


@require_safe
@login_not_required
def standard_document(request: HttpRequest, code: str) -> FileResponse:
    """The document of a standard, byte for byte what was hashed."""
    row = get_object_or_404(Standard, pk=code)
    content = BytesIO(row.document.encode("utf-8"))
    return FileResponse(
        content, as_attachment=True, filename=f"{row.code}.toml", content_type="application/toml; charset=utf-8"
    )


# ── The county's own desk ─────────────────────────────────────────────────────────────────────


@require_safe
@never_cache
def workspace(request: HttpRequest) -> HttpResponse:
    """The county's desk: template, upload, versions; for everybody else the counties they answer for."""
    user = request.user
    if not user.party or not can_see_trial(user, user.place_id):
        counties = counties_of(user).select_related("parent").order_by("code")
        return render(request, "reports/scope.html", {"counties": counties})
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=user.place_id)
    year = current_school_year()
    versions = _newest_versions(user)
    context = {
        "county": county,
        "school_year_label": f"{year}—{year + 1}学年",
        "upload_limit": settings.UPLOAD_LIMIT // 1024**2,
        "why_not_upload": why_not_upload(user, county) or why_frozen(county.pk, year),
        **_partials(user, county, year),
        "last_year": last_year_version(county, year),
        "last_year_uses": list(LastYearUse),
        "register_changes": open_proposals(county.code).count(),
        "versions": [
            (version, _standing(version), _previous(version, versions)) for version in versions[:_VERSIONS_LISTED]
        ],
        "versions_listed": _VERSIONS_LISTED if len(versions) > _VERSIONS_LISTED else None,
    }
    return render(request, "reports/workspace.html", context)


def _partials(user: User, county: County, year: int) -> dict[str, Any]:
    """What the desk says about partial workbooks: the version one would update, why not, and those not yet decided."""
    base = base_of(county, year)
    return {
        "partial_base": base,
        "why_not_partial": why_not_update(user, base),
        "open_partials": partials_visible_to(user).filter(state__in=OPEN),
    }


def _newest_versions(user: User) -> list[Submission]:
    """The versions to list, and one more where there are more; without the verdicts' documents."""
    verdicts = Verdict.objects.filter(standard_id=DEFAULT_STANDARD).defer("document")
    versions = submissions_visible_to(user).prefetch_related(
        Prefetch("jobs", Job.objects.order_by("-pk")), Prefetch("verdicts", verdicts)
    )
    return list(versions[: _VERSIONS_LISTED + 1])


def _previous(version: Submission, listed: list[Submission]) -> Submission | None:
    """The version of the same year before this one, to compare it with; None for the first."""
    earlier = [each for each in listed if each.school_year == version.school_year and each.version < version.version]
    return max(earlier, key=lambda each: each.version, default=None)


def _standing(version: Submission) -> Standing:
    jobs, verdicts = version.jobs.all(), version.verdicts.all()
    return standing(jobs[0] if jobs else None, verdicts[0] if verdicts else None)


# ── One version ───────────────────────────────────────────────────────────────────────────────


def _version(request: HttpRequest, pk: int) -> Submission:
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    return get_object_or_404(visible, pk=pk)


def _verdict(version: Submission) -> Verdict:
    verdict = verdict_of(version)
    if verdict is None:
        raise Http404
    return verdict


def _page(verdict: Verdict, register: Mapping[str, Register]) -> VerdictPage:
    return verdict_page(json.loads(verdict.document), parsed_standard(verdict.standard), register)


def _register(version: Submission) -> dict[str, Register]:
    return Register.of(version.records.values("code", "name", "school_type", "sponsor_type"))


def _explaining(version: Submission, user: User, back: str) -> Explaining:
    return Explaining(explanations_for(version), version.pk, not why_not_explain(user, version), back)


def _problems(version: Submission, query: QueryDict, register: Mapping[str, Register], user: User) -> dict[str, Any]:
    """The problem table a request asks for: its filter, its page."""
    names = {code: about.name for code, about in register.items()}
    is_open = Q(pk__in=open_explanations(version).values("pk"))
    told = (
        version.problems.order_by().values_list("severity").annotate(Count("pk"), waiting=Count("pk", filter=is_open))
    )
    counts = {severity: count for severity, count, _ in told}
    unexplained = sum(count for *_, count in told)
    asked_for = query.get("severity", "")
    chosen = asked_for if asked_for in {severity.value for severity in Severity} else ""
    problems = version.problems.filter(severity=chosen) if chosen else version.problems.all()
    total = counts.get(chosen, 0) if chosen else sum(counts.values())
    window = Window.of(query.get("page", ""), total)
    return {
        "severities": severity_counts(counts, chosen, unexplained),
        "chosen_severity": chosen,
        "problems": problem_lines(
            problems.values()[window.start : window.stop], names, _explaining(version, user, query.urlencode())
        ),
        "problems_total": total,
        "problems_all": sum(counts.values()),
        "window": window,
    }


def _newer(version: Submission) -> Submission | None:
    """The newest version of the same county and year, where that is another one."""
    same = Submission.objects.filter(county_id=version.county_id, school_year=version.school_year)
    return same.filter(version__gt=version.version).order_by("-version").first()


@require_safe
@never_cache
def submission(request: HttpRequest, pk: int) -> HttpResponse:
    """One address, and what there is to say about the version now: progress, its problems, or the verdict."""
    version = _version(request, pk)
    job = job_of(version)
    # "Done" and the verdict are written in one transaction: while the job is not over there is none to ask for.
    verdict = verdict_of(version) if job is None or job.is_over else None
    context: dict[str, Any] = {"submission": version, "verdict": verdict}
    if verdict is None and (job is None or not job.is_over):
        return render(request, "reports/progress.html", context | {"progress": progress(job, waiting_before(job))})
    context["newer"] = _newer(version)
    if verdict is None and job.state == JobState.SET_ASIDE:
        return render(request, "reports/set_aside.html", context)
    register = _register(version)
    context |= _problems(version, request.GET, register, request.user)
    context |= revision_context(request.user, version, context["problems"])
    context["offer"] = offer_of(version)
    context["why_not_offer"] = why_not_update(request.user, context["offer"].base) if context["offer"] else ""
    if verdict is None:
        return render(request, "reports/unreadable.html", context)
    shown = chosen_verdict(verdict, request.GET.get("verdict", ""))
    context |= verdict_context(version, shown, register) | {"newest_verdict": verdict}
    if shown == verdict:
        context |= {"has_links": True, "firmness": firmness_in_short(version, verdict)}
    context |= review_context(request, version)
    return render(request, "reports/verdict.html", context)


@require_safe
@never_cache
def submission_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the waiting page: nothing while nothing changed, the whole page once the job is over."""
    if not request.headers.get("HX-Request"):
        return redirect("submission", pk=pk)
    version = get_object_or_404(submissions_visible_to(request.user).select_related(None).only("pk"), pk=pk)
    job = job_of(version)
    if job is not None and job.is_over:
        return HttpResponse(headers={"HX-Refresh": "true"})
    now = progress(job, waiting_before(job))
    if request.GET.get("seen") == now.token:
        return HttpResponse(status=204)
    return render(request, "reports/_progress.html", {"submission": version, "progress": now})


@require_safe
@never_cache
def school(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """One school of a judged version: each value with formula, figures, cells, and what is missing."""
    version = _version(request, pk)
    verdict = _verdict(version)
    record = version.records.filter(code=code).order_by("row").first()
    if record is None:
        raise Http404
    page = school_page(
        json.loads(verdict.document), parsed_standard(verdict.standard), school_report_of(record), version.columns
    )
    of_row = Q(sheet=SCHOOL_SHEET, cell__regex=rf"^[A-Z]+{record.row}$")
    problems = problem_lines(
        version.problems.filter(of_row).values(),
        {code: record.name},
        _explaining(version, request.user, urlencode({"school": code})),
    )
    context = {"submission": version, "verdict": verdict, "page": page, "row": record.row, "problems": problems}
    context |= correction_context(request.user, version, record) | review_context(request, version, school=code)
    return render(request, "reports/school.html", context)


@require_safe
@never_cache
@records_download("学校明细表", of_submission)
def submission_export(request: HttpRequest, pk: int, suffix: str) -> FileResponse:
    """The rows of the schools, as the page shows them."""
    if suffix not in _FORMATS:
        raise Http404
    version = _version(request, pk)
    verdict = _verdict(version)
    page = _page(verdict, _register(version))
    table = exporters.school_table(page)
    content = exporters.to_csv(table) if suffix == "csv" else exporters.to_xlsx(table, _about(version, verdict, page))
    name = f"{version.county.name}_{version.school_year_label}_第{version.version}版_学校明细.{suffix}"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_FORMATS[suffix])


def _about(version: Submission, verdict: Verdict, page: VerdictPage) -> list[tuple[str, str]]:
    return [
        ("县", version.county.full_name),
        ("学年", version.school_year_label),
        ("版本", f"第{version.version}版"),
        ("文件", version.filename),
        ("上传", f"{version.uploaded_by}，{timezone.localtime(version.uploaded_at):%Y-%m-%d %H:%M}"),
        ("标准", f"{verdict.standard.name}（{verdict.standard_id}，{verdict.standard.sha256[:12]}）"),
        ("结论", page.conclusion.sentence),
    ]
