"""Two versions side by side: every cell that differs, and every finding that turned. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from evaluation.core.conclusion import conclusion
from evaluation.core.rounding import coefficient_text, plain
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from indicators.catalogue import (
    ALL_FIELDS,
    COUNTY_ITEM_BY_CODE,
    COUNTY_ITEMS,
    DECIMAL_SCALE,
    GRADES,
    SCHOOL_SHEET,
    Field,
    Kind,
)
from reports.presenters.figures import MARKS, Mark, mark_of
from schools.vocabulary import SchoolType, SponsorType, Stage, UrbanRural

EMPTY, REFUSED, NO_SCHOOL = "空", "未采用", "（没有学校名称）"
#: A county figure is kept only where it can be used; why another is not there stands among the problems.
NO_FIGURE = "空或未采用"
ABSENT = Mark("to_judge", "–", "不在范围")


@dataclass(frozen=True, slots=True)
class VersionData:
    """What two versions are compared by: the stored rows by field, ``columns`` of the sheet, figures with their
    cells, and the stored result, None where there is no verdict."""

    number: int
    records: Sequence[Mapping[str, Any]]
    columns: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """A school that stands in one of the versions alone, with its sheet row."""

    code: str
    name: str
    row: int


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that differs. The cells are those of the two files, which need not be the same."""

    code: str
    school: str
    header: str
    unit: str
    before: str
    before_cell: str
    after: str
    after_cell: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One finding before and after; ``is_turned`` where another status stands there now."""

    label: str
    before: str
    before_mark: Mark
    after: str
    after_mark: Mark

    @property
    def is_turned(self) -> bool:
        return self.before_mark != self.after_mark and ABSENT not in (self.before_mark, self.after_mark)

    @property
    def words(self) -> str:
        """What kind of difference it is."""
        if self.before_mark is ABSENT:
            return "新增的行"
        if self.after_mark is ABSENT:
            return "不再有的行"
        return "判定改变" if self.is_turned else "只有数值或说明不同"


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings that differ, by kind, and how many are the same."""

    conclusion: Turn
    coefficients: tuple[Turn, ...]
    rows: tuple[Turn, ...]
    items: tuple[Turn, ...]
    turned: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the page of a comparison prints. ``findings`` is None where a version has no verdict, and
    ``without_verdict`` names those."""

    sentence: str
    added: tuple[SchoolRow, ...]
    removed: tuple[SchoolRow, ...]
    changes: tuple[Change, ...]
    figures: tuple[Change, ...]
    findings: Findings | None
    without_verdict: str


def comparison(before: VersionData, after: VersionData, standard: Standard) -> Comparison:
    """The differences of two versions: schools by their code, cells by catalogue field, findings by item."""
    old, new = _by_school(before.records), _by_school(after.records)
    added = tuple(_school_row(new[key]) for key in new if key not in old)
    removed = tuple(_school_row(old[key]) for key in old if key not in new)
    changes = tuple(
        change for key in old if key in new for change in _changes(old[key], new[key], before.columns, after.columns)
    )
    figures = tuple(_figure_changes(before.figures, after.figures))
    missing = [f"第 {each.number} 版" for each in (before, after) if each.result is None]
    findings = _findings(before.result, after.result, standard) if before.result and after.result else None
    return Comparison(
        sentence=_sentence(added, removed, changes, figures, findings),
        added=added,
        removed=removed,
        changes=changes,
        figures=figures,
        findings=findings,
        without_verdict="、".join(missing),
    )


def _sentence(
    added: Sequence[Any], removed: Sequence[Any], changes: Sequence[Change], figures: Sequence[Change],
    findings: Findings | None,
) -> str:  # fmt: skip
    schools = len({(change.code, change.school) for change in changes})
    counted = (
        (len(added), f"增加 {len(added)} 所学校"),
        (len(removed), f"减少 {len(removed)} 所学校"),
        (len(changes), f"{schools} 所学校的 {len(changes)} 个单元格有变化"),
        (len(figures), f"{len(figures)} 项县级数据有变化"),
    )
    data = "，".join(words for count, words in counted if count) or "两版采用的数据完全相同"
    if findings is None:
        return f"{data}。"
    return f"{data}；" + (f"{findings.turned} 项判定改变。" if findings.turned else "判定都没有改变。")


# ── Cells ─────────────────────────────────────────────────────────────────────────────────────


def _by_school(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    """Rows by 学校标识码, those without one by name; where several rows share it, the first with the first."""
    seen: Counter[tuple[str, str]] = Counter()
    rows = {}
    for record in sorted(records, key=lambda each: (each["code"], each["row"])):
        key = (record["code"], "" if record["code"] else record["name"])
        rows[*key, seen[key]] = record
        seen[key] += 1
    return rows


def _school_row(record: Mapping[str, Any]) -> SchoolRow:
    return SchoolRow(record["code"], record["name"] or NO_SCHOOL, record["row"])


def _changes(
    old: Mapping[str, Any], new: Mapping[str, Any], old_columns: Mapping[str, str], new_columns: Mapping[str, str]
) -> Iterable[Change]:
    for each in ALL_FIELDS:
        was_refused, is_refused = each.key in old["rejected"], each.key in new["rejected"]
        if old[each.key] == new[each.key] and was_refused == is_refused:
            continue
        yield Change(
            code=new["code"],
            school=new["name"] or old["name"] or NO_SCHOOL,
            header=each.header,
            unit=each.unit,
            before=REFUSED if was_refused else cell_text(old[each.key], each),
            before_cell=_cell(old_columns, each.key, old["row"]),
            after=REFUSED if is_refused else cell_text(new[each.key], each),
            after_cell=_cell(new_columns, each.key, new["row"]),
        )


def _cell(columns: Mapping[str, str], key: str, row: int) -> str:
    letter = columns.get(key, "")
    return f"{SCHOOL_SHEET}!{letter}{row}" if letter else ""


def cell_text(value: Any, each: Field) -> str:
    """A stored cell as people write it."""
    if value is None or value == "":
        return EMPTY
    if each.kind is Kind.YES_NO:
        return "是" if value else "否"
    if each.key == "school_type":
        return SchoolType(value).label
    if each.key == "sponsor_type":
        return SponsorType(value).choice
    if each.key == "urban_rural":
        return UrbanRural(value).label
    if each.kind is Kind.ROOMS:
        return "；".join(plain(Fraction(area)) for area in value.split(";"))
    if each.kind.is_scaled:
        return plain(Fraction(value, DECIMAL_SCALE))
    return str(value)


def _figure_changes(old: Mapping[str, tuple[int, str]], new: Mapping[str, tuple[int, str]]) -> Iterable[Change]:
    for item in COUNTY_ITEMS:
        (was, was_at), (now, now_at) = old.get(item.code, (None, "")), new.get(item.code, (None, ""))
        if was != now:
            before, after = _figure_text(was, item.code), _figure_text(now, item.code)
            yield Change(item.code, "", item.name, item.unit, before, was_at, after, now_at)


def _figure_text(value: int | None, code: str) -> str:
    kind = COUNTY_ITEM_BY_CODE[code].kind
    if value is None:
        return NO_FIGURE
    if kind is Kind.GRADE:
        return GRADES[value - 1] if 1 <= value <= len(GRADES) else str(value)
    return plain(Fraction(value, DECIMAL_SCALE)) if kind.is_scaled else str(value)


# ── Findings ──────────────────────────────────────────────────────────────────────────────────


def _findings(old: Mapping[str, Any], new: Mapping[str, Any], standard: Standard) -> Findings:
    coefficients = [
        _coefficient_turn(old, new, standard, stage, position)
        for stage in Stage
        for position in range(len(standard.indicators))
    ]
    rows = list(_row_turns(old, new, standard))
    items = [
        _item_turn(f"{c.code} {c.name}", old["criteria"][c.code], new["criteria"][c.code]) for c in standard.criteria
    ]
    whole = _conclusion_turn(old, new, standard)
    everything = [whole, *coefficients, *rows, *items]
    return Findings(
        conclusion=whole,
        coefficients=_differing(coefficients),
        rows=_differing(rows),
        items=_differing(items),
        turned=sum(turn.is_turned for turn in everything),
        unchanged=len(everything) - len(_differing(everything)),
    )


def _differing(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turned ones first, then those whose words alone differ."""
    differing = [turn for turn in turns if turn.is_turned or turn.before != turn.after]
    return tuple(sorted(differing, key=lambda turn: not turn.is_turned))


