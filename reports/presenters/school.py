"""One school of a version: every value with its formula, the same formula with its numbers, and the cells they
came from; the split of shared assets as arithmetic; what is missing to each limit in persons, rooms, ㎡ and 万元."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluation.core.expression import keys_read
from evaluation.core.gaps import Gap, joined, joined_to_floor, natural, slack
from evaluation.core.relaxations import added_keys
from evaluation.core.rounding import half_up, plain
from evaluation.core.standard import Criterion, Indicator, Standard, conditions_of
from evaluation.core.status import Status
from indicators.catalogue import FIELD_BY_KEY, Field
from indicators.report import SchoolReport, Value
from reports.presenters.figures import MARKS, Mark, equals, mark_of
from reports.presenters.verdict import NO_NAME, ValueCell, percent, value_cell
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural

_SENIOR = "高中"
_MOST_SHARE_PLACES = 14
_EMPTY = "未填写"
_REFUSED = "未采用"
_PUPILS = ("primary_enrollment", "junior_enrollment", "senior_enrollment")
_STAGE_PUPILS = dict(zip(Stage, _PUPILS, strict=False))
#: The cells an item looks at in a school's row, besides those its parameters name.
_LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "special_rooms": ("primary_classes", "junior_classes", "music_room_areas", "art_room_areas"),
    "school_size": ("primary_enrollment", "junior_enrollment"),
    "class_size": (
        "primary_largest_class", "junior_largest_class", "primary_classes_over_45", "junior_classes_over_50",
    ),
    "small_school_funds": (*_PUPILS, "funds_allocated"),
    "every_teacher": ("primary_full_time_teachers", "junior_full_time_teachers"),
    "in_zone_share": (
        "is_boarding", "primary_enrollment", "primary_in_zone_enrollment", "junior_enrollment",
        "junior_in_zone_enrollment",
    ),
    "retention": ("graduates", "entrants_three_years_ago", "transferred_in", "transferred_out", "deceased"),
    "training_funds": ("training_budget", "funds_budget"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A figure as it was reported, and the cell it stands in."""

    header: str
    found: str
    cell: str


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """One of the seven values taken apart: formula with numbers, gap to limit and floor, cells. ``limit`` and ``floor``
    are empty where the standard sets none; ``relaxed`` says what a relaxation adds, and the value without it;
    ``missing`` is the gap as numbers, ``slack`` how little less would no longer reach the limit."""

    code: str
    name: str
    unit: str
    limit: str
    floor: str
    formula: str
    sign: str
    cell: ValueCell
    share: str
    gap: str
    floor_gap: str
    sources: tuple[Source, ...]
    relaxed: str = ""
    missing: Gap | None = None
    slack: str = ""


@dataclass(frozen=True, slots=True)
class StageRow:
    """One row of the school in the calculation; ``gaps`` is all that is missing to its limits in one sentence, and
    ``floor_gaps`` what must be made up first: to the floor, where that is not reached."""

    key: str
    label: str
    enrollment: str
    mark: Mark
    lines: tuple[IndicatorLine, ...]
    gaps: str
    floor_gaps: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item that this school does not meet, or leaves open, with the cells looked at."""

    code: str
    name: str
    requirement: str
    mark: Mark
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SchoolPage:
    """Everything the page of one school prints."""

    code: str
    name: str
    facts: tuple[tuple[str, str], ...]
    reason_excluded: str
    floor: str
    school_rule: str
    split: str
    rows: tuple[StageRow, ...]
    items: tuple[ItemLine, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The school's row as it was read, with the addresses of its cells."""

    report: SchoolReport
    columns: Mapping[str, str]

    def value(self, key: str) -> Value:
        return self.report.values.get(key)

    def number(self, key: str) -> Fraction | None:
        value = self.value(key)
        return None if value is None else Fraction(value)  # type: ignore[arg-type]

    def cell(self, key: str) -> str:
        letter = self.columns.get(key, "")
        return f"{letter}{self.report.row}" if letter else ""

    def source(self, key: str) -> Source:
        return Source(FIELD_BY_KEY[key].header, self.text(key), self.cell(key))

    def text(self, key: str) -> str:
        value = self.value(key)
        if key in self.report.rejected:
            return _REFUSED
        if value is None:
            return _EMPTY
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, (SchoolType, SponsorType, UrbanRural)):
            return value.label
        if isinstance(value, tuple):
            return "；".join(plain(Fraction(area)) for area in value) or "无"
        return value if isinstance(value, str) else plain(Fraction(value))


