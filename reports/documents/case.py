"""Everything the documents of one county are made from: the signed filing, its verdict, and the pages the portal shows
of them. Frozen rows alone, so that a case once loaded stays true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from evaluation.core.columns import columns_of
from evaluation.core.decided import Decided, columns_of_decided
from evaluation.core.resources import StageResult
from evaluation.core.sensitivity import sensitivity
from evaluation.core.standard import Standard
from evaluation.core.verdict import judge
from evaluation.document_basis import verdict_behind
from evaluation.document_making import DocumentKind
from evaluation.models import Evaluation, Filing, Verdict
from evaluation.published import fewest_pupils, hidden_schools
from evaluation.standards import parsed_standard
from indicators.queries import report_of
from indicators.report import CountyReport, SchoolReport
from reports.documents.words import date_words, year_words
from reports.presenters.coefficient import CoefficientPage, coefficient_page
from reports.presenters.school import SchoolPage, school_page
from reports.presenters.tables import Heading, OfficialTables, official_tables, why_no_tables
from reports.presenters.verdict import NO_NAME, Register, VerdictPage, verdict_page
from schools.vocabulary import SchoolType, SponsorType


class NothingSigned(Exception):
    """A document was asked for of an evaluation that nobody signed yet."""


class Case:
    """One signed filing with one verdict on it. Everything is computed once, when it is first asked for."""

    def __init__(self, filing: Filing, verdict: Verdict) -> None:
        self.filing, self.verdict = filing, verdict
        self.standard: Standard = parsed_standard(verdict.standard)
        self.result: Mapping[str, Any] = json.loads(verdict.document)

    @cached_property
    def report(self) -> CountyReport:
        """The figures as they were signed."""
        prefetch_related_objects([self.filing.submission], "records", "figures")
        return report_of(self.filing.submission)

    @cached_property
    def page(self) -> VerdictPage:
        """The verdict as the portal shows it."""
        return verdict_page(self.result, self.standard, self._register)

    @cached_property
    def _register(self) -> dict[str, Register]:
        told = {}
        for school in self.report.schools:
            kind, sponsor = school.values.get("school_type"), school.values.get("sponsor_type")
            told[_text(school, "code")] = Register(
                _text(school, "name"),
                kind.label if isinstance(kind, SchoolType) else "",
                sponsor.label if isinstance(sponsor, SponsorType) else "",
            )
        return told

    @cached_property
    def tables(self) -> OfficialTables | None:
        """表Ⅰ to 表Ⅵ; None where the standard is not the one of these forms."""
        if why_no_tables(self.standard):
            return None
        version, verdict = self.filing.submission, self.verdict
        heading = Heading(
            self.filing.evaluation.county.full_name, version.school_year_label, version.version,
            self.standard.name, verdict.as_of, verdict.sha256, verdict.number,
        )  # fmt: skip
        return official_tables(self.result, self.standard, self.report, heading)

    @cached_property
    def by_code(self) -> dict[str, SchoolReport]:
        """The rows of the schools by 学校标识码, in the order of the codes; those without one have no plan."""
        rows = sorted(self.report.schools, key=lambda school: _text(school, "code"))
        return {code: school for school in rows if (code := _text(school, "code"))}

    @cached_property
    def _school_pages(self) -> dict[str, SchoolPage]:
        return {}

    def school(self, code: str) -> SchoolPage:
        """One school as the portal shows it. Raises KeyError."""
        if code not in self._school_pages:
            columns = self.filing.submission.columns
            self._school_pages[code] = school_page(self.result, self.standard, self.by_code[code], columns)
        return self._school_pages[code]

    @cached_property
    def lost_coefficients(self) -> tuple[CoefficientPage, ...]:
        """Who makes each coefficient fail, of those above their limit."""
        lost = [
            (stage, code)
            for stage, told in self.result["stages"].items()
            for code, found in told["indicators"].items()
            if found["passed"] is False
        ]
        if not lost or self.standard.decides_by_composite:
            return ()
        results, ordered = self._judged
        indicators = {indicator.code: indicator for indicator in self.standard.indicators}
        pages = []
        for stage, code in lost:
            result, indicator = results[stage], indicators[code]
            found = sensitivity(result, indicator, self.standard)
            pages.append(coefficient_page(result, found, indicator, self.standard, ordered))
        return tuple(pages)

    @cached_property
    def _judged(self) -> tuple[dict[str, StageResult], list[SchoolReport]]:
        schools, figures, ordered = columns_of([self.report])
        codes = [_text(each, "code") for each in ordered]
        decided = [Decided.of(self.verdict.decided)]
        columns, figures = columns_of_decided(decided, codes, schools.county, figures, self.verdict.as_of)
        judgement = judge(schools, figures, self.standard, self.verdict.as_of, columns)
        return {result.stage.value: result for result in judgement.stages}, ordered

    def heading(self) -> dict[str, str]:
        """What every document of a county says of itself before anything else."""
        filing, version = self.filing, self.filing.submission
        evaluation = filing.evaluation
        return {
            "县名": evaluation.county.full_name,
            "县代码": evaluation.county.code,
            "学年": year_words(evaluation.school_year),
            "标准名称": self.standard.name,
            "标准文号": self.standard.document,
            "判定日期": date_words(self.verdict.as_of),
            "签报编号": filing.number,
            "签报日期": date_words(timezone.localdate(filing.signed_at)),
            "签报人": f"{filing.signer_post} {filing.signer_name}",
            "数据版本": f"第{version.version}版",
            "结论": self.page.conclusion.word,
            "结论说明": self.page.conclusion.sentence,
            "判定结果校验码": self.verdict.sha256[:16],
        }


def case_of(evaluation_id: int, kind: DocumentKind, verdict_id: int | None = None) -> Case:
    """The case a document is made from, with the verdict its order names, or the one that stands behind such a document
    now. Raises Evaluation.DoesNotExist, NothingSigned."""
    evaluation = Evaluation.objects.select_related("filing").get(pk=evaluation_id)
    filing, chosen = evaluation.filing, verdict_id or verdict_behind(evaluation, kind)
    if filing is None or chosen is None:
        raise NothingSigned
    sha256 = Verdict.objects.values_list("sha256", flat=True).get(pk=chosen)
    return _loaded(filing.pk, filing.sha256, chosen, sha256)


# Three hundred plans are made from one case. What is signed never changes, and the hashes say that it is the same.
@lru_cache(maxsize=2)
def _loaded(filing: int, manifest: str, verdict: int, document: str) -> Case:
    related = "evaluation__county__parent__parent", "submission__county"
    found = Filing.objects.select_related(*related).get(pk=filing)
    return Case(found, Verdict.objects.select_related("standard").get(pk=verdict))


def hidden_in(case: Case, evaluation: Evaluation) -> frozenset[str]:
    """The codes of the schools that no document for everybody may name: those the page of the result hides by the rule
    of the province of today, and a row without a code."""
    return hidden_schools(case.verdict, fewest_pupils(evaluation.county)) | {""}


def _text(school: SchoolReport, key: str) -> str:
    return str(school.values.get(key) or "")


def name_of(school: SchoolReport) -> str:
    """The name of a school as it was signed."""
    return _text(school, "name") or NO_NAME
