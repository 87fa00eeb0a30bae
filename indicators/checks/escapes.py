"""Rules against figures that would take a school, a stage or an item out of the judging without a word. Pure.

A school that is not counted can only help its county. So whatever takes it out must agree with the
rest of its row; where it does not, the figure that takes it out is refused, and the county is
unknown until somebody corrects it.
"""

from __future__ import annotations

from collections.abc import Iterator

from indicators.catalogue import STAGE_FIELDS
from indicators.checks.rows import ENROLLMENT, STAGES, Finding, SchoolRows, name_of, stated
from schools.vocabulary import SchoolType, Stage

#: A stage the type does not run may hold a slip or two; from this many figures on it is a stage.
FEWEST_FIGURES_OF_A_STAGE = 3
#: Special schools are small: the largest in the country have a few hundred pupils.
LARGEST_SPECIAL_SCHOOL = 300
#: Pupils who come back lift the retention a little above 100 %; more than a tenth cannot be.
MOST_RETAINED_PERCENT = 110


def figures_of_stage(rows: SchoolRows, stage: Stage, position: int) -> list[str]:
    """Keys of a stage, pupils apart, that hold a figure other than 0 at this school."""
    keys = (field.key for field in STAGE_FIELDS[stage] if field.key != ENROLLMENT[stage])
    return [key for key in keys if rows.columns[key][position]]


def is_stage_hidden(rows: SchoolRows, stage: Stage, position: int) -> bool:
    """Whether a stage without pupils holds the figures of one that has them."""
    if rows.present[stage][position]:
        return False
    filled = len(figures_of_stage(rows, stage, position))
    school_type = rows.types()[position]
    runs = school_type is not None and stage in school_type.stages
    return filled >= (1 if runs else FEWEST_FIGURES_OF_A_STAGE)


def find_hidden_stages(rows: SchoolRows) -> Iterator[Finding]:
    """No pupils, but classes, teachers and the like: the missing pupils are refused, not taken for none."""
    for stage in STAGES:
        key = ENROLLMENT[stage]
        for position in range(len(rows)):
            if is_stage_hidden(rows, stage, position):
                filled = figures_of_stage(rows, stage, position)[0]
                yield Finding(
                    "stage.hidden", position, key,
                    f"{name_of(key)}为 0 或空，却填了{stated(filled, rows.amounts(filled)[position])}等该学段的数据。"
                    f"请填写{name_of(key)}；学校确实没有{stage.label}部的，{stage.label}各栏都留空或填 0。",
                    (key,),
                )  # fmt: skip


def find_schools_left_out_by_type(rows: SchoolRows) -> Iterator[Finding]:
    """A type that keeps a school out of the calculation beside pupils that speak against it."""
    types = rows.types()
    for position, school_type in enumerate(types):
        pupils = sum(int(rows.known(ENROLLMENT[stage])[position] or 0) for stage in STAGES)
        if school_type is SchoolType.VOCATIONAL and pupils:
            yield Finding(
                "type.vocational", position, "school_type",
                f"办学类型是“{school_type.label}”，却填了义务教育学生 {pupils} 人。职业学校不填报；"
                "有小学或初中学生的学校请按实际办学类型填写。", ("school_type",),
            )  # fmt: skip
        if school_type is SchoolType.SPECIAL and pupils > LARGEST_SPECIAL_SCHOOL:
            yield Finding(
                "type.special_large", position, "school_type",
                f"办学类型是“{school_type.label}”，不参加校际均衡计算，但学生有 {pupils} 人。"
                "请核对办学类型；属实的请说明。",
            )  # fmt: skip


def find_no_funds(rows: SchoolRows) -> Iterator[Finding]:
    """A school with pupils and a budget of 0: no share of it can be computed."""
    for position, funds in enumerate(rows.known("funds_budget")):
        if funds == 0 and any(rows.present[stage][position] for stage in STAGES):
            yield Finding(
                "funds.none", position, "funds_budget",
                "公用经费预算总额为 0，教师培训经费所占比例无法核算。请填写上年度预算；属实的请说明。",
            )  # fmt: skip


def find_impossible_retention(rows: SchoolRows) -> Iterator[Finding]:
    """Far more pupils stayed than had begun; pooled over the county they would cover up other schools."""
    keys = ("graduates", "transferred_in", "transferred_out", "entrants_three_years_ago", "deceased")
    for position, values in enumerate(zip(*(rows.known(key) for key in keys), strict=True)):
        if None in values or not rows.present[Stage.JUNIOR][position]:
            continue
        graduates, moved_in, moved_out, entrants, deceased = (int(v) for v in values if v is not None)
        stayed, began = graduates - moved_in + moved_out, entrants - deceased
        if began >= 0 and stayed * 100 > began * MOST_RETAINED_PERCENT:
            yield Finding(
                "retention.impossible", position, "graduates",
                f"毕业班学生数 {graduates} − 转入 {moved_in} + 转出 {moved_out} = {stayed} 人，"
                f"远多于三年前入学学生数 {entrants} − 死亡 {deceased} = {began} 人，不可能属实。请更正。",
                ("graduates",),
            )  # fmt: skip


def find_stages_without_schools(rows: SchoolRows) -> Iterator[Finding]:
    """A county without one school of a stage: that stage has no coefficient, and nobody would see why."""
    for stage in STAGES:
        if len(rows) and not any(rows.present[stage]):
            yield Finding(
                "stage.none_in_county", 0, ENROLLMENT[stage],
                f"全县没有一所学校填了{name_of(ENROLLMENT[stage])}，"
                f"{stage.label}的差异系数无法核算。请补填；属实的请说明。",
            )  # fmt: skip
