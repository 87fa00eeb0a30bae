"""Open answers about 公示 and standards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation import noticing
from evaluation.models import Notice, Standard
from evaluation.published import fewest_pupils, hidden_schools
from evaluation.standards import parsed_standard
from reports.api.doors import OpenDoor, OpenList, described, in_path
from reports.api.shapes_public import (
    NoticeDetailSerializer,
    NoticeSerializer,
    StandardDetailSerializer,
    StandardSerializer,
)
from reports.api.told_public import notice_told, standard_detail, standard_told, verdict_told
from reports.presenters.notice import decision_sentence, standing_of

_TAG = "公示和标准"
_NUMBER = OpenApiParameter(
    "id",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    OpenApiParameter.PATH,
    description="公示编号。",
    examples=[OpenApiExample("示例", value=1)],
)


class Notices(OpenList):
    """公示 whose term runs today."""

    serializer_class = NoticeSerializer

    @described(
        _TAG, "正在公示", "先结束的在前；不保留，每次都是现在的。", NoticeSerializer(many=True),
        name="notices_list", is_kept=False,
    )  # fmt: skip
    def get(self, request: Request, **said: str) -> Response:
        """One page of those that run today."""
        return self.answer_page(noticing.notices_open(timezone.localdate()))

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each with its last day."""
        return [notice_told(each, noticing.last_day(each)) for each in found]


class NoticeDetail(OpenDoor):
    """One 公示."""

    serializer_class = NoticeDetailSerializer

    @described(
        _TAG, "一次公示", "公示的结论和收到的异议。提出异议请到公示的网页。", NoticeDetailSerializer,
        name="notice", parameters=[_NUMBER], is_kept=False,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """What is put up, while the evaluation stands on it."""
        related = ("evaluation__county__parent__parent", "evaluation__standard", "proposal__verdict__standard")
        notice = get_object_or_404(Notice.objects.select_related(*related), pk=pk)
        evaluation, verdict, last_day = notice.evaluation, notice.proposal.verdict, noticing.last_day(notice)
        is_current = noticing.is_current(notice)
        told = notice_told(notice, last_day) | {
            "standing": standing_of(evaluation.state_of, is_current, timezone.localdate(), last_day),
            "is_current": is_current,
            "sentence": "",
            "verdict": None,
            "objections": list(notice.objections.order_by("pk").values("number", "received_at", "result", "answer")),
        }
        if is_current:
            standard, result = parsed_standard(verdict.standard), json.loads(verdict.document)
            words = decision_sentence(evaluation.county, evaluation.school_year, verdict.standard.name)
            small = hidden_schools(verdict, fewest_pupils(evaluation.county))
            told |= {"sentence": words, "verdict": verdict_told(verdict, result, standard, small)}
        return Response(self.get_serializer(told).data)


class Standards(OpenList):
    """Loaded standards."""

    serializer_class = StandardSerializer

    @described(
        _TAG, "评估标准", "平台载入的标准文件，载入后不再改动。", StandardSerializer(many=True), name="standards_list"
    )
    def get(self, request: Request, **said: str) -> Response:
        """One page of standards."""
        return self.answer_page(Standard.objects.order_by("pk"))

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each with where its document lies."""
        return [standard_told(each) for each in found]


class StandardDetail(OpenDoor):
    """One standard."""

    serializer_class = StandardDetailSerializer

    @described(
        _TAG, "一个标准", "限值、指标和逐项要求。", StandardDetailSerializer, name="standard",
        parameters=[in_path("code", "标准代码。", "[0-9a-z][0-9a-z-]{1,59}", "2017-quality")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """The standard with its limits."""
        row = get_object_or_404(Standard, pk=code)
        return Response(self.get_serializer(standard_detail(row, parsed_standard(row))).data)
