"""表Ⅱ-1, 表Ⅱ-2, 表Ⅲ: how many schools attain, every school row, means and difference coefficients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evaluation.core.rounding import plain
from evaluation.core.standard import Standard
from evaluation.core.status import UNKNOWN_TEXT
from indicators.report import CountyReport, SchoolReport
from reports.presenters.tables.layout import (
    NO_FIGURE,
    NOT_REPORTED,
    PROVINCIAL,
    Align,
    Cell,
    Row,
    Table,
    column_head,
    figure_cell,
    numbered_notes,
    row_head,
    wide,
)
from reports.presenters.verdict import NO_NAME, SchoolLine, StageView, VerdictPage, percent_of
from schools.vocabulary import SchoolType, SponsorType, Stage

#: The indicators of the national form; a province may add others after them.
NATIONAL_INDICATORS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7")
#: Marks of a value that misses its limit, whether or not it reaches the floor.
_SHORT = ("floor", "not_met")
_OVERALL = "综合评估"
_FRONT_HEADERS = ("序号", "学校名称", "举办者类型", "在校生数\n（人）", "年级数\n（个）", "班级数\n（个）")
_BACK_HEADERS = ("该校综合评估是否达标", "备注")
_STAGE_TITLES = {
    Stage.PRIMARY.value: "一、小学（含一贯制学校小学部和 50 人及以上的教学点）",
    Stage.JUNIOR.value: "二、初中（含一贯制学校初中部和完全中学初中部）",
}
_EXCLUDED_TITLE = "三、不参与计算的学校"
SHORT_NOTE = "底色加深并加粗的，是未达到要求的数值。"
ROUNDING_NOTE = "先判定，后修约（四舍五入）；修约后会让人误判是否达到要求时，多印几位小数。"


def attainment_table(page: VerdictPage, standard: Standard) -> Table:
    """表Ⅱ-1: schools that attain each indicator and the school rule; counted from the rows of 表Ⅱ-2."""
    body: list[Row] = []
    notes = ["达标学校比例 = 达标学校总数 ÷ 参与计算的学校总数；无法核算的学校不计为达标。"]
    for stage in page.stages:
        total = len(stage.rows)
        attained = [sum(row.cells[i].mark.key == "met" for row in stage.rows) for i in range(len(page.indicators))]
        attained.append(sum(row.mark.key == "met" for row in stage.rows))
        shares = [percent_of(count, total, standard.rounding.ratio_places).removesuffix("%") for count in attained]
        label = row_head(f"{stage.label}（共 {total} 所）", rows=2)
        body.append((label, row_head("达标学校总数（所）"), *(figure_cell(str(count)) for count in attained)))
        body.append((row_head("达标学校比例（%）"), *(figure_cell(share or NO_FIGURE) for share in shares)))
        if unknown := sum(row.mark.key == "unknown" for row in stage.rows):
            notes.append(f"{stage.label}有 {unknown} 所学校数据不全，综合评估无法核算。")
    notes.append(f"{_OVERALL}：{page.school_rule}")
    return Table(
        name="表Ⅱ-1",
        key="table-2-1",
        title="表Ⅱ-1　学校资源配置达标情况（汇总）",
        widths=(14, 20, *(13,) * (len(page.indicators) + 1)),
        head=(
            (
                column_head("学段", rows=2), column_head("项目", rows=2),
                *_indicator_heads(page), column_head(_OVERALL, rows=2),
            ),
            _code_heads(page),
        ),
        body=tuple(body),
        notes=numbered_notes(notes),
    )  # fmt: skip


def school_table(page: VerdictPage, standard: Standard, report: CountyReport) -> Table:
    """表Ⅱ-2: every row of the calculation, primary then junior, each numbered from 1; below them who stays out."""
    find = _Rows(report)
    columns = len(_FRONT_HEADERS) + len(page.indicators) + len(_BACK_HEADERS)
    body: list[Row] = []
    for stage in page.stages:
        body.append(wide(f"{_STAGE_TITLES[stage.key]}，共 {len(stage.rows)} 所", columns, is_head=True))
        body += [_school_row(line, find.of(line), Stage(stage.key)) for line in stage.rows]
    body += [wide(line, columns) for line in _foot(page.stages, find)]
    body += _excluded(page, columns)
    notes = [
        *(_limits(standard, stage) for stage in Stage),
        f"{_OVERALL}：{page.school_rule}",
        SHORT_NOTE,
        ROUNDING_NOTE,
    ]
    return Table(
        name="表Ⅱ-2",
        key="table-2-2",
        title="表Ⅱ-2　学校资源配置达标情况（分学校）",
        frozen=2,
        widths=(6, 28, 17, 9, 8, 8, *(12 if i.unit == "元" else 10 for i in page.indicators), 11, 26),
        head=(
            (
                *(column_head(text, rows=2) for text in _FRONT_HEADERS), *_indicator_heads(page),
                *(column_head(text, rows=2) for text in _BACK_HEADERS),
            ),
            _code_heads(page),
        ),
        body=tuple(body),
        notes=numbered_notes(notes),
    )  # fmt: skip


def coefficient_table(page: VerdictPage, standard: Standard) -> Table:
    """表Ⅲ: mean and difference coefficient of each indicator; 综合 has a coefficient alone."""
    body: list[Row] = []
    notes = [
        "差异系数要求："
        + "，".join(f"{stage.label}每项不高于 {plain(standard.coefficient_limits[stage], 2)}" for stage in Stage)
        + "。综合差异系数是各项差异系数的平均值，只列出，不决定是否达标。",
        SHORT_NOTE,
        ROUNDING_NOTE,
    ]
    for stage in page.stages:
        means = [figure_cell(line.mean) for line in stage.lines]
        coefficients = [figure_cell(line.coefficient, is_short=line.mark.key == "not_met") for line in stage.lines]
        body.append((row_head(stage.label, rows=2), row_head("全县平均值"), *means, Cell(NO_FIGURE)))
        body.append((row_head("差异系数"), *coefficients, figure_cell(stage.composite)))
        if stage.schools == 1:
            notes.append(f"{stage.label}仅一所学校，差异系数为 0。")
        elif not stage.schools:
            notes.append(f"没有参与计算的{stage.label}学校。")
    return Table(
        name="表Ⅲ",
        key="table-3",
        title="表Ⅲ　县域义务教育校际均衡情况",
        widths=(9, 14, *(13,) * (len(page.indicators) + 1)),
        head=(
            (column_head("学段", rows=2), column_head("项目", rows=2), *_indicator_heads(page), column_head("综合")),
            (*_code_heads(page), column_head(f"L{len(page.indicators) + 1}")),
        ),
        body=tuple(body),
        notes=numbered_notes(notes),
    )


def _indicator_heads(page: VerdictPage) -> Iterable[Cell]:
    for indicator in page.indicators:
        mark = "" if indicator.code in NATIONAL_INDICATORS else PROVINCIAL
        yield column_head(f"{mark}{indicator.name}\n（{indicator.unit}）")


def _code_heads(page: VerdictPage) -> Row:
    return tuple(column_head(indicator.code) for indicator in page.indicators)


def _limits(standard: Standard, stage: Stage) -> str:
    limits = (
        f"{indicator.code} ≥ {plain(limit)} {indicator.unit}"
        for indicator in standard.indicators
        if (limit := indicator.stages[stage].limit) is not None
    )
    return f"{stage.label}要求：{'，'.join(limits)}。"


class _Rows:
    """The reported row behind a line, by 学校标识码 and name; None where two rows answer to both."""

    def __init__(self, report: CountyReport) -> None:
        keys = [(str(s.values.get("code") or ""), str(s.values.get("name") or NO_NAME)) for s in report.schools]
        times = Counter(keys)
        self._found = {key: s for key, s in zip(keys, report.schools, strict=True) if times[key] == 1}

    def of(self, line: SchoolLine) -> SchoolReport | None:
        return self._found.get((line.code, line.name))


def _school_row(line: SchoolLine, school: SchoolReport | None, stage: Stage) -> Row:
    sponsor = school.values.get("sponsor_type") if school else None
    prefix = stage.value.lower()
    return (
        figure_cell(str(line.number)),
        row_head(line.name, align=Align.LEFT),
        Cell(sponsor.choice if isinstance(sponsor, SponsorType) else NOT_REPORTED),
        figure_cell(line.enrollment),
        *(_count(school, f"{prefix}_{name}") for name in ("grades", "classes")),
        *(figure_cell(cell.text, is_short=cell.mark.key in _SHORT) for cell in line.cells),
        figure_cell(line.mark.label, is_short=line.mark.key == "not_met"),
        Cell(line.remark, align=Align.LEFT),
    )


def _count(school: SchoolReport | None, key: str) -> Cell:
    value = school.values.get(key) if school else None
    return figure_cell(str(value) if isinstance(value, int) else NOT_REPORTED)


def _foot(stages: Sequence[StageView], find: _Rows) -> Iterable[str]:
    """小学中……；初中中……: how many rows are a part of a larger school, and how many are 教学点."""
    parts = {
        Stage.PRIMARY: (
            ("一贯制学校小学部", lambda t: t.is_continuous),
            ("50 人及以上的教学点", lambda t: t is SchoolType.TEACHING_POINT),
        ),
        Stage.JUNIOR: (
            ("一贯制学校初中部", lambda t: t.is_continuous),
            ("完全中学初中部", lambda t: t is SchoolType.COMPLETE_MIDDLE),
        ),
    }
    for stage in stages:
        schools = [find.of(line) for line in stage.rows]
        types = [school.values.get("school_type") if school else None for school in schools]
        known = [school_type for school_type in types if isinstance(school_type, SchoolType)]
        counts = [
            f"{words} {sum(map(is_of, known)) if len(known) == len(types) else UNKNOWN_TEXT}"
            for words, is_of in parts[Stage(stage.key)]
        ]
        yield f"{stage.label}中：{'，'.join(f'{text} 所' if text[-1].isdecimal() else text for text in counts)}。"


def _excluded(page: VerdictPage, columns: int) -> Iterable[Row]:
    """The schools outside the calculation, in the same grid: number, name, code, reason."""
    total = len(page.excluded)
    yield wide(f"{_EXCLUDED_TITLE}，共 {total} 所", columns, is_head=True)
    if not total:
        return
    reason_columns = columns - len(_FRONT_HEADERS)
    yield (
        column_head("序号"), column_head("学校名称"), column_head("学校标识码", columns=4),
        column_head("原因", columns=reason_columns),
    )  # fmt: skip
    for number, school in enumerate(page.excluded, start=1):
        yield (
            figure_cell(str(number)),
            row_head(school.name, align=Align.LEFT),
            Cell(school.code or NO_FIGURE, columns=4),
            Cell(school.words, columns=reason_columns, align=Align.LEFT),
        )
