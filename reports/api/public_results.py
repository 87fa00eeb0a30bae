"""Open answers about published results: the list, one with its verdict, its schools, what changed, which are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation.certifying import certificate_status
from evaluation.comparing import like
from evaluation.models import Certificate, PublishedFacts
from evaluation.published import (
    certificates_of,
    corrections,
    earlier_result,
    published_certificates,
    records_behind,
    verdict_behind,
)
from indicators.queries import school_report_of
from reports.api.doors import FILTERED, OpenDoor, OpenList, Pages, described, in_path, one_or_404
from reports.api.filters import ResultFilter
from reports.api.public_places import TAG
from reports.api.shapes_public import (
    ChangesSerializer,
    CorrectionSerializer,
    ResultDetailSerializer,
    ResultSerializer,
    SchoolRowSerializer,
    SchoolSerializer,
    SimilarSerializer,
)
from reports.api.told_public import (
    change_told,
    correction_told,
    hidden_schools,
    like_told,
    result_told,
    row_told,
    school_rows,
    standing_told,
    verdict_told,
)
from reports.compare_views import shown_change
from reports.presenters.school import school_page
from reports.public_views import certificate_or_404, frozen, small_schools
from schools.vocabulary import Stage

RESULT_CODE = in_path("code", "结果的查询编号。", "[A-Z]{2}-[0-9]{4}-[0-9]{6}-[0-9]{2,6}", "YZ-2026-990101-01")
_MOST_LIKE = 20


class Results(OpenList):
    """Published results, the newest first."""

    serializer_class, filterset_class, filter_backends = ResultSerializer, ResultFilter, FILTERED

    def get_queryset(self) -> QuerySet[Certificate]:
        """Every certificate that was ever published."""
        return published_certificates()

    @described(
        TAG, "公布的结果", "每个结果是一份证书；已被取代和已撤销的也在内，看 status。", ResultSerializer(many=True),
        name="results_list",
    )  # fmt: skip
    def get(self, request: Request, **said: str) -> Response:
        """One page of results."""
        return super().get(request)

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each in a line."""
        return [result_told(each) for each in found]


