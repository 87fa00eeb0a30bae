"""表Ⅰ: population and economy, schools by type, classes, pupils and staff of the county."""

from __future__ import annotations

from fractions import Fraction

from evaluation.core.rounding import half_up
from evaluation.core.status import UNKNOWN_TEXT
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, STAGE_FIELDS
from indicators.report import CountyReport, SchoolReport
from reports.presenters.tables.layout import (
    NOT_REPORTED,
    Row,
    Table,
    column_head,
    figure_cell,
    numbered_notes,
    row_head,
)
from schools.vocabulary import SchoolType, Stage

#: County figures of L1 to L8 and the places the form asks for: 人口 two, money whole 元.
_FIGURES = (("C01", 2), ("C02", 2), ("C03", 0), ("C04", 0), ("C05", 0), ("C06", 0), ("C07", 0), ("C08", 0))
_TYPES = (
    SchoolType.PRIMARY_SCHOOL, SchoolType.NINE_YEAR, SchoolType.JUNIOR_SCHOOL, SchoolType.COMPLETE_MIDDLE,
    SchoolType.TWELVE_YEAR,
)  # fmt: skip
_TYPE_HEADERS = ("小学", "九年一贯制学校", "初中", "完全中学", "十二年一贯制学校")
#: Catalogue keys of L17 to L24, with their stage.
_SUMS = (
    ("primary_classes", Stage.PRIMARY), ("junior_classes", Stage.JUNIOR),
    ("primary_enrollment", Stage.PRIMARY), ("junior_enrollment", Stage.JUNIOR),
    ("primary_staff", Stage.PRIMARY), ("primary_full_time_teachers", Stage.PRIMARY),
    ("junior_staff", Stage.JUNIOR), ("junior_full_time_teachers", Stage.JUNIOR),
)  # fmt: skip
_FIRST_SUM = 17
_COLUMNS = 24
#: Schools of these types stand in a column of their own, or in none.
_OUTSIDE = (SchoolType.SPECIAL, SchoolType.VOCATIONAL)
_LARGE_POINT = 50


def county_table(report: CountyReport) -> Table:
    """表Ⅰ with its 24 numbered columns. A figure with a part missing is 无法核算, never the sum of what is there."""
    counts, sums, missing = _counts(report), [], []
    for number, (key, stage) in enumerate(_SUMS, start=_FIRST_SUM):
        text, lacking = _sum(report, key, stage)
        sums.append(text)
        if text == UNKNOWN_TEXT and lacking:
            missing.append(f"L{number} {FIELD_BY_KEY[key].header}：{lacking} 所学校没有填报或填写的内容未采用")
    texts = [*(_figure(report, code, places) for code, places in _FIGURES), *counts, *sums]
    notes = [
        "本表的 L1—L24 是表Ⅰ的栏目编号，与表Ⅱ、表Ⅲ的指标编号 L1—L7 无关。",
        "人口数保留两位小数，L5—L8 保留整数。"
        "小学的班级、学生、教职工包括一贯制学校小学部和教学点，初中的包括一贯制学校初中部和完全中学初中部；不含特殊教育学校。",
        "没有填报的写“未填报”；有学校缺数据的，合计数写“无法核算”，不用部分学校的合计代替。",
        *(["有学校的标识码或办学类型不能确认，L9—L24 无法核算。"] if not _is_certain(report) else missing),
    ]
    return Table(
        name="表Ⅰ",
        key="table-1",
        title="表Ⅰ　县（市、区）基本情况",
        frozen=1,
        widths=(9, *(8,) * 8, *(7,) * 5, 8, 6, 8, *(7.5,) * 8),
        head=_head(),
        body=((row_head("全县总计"), *(figure_cell(text) for text in texts)),),
        notes=numbered_notes(notes),
    )


