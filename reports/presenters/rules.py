"""Every rule of the intake as a page: what it asks, how much it weighs, what it rests on, how often it spoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indicators.checks.rules import RULE_GROUPS, RULES, Rule
from indicators.problem import Severity
from reports.presenters.figures import Mark
from reports.presenters.problems import SEVERITY_MARKS

#: A rule that spoke in fewer counties is not counted in public: trial uploads belong to their county alone.
FEWEST_COUNTIES = 3


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as a row. ``own`` is the mark of the severity the reader's province has set, None where it set none;
    ``may_be_set`` where a province may."""

    code: str
    title: str
    mark: Mark
    own: Mark | None
    rests_on: str
    fired: str
    may_be_set: bool


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules about the same part of a filing."""

    name: str
    lines: tuple[RuleLine, ...]


def rule_groups(counts: Mapping[str, tuple[int, int]], own: Mapping[str, Severity]) -> tuple[RuleGroup, ...]:
    """All rules in their groups, the heaviest first."""
    order = list(Severity)
    by_weight = sorted(RULES.values(), key=lambda rule: order.index(rule.severity))
    return tuple(
        RuleGroup(group, tuple(_line(rule, counts, own) for rule in by_weight if rule.group == group))
        for group in RULE_GROUPS
    )


def _line(rule: Rule, counts: Mapping[str, tuple[int, int]], own: Mapping[str, Severity]) -> RuleLine:
    severity = own.get(rule.code)
    return RuleLine(
        rule.code,
        rule.title,
        SEVERITY_MARKS[rule.severity],
        SEVERITY_MARKS[severity] if severity is not None and severity != rule.severity else None,
        rule.rests_on,
        _fired(*counts.get(rule.code, (0, 0))),
        not rule.is_error,
    )


def _fired(times: int, counties: int) -> str:
    if not times:
        return "0 次"
    return f"{times} 次" if counties >= FEWEST_COUNTIES else f"少于 {FEWEST_COUNTIES} 个县"
