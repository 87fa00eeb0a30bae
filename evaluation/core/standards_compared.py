"""Two standards over the same counties: whose verdict changes, and by which item. Pure.

Made for the standard laboratory: what a document would do is known before anything is put in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.core.columns import BoolArray, IntArray
from evaluation.core.items import NOT_MET, UNKNOWN
from evaluation.core.resources import LOST, OPEN, PASSED, StageResult
from evaluation.core.verdict import Judgement

#: Outcomes in the order tables list them.
OUTCOMES: tuple[int, ...] = (PASSED, LOST, OPEN)
SCHOOL_RULE = "学校标准"
COMPOSITE = "综合差异系数"


@dataclass(frozen=True, slots=True)
class StandardsCompared:
    """``before`` and ``after`` are the outcomes per county. ``lost_by`` and ``lost_before`` hold, per item, the
    counties that fail or cannot be computed there under the second and the first standard."""

    before: IntArray
    after: IntArray
    fails_before: Mapping[str, BoolArray]
    fails_after: Mapping[str, BoolArray]

    @property
    def changed(self) -> IntArray:
        """The counties whose outcome differs."""
        return np.flatnonzero(self.before != self.after)

    def moves(self) -> dict[tuple[int, int], int]:
        """How many counties went from one outcome to another, the unchanged included."""
        return {
            (old, new): int(((self.before == old) & (self.after == new)).sum()) for old in OUTCOMES for new in OUTCOMES
        }

    def newly_failing(self, county: int) -> tuple[str, ...]:
        """The items that fail, or cannot be computed, under the second standard alone."""
        return tuple(item for item, mask in self.fails_after.items() if mask[county] and not self._failed(item, county))

    def no_longer_failing(self, county: int) -> tuple[str, ...]:
        """The items that fail, or cannot be computed, under the first standard alone."""
        after = self.fails_after
        return tuple(
            item
            for item, mask in self.fails_before.items()
            if mask[county] and not (item in after and after[item][county])
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Per item, how many counties fail it under the first and under the second standard."""
        items = dict.fromkeys([*self.fails_before, *self.fails_after])
        return {
            item: tuple(  # type: ignore[misc]
                int(masks[item].sum()) if item in masks else 0 for masks in (self.fails_before, self.fails_after)
            )
            for item in items
        }

    def _failed(self, item: str, county: int) -> bool:
        return item in self.fails_before and bool(self.fails_before[item][county])


def compare_standards(before: Judgement, after: Judgement) -> StandardsCompared:
    """Two judgements of the same counties by two standards, county by county and item by item."""
    return StandardsCompared(before.outcome, after.outcome, _fails(before), _fails(after))


def _fails(judgement: Judgement) -> dict[str, BoolArray]:
    fails: dict[str, BoolArray] = {}
    for result in judgement.stages:
        label = result.stage.label
        if judgement.standard.has_school_rule:
            fails[f"{label}{SCHOOL_RULE}"] = _school_rule(result, len(judgement.outcome))
        if result.composite_outcome is not None:
            fails[f"{label}{COMPOSITE}"] = result.composite_outcome != PASSED
        else:
            for code, indicator in result.results.items():
                fails[f"{label} {code} 差异系数"] = indicator.outcome != PASSED
    for criterion in judgement.standard.criteria:
        status = judgement.items[criterion.code].status
        fails[f"{criterion.code} {criterion.name}"] = (status == NOT_MET) | (status == UNKNOWN)
    return fails


def _school_rule(result: StageResult, n_counties: int) -> BoolArray:
    fails = np.zeros(n_counties, np.bool_)
    fails[result.county[result.outcome != PASSED]] = True
    return fails
