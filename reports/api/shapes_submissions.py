"""What the answers to a county's own programs look like. The verdict is the object of ``manage.py judge --json``: what
a clerk computes at home and what the portal says are compared key by key."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evaluation.models import JobStage, JobState
from indicators.problem import Severity
from reports.api.shapes import (
    CountyNameSerializer,
    PlaceSerializer,
    Shape,
    StageField,
    StatusField,
    moment,
    number,
    text,
    texts,
    truth,
    whole,
    yes,
)
from schools.vocabulary import Party


def keyed(shape: serializers.Field, words: str, **more: Any) -> serializers.DictField:
    """An object whose keys are codes."""
    return serializers.DictField(child=shape, help_text=words, **more)


class AccountSerializer(Shape):
    """Whose token it is."""

    username = text("用户名。")
    full_name = text("姓名。", allow_blank=True)
    party = serializers.ChoiceField(
        choices=[*((party.value, party.label) for party in Party), ("", "没有身份")],
        allow_blank=True,
        help_text="身份。",
    )
    place = PlaceSerializer(allow_null=True, help_text="所属地区。")
    token = text("令牌的用途；用网页登录的身份访问时为 null。", allow_null=True)
    token_expires_at = moment("令牌到期时间。", allow_null=True)


class JobSerializer(Shape):
    """Where the job of a version stands."""

    state = serializers.ChoiceField(choices=JobState.choices, allow_null=True, help_text="处理到了哪一步。")
    stage = serializers.ChoiceField(choices=JobStage.choices, allow_null=True, help_text="正在做什么。")
    schools_read = whole("已经读取多少所学校；还没有读取为 null。", allow_null=True)
    ahead = whole("前面还有多少个文件在等。")
    is_over = yes("是否已经处理完（或已搁置）。")
    words = text("一句话。")


class SubmissionSerializer(Shape):
    """A version of a county's figures."""

    id = whole("版本的编号，用在地址里。")
    county = CountyNameSerializer(help_text="县。")
    school_year = whole("学年开始的年份：2026 即 2026—2027 学年。")
    version = whole("第几版。")
    filename = text("上传时的文件名。")
    file_sha256 = text("文件的 SHA-256。")
    uploaded_at = moment("上传时间。")
    uploaded_by = text("上传人。")
    state = serializers.ChoiceField(choices=JobState.choices, allow_null=True, help_text="处理到了哪一步。")
    passed = truth("结论：是否达标。")
    complete = yes("是否已全部评定；没有结论时为 false。")


class ProblemSerializer(Shape):
    """One problem of a version."""

    severity = serializers.ChoiceField(choices=[(each.value, each.label) for each in Severity], help_text="程度。")
    rule = text("规则代码，见 /rules/ 页面。")
    sheet = text("工作表。", allow_blank=True)
    cell = text("单元格。", allow_blank=True)
    school = text("学校标识码或名称。", allow_blank=True)
    header = text("栏目。", allow_blank=True)
    found = text("填报的内容。", allow_blank=True)
    message = text("问题和处理办法。")


# ── The verdict ───────────────────────────────────────────────────────────────────────────────


class JudgedCoefficientSerializer(Shape):
    """One indicator of one stage."""

    mean = number("加权平均值。")
    deviation = number("加权标准差。")
    coefficient = number("差异系数。")
    limit = serializers.FloatField(allow_null=True, help_text="上限。")
    passed = truth("是否不高于上限。")
    attained_schools = whole("达标的学校数。")


class JudgedStageSerializer(Shape):
    """One stage of a county."""

    schools = whole("参与计算的学校数。")
    enrollment = whole("在校生数。", allow_null=True)
    indicators = keyed(JudgedCoefficientSerializer(), "指标代码 → 差异系数。")
    composite = number("综合差异系数。")
    composite_limit = serializers.FloatField(required=False, help_text="上限；只在由综合差异系数决定的标准里有。")
    composite_passed = serializers.BooleanField(required=False, allow_null=True, help_text="是否不高于上限。")


