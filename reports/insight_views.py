"""Two pages behind a verdict: which schools make a coefficient what it is, and how firm the whole verdict is."""

from __future__ import annotations

import json
from io import BytesIO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.sensitivity import sensitivity
from evaluation.core.verdict import judge
from evaluation.models import Verdict
from evaluation.queries import submissions_visible_to, verdict_of
from evaluation.taking_away import of_submission, records_download
from indicators.models import Submission
from reports import exporters
from reports.firmness_kept import Loaded
from reports.presenters.coefficient import CoefficientPage, coefficient_page, influence_table
from reports.presenters.firmness import firmness_page
from schools.vocabulary import Stage

_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_safe
@never_cache
def coefficient(request: HttpRequest, pk: int, stage: str, code: str) -> HttpResponse:
    """Who makes one coefficient what it is."""
    version = _version(request, pk)
    verdict = _verdict(version)
    page = _coefficient_page(version, verdict, stage, code)
    return render(request, "reports/coefficient.html", {"submission": version, "verdict": verdict, "page": page})


@require_safe
@never_cache
@records_download("差距来源表", of_submission)
def coefficient_export(request: HttpRequest, pk: int, stage: str, code: str, suffix: str) -> FileResponse:
    """The table of that page."""
    if suffix not in _FORMATS:
        raise Http404
    version = _version(request, pk)
    page = _coefficient_page(version, _verdict(version), stage, code)
    table, about = influence_table(page), [("县", version.county.full_name), ("结论", page.sentence)]
    content = exporters.to_csv(table) if suffix == "csv" else exporters.to_xlsx(table, about)
    name = f"{version.county.name}_{version.school_year_label}_{page.stage.label}{code}差距来源.{suffix}"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_FORMATS[suffix])


@require_safe
@never_cache
def verdict_firmness(request: HttpRequest, pk: int) -> HttpResponse:
    """How little would turn the verdict, and each finding in it."""
    version = _version(request, pk)
    verdict = _verdict(version)
    loaded = Loaded.of(version, verdict)
    page = firmness_page(loaded.firmness(), json.loads(verdict.document), loaded.standard, loaded.cells(version))
    return render(request, "reports/firmness.html", {"submission": version, "verdict": verdict, "page": page})


def _version(request: HttpRequest, pk: int) -> Submission:
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    return get_object_or_404(visible, pk=pk)


def _verdict(version: Submission) -> Verdict:
    verdict = verdict_of(version)
    if verdict is None:
        raise Http404
    return verdict


def _coefficient_page(version: Submission, verdict: Verdict, stage: str, code: str) -> CoefficientPage:
    loaded = Loaded.of(version, verdict)
    indicator = next((each for each in loaded.standard.indicators if each.code == code), None)
    if indicator is None or stage not in set(Stage):
        raise Http404
    judgement = judge(loaded.schools, loaded.figures, loaded.standard, verdict.as_of, loaded.decided)
    result = next(each for each in judgement.stages if each.stage == stage)
    found = sensitivity(result, indicator, loaded.standard)
    return coefficient_page(result, found, indicator, loaded.standard, loaded.ordered)
