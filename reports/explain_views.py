"""Explanations of single figures: each has its own address, and opens for whoever may see the version."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.decided import Decided
from evaluation.core.standard import Criterion, Indicator
from evaluation.evidence_queries import items_of
from evaluation.models import Verdict
from evaluation.queries import submissions_visible_to, verdict_of
from evaluation.standards import parsed_standard
from indicators.catalogue import COUNTY_ITEMS, COUNTY_SHEET, SCHOOL_SHEET
from indicators.models import Submission
from indicators.problem import Severity
from indicators.queries import report_of
from reports.presenters.explain import Explanation, Frozen, Links
from reports.presenters.explain.coefficient import coefficient_explanation, composite_explanation
from reports.presenters.explain.item import item_explanation, school_item_explanation
from reports.presenters.explain.value import value_explanation
from reports.review_context import review_context
from schools.vocabulary import Stage


@require_safe
@never_cache
def explain_value(request: HttpRequest, pk: int, school: str, stage: str, code: str) -> HttpResponse:
    """One value of one school at one stage."""
    opened = _Opened(request, pk)
    position, at = opened.school(school), _stage(stage)
    if position not in opened.frozen.rows(at):
        raise Http404
    return opened.answer(value_explanation(opened.frozen, position, at, opened.indicator(code)))


@require_safe
@never_cache
def explain_coefficient(request: HttpRequest, pk: int, stage: str, code: str) -> HttpResponse:
    """One difference coefficient, with its mean."""
    opened = _Opened(request, pk)
    return opened.answer(coefficient_explanation(opened.frozen, _stage(stage), opened.indicator(code)))


@require_safe
@never_cache
def explain_composite(request: HttpRequest, pk: int, stage: str) -> HttpResponse:
    """The mean of all coefficients of a stage."""
    opened = _Opened(request, pk)
    return opened.answer(composite_explanation(opened.frozen, _stage(stage)))


@require_safe
@never_cache
def explain_item(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """One item of the county."""
    opened = _Opened(request, pk)
    criterion = opened.criterion(code)
    about = review_context(request, opened.version, criterion=code)
    rests_on_evidence = any(each.rests_on_evidence for each in items_of(opened.verdict.standard) if each.code == code)
    return opened.answer(item_explanation(opened.frozen, criterion), about | {"rests_on_evidence": rests_on_evidence})


@require_safe
@never_cache
def explain_school_item(request: HttpRequest, pk: int, code: str, school: str) -> HttpResponse:
    """One item at one school."""
    opened = _Opened(request, pk)
    page = school_item_explanation(opened.frozen, opened.criterion(code), opened.school(school))
    if page is None:
        raise Http404
    return opened.answer(page)


def _stage(name: str) -> Stage:
    if name not in set(Stage):
        raise Http404
    return Stage(name)


class _Opened:
    """A judged version somebody may see, and what its newest verdict rests on. Raises Http404."""

    def __init__(self, request: HttpRequest, pk: int) -> None:
        visible = submissions_visible_to(request.user).select_related("county__parent__parent", "uploaded_by")
        self.request = request
        self.version: Submission = get_object_or_404(visible, pk=pk)
        verdict = verdict_of(self.version)
        if verdict is None:
            raise Http404
        self.verdict: Verdict = verdict

    @cached_property
    def frozen(self) -> Frozen:
        return frozen_of(self.version, self.verdict)

    def indicator(self, code: str) -> Indicator:
        return _named(self.frozen.standard.indicators, code)

    def criterion(self, code: str) -> Criterion:
        return _named(self.frozen.standard.criteria, code)

    def school(self, code: str) -> int:
        position = self.frozen.position(code)
        if position is None:
            raise Http404
        return position

    def answer(self, page: Explanation, about: dict[str, Any] | None = None) -> HttpResponse:
        context = {"submission": self.version, "verdict": self.verdict, "page": page} | (about or {})
        return render(self.request, "reports/explain.html", context)


def _named(among: Any, code: str) -> Any:
    found = next((each for each in among if each.code == code), None)
    if found is None:
        raise Http404
    return found


def frozen_of(version: Submission, verdict: Verdict) -> Frozen:
    """Everything a verdict rests on, with the addresses of the cells and what stood in those that were refused."""
    report = report_of(version)
    cells = dict(version.figures.values_list("code", "cell"))
    found: dict[tuple[str, str], str] = {}
    if len(report.figures) < len(COUNTY_ITEMS) or any(school.rejected for school in report.schools):
        codes = {item.name: item.code for item in COUNTY_ITEMS}
        told = version.problems.filter(Q(severity=Severity.ERROR)).exclude(found="").exclude(cell="")
        for sheet, cell, header, text in told.values_list("sheet", "cell", "header", "found"):
            if sheet == COUNTY_SHEET:
                code = codes.get(header, "")
                cells.setdefault(code, cell)
                found.setdefault((COUNTY_SHEET, code), text)
            elif sheet == SCHOOL_SHEET:
                found.setdefault((SCHOOL_SHEET, cell), text)
    return Frozen(
        standard=parsed_standard(verdict.standard),
        result=json.loads(verdict.document),
        report=report,
        as_of=verdict.as_of,
        decided=Decided.of(verdict.decided),
        columns=version.columns,
        figure_cells=cells,
        found=found,
        links=Links(reverse("submission", args=[version.pk]), reverse("method", args=[verdict.standard_id])),
    )