def _conclusion_turn(old: Mapping[str, Any], new: Mapping[str, Any], standard: Standard) -> Turn:
    told = [conclusion(result, standard) for result in (old, new)]
    marks = [Mark(each.key, MARKS[Status(each.key)].sign, each.word) for each in told]
    return Turn("结论", told[0].sentence, marks[0], told[1].sentence, marks[1])


def _coefficient_turn(
    old: Mapping[str, Any], new: Mapping[str, Any], standard: Standard, stage: Stage, position: int
) -> Turn:
    indicator, limit = standard.indicators[position], standard.coefficient_limits[stage]
    found = [result["stages"][stage.value]["indicators"][indicator.code] for result in (old, new)]
    texts = [
        coefficient_text(each["coefficient"], each["passed"], limit, standard.rounding.coefficient_places)
        for each in found
    ]
    marks = [mark_of(each["passed"]) for each in found]
    label = f"{stage.label} {indicator.code} {indicator.short_name}差异系数"
    return Turn(label, texts[0], marks[0], texts[1], marks[1])


def _row_turns(old: Mapping[str, Any], new: Mapping[str, Any], standard: Standard) -> Iterable[Turn]:
    before, after = _judged_rows(old), _judged_rows(new)
    for key in [*before, *(key for key in after if key not in before)]:
        was, now = before.get(key), after.get(key)
        row = now or was or {}
        label = f"{row['name'] or NO_SCHOOL}（{row['code'] or '无标识码'}）{Stage(row['stage']).label}"
        told = [_row_words(each, standard) for each in (was, now)]
        yield Turn(label, *told[0], *told[1])


