"""How firm a verdict is: for every finding the smallest error in one cell that would turn it. Pure.

Rows and coefficients are solved for; of the other items the cells their figures hang on are tried. Whatever is said to
turn an item or the whole verdict was judged by the kernel with that cell changed.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from evaluation.core.changes import Change, tried
from evaluation.core.columns import CountyColumns, SchoolColumns
from evaluation.core.contradictions import Contradictions
from evaluation.core.decided import NO_COLUMNS, DecidedColumns
from evaluation.core.firmness_coefficients import CoefficientFirmness, firmness_of_coefficient
from evaluation.core.firmness_items import candidates, is_within_rounding
from evaluation.core.firmness_rows import RowFirmness, firmness_of_rows
from evaluation.core.items import NOT_MET, UNKNOWN
from evaluation.core.resources import LOST, OPEN, PASSED
from evaluation.core.standard import Criterion, Standard
from evaluation.core.verdict import Judgement, judge
from schools.vocabulary import Stage

_TRUTH = {PASSED: True, LOST: False, OPEN: None}
#: So many of the closest changes are tried on the whole verdict.
_MOST_TRIED = 8


@dataclass(frozen=True, slots=True)
class ItemFirmness:
    """One computed item: whether it is met (None: unknown), the smallest change of one cell that turns it (None: none
    was found), and whether it is decided within the rounding of the page."""

    criterion: Criterion
    passed: bool | None
    change: Change | None
    is_borderline: bool


@dataclass(frozen=True, slots=True)
class Firmness:
    """One county's verdict. ``change`` is the smallest single change found that turns it, ``turns_to`` what it then
    comes to: True passed, False not passed, None still something unknown. ``failing`` counts what is not met."""

    passed: bool | None
    failing: int
    change: Change | None
    turns_to: bool | None
    coefficients: tuple[CoefficientFirmness, ...]
    items: tuple[ItemFirmness, ...]
    rows: tuple[tuple[Stage, RowFirmness], ...]

    @property
    def borderline(self) -> int:
        """How many findings are decided within the rounding of the page."""
        return (
            sum(each.is_borderline for each in self.coefficients)
            + sum(each.is_borderline for each in self.items)
            + sum(len(row.borderline) for _, row in self.rows)
        )


def firmness(
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns = NO_COLUMNS,
) -> Firmness:
    """How firm the verdict on the one county of the columns is."""
    judgement = judge(schools, figures, standard, as_of, decided)
    contradictions = Contradictions(schools, figures)
    coefficients = tuple(
        firmness_of_coefficient(result, schools, judgement.people, indicator, standard, contradictions)
        for result in judgement.stages
        for indicator in standard.indicators
        if not standard.decides_by_composite
    )
    rows = tuple(
        (result.stage, row)
        for result in judgement.stages
        for row in firmness_of_rows(result, schools, judgement.people, standard)
    )
    if judgement.granted:
        coefficients, rows = _confirmed(judgement, coefficients, rows, schools, figures, standard, as_of, decided)
    items = _items(judgement, schools, figures, standard, as_of, decided, contradictions)
    findings: list[CoefficientFirmness | ItemFirmness | RowFirmness] = [*coefficients, *items]
    findings += [row for _, row in rows]
    passed = _TRUTH[int(judgement.outcome[0])]
    failing = [each for each in findings if each.passed is False]
    by_evidence = sum(
        int(judgement.items[criterion.code].status[0]) == NOT_MET
        for criterion in standard.criteria
        if not criterion.rule
    )
    possible = [each.change for each in (failing if passed is False else findings) if each.change is not None]
    told = (passed, len(failing) + by_evidence)
    failing_schools = {row.school for _, row in rows if row.passed is False}
    # Two schools that fail, each by its own cells, are never mended by one cell.
    if passed is None or len(failing_schools) > 1 or not possible:
        return Firmness(*told, None, None, coefficients, items, rows)
    near = sorted(set(possible), key=lambda change: change.closeness)
    consistent = (change for change in near if not contradictions.has(change))
    chosen = list(islice(consistent, _MOST_TRIED))
    outcomes = tried(schools, figures, chosen, standard, as_of, decided).outcome.tolist()
    for change, outcome in zip(chosen, outcomes, strict=True):
        if (outcome == LOST) is bool(passed):
            return Firmness(*told, change, _TRUTH[outcome], coefficients, items, rows)
    return Firmness(*told, None, None, coefficients, items, rows)


def _confirmed(
    judgement: Judgement,
    coefficients: tuple[CoefficientFirmness, ...],
    rows: tuple[tuple[Stage, RowFirmness], ...],
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns,
) -> tuple[tuple[CoefficientFirmness, ...], tuple[tuple[Stage, RowFirmness], ...]]:
    """The same without changes that do not turn what they are told for: with other pupils a school may no longer
    fulfil the conditions of its relaxation, and what that adds is gone."""
    softened = {int(school) for granted in judgement.granted for school in granted.mask.nonzero()[0]}
    doubtful = [c for c in coefficients if c.change is not None and c.change.school in softened]
    doubtful_rows = [(s, r) for s, r in rows if r.change is not None and r.school in softened]
    changes = [c.change for c in doubtful if c.change is not None]
    changes += [r.change for _, r in doubtful_rows if r.change is not None]
    if not changes:
        return coefficients, rows
    again = tried(schools, figures, changes, standard, as_of, decided)
    by_stage = {result.stage: result for result in again.stages}
    lost = set[int]()
    for index, each in enumerate(doubtful):
        if int(by_stage[each.stage].results[each.code].outcome[index]) != (LOST if each.passed else PASSED):
            lost.add(id(each))
    for index, (stage, row) in enumerate(doubtful_rows, start=len(doubtful)):
        result = by_stage[stage]
        first, last = result.first[index : index + 2]
        outcome = result.outcome[first:last][result.school[first:last] - index * len(schools) == row.school]
        if outcome.tolist() != [LOST if row.passed else PASSED]:
            lost.add(id(row))
    return (
        tuple(replace(each, change=None) if id(each) in lost else each for each in coefficients),
        tuple((stage, replace(row, change=None) if id(row) in lost else row) for stage, row in rows),
    )


def _items(
    judgement: Judgement,
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns,
    contradictions: Contradictions,
) -> tuple[ItemFirmness, ...]:
    """Every computed item, with the closest of its candidates that the kernel confirms."""
    computed = [criterion for criterion in standard.criteria if criterion.rule]
    passed = {c.code: _passed(int(judgement.items[c.code].status[0])) for c in computed}
    chosen: list[tuple[str, Change]] = []
    for criterion in computed:
        if (is_met := passed[criterion.code]) is not None:
            found = candidates(criterion, judgement, schools, figures, as_of, is_met, contradictions)
            chosen += [(criterion.code, change) for change in found]
    turned = _turned(chosen, passed, schools, figures, standard, as_of, decided)
    return tuple(
        ItemFirmness(
            criterion,
            passed[criterion.code],
            turned.get(criterion.code),
            is_within_rounding(judgement.items[criterion.code], standard),
        )
        for criterion in computed
    )


def _turned(
    chosen: Sequence[tuple[str, Change]],
    passed: dict[str, bool | None],
    schools: SchoolColumns,
    figures: CountyColumns,
    standard: Standard,
    as_of: datetime.date,
    decided: DecidedColumns,
) -> dict[str, Change]:
    """By item, the first of its candidates that turns it when judged again."""
    if not chosen:
        return {}
    again = tried(schools, figures, [change for _, change in chosen], standard, as_of, decided)
    found: dict[str, Change] = {}
    for index, (code, change) in enumerate(chosen):
        if code not in found and _passed(int(again.items[code].status[index])) is (not passed[code]):
            found[code] = change
    return found


def _passed(status: int) -> bool | None:
    """Whether the figures of an item are good enough: what still awaits an inspector is, so far."""
    return None if status == UNKNOWN else status != NOT_MET
