"""What made a coefficient another one than a year before: schools, pupils, resources, decisions, standard. Pure.

The parts are found one after the other, each with everything before it already as it is now: first the schools that
closed and opened, then the pupils of those that stayed, then all their other figures, then what was decided beside
the figures (relaxations, and the day), last the standard. The order is part of the method: in another order the parts
would be others, their sum the same.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.core.decided import Decided
from evaluation.core.standard import Standard
from evaluation.core.verdict import judge_report, judge_reports
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import Stage

#: The parts in their order, in words.
PARTS = {
    "schools": "学校增减",
    "enrollment": "在校生变化",
    "resources": "资源变化",
    "decided": "过渡规定",
    "standard": "标准变化",
}
_PUPILS = ("primary_enrollment", "junior_enrollment", "senior_enrollment")


@dataclass(frozen=True, slots=True)
class Year:
    """Everything a verdict of one year was made from."""

    report: CountyReport
    standard: Standard
    as_of: datetime.date
    decided: Decided


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One figure from a year to the next: ``values`` begins with the year before and has one more after each of PARTS;
    None where it is undefined. ``code`` is the indicator, empty for the composite."""

    stage: Stage
    code: str
    values: tuple[float | None, ...]

    @property
    def before(self) -> float | None:
        return self.values[0]

    @property
    def after(self) -> float | None:
        return self.values[-1]


def waterfalls(before: Year, after: Year) -> tuple[Waterfall, ...]:
    """Every coefficient of both stages, and the composites, from a year to another; of the indicators that both
    standards have."""
    mixed = [before.report, _with_schools(before, after), _with_pupils(before, after), after.report]
    by_before = judge_reports(mixed, before.standard, before.as_of, [before.decided] * len(mixed))
    results = [
        *by_before,
        judge_report(after.report, before.standard, after.as_of, after.decided),
        judge_report(after.report, after.standard, after.as_of, after.decided),
    ]
    known = {indicator.code for indicator in before.standard.indicators}
    codes = [indicator.code for indicator in after.standard.indicators if indicator.code in known]
    return tuple(
        Waterfall(stage, code, tuple(_value(result, stage, code) for result in results))
        for stage in Stage
        for code in (*codes, "")
    )


@dataclass(frozen=True, slots=True)
class MovedSchool:
    """A school that closed or opened, and the stages in which it was judged."""

    code: str
    name: str
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Schools that closed, or opened: the names of those that may be shown, how many others there are, and the stages
    of these, each as often as there is a school."""

    names: tuple[str, ...]
    unnamed: int
    unnamed_stages: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.names) + self.unnamed


def closed_and_opened(
    before: Year, after: Year, judged: tuple[Iterable[tuple[str, str]], Iterable[tuple[str, str]]]
) -> tuple[tuple[MovedSchool, ...], tuple[MovedSchool, ...]]:
    """The schools that are no longer there, and those that are new. ``judged`` are code and stage of each row that was
    judged, of the year before and of the year after."""
    old, new = _by_code(before.report.schools), _by_code(after.report.schools)
    return _moved(old, new, judged[0]), _moved(new, old, judged[1])


def _moved(
    schools: Mapping[str, SchoolReport], others: Mapping[str, SchoolReport], judged: Iterable[tuple[str, str]]
) -> tuple[MovedSchool, ...]:
    stages: dict[str, tuple[str, ...]] = {}
    for code, stage in judged:
        stages[code] = (*stages.get(code, ()), stage)
    return tuple(
        MovedSchool(code, str(school.values.get("name") or code), stages.get(code, ()))
        for code, school in schools.items()
        if code not in others
    )


def as_shown(schools: Sequence[MovedSchool], hidden: Collection[str]) -> Moved:
    """What may be said of schools that moved. ``hidden`` are the codes of those that are not shown."""
    unnamed = [school for school in schools if school.code in hidden]
    names = tuple(school.name for school in schools if school.code not in hidden)
    return Moved(names, len(unnamed), tuple(stage for school in unnamed for stage in school.stages))


def gives_one_away(*moved: Moved) -> bool:
    """Whether what schools alone changed in a stage would be the figures of one school that is not shown."""
    by_stage = Counter(stage for each in moved for stage in each.unnamed_stages)
    return 1 in by_stage.values() or sum(each.unnamed for each in moved) == 1


def _value(result: Mapping[str, Any], stage: Stage, code: str) -> float | None:
    told = result["stages"][stage.value]
    value = told["indicators"][code]["coefficient"] if code else told["composite"]
    return None if value is None else float(value)


def _by_code(schools: Sequence[SchoolReport]) -> dict[str, SchoolReport]:
    return {str(school.values["code"]): school for school in schools if school.values.get("code")}


def _with_schools(before: Year, after: Year) -> CountyReport:
    """The schools of now: those that stayed as they were, the new ones as they are."""
    old = _by_code(before.report.schools)
    schools = tuple(old.get(str(school.values.get("code") or ""), school) for school in after.report.schools)
    return CountyReport(schools, before.report.figures, after.report.is_population_certain)


def _with_pupils(before: Year, after: Year) -> CountyReport:
    """The same, with the pupils of now."""
    mixed = _with_schools(before, after)
    schools = tuple(
        _taking(old, new, _PUPILS) if old is not new else new
        for old, new in zip(mixed.schools, after.report.schools, strict=True)
    )
    return CountyReport(schools, mixed.figures, mixed.is_population_certain)


def _taking(old: SchoolReport, new: SchoolReport, keys: Sequence[str]) -> SchoolReport:
    """An old row with some cells of the new one, refused ones included."""
    values = dict(old.values) | {key: new.values.get(key) for key in keys}
    rejected = (old.rejected - set(keys)) | (new.rejected & set(keys))
    return SchoolReport(values, rejected, new.row)