class Result(OpenDoor):
    """One result."""

    serializer_class = ResultDetailSerializer

    @described(
        TAG, "一个结果", "结论、四个方面、两个学段的差异系数和逐项要求，都是公布时封存的数。", ResultDetailSerializer,
        name="result", parameters=[RESULT_CODE],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """The conclusion with every figure of the county."""
        certificate = certificate_or_404(code)
        verdict, standard, result = frozen(certificate)
        small, fewest = small_schools(certificate, verdict)
        earlier, newest = earlier_result(certificate), certificates_of(certificate.evaluation.county_id).first()
        told = result_told(certificate) | {
            "standing": standing_told(certificate_status(certificate)),
            "is_newest": newest is not None and newest.pk == certificate.pk,
            "earlier": earlier.code if earlier is not None else None,
            "verdict": verdict_told(verdict, result, standard, small),
            "schools": {
                "rows": len(school_rows(result, standard, small)),
                "hidden": hidden_schools(result, small),
                "fewest_pupils": fewest,
            },
        }
        return Response(self.get_serializer(told).data)


class ResultSchools(OpenDoor):
    """The schools of a result."""

    serializer_class, pagination_class = SchoolRowSerializer, Pages
    more_parameters = ("stage", "passed")

    @described(
        TAG, "学校明细", "一校一学段一行，按学校标识码排列；在校生过少的学校不列出。", SchoolRowSerializer(many=True),
        name="result_schools_list",
        parameters=[
            RESULT_CODE,
            OpenApiParameter("stage", {"type": "string", "enum": [each.value for each in Stage]}, description="学段。"),
            OpenApiParameter("passed", bool, description="该校这一学段是否达标。"),
        ],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """One page of rows."""
        certificate = certificate_or_404(code)
        verdict, standard, result = frozen(certificate)
        small, _ = small_schools(certificate, verdict)
        stage = _chosen(request, "stage", {each.value: each.value for each in Stage})
        passed = _chosen(request, "passed", {"true": True, "false": False})
        rows = school_rows(result, standard, small)
        shown = [row for row in rows if stage in (None, row["stage"]) and passed in (None, row["passed"])]
        return self.answer_page(sorted(shown, key=lambda row: (row["code"], list(Stage).index(Stage(row["stage"])))))


def _chosen(request: Request, name: str, values: dict[str, Any]) -> Any:
    typed = request.query_params.get(name)
    if typed is not None and typed not in values:
        raise ValidationError({name: f"应为 {'、'.join(values)} 之一。"})
    return None if typed is None else values[typed]


class ResultSchool(OpenDoor):
    """One school of a result."""

    serializer_class = SchoolSerializer

    @described(
        TAG, "一所学校", "公布时的各项指标；在校生过少的学校没有。", SchoolSerializer, name="result_school",
        parameters=[RESULT_CODE, in_path("school", "学校标识码。", "[0-9A-Za-z]{1,10}", "3199010101")],
    )  # fmt: skip
    def get(self, request: Request, code: str, school: str) -> Response:
        """The school with its stages."""
        certificate = certificate_or_404(code)
        verdict, standard, result = frozen(certificate)
        record = one_or_404(records_behind(verdict).filter(code=school).first())
        if school in small_schools(certificate, verdict)[0]:
            raise Http404
        page = school_page(result, standard, school_report_of(record), {})
        told = {
            "code": page.code,
            "name": page.name,
            "facts": [{"name": name, "text": text} for name, text in page.facts],
            "reason_excluded": page.reason_excluded,
            "rows": [row_told(row, standard) for row in result["schools"] if row["code"] == school],
        }
        return Response(self.get_serializer(told).data)


class ResultChanges(OpenDoor):
    """What changed from the earlier result."""

    serializer_class = ChangesSerializer

    @described(
        TAG, "与上一个学年相比", "差异系数的变化按固定的顺序分解；没有更早的结果时是 404。", ChangesSerializer,
        name="result_changes", parameters=[RESULT_CODE],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """Every coefficient, part by part."""
        certificate = certificate_or_404(code)
        earlier = one_or_404(earlier_result(certificate))
        verdicts = verdict_behind(earlier), verdict_behind(certificate)
        change = shown_change((earlier, certificate), verdicts)
        told = {
            "code": certificate.code,
            "earlier": earlier.code,
            "school_year": certificate.evaluation.school_year,
            "earlier_school_year": earlier.evaluation.school_year,
            "is_other_standard": verdicts[0].standard_id != verdicts[1].standard_id,
            "closed": change.closed.names,
            "closed_unnamed": change.closed.unnamed,
            "opened": change.opened.names,
            "opened_unnamed": change.opened.unnamed,
            "is_joined": change.is_joined,
            "lines": [
                change_told(each, change.standard, is_joined=change.is_joined, is_printed=change.hides_schools)
                for each in change.waterfalls
            ],
        }
        return Response(self.get_serializer(told).data)


class ResultSimilar(OpenDoor):
    """Counties like the one of a result."""

    serializer_class = SimilarSerializer

    @described(
        TAG, "情况相近的县", "同一学年、同一标准、现在有效的结果中，规模、城镇化和财力相近的县。", SimilarSerializer,
        name="result_similar", parameters=[RESULT_CODE],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """The group, the nearest first."""
        certificate = certificate_or_404(code)
        facts = PublishedFacts.objects.select_related("certificate__evaluation__county__parent__parent")
        own = one_or_404(facts.filter(certificate=certificate).first())
        beside = like(certificate, _MOST_LIKE)
        told = {"own": like_told(own, None), "like": [like_told(each, far) for each, far in beside]}
        return Response(self.get_serializer(told).data)


class Corrections(OpenList):
    """What happened to results after their publication."""

    serializer_class = CorrectionSerializer

    @described(
        TAG, "更正、取代和撤销", "公布以后的变动和公开的理由，新的在前。", CorrectionSerializer(many=True),
        name="corrections_list",
    )  # fmt: skip
    def get(self, request: Request, **said: str) -> Response:
        """One page, the newest first."""
        return self.answer_page(corrections())

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each in a line."""
        return [correction_told(each) for each in found]
