"""The severity a province gives a rule between two dates: the only writer of rule settings, and their reads."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.db.models import Q

from indicators.checks.rules import RULES
from indicators.models import RuleSetting
from indicators.problem import Problem, Severity
from schools.models import Division, User
from schools.vocabulary import DivisionLevel, Party

#: What a province may choose between: both leave the figure in use. Whether a figure is refused is decided where it
#: is read, the same everywhere: verdicts of two provinces must mean the same.
CHOICES = (Severity.EXPLAIN, Severity.WARNING)
SHORTEST_REASON, LONGEST_REASON = 5, 300


class SettingRefused(ValueError):
    """A rule cannot be set like this, or not by this person; the message says why."""


def why_not_set(user: User, rule: str) -> str:
    """Empty if ``user`` may set the severity of ``rule`` for the own province, otherwise the reason in words."""
    if user.party != Party.CHIEF or user.place is None or user.place.level != DivisionLevel.PROVINCE:
        return "只有省级审定人可以为本省设置规则的级别。"
    if rule not in RULES:
        return "没有这条规则。"
    if RULES[rule].is_error:
        return "这条规则发现的数据不能采用，按缺失处理，级别全国一致，不能调低。"
    return ""


@transaction.atomic
def set_rule(
    user: User,
    rule: str,
    severity: Severity,
    in_force_from: datetime.date,
    in_force_until: datetime.date | None,
    reason: str,
) -> RuleSetting:
    """Give a rule another severity in the province of ``user`` between two dates. Raises SettingRefused."""
    if why_not := why_not_set(user, rule):
        raise SettingRefused(why_not)
    if severity not in CHOICES:
        raise SettingRefused("级别只能设为必须说明或提示；必须更正的规则由系统统一规定。")
    if in_force_until is not None and in_force_until < in_force_from:
        raise SettingRefused("止期早于起期，请核对日期。")
    words = " ".join(reason.split())
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise SettingRefused(f"请写明理由，{SHORTEST_REASON} 至 {LONGEST_REASON} 个字。")
    newest = RuleSetting.objects.filter(province_id=user.place_id, rule=rule).first()
    values = {
        "severity": severity.value,
        "in_force_from": in_force_from,
        "in_force_until": in_force_until,
        "reason": words,
    }
    # A double click is one setting.
    if newest is not None and all(getattr(newest, name) == value for name, value in values.items()):
        return newest
    return RuleSetting.objects.create(province_id=user.place_id, rule=rule, set_by=user, **values)


def province_of(division: Division) -> Division:
    """The province a division belongs to."""
    while division.level != DivisionLevel.PROVINCE and division.parent is not None:
        division = division.parent
    return division


def severities_in_force(province: Division, day: datetime.date) -> dict[str, Severity]:
    """The severity of every rule the province has set for ``day``: the newest setting in force counts."""
    in_force = Q(in_force_from__lte=day) & (Q(in_force_until=None) | Q(in_force_until__gte=day))
    settings = RuleSetting.objects.filter(in_force, province=province).order_by("pk").values_list("rule", "severity")
    return {
        rule: Severity(severity)
        for rule, severity in settings
        if rule in RULES and not RULES[rule].is_error and severity in CHOICES
    }


def settings_of(province: Division) -> list[RuleSetting]:
    """Everything the province ever set, the newest first."""
    return list(RuleSetting.objects.filter(province=province).select_related("set_by"))


def with_severities(problems: Iterable[Problem], severities: Mapping[str, Severity]) -> tuple[Problem, ...]:
    """The problems with the severities a province has set; one that refuses figures keeps its own."""
    return tuple(
        replace(problem, severity=severities[problem.rule])
        if problem.rule in severities and not problem.rejects and problem.severity is not Severity.ERROR
        else problem
        for problem in problems
    )