def school_page(
    result: Mapping[str, Any], standard: Standard, report: SchoolReport, columns: Mapping[str, str]
) -> SchoolPage:
    """Everything the page of one school prints. ``report`` is its row as read, ``result`` the county's verdict."""
    sheet = Sheet(report, columns)
    code = str(report.values.get("code") or "")
    rows = [row for row in result["schools"] if row["code"] == code]
    split = Split.of(sheet, standard, [Stage(row["stage"]) for row in rows])
    return SchoolPage(
        code=code,
        name=str(report.values.get("name") or NO_NAME),
        facts=tuple(
            (FIELD_BY_KEY[key].header, sheet.text(key))
            for key in ("school_type", "sponsor_type", "urban_rural", "is_boarding", "built_year")
        ),
        reason_excluded=next((school["reason"] for school in result["excluded"] if school["code"] == code), ""),
        floor=percent(standard.floor_share),
        school_rule=standard.school_rule_words,
        split=split.words(),
        rows=tuple(_stage_row(row, sheet, split, standard, _Relaxed.of(result, standard, row, sheet)) for row in rows),
        items=tuple(_items(result, standard, sheet, code)),
    )


# ── The split of shared assets ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Split:
    """Pupils of the stages present, with the whole weights of the standard. Empty pupils: nobody knows how many."""

    parts: tuple[tuple[str, int, int | None], ...]

    @classmethod
    def of(cls, sheet: Sheet, standard: Standard, judged: Sequence[Stage]) -> Split:
        """``judged`` are the stages that have a row: one whose pupils are missing is there all the same."""
        school_type = sheet.value("school_type")
        runs_senior = isinstance(school_type, SchoolType) and school_type.has_senior_stage
        expected = {*(stage.label for stage in judged), *([_SENIOR] if runs_senior else [])}
        parts = []
        for key, label, weight in zip(_PUPILS, (*(s.label for s in Stage), _SENIOR), standard.weights, strict=True):
            pupils = sheet.value(key)
            if pupils or (pupils is None and (label in expected or key in sheet.report.rejected)):
                parts.append((label, weight, pupils if isinstance(pupils, int) else None))
        return cls(tuple(parts))

    @property
    def is_needed(self) -> bool:
        return len(self.parts) > 1

    @property
    def unit(self) -> int:
        """The smallest weight present, printed as 1: 完全中学 is 1 : 1.2 and not 1.1 : 1.32."""
        return min((weight for _, weight, _ in self.parts), default=1)

    @property
    def total(self) -> Fraction | None:
        """Σ weight × pupils, in the weights as printed."""
        known = [Fraction(weight * pupils, self.unit) for _, weight, pupils in self.parts if pupils is not None]
        return sum(known, Fraction(0)) if len(known) == len(self.parts) else None

    def words(self) -> str:
        """小学 1×166 + 初中 1.1×210 = 397; empty where nothing is split."""
        if not self.is_needed:
            return ""
        terms = [
            f"{label} {plain(Fraction(weight, self.unit))}×{_EMPTY if pupils is None else pupils}"
            for label, weight, pupils in self.parts
        ]
        total = self.total
        return f"{' + '.join(terms)} = {MARKS[Status.UNKNOWN].label if total is None else plain(total)}"

    def weighted(self, stage: Stage) -> tuple[Fraction, str] | None:
        """What a stage takes of the total, and how that is written."""
        for label, weight, pupils in self.parts:
            if label == stage.label and pupils is not None:
                times = Fraction(weight, self.unit)
                return times * pupils, str(pupils) if times == 1 else f"({plain(times)} × {pupils})"
        return None


