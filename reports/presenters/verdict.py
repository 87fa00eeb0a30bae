"""The verdict on one version as a page: one sentence first, then every figure it was composed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from evaluation.core.conclusion import Conclusion, conclusion
from evaluation.core.rounding import coefficient_text, exact, figure, half_up, plain
from evaluation.core.standard import CRITERION_GROUPS, Criterion, Indicator, OpenQuestion, Standard
from evaluation.core.status import Status
from reports.charts.inline import svg
from reports.presenters.drawn import coefficient_chart
from reports.presenters.figures import (
    ATTAINED,
    MARKS,
    MISSING,
    NO_LIMIT,
    UNDER_FLOOR,
    Mark,
    mark_of,
    marked_figure,
)
from schools.vocabulary import SchoolType, SponsorType, Stage

NO_NAME = "（未填校名）"
#: A longer list of schools is folded.
_SHORT_LIST = 6
#: A table with more rows scrolls under its own header.
_LONG_TABLE = 20
#: Where the finding of an item comes from, by the letters of its basis.
_SOURCES = {"S": "由学校数据核算", "C": "由县级数据核算", "E": "由督学评定", "P": "由省级录入"}
_REPORTED = "由县级填报，省级尚未录入"


@dataclass(frozen=True, slots=True)
class SchoolRef:
    """A school as text links to it; ``code`` is empty where the file gave none that can be used."""

    code: str
    name: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class CoefficientLine:
    """One indicator of one stage over the whole county; ``limit`` is empty where the composite decides. ``value`` is
    the coefficient as it is drawn."""

    code: str
    name: str
    short_name: str
    unit: str
    mean: str
    coefficient: str
    limit: str
    mark: Mark
    attained: str
    attained_share: str
    value: float | None
    explanation: str
    missing: tuple[SchoolRef, ...]
    is_long: bool


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage: its coefficients, and how many of its rows pass the school rule. ``composite_mark`` is None where the
    composite decides nothing."""

    key: str
    label: str
    schools: int
    enrollment: str
    is_long: bool
    limit: str
    lines: tuple[CoefficientLine, ...]
    composite: str
    composite_value: float | None
    composite_mark: Mark | None
    passed: int
    failed: tuple[SchoolRef, ...]
    unknown: tuple[SchoolRef, ...]
    rows: tuple[SchoolLine, ...]

    @property
    def drawing(self) -> SafeString:
        """The coefficients as a chart of the page, drawn when a page asks for it."""
        return svg(coefficient_chart(self, self.composite_mark is not None), f"coefficients-{self.key}")


@dataclass(frozen=True, slots=True)
class ValueCell:
    """One of the seven values of a row, with where it lies."""

    code: str
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """One row of 表Ⅱ-2."""

    number: int
    code: str
    name: str
    stage: str
    school_type: str
    sponsor: str
    enrollment: str
    cells: tuple[ValueCell, ...]
    mark: Mark
    remark: str

    @property
    def figures(self) -> SafeString:
        """The seven cells of the row."""
        cells = (marked_figure(cell.text, cell.mark) for cell in self.cells)
        return mark_safe("".join(f'<td class="number">{cell}</td>' for cell in cells))  # noqa: S308 - escaped there


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One item of the rest: requirement, finding in a sentence, status, the schools behind it; where the finding comes
    from, what an inspector said, the document a result was entered from."""

    code: str
    name: str
    requirement: str
    sentence: str
    source: str
    opinion: str
    document: str
    mark: Mark
    short: tuple[SchoolRef, ...]
    unknown: tuple[SchoolRef, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionGroup:
    """Items of one group and how many came out how."""

    name: str
    count: str
    lines: tuple[CriterionLine, ...]


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """Everything the page of a verdict prints. ``has_limits`` is False where no school is judged by itself."""

    conclusion: Conclusion
    has_limits: bool
    decides_by_composite: bool
    stages: tuple[StageView, ...]
    indicators: tuple[Indicator, ...]
    floor: str
    school_rule: str
    groups: tuple[CriterionGroup, ...]
    excluded: tuple[SchoolRef, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """What a school's row says about it besides its figures, by 学校标识码."""

    name: str
    school_type: str
    sponsor: str

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> dict[str, Register]:
        return {
            record["code"]: cls(
                record["name"],
                SchoolType(record["school_type"]).label if record["school_type"] else "",
                SponsorType(record["sponsor_type"]).label if record["sponsor_type"] else "",
            )
            for record in records
        }


def verdict_page(
    result: Mapping[str, Any], standard: Standard, register: Mapping[str, Register], *, with_rows: bool = True
) -> VerdictPage:
    """Everything the page of a verdict prints. ``result`` is the stored document (forms C). The rows of 表Ⅱ-2 are most
    of the work: a page that does not print them asks for none."""
    return VerdictPage(
        conclusion=conclusion(result, standard),
        has_limits=standard.has_school_rule,
        decides_by_composite=standard.decides_by_composite,
        stages=tuple(_stage(result, standard, stage, register, with_rows) for stage in Stage),
        indicators=standard.indicators,
        floor=percent(standard.floor_share),
        school_rule=standard.school_rule_words,
        groups=tuple(_groups(result, standard, register)),
        excluded=tuple(
            SchoolRef(school["code"], school["name"] or NO_NAME, school["reason"]) for school in result["excluded"]
        ),
        notes=tuple(_page_notes(standard)),
    )


