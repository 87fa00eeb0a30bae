"""What answers look like, the parts that many of them share. The words about each field are told in the OpenAPI
document; what is described here is what is returned, and nothing else."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from evaluation.core.standard import CRITERION_GROUPS
from evaluation.core.status import Status
from schools.vocabulary import Stage

Shape = serializers.Serializer
STAGES = [(stage.value, stage.label) for stage in Stage]
STATUSES = [(status.value, status.label) for status in Status]
GROUPS = list(CRITERION_GROUPS.items())


def text(words: str, **more: Any) -> serializers.CharField:
    """A text."""
    return serializers.CharField(help_text=words, **more)


def whole(words: str, **more: Any) -> serializers.IntegerField:
    """A whole number."""
    return serializers.IntegerField(help_text=words, **more)


def number(words: str) -> serializers.FloatField:
    """A number in full precision, null where it is undefined."""
    return serializers.FloatField(help_text=f"{words}完整精度，无法核算时为 null。", allow_null=True)


def open_number(words: str) -> serializers.FloatField:
    """A number that everybody may read, null where it is undefined."""
    told = f"{words}完整精度；该学段有不单独列出的学校时按网页的位数取舍。无法核算时为 null。"
    return serializers.FloatField(help_text=told, allow_null=True)


def truth(words: str) -> serializers.BooleanField:
    """True, false, or null where something is unknown."""
    return serializers.BooleanField(help_text=f"{words}缺少数据、不能判定时为 null。", allow_null=True)


def yes(words: str) -> serializers.BooleanField:
    """True or false."""
    return serializers.BooleanField(help_text=words)


def moment(words: str, **more: Any) -> serializers.DateTimeField:
    """A moment with its offset."""
    return serializers.DateTimeField(help_text=words, **more)


def day(words: str, **more: Any) -> serializers.DateField:
    """A day."""
    return serializers.DateField(help_text=words, **more)


def texts(words: str) -> serializers.ListField:
    """A list of texts."""
    return serializers.ListField(child=serializers.CharField(allow_blank=True), help_text=words)


def link(words: str) -> serializers.URLField:
    """A whole address."""
    return serializers.URLField(help_text=words)


class StageField(serializers.ChoiceField):
    """小学 or 初中."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=STAGES, help_text="学段。", **more)


class StatusField(serializers.ChoiceField):
    """How an item came out."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=STATUSES, help_text="判定。", **more)


class GroupField(serializers.ChoiceField):
    """The dimension an item belongs to."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=GROUPS, help_text="所属方面。", **more)


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}},
     "description": "参数或字段 → 错在哪里；只在 400 时有。"}
)  # fmt: skip
class FieldErrors(serializers.DictField):
    """Which field, and what is wrong with it."""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "参数有误",
            value={
                "detail": "请求有误。province：应为 6 位数字。",
                "code": "invalid",
                "fields": {"province": ["应为 6 位数字。"]},
            },
            status_codes=["400"],
        )
    ]
)
class ErrorSerializer(Shape):
    """Every refusal."""

    detail = text("一句话：哪里不对，该怎么办。")
    code = text("给程序看的代码，不会改名。")
    fields = FieldErrors(required=False)


class PlaceSerializer(Shape):
    """A division by its code."""

    code = text("六位区划代码。")
    name = text("名称。")


class CountyNameSerializer(PlaceSerializer):
    """A county by its code and whole name."""

    full_name = text("省、市、县全称。")


class StandardNameSerializer(Shape):
    """A standard by its code."""

    code = text("标准代码。")
    name = text("标准名称。")


class CoefficientSerializer(Shape):
    """One coefficient of one stage."""

    code = text("指标代码，如 L1。")
    name = text("指标简称。")
    unit = text("指标值的单位。")
    mean = open_number("以在校生数加权的平均值。")
    deviation = open_number("以在校生数加权的标准差。")
    coefficient = open_number("差异系数：标准差除以平均值。")
    limit = serializers.FloatField(help_text="上限；由综合差异系数决定的标准为 null。", allow_null=True)
    passed = truth("是否不高于上限。")
    attained_schools = whole("这项指标达标的学校数。")


class StageSerializer(Shape):
    """The coefficients of one stage."""

    stage = StageField()
    schools = whole("参与计算的学校数。")
    enrollment = whole("在校生数；有学校缺少在校生数时为 null。", allow_null=True)
    coefficients = CoefficientSerializer(many=True, help_text="各项指标，按标准文件的顺序。")
    composite = open_number("综合差异系数。")
    composite_limit = serializers.FloatField(help_text="综合差异系数的上限；不由它决定的标准为 null。", allow_null=True)
    composite_passed = truth("综合差异系数是否不高于上限；不由它决定的标准为 null。")


class CriterionSerializer(Shape):
    """One item beside the coefficients."""

    code = text("项目代码，如 G1。")
    group = GroupField()
    group_name = text("所属方面的名称。")
    name = text("项目名称。")
    requirement = text("要求。")
    status = StatusField()
    status_label = text("判定的文字。")


class DimensionSerializer(Shape):
    """One dimension of the conclusion."""

    name = text("方面。")
    met = whole("达标的个数；一票否决情形是存在的个数。")
    of = whole("一共的个数。")
    passed = yes("这一方面是否全部达标。")
    words = text("文字。")


class VerdictSerializer(Shape):
    """The conclusion and what it rests on."""

    passed = truth("是否达到标准的全部要求。")
    complete = yes("是否全部评定完毕。")
    as_of = day("判定日期。")
    sha256 = text("结论文件的 SHA-256。")
    dimensions = DimensionSerializer(many=True, help_text="各方面的结论。")
    stages = StageSerializer(many=True, help_text="小学、初中的差异系数，先判定后修约。")
    criteria = CriterionSerializer(many=True, help_text="逐项要求。")


class SchoolValueSerializer(Shape):
    """One indicator of a school's stage."""

    code = text("指标代码。")
    value = number("指标值。")
    limit = serializers.FloatField(help_text="要求不低于；没有逐校要求的标准为 null。", allow_null=True)
    attained = yes("是否达到要求。")
    at_85 = yes("未达到要求，但不低于要求的 85%。")


class SchoolRowSerializer(Shape):
    """One stage of a school."""

    code = text("学校标识码。")
    name = text("学校名称。", allow_blank=True)
    stage = StageField()
    enrollment = whole("在校生数。", allow_null=True)
    values = SchoolValueSerializer(many=True, help_text="各项指标。")
    passed = truth("该校这一学段是否达标。")