# ── The seven values ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """The relaxations that work for one row: the filled cells each adds, by indicator, and the row without them."""

    added: Mapping[str, tuple[str, tuple[str, ...]]]
    strict: Mapping[str, Any]

    @classmethod
    def of(cls, result: Mapping[str, Any], standard: Standard, row: Mapping[str, Any], sheet: Sheet) -> _Relaxed:
        works = {
            each["relaxation"]
            for each in result.get("relaxations", ())
            if each["works"] and each["code"] == row["code"]
        }
        stage = Stage(row["stage"])
        added = {
            relaxation.criterion: (relaxation.code, keys)
            for relaxation in standard.relaxations
            if relaxation.code in works
            # A cell that is empty or was refused adds nothing, and is no part of the formula.
            and (keys := tuple(key for key in added_keys(relaxation, stage) if sheet.value(key) is not None))
        }
        without = result.get("without_relaxations", {"schools": ()})["schools"]
        identity = (row["code"], row["stage"])
        return cls(added, next((each for each in without if (each["code"], each["stage"]) == identity), row))

    def keys(self, indicator: Indicator) -> tuple[str, ...]:
        return self.added.get(indicator.code, ("", ()))[1]

    def words(self, indicator: Indicator, standard: Standard, stage: Stage) -> str:
        """What is added and what the value is without it; empty where no relaxation adds to the indicator."""
        if indicator.code not in self.added:
            return ""
        code, keys = self.added[indicator.code]
        names = "、".join(FIELD_BY_KEY[key].header for key in keys)
        cell = value_cell(indicator, self.strict, standard, stage)
        return f"按过渡规定 {code} 计入了{names}；不计入时为 {cell.text} {indicator.unit}，{cell.mark.label}。"


def _stage_row(row: Mapping[str, Any], sheet: Sheet, split: Split, standard: Standard, relaxed: _Relaxed) -> StageRow:
    stage = Stage(row["stage"])
    lines = tuple(
        _indicator_line(indicator, row, stage, sheet, split, standard, relaxed) for indicator in standard.indicators
    )
    missing = [line.missing for line in lines if line.missing is not None]
    return StageRow(
        key=stage.value,
        label=stage.label,
        enrollment=sheet.text(_STAGE_PUPILS[stage]),
        mark=mark_of(row["passed"]),
        lines=lines,
        gaps=joined(missing),
        floor_gaps=joined_to_floor(missing),
    )


def _indicator_line(
    indicator: Indicator,
    row: Mapping[str, Any],
    stage: Stage,
    sheet: Sheet,
    split: Split,
    standard: Standard,
    relaxed: _Relaxed,
) -> IndicatorLine:
    measure = indicator.stages[stage]
    plus = (*measure.plus, *relaxed.keys(indicator))
    is_split = indicator.shared and split.is_needed
    pupils_keys = [key for key in _PUPILS if sheet.value(key) is not None or key in sheet.report.rejected]
    keys = [*plus, *measure.minus, *(pupils_keys if is_split else [_STAGE_PUPILS[stage]])]
    cell = value_cell(indicator, row, standard, stage)
    is_known = row["values"][indicator.code] is not None
    basis = _Basis.of(indicator, stage, sheet, split, cell.text, plus) if is_known else None
    limit = measure.limit
    floor = None if limit is None else limit * standard.floor_share
    gap = None if basis is None else _gap(indicator, measure.plus[0], basis, limit, floor)
    return IndicatorLine(
        indicator.code,
        indicator.name,
        indicator.unit,
        limit="" if limit is None else plain(limit),
        floor="" if floor is None else plain(floor),
        formula="" if basis is None else basis.formula(indicator),
        sign="" if basis is None else equals(basis.amount * basis.per_unit, cell.text),
        cell=cell,
        share="" if basis is None else basis.share,
        gap=gap.words if gap else "",
        floor_gap=gap.floor_words if gap else "",
        sources=tuple(sheet.source(key) for key in keys),
        relaxed=relaxed.words(indicator, standard, stage),
        missing=gap,
        slack="" if basis is None or limit is None else _slack(measure.plus[0], basis, limit),
    )