def percent(share: Fraction) -> str:
    """A share as people write it: 17/20 is 85%."""
    return f"{plain(share * 100)}%"


def note_of(question: OpenQuestion) -> str:
    """An open question of the standard and how it was treated, in one sentence."""
    return f"此处规定有争议：{question.question}本标准的处理：{question.effect}"


# ── Coefficients and schools ──────────────────────────────────────────────────────────────────


def _stage(
    result: Mapping[str, Any], standard: Standard, stage: Stage, register: Mapping[str, Register], with_rows: bool
) -> StageView:
    told = result["stages"][stage.value]
    rows = [school for school in result["schools"] if school["stage"] == stage]
    return StageView(
        key=stage.value,
        label=stage.label,
        schools=told["schools"],
        enrollment="在校生数" + MISSING.label if told["enrollment"] is None else f"在校生 {told['enrollment']} 人",
        is_long=len(rows) > _LONG_TABLE,
        limit=plain(standard.coefficient_limits[stage], 2),
        lines=tuple(_coefficient_line(indicator, told, rows, standard, stage) for indicator in standard.indicators),
        composite=_composite(told, standard, stage),
        composite_value=told["composite"],
        composite_mark=mark_of(told["composite_passed"]) if standard.decides_by_composite else None,
        passed=sum(row["passed"] is True for row in rows),
        failed=tuple(_refs(row for row in rows if row["passed"] is False)),
        unknown=tuple(_refs(row for row in rows if row["passed"] is None)),
        rows=tuple(
            _school_line(number, row, standard, stage, register)
            for number, row in enumerate(rows if with_rows else (), start=1)
        ),
    )


def _composite(told: Mapping[str, Any], standard: Standard, stage: Stage) -> str:
    limit = standard.coefficient_limits[stage] if standard.decides_by_composite else None
    return coefficient_text(
        told["composite"], told.get("composite_passed"), limit, standard.rounding.coefficient_places
    )


def _refs(rows: Iterable[Mapping[str, Any]]) -> Iterable[SchoolRef]:
    return (SchoolRef(row["code"], row["name"] or NO_NAME) for row in rows)


def _count_text(count: int | None) -> str:
    return MISSING.label if count is None else str(count)


def _coefficient_line(
    indicator: Indicator, told: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], standard: Standard, stage: Stage
) -> CoefficientLine:
    found = told["indicators"][indicator.code]
    limit = None if standard.decides_by_composite else standard.coefficient_limits[stage]
    coefficient = found["coefficient"]
    missing = tuple(_refs(row for row in rows if row["values"][indicator.code] is None))
    return CoefficientLine(
        code=indicator.code,
        name=indicator.name,
        short_name=indicator.short_name,
        unit=indicator.unit,
        mean=MISSING.label if found["mean"] is None else half_up(exact(found["mean"]), standard.rounding.mean_places),
        coefficient=coefficient_text(coefficient, found["passed"], limit, standard.rounding.coefficient_places),
        limit="" if limit is None else plain(limit, 2),
        mark=mark_of(found["passed"]),
        attained=f"{found['attained_schools']} / {told['schools']}",
        attained_share=percent_of(found["attained_schools"], told["schools"], standard.rounding.ratio_places),
        value=coefficient,
        explanation=_why(coefficient, found["mean"], told["schools"], missing, stage),
        missing=missing if coefficient is None else (),
        is_long=len(missing) > _SHORT_LIST,
    )


def percent_of(part: int, whole: int, places: int) -> str:
    """``part`` of ``whole`` in percent, never rounded to all or none; empty where there is no whole."""
    return f"{figure(Fraction(part * 100, whole), places, Fraction(100), Fraction(0))}%" if whole else ""


def _why(
    coefficient: float | None, mean: float | None, schools: int, missing: Sequence[SchoolRef], stage: Stage
) -> str:
    """Why a coefficient is what it is, where the figure alone would puzzle; empty elsewhere."""
    if coefficient is not None:
        return "仅一所学校，差异系数为 0。" if schools == 1 else ""
    if not schools:
        return f"没有参与计算的{stage.label}学校。"
    if missing:
        return f"{len(missing)} 所学校数据不全，补齐后才能核算："
    if mean == 0:
        return "全县合计为 0，差异系数没有意义。"
    return "有学校的标识码或办学类型无法确认，学校范围不明确。"