def _judged_rows(result: Mapping[str, Any]) -> dict[tuple[str, str, str, int], Mapping[str, Any]]:
    seen: Counter[tuple[str, str, str]] = Counter()
    rows = {}
    for row in result["schools"]:
        key = (row["code"], "" if row["code"] else row["name"], row["stage"])
        rows[*key, seen[key]] = row
        seen[key] += 1
    return rows


def _row_words(row: Mapping[str, Any] | None, standard: Standard) -> tuple[str, Mark]:
    """How many of the indicators a row reaches, by name those it does not, and its mark."""
    if row is None:
        return "这一版没有这一行", ABSENT
    codes = [indicator.code for indicator in standard.indicators]
    floor = f"仅达 {plain(standard.floor_share * 100)}%"
    unknown = [code for code in codes if row["values"][code] is None]
    under = [code for code in codes if code not in (*row["attained"], *row["at_85"], *unknown)]
    parts = [f"达标 {len(row['attained'])} 项"]
    for words, those in ((floor, row["at_85"]), ("不足", under), ("无法核算", unknown)):
        if those:
            parts.append(f"{words}：{'、'.join(those)}")
    return "；".join(parts), mark_of(row["passed"])


def _item_turn(label: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Turn:
    told = [(each["sentence"] or "由督学根据佐证材料评定。", MARKS[Status(each["status"])]) for each in (old, new)]
    return Turn(label, *told[0], *told[1])