def _head() -> tuple[Row, ...]:
    figures = [COUNTY_ITEM_BY_CODE[code] for code, _ in _FIGURES]
    return (
        (
            column_head("项目", rows=4), column_head("自然情况", columns=4), column_head("经济情况", columns=4),
            column_head("普通中小学校数\n（所）", columns=5), column_head("特殊教育学校数\n（所）", rows=3),
            column_head("教学点数\n（个）", columns=2), column_head("教学班数\n（个）", columns=2),
            column_head("在校学生数\n（人）", columns=2), column_head("教职工数\n（人）", columns=4),
        ),
        (
            *(column_head(f"{item.name}\n（{item.unit}）", rows=2) for item in figures),
            *(column_head(text, rows=2) for text in _TYPE_HEADERS),
            column_head("计", rows=2), column_head("其中：\n50人及以上", rows=2),
            *(column_head(stage.label, rows=2) for _ in range(2) for stage in Stage),
            *(column_head(stage.label, columns=2) for stage in Stage),
        ),
        tuple(column_head(text) for _ in Stage for text in ("合计", "其中：\n专任教师数")),
        tuple(column_head(f"L{number}") for number in range(1, _COLUMNS + 1)),
    )  # fmt: skip


def _figure(report: CountyReport, code: str, places: int) -> str:
    value = report.figures.get(code)
    return NOT_REPORTED if value is None else half_up(Fraction(value), places)


def _is_certain(report: CountyReport) -> bool:
    """Whether there is no doubt which schools of which type the county has."""
    return report.is_population_certain and all(
        isinstance(school.values.get("school_type"), SchoolType) for school in report.schools
    )


def _counts(report: CountyReport) -> list[str]:
    """L9 to L16."""
    if not _is_certain(report):
        return [UNKNOWN_TEXT] * 8
    types = [school.values["school_type"] for school in report.schools]
    points = [school for school in report.schools if school.values["school_type"] is SchoolType.TEACHING_POINT]
    pupils = [school.values.get("primary_enrollment") for school in points]
    large = [each for each in pupils if isinstance(each, int) and each >= _LARGE_POINT]
    return [
        *(str(types.count(school_type)) for school_type in _TYPES),
        str(types.count(SchoolType.SPECIAL)),
        str(len(points)),
        UNKNOWN_TEXT if None in pupils else str(len(large)),
    ]


def _sum(report: CountyReport, key: str, stage: Stage) -> tuple[str, int]:
    """The sum of a column over the schools with this stage, and how many of them have no figure there."""
    if not _is_certain(report):
        return UNKNOWN_TEXT, 0
    values = [school.values.get(key) for school in report.schools if _runs(school, stage)]
    given = [value for value in values if isinstance(value, int)]
    lacking = len(values) - len(given)
    if lacking and not given and not any(key in school.rejected for school in report.schools):
        return NOT_REPORTED, lacking
    return (UNKNOWN_TEXT if lacking else str(sum(given))), lacking


def _runs(school: SchoolReport, stage: Stage) -> bool:
    """Whether a school of the ordinary kind has this stage: as the population rule decides it, every school counted."""
    school_type, key = school.values["school_type"], f"{stage.value.lower()}_enrollment"
    if not isinstance(school_type, SchoolType) or school_type in _OUTSIDE:
        return False
    pupils = school.values.get(key)
    if isinstance(pupils, int) or key in school.rejected:
        return pupils is None or pupils != 0
    return stage in school_type.stages and not (school_type.is_continuous and _is_other_stage_alone(school, stage))


def _is_other_stage_alone(school: SchoolReport, stage: Stage) -> bool:
    """A 一贯制 school whose cells of this stage are all empty, and those of the other are not, has no such stage."""
    [other] = set(Stage) - {stage}
    return _is_blank(school, stage) and not _is_blank(school, other)


def _is_blank(school: SchoolReport, stage: Stage) -> bool:
    fields = STAGE_FIELDS[stage]
    return all(school.values.get(field.key) is None and field.key not in school.rejected for field in fields)