def value_cell(indicator: Indicator, row: Mapping[str, Any], standard: Standard, stage: Stage) -> ValueCell:
    """One value of a row; more places where two would mislead about the limit or its floor."""
    value, limit = row["values"][indicator.code], indicator.stages[stage].limit
    if value is None:
        return ValueCell(indicator.code, MISSING.label, MISSING)
    if limit is None:
        return ValueCell(indicator.code, figure(value, standard.rounding.value_places), NO_LIMIT)
    text = figure(value, standard.rounding.value_places, limit, limit * standard.floor_share)
    if indicator.code in row["attained"]:
        return ValueCell(indicator.code, text, ATTAINED)
    if indicator.code in row["at_85"]:
        return ValueCell(indicator.code, text, Mark("floor", "△", f"仅达{percent(standard.floor_share)}"))
    return ValueCell(indicator.code, text, UNDER_FLOOR)


def _school_line(
    number: int, row: Mapping[str, Any], standard: Standard, stage: Stage, register: Mapping[str, Register]
) -> SchoolLine:
    cells = tuple(value_cell(indicator, row, standard, stage) for indicator in standard.indicators)
    about = register.get(row["code"], Register("", "", ""))
    return SchoolLine(
        number=number,
        code=row["code"],
        name=row["name"] or NO_NAME,
        stage=stage.label,
        school_type=about.school_type,
        sponsor=about.sponsor,
        enrollment=_count_text(row["enrollment"]),
        cells=cells,
        mark=mark_of(row["passed"]),
        remark=_remark(cells, standard),
    )


def _remark(cells: Sequence[ValueCell], standard: Standard) -> str:
    """Which indicators are met, which reach only the floor, which are under it, which cannot be computed."""
    floor = percent(standard.floor_share)
    words = {"met": "达标", "floor": f"仅达{floor}", "not_met": f"不足{floor}", "unknown": MISSING.label}
    parts = []
    for key, label in words.items():
        codes = [cell.code for cell in cells if cell.mark.key == key]
        if codes:
            parts.append(f"{label}：{'、'.join(codes) if len(codes) < len(cells) else '全部'}")
    return "；".join(parts)


# ── Criteria ──────────────────────────────────────────────────────────────────────────────────


def _groups(
    result: Mapping[str, Any], standard: Standard, register: Mapping[str, Register]
) -> Iterable[CriterionGroup]:
    for group, name in CRITERION_GROUPS.items():
        lines = tuple(
            _criterion_line(criterion, result["criteria"][criterion.code], standard, register)
            for criterion in standard.criteria
            if criterion.group == group
        )
        if lines:
            yield CriterionGroup(name, _count_of(lines), lines)


def _count_of(lines: Sequence[CriterionLine]) -> str:
    """达标 9 项，待评定 6 项: every status that occurs, none left out."""
    counted = ((mark.label, sum(line.mark is mark for line in lines)) for mark in MARKS.values())
    return "，".join(f"{label} {count} 项" for label, count in counted if count)


def _criterion_line(
    criterion: Criterion, told: Mapping[str, Any], standard: Standard, register: Mapping[str, Register]
) -> CriterionLine:
    status = Status(told["status"])
    return CriterionLine(
        code=criterion.code,
        name=criterion.name,
        requirement=criterion.requirement,
        sentence=_sentence(criterion, status, told["sentence"]),
        source=_source(criterion, status, bool(told.get("document"))),
        opinion=told.get("opinion", ""),
        document=told.get("document", ""),
        mark=MARKS[status],
        short=tuple(_named(told.get("schools", ()), register)),
        unknown=tuple(_named(told.get("unknown_schools", ()), register)),
        notes=tuple(note_of(question) for question in standard.open_questions if _applies(question, criterion, status)),
    )


def _sentence(criterion: Criterion, status: Status, sentence: str) -> str:
    if status is Status.TO_JUDGE and "E" not in criterion.basis:
        return "由国家或省级提供的结果尚未录入，待评定。"
    return sentence or ("由督学根据佐证材料评定。" if status is Status.TO_JUDGE else "")


def _source(criterion: Criterion, status: Status, is_supplied: bool) -> str:
    """Where the finding comes from; nothing is said of what has not been found yet."""
    letters = [letter for letter in criterion.basis if letter in "SC" or status is not Status.TO_JUDGE]
    # A result the State supplies may stand in the county's own figures until the province enters it.
    return "，".join(_REPORTED if letter == "P" and not is_supplied else _SOURCES[letter] for letter in letters)


def _named(codes: Iterable[str], register: Mapping[str, Register]) -> Iterable[SchoolRef]:
    for code in codes:
        about = register.get(code)
        yield SchoolRef(code, (about.name if about else "") or code or NO_NAME)


def _applies(question: OpenQuestion, criterion: Criterion, status: Status) -> bool:
    """Questions about one item stand beside it; those about a kind of item only where they decided it."""
    return question.criterion == criterion.code or (
        bool(criterion.rule) and question.criterion == criterion.rule and status is Status.UNKNOWN
    )


def _page_notes(standard: Standard) -> Iterable[str]:
    """Open questions that no single item stands for."""
    beside_items = {criterion.code for criterion in standard.criteria} | {c.rule for c in standard.criteria}
    return (note_of(question) for question in standard.open_questions if question.criterion not in beside_items)