@dataclass(frozen=True, slots=True)
class _Basis:
    """A value taken apart: ``amount`` of the whole school (or stage) × ``per_unit`` is the value, exactly."""

    amount: Fraction
    per_unit: Fraction
    terms: str
    pupils: int
    share: str
    is_split: bool

    @classmethod
    def of(
        cls, indicator: Indicator, stage: Stage, sheet: Sheet, split: Split, shown: str, added_up: Sequence[str]
    ) -> _Basis | None:
        """None where a cell it needs is missing. ``shown`` is the value as it is printed, ``added_up`` the keys of the
        amounts that add up to it."""
        measure = indicator.stages[stage]
        plus, minus = ([sheet.number(key) for key in keys] for keys in (added_up, measure.minus))
        pupils = sheet.value(_STAGE_PUPILS[stage])
        if None in plus or None in minus or not isinstance(pupils, int) or pupils <= 0:
            return None
        amount = sum(plus, Fraction(0)) - sum(minus, Fraction(0))  # type: ignore[arg-type]
        terms = _terms(added_up, measure.minus, sheet, stage)
        if not (indicator.shared and split.is_needed):
            return cls(amount, Fraction(indicator.factor, pupils), terms, pupils, "", False)
        weighted, total = split.weighted(stage), split.total
        if weighted is None or not total:
            return None
        own = amount * weighted[0] / total
        text = _share_text(own, Fraction(indicator.factor, pupils), shown)
        share = f"{terms} × {weighted[1]} ÷ {plain(total)} {equals(own, text)} {text}"
        return cls(amount, weighted[0] / total * indicator.factor / pupils, text, pupils, share, True)

    def formula(self, indicator: Indicator) -> str:
        times = f" × {indicator.factor}" if indicator.factor != 1 else ""
        return f"{self.terms}{times} ÷ {self.pupils}"


def _share_text(own: Fraction, per_unit: Fraction, shown: str) -> str:
    """A stage's share at two decimals; more, until whoever goes on computing with it arrives at ``shown``."""
    value_places = len(shown.partition(".")[2])
    for places in range(2, _MOST_SHARE_PLACES):
        text = half_up(own, places)
        if half_up(Fraction(text) * per_unit, value_places) == shown:
            return text
    return half_up(own, _MOST_SHARE_PLACES)


def _terms(plus: Sequence[str], minus: Sequence[str], sheet: Sheet, stage: Stage) -> str:
    """(专科 3 + 本科 21): every part with its short name, zeros included; a single part stands alone."""
    text = " + ".join(f"{_short(FIELD_BY_KEY[key], stage)} {sheet.text(key)}" for key in plus)
    text += "".join(f" − {_short(FIELD_BY_KEY[key], stage)} {sheet.text(key)}" for key in minus)
    return f"({text})" if len(plus) + len(minus) > 1 else text


def _short(field: Field, stage: Stage) -> str:
    """A header without what the formula already says: stage, unit, 教师数."""
    text = field.header.removeprefix(stage.label).partition("(")[0]
    return text.removesuffix("数").removesuffix("教师").removesuffix("专任") or text


def _gap(indicator: Indicator, key: str, basis: _Basis, limit: Fraction | None, floor: Fraction | None) -> Gap | None:
    """What is missing to the limit and to its floor; None where the limit is reached, or there is none."""
    if limit is None or floor is None:
        return None
    return Gap.of(indicator, key, basis.amount, basis.per_unit, limit, floor)


def _slack(key: str, basis: _Basis, limit: Fraction) -> str:
    """How little less would no longer reach the limit, in natural units; empty where it is not reached."""
    unit = natural(key)
    less = slack(basis.amount, basis.per_unit, limit, unit.step)
    return f"少 {unit.words(less)}即低于要求" if less else ""


# ── Items besides the seven ───────────────────────────────────────────────────────────────────


def _items(result: Mapping[str, Any], standard: Standard, sheet: Sheet, code: str) -> Iterable[ItemLine]:
    judged = {school["stage"] for school in result["schools"] if school["code"] == code}
    for criterion in standard.criteria:
        told = result["criteria"][criterion.code]
        for name, status in (("schools", Status.NOT_MET), ("unknown_schools", Status.UNKNOWN)):
            if code and code in told.get(name, ()):
                sources = tuple(sheet.source(key) for key in _keys_of(criterion) if _belongs(key, sheet, judged))
                yield ItemLine(criterion.code, criterion.name, criterion.requirement, MARKS[status], sources)


def _belongs(key: str, sheet: Sheet, judged: set[str]) -> bool:
    """Whether a cell says something about this school: not those of a stage it does not have."""
    stage = FIELD_BY_KEY[key].stage
    if stage is None:
        return key != "senior_enrollment" or sheet.value(key) is not None
    return stage in judged or sheet.value(_STAGE_PUPILS[stage]) is not None


def _keys_of(criterion: Criterion) -> tuple[str, ...]:
    named = criterion.parameters.get("field")
    read = (key for condition in conditions_of(criterion).values() for key in keys_read(condition))
    asked = (key for key in dict.fromkeys(read) if key in FIELD_BY_KEY)
    return (*_LOOKED_AT.get(criterion.rule, ()), *((named,) if named else ()), *asked)
