"""The items of a filing, in the order of the standard: resource indicators, then the rest group by group. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.core.rounding import plain
from evaluation.core.standard import CRITERION_GROUPS, Criterion, Indicator, Standard
from schools.vocabulary import Stage

_RESOURCES = "资源配置"


@dataclass(frozen=True, slots=True)
class FilingItem:
    """One item a county has to hand in. ``is_computed``: figures decide it, alone or beside the evidence;
    ``needs_evidence``: without a file it is not handed in."""

    code: str
    group: str
    name: str
    requirement: str
    article: str
    is_computed: bool
    rests_on_evidence: bool
    needs_evidence: bool


def filing_items(standard: Standard) -> tuple[FilingItem, ...]:
    """Every item of the filing: the resource indicators, and each criterion."""
    return (
        *(_of_indicator(indicator) for indicator in standard.indicators),
        *(
            _of_criterion(criterion)
            for group in CRITERION_GROUPS
            for criterion in standard.criteria
            if criterion.group == group
        ),
    )


def _of_indicator(indicator: Indicator) -> FilingItem:
    limits = "，".join(
        f"{stage.label}不低于 {plain(limit)} {indicator.unit}"
        for stage in Stage
        if (limit := indicator.stages[stage].limit) is not None
    )
    words = f"{indicator.name}：{limits}" if limits else indicator.name
    return FilingItem(indicator.code, _RESOURCES, indicator.short_name, words, indicator.article, True, False, False)


def _of_criterion(criterion: Criterion) -> FilingItem:
    """An item with figures alone needs no file; what the province enters may be proved by its notice."""
    needs = "E" in criterion.basis or criterion.group == "veto"
    return FilingItem(
        code=criterion.code,
        group=CRITERION_GROUPS[criterion.group],
        name=criterion.name,
        requirement=criterion.requirement,
        article=criterion.article,
        is_computed=bool(criterion.rule),
        rests_on_evidence=needs or "P" in criterion.basis,
        needs_evidence=needs,
    )
