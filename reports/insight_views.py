"""Two pages behind a verdict: which schools make a coefficient what it is, and how firm the whole verdict is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django.core.cache import cache
from django.db.models import prefetch_related_objects
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.columns import CountyColumns, SchoolColumns, columns_of
from evaluation.core.decided import Decided, DecidedColumns, columns_of_decided
from evaluation.core.firmness import Firmness, firmness
from evaluation.core.sensitivity import sensitivity
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.verdict import judge
from evaluation.models import Standard, Verdict
from evaluation.queries import submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_submission, records_download
from indicators.models import Submission
from indicators.queries import report_of, reports_of
from indicators.report import CountyReport, SchoolReport
from reports import exporters
from reports.presenters.coefficient import CoefficientPage, coefficient_page, influence_table
from reports.presenters.firmness import Cells, firmness_page, firmness_sentence
from schools.vocabulary import Stage

_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: How long the sentence of a verdict is kept. A verdict never changes; the limit only keeps the store small.
_KEPT_SECONDS = 24 * 3600


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
    loaded = _Loaded.of(version, verdict)
    page = firmness_page(loaded.firmness(), json.loads(verdict.document), loaded.standard, loaded.cells(version))
    return render(request, "reports/firmness.html", {"submission": version, "verdict": verdict, "page": page})


def firmness_of_many(verdicts: Sequence[tuple[Submission, Verdict]], most: int) -> dict[int, tuple[str, int]]:
    """The same by the primary key of the verdict for many: those that are kept, and up to ``most`` computed now from
    three queries; the others are left out. ``Verdict.standard`` and ``document`` are not read."""
    keys = {verdict.pk: f"firmness:{verdict.pk}:{verdict.sha256}" for _, verdict in verdicts}
    kept = cache.get_many(keys.values())
    told = {pk: kept[key] for pk, key in keys.items() if key in kept}
    missing = [(version, verdict) for version, verdict in verdicts if verdict.pk not in told][:most]
    if not missing:
        return told
    versions = [version for version, _ in missing]
    reports, standards = reports_of(versions), Standard.objects.in_bulk({verdict.standard_id for _, verdict in missing})
    for version, verdict in missing:
        standard = parsed_standard(standards[verdict.standard_id])
        report, cells = reports[version.pk]
        loaded = _Loaded.from_report(report, verdict, standard)
        found = loaded.firmness()
        of_version = Cells(loaded.ordered, version.columns, cells)
        told[verdict.pk] = firmness_sentence(found, of_version), found.borderline
        cache.set(keys[verdict.pk], told[verdict.pk], _KEPT_SECONDS)
    return told


def firmness_in_short(version: Submission, verdict: Verdict) -> tuple[str, int]:
    """The sentence of the page of firmness, and how many findings are decided within rounding."""
    key = f"firmness:{verdict.pk}:{verdict.sha256}"
    told: tuple[str, int] | None = cache.get(key)
    if told is None:
        loaded = _Loaded.of(version, verdict)
        found = loaded.firmness()
        told = firmness_sentence(found, loaded.cells(version)), found.borderline
        cache.set(key, told, _KEPT_SECONDS)
    return told


def _version(request: HttpRequest, pk: int) -> Submission:
    visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
    return get_object_or_404(visible, pk=pk)


def _verdict(version: Submission) -> Verdict:
    verdict = verdict_of(version)
    if verdict is None:
        raise Http404
    return verdict


def _coefficient_page(version: Submission, verdict: Verdict, stage: str, code: str) -> CoefficientPage:
    loaded = _Loaded.of(version, verdict)
    indicator = next((each for each in loaded.standard.indicators if each.code == code), None)
    if indicator is None or stage not in set(Stage):
        raise Http404
    judgement = judge(loaded.schools, loaded.figures, loaded.standard, verdict.as_of, loaded.decided)
    result = next(each for each in judgement.stages if each.stage == stage)
    found = sensitivity(result, indicator, loaded.standard)
    return coefficient_page(result, found, indicator, loaded.standard, loaded.ordered)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Everything a verdict rests on, as columns: judging them again gives the same verdict."""

    verdict: Verdict
    standard: StandardDocument
    schools: SchoolColumns
    figures: CountyColumns
    ordered: list[SchoolReport]
    decided: DecidedColumns

    @classmethod
    def of(cls, version: Submission, verdict: Verdict) -> _Loaded:
        # Once for the report and for the cells it came from.
        prefetch_related_objects([version], "records", "figures")
        return cls.from_report(report_of(version), verdict, parsed_standard(verdict.standard))

    @classmethod
    def from_report(cls, report: CountyReport, verdict: Verdict, standard: StandardDocument) -> _Loaded:
        schools, figures, ordered = columns_of([report])
        decided, codes = Decided.of(verdict.decided), [str(each.values.get("code") or "") for each in ordered]
        columns, figures = columns_of_decided([decided], codes, schools.county, figures, verdict.as_of)
        return cls(verdict, standard, schools, figures, ordered, columns)

    def firmness(self) -> Firmness:
        return firmness(self.schools, self.figures, self.standard, self.verdict.as_of, self.decided)

    def cells(self, version: Submission) -> Cells:
        return Cells(self.ordered, version.columns, {each.code: each.cell for each in version.figures.all()})
