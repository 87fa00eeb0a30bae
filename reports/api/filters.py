"""Filters of the lists. Each says what it takes as exactly as it checks it: what it does not take is a 400."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.validators import RegexValidator
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from evaluation.models import JobState
from evaluation.workflow import State
from indicators.problem import Severity

COUNTY_STATES = [("certified", "有效"), ("revoked", "已撤销"), ("superseded", "已被取代"), ("none", "没有公布过结果")]
RESULT_STATUSES = [("valid", "有效"), ("superseded", "已被取代"), ("revoked", "已撤销")]
STATE_OF_STATUS = {
    "valid": State.PUBLISHED,
    "certified": State.PUBLISHED,
    "superseded": State.SUPERSEDED,
    "revoked": State.REVOKED,
}
_LONGEST_NAME = 40


def pattern(name: str, expression: str, words: str, refused: str, **more: Any) -> django_filters.CharFilter:
    """A filter by a text of a fixed form."""
    check = RegexValidator(rf"\A{expression}\Z", refused)
    schema = {"type": "string", "pattern": f"^{expression}$", "description": words}
    field = django_filters.CharFilter(field_name=name, validators=[check], strip=False, label=words, **more)
    return extend_schema_field(schema)(field)


def code(name: str, words: str, **more: Any) -> django_filters.CharFilter:
    """A filter by the code of a division."""
    return pattern(name, "[0-9]{6}", f"{words}，六位区划代码。", "应为 6 位数字。", **more)


def year(name: str) -> django_filters.CharFilter:
    """A filter by the school year."""
    words = "学年开始的年份：2026 即 2026—2027 学年。"
    check = RegexValidator(r"\A(19|20)[0-9]{2}\Z", "应为四位年份。")
    schema = {"type": "integer", "minimum": 1900, "maximum": 2099, "description": words}
    field = django_filters.CharFilter(field_name=name, validators=[check], strip=False, label=words)
    return extend_schema_field(schema)(field)


def words_in(name: str, words: str, **more: Any) -> django_filters.CharFilter:
    """A filter by a part of a text."""
    schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST_NAME, "pattern": "^[^\\u0000]*$",
              "description": words}  # fmt: skip
    field = django_filters.CharFilter(
        field_name=name, lookup_expr="icontains", max_length=_LONGEST_NAME, strip=False, label=words, **more
    )
    return extend_schema_field(schema)(field)


def one_of(choices: list[tuple[str, str]], words: str, **more: Any) -> django_filters.ChoiceFilter:
    """A filter by one of some words."""
    listed = "；".join(f"{value} {label}" for value, label in choices)
    schema = {"type": "string", "enum": [value for value, _ in choices], "description": f"{words}{listed}。"}
    refused = {"invalid_choice": "应为 " + "、".join(value for value, _ in choices) + " 之一。"}
    return extend_schema_field(schema)(
        django_filters.ChoiceFilter(choices=choices, error_messages=refused, label=words, **more)
    )


def is_so(words: str, **more: Any) -> django_filters.TypedChoiceFilter:
    """A filter by yes or no."""
    schema = {"type": "boolean", "description": words}
    refused = {"invalid_choice": "应为 true 或 false。"}
    choices = [("true", "是"), ("false", "否")]
    return extend_schema_field(schema)(
        django_filters.TypedChoiceFilter(
            choices=choices, coerce=lambda said: said == "true", error_messages=refused, label=words, **more
        )
    )


class CountyFilter(django_filters.FilterSet):
    """Counties by place, name and where they stand."""

    province = code("parent", "所在省", method="in_province")
    city = code("parent", "所在市")
    name = words_in("name", "名称含有的文字。")
    state = one_of(COUNTY_STATES, "最近一次结果现在的效力：", method="in_state")
    certified = is_so("最近一次结果现在是否有效。", method="is_certified")
    in_notice = is_so("是否正在公示。", method="is_in_notice")

    def in_province(self, found: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without a city between."""
        return found.filter(Q(parent=value) | Q(parent__parent=value))

    def in_state(self, found: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By the newest result."""
        if value == "none":
            return found.filter(newest=None)
        return found.filter(newest_state=STATE_OF_STATUS[value].value)

    def is_certified(self, found: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """By whether the newest result is valid."""
        valid = Q(newest_state=State.PUBLISHED.value)
        return found.filter(valid) if value else found.exclude(valid & Q(newest__isnull=False))

    def is_in_notice(self, found: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """By whether there is a 公示 now."""
        return found.filter(notice__isnull=not value)


class ResultFilter(django_filters.FilterSet):
    """Published results by place, year, standard and what they are worth."""

    province = code("evaluation__county__parent", "所在省", method="in_province")
    county = code("evaluation__county", "县")
    school_year = year("evaluation__school_year")
    standard = pattern("evaluation__standard", "[0-9a-z][0-9a-z-]{1,59}", "标准代码。", "应为小写字母、数字和连字符。")
    status = one_of(RESULT_STATUSES, "现在的效力：", method="in_status")

    def in_province(self, found: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """With or without a city between."""
        return found.filter(Q(evaluation__county__parent=value) | Q(evaluation__county__parent__parent=value))

    def in_status(self, found: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By the state of the evaluation."""
        return found.filter(evaluation__state=STATE_OF_STATUS[value].value)


class SubmissionFilter(django_filters.FilterSet):
    """Versions by county, year and where their job stands."""

    county = code("county", "县")
    school_year = year("school_year")
    state = one_of(list(JobState.choices), "处理到了哪一步：", field_name="job_state")


class ProblemFilter(django_filters.FilterSet):
    """Problems of a version by how much they weigh and by rule."""

    severity = one_of([(each.value, each.label) for each in Severity], "程度：", field_name="severity")
    rule = pattern("rule", "[a-z0-9_.-]{1,60}", "规则代码。", "应为规则代码，见 /rules/ 页面。")