class JudgedSchoolSerializer(Shape):
    """One stage of a school."""

    code = text("学校标识码。", allow_blank=True)
    name = text("学校名称。", allow_blank=True)
    stage = StageField()
    enrollment = whole("在校生数。", allow_null=True)
    values = keyed(serializers.FloatField(allow_null=True), "指标代码 → 指标值；无法核算为 null。")
    attained = texts("达到要求的指标。")
    at_85 = texts("未达到要求，但不低于要求的 85% 的指标。")
    passed = truth("是否达标。")


class ExcludedSchoolSerializer(Shape):
    """A school that stays out."""

    code = text("学校标识码。", allow_blank=True)
    name = text("学校名称。", allow_blank=True)
    reason = text("不参与计算的原因。")


class JudgedCriterionSerializer(Shape):
    """One item."""

    status = StatusField()
    value = number("核算出的数。")
    sentence = text("一句话。", allow_blank=True)
    figures = serializers.DictField(required=False, help_text="核算用到的数，按名称。")
    opinion = serializers.CharField(required=False, help_text="督学的评定意见。")
    document = serializers.CharField(required=False, help_text="录入所依据的文件。")
    schools = serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="不足的学校。"
    )
    unknown_schools = serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="不能判定的学校。"
    )


class GrantedSerializer(Shape):
    """A relaxation that was granted."""

    code = text("学校标识码。", allow_blank=True)
    name = text("学校名称。", allow_blank=True)
    relaxation = text("过渡规定的代码。")
    works = yes("在这所学校是否起作用。")


class DifferingStageSerializer(Shape):
    """What of one stage would be different."""

    indicators = keyed(JudgedCoefficientSerializer(), "指标代码 → 差异系数。")
    composite = number("综合差异系数。")


class WithoutRelaxationsSerializer(Shape):
    """What would be different without relaxations."""

    passed = truth("没有过渡规定时是否达标。")
    complete = yes("是否全部评定完毕。")
    stages = keyed(DifferingStageSerializer(), "学段 → 不同的差异系数。")
    schools = JudgedSchoolSerializer(many=True, help_text="不同的行。")
    criteria = keyed(JudgedCriterionSerializer(), "项目代码 → 不同的判定。")


class JudgedSerializer(Shape):
    """The whole result of judging one version."""

    standard = text("标准代码。")
    passed = truth("是否达标。")
    complete = yes("是否全部评定完毕。")
    stages = keyed(JudgedStageSerializer(), "学段（PRIMARY、JUNIOR）→ 差异系数。")
    schools = JudgedSchoolSerializer(many=True, help_text="一校一学段一行。")
    excluded = ExcludedSchoolSerializer(many=True, help_text="不参与计算的学校。")
    criteria = keyed(JudgedCriterionSerializer(), "项目代码 → 判定。")
    relaxations = GrantedSerializer(many=True, required=False, help_text="批准的过渡规定；没有批准时没有这一项。")
    without_relaxations = WithoutRelaxationsSerializer(required=False, help_text="没有过渡规定时不同的部分。")


class VerdictFileSerializer(JudgedSerializer):
    """The same with the problems: what ``manage.py judge --json`` prints."""

    problems = ProblemSerializer(many=True, help_text="数据问题。")


@extend_schema_field(JudgedSerializer(allow_null=True))
class _Result(serializers.JSONField):
    """The stored document, handed on as it was computed and hashed."""


class SubmissionResultSerializer(Shape):
    """One version with everything about it: the first address this interface had."""

    id = whole("版本的编号。")
    county = text("县的区划代码。")
    school_year = whole("学年开始的年份。")
    version = whole("第几版。")
    filename = text("上传时的文件名。")
    file_sha256 = text("文件的 SHA-256。")
    uploaded_at = moment("上传时间。")
    state = serializers.ChoiceField(choices=JobState.choices, allow_null=True, help_text="处理到了哪一步。")
    stage = serializers.ChoiceField(choices=JobStage.choices, allow_null=True, help_text="正在做什么。")
    result = _Result(allow_null=True, help_text="结论；还没有或不能判定时为 null。")
    result_sha256 = text("结论文件的 SHA-256。", allow_null=True)
    problems = ProblemSerializer(many=True, help_text="全部问题。")


class UploadSerializer(Shape):
    """The workbook to take in."""

    file = serializers.FileField(help_text="填好的工作簿（.xlsx）或学校数据（.csv），最大 20 MB。")
