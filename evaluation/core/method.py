"""The method as a list: step · words · formula · function · test. Pure.

The table of ``evaluation/README.md`` is printed from it (``manage.py method_table``), the public method page of a
standard is made of it, and a test holds that every function and test named here is there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MethodStep:
    """One step of the method. ``key`` is the rule of an item where the step is one, else a name of its own.
    ``function`` is a module of ``evaluation/core`` and a name in it, ``test`` a module of ``tests/evaluation`` and a
    test in it."""

    key: str
    title: str
    words: str
    formula: str
    function: tuple[str, str]
    test: tuple[str, str]


_AGREES = ("test_kernel_agrees", "test_the_kernel_and_the_second_implementation_agree_on_random_counties")
_AGREES_DECIDED = ("test_kernel_agrees_decided", "test_both_agree_on_random_counties_with_random_decisions")

STEPS: tuple[MethodStep, ...] = (
    MethodStep(
        "population", "计算范围", "每所学校的每个学段一行；不参与计算的学校列出原因；没有在校生的学段不成行",
        "学校类型、举办者和在校生数符合标准的规定", ("population", "population"),
        ("test_kernel_agrees", "test_a_number_of_pupils_that_cannot_be_used_is_never_taken_for_no_pupils"),
    ),
    MethodStep(
        "split", "共用资产分摊", "多学段学校的校舍、场地、设备和教室按加权在校生数分摊，高中只分走它的份额",
        "学段数额 = 全校数额 × w·P ÷ Σ(w·P)，w 为标准规定的学段权重", ("population", "Population"),
        ("test_worked_examples", "test_a_nine_year_school_is_split_as_published"),
    ),
    MethodStep(
        "value", "指标值", "栏目取自标准文件；一格缺失，该值无法核算",
        "X = (Σ 加项 − Σ 减项) × 系数 ÷ 在校生数", ("resources", "judge_stage"), _AGREES,
    ),
    MethodStep(
        "attained", "是否达到", "先判定，后修约：用准确值与要求比较，恰好等于要求即达到",
        "X ≥ 要求；X ≥ 要求 × 规定比例", ("exact", "reaches"),
        ("test_exact", "test_attainment_agrees_with_rationals_also_on_the_limit_and_beside_it"),
    ),
    MethodStep(
        "school_rule", "学校达标", "多数指标达到要求，余项不低于要求的一定比例；数据缺失不能视为达到",
        "达到的项数 ≥ 规定项数，并且每项 ≥ 要求 × 规定比例", ("resources", "_school_rule"), _AGREES,
    ),
    MethodStep(
        "coefficient", "差异系数", "以在校生数加权，总体标准差，不除以 n−1；0 是真的 0；平均值不为正数时没有意义",
        "M = Σx ÷ ΣP；S = √Σ(P ÷ ΣP)(X − M)²；CV = S ÷ M ≤ 上限", ("coefficient", "grouped_coefficients"),
        ("test_worked_examples", "test_the_circulated_example_has_its_mean_deviation_and_coefficient_as_printed"),
    ),
    MethodStep(
        "settled", "与上限比较", "浮点数离上限不足 1e-9 时，用分数决定",
        "ΣP · Σ(x² ÷ P) ÷ (Σx)² − 1 ≤ 上限²", ("coefficient", "settle_exactly"),
        ("test_kernel_agrees", "test_a_coefficient_exactly_on_its_limit_passes_and_a_step_more_fails"),
    ),
    MethodStep(
        "composite", "综合差异系数", "一个学段各项差异系数的简单平均；2017 年标准只列出，2012 年标准由它决定",
        "Σ CV ÷ 项数", ("coefficient", "settle_composite"),
        ("test_worked_examples", "test_a_published_composite_is_the_plain_mean_of_its_eight_coefficients"),
    ),
    MethodStep(
        "special_rooms", "专用教室", "每满或不满规定班数配备一间；面积不足的教室不计入",
        "达到面积的间数 ≥ ⌈班级数 ÷ 每间班数⌉，音乐、美术分别计算", ("items", "special_rooms"), _AGREES,
    ),
    MethodStep(
        "school_size", "学校规模", "小学、初中按学段，一贯制学校按义务教育阶段合计",
        "在校生数 ≤ 上限", ("items", "school_size"), _AGREES,
    ),
    MethodStep(
        "class_size", "班额", "每个学段的最大班额不超过上限，超过上限的班数为 0",
        "最大班额 ≤ 上限，并且 超过的班数 = 0", ("items", "class_size"), _AGREES,
    ),
    MethodStep(
        "small_school_funds", "小规模学校经费",
        "不足规定人数的学校按规定人数核定；含不参与均衡计算的小教学点；定额按学段人数加权",
        "拨付(万元) × 10000 ≥ 规定人数 × Σ(学段人数 × 学段定额) ÷ Σ 学段人数", ("items", "small_school_funds"), _AGREES,
    ),
    MethodStep(
        "every_teacher", "全体教师", "每所学校的全部专任教师都要符合",
        "符合的人数 ≥ 专任教师数", ("items", "every_teacher"), _AGREES,
    ),
    MethodStep(
        "in_zone_share", "就近划片入学", "只计公办、城区或镇区、非寄宿制学校，分学段合计",
        "Σ 就近划片入学人数 × 100 ÷ Σ 在校生数 ≥ 下限", ("items", "in_zone_share"), _AGREES,
    ),
    MethodStep(
        "retention", "三年巩固率", "全县有初中的学校合计",
        "Σ(毕业 − 转入 + 转出) × 100 ÷ Σ(三年前入学 − 死亡) ≥ 下限", ("items", "retention"), _AGREES,
    ),
    MethodStep(
        "training_funds", "培训经费", "每所学校分别计算；公用经费为 0 的无法核算",
        "培训经费 × 100 ÷ 公用经费预算 ≥ 下限", ("items", "training_funds"), _AGREES,
    ),
    MethodStep(
        "county_ratios", "县级比例", "由县级数据核算；分母为 0 的无法核算；一部分不达标即不达标",
        "Σ 分子 × 系数 ÷ Σ 分母 ≥ 下限", ("items", "county_ratios"), _AGREES,
    ),
    MethodStep(
        "monitoring", "质量监测", "每科等级达到规定，校际差异率严格低于规定；全部没有则待评定，缺一部分则无法核算",
        "等级 ≥ 规定等级，并且 差异率 < 规定", ("items", "monitoring"), _AGREES_DECIDED,
    ),
    MethodStep(
        "survey", "社会认可度", "由省级录入；没有录入则待评定",
        "满意问卷 × 100 ÷ 有效问卷 ≥ 下限", ("items", "survey"), _AGREES_DECIDED,
    ),
    MethodStep(
        "years_since", "认定年数", "判定日期所在年减去认定年份",
        "判定年 − 认定年 ≥ 年数", ("items", "years_since"), _AGREES,
    ),
    MethodStep(
        "expression", "省级补充项目", "省级文件中的表达式；缺失和除以 0 为未知，未知不能视为达标",
        "按文件所写的条件", ("items", "expression"),
        ("test_expression", "test_schools_agree_with_fractions_and_loops"),
    ),
    MethodStep(
        "", "评定项目", "由督学根据佐证材料评定，系统不核算；没有评定的待评定",
        "——", ("items", "awaits_inspector"),
        ("test_kernel_agrees_decided", "test_an_inspector_cannot_make_up_for_a_figure_and_can_refuse_beside_it"),
    ),
    MethodStep(
        "relaxations", "过渡规定", "只对获准的学校、在有效期内、本校数据符合条件时起作用；同时列出不用时的结论",
        "不用时不达标而用时达标，记为豁免", ("relaxations", "working"),
        ("test_kernel_agrees_decided",
         "test_without_relaxations_is_told_what_the_county_comes_to_when_nobody_grants_anything"),
    ),
    MethodStep(
        "sensitivity", "谁拉大了差距", "每所学校占方差的比例，去掉它和提高到要求以后的差异系数，逐个重算",
        "P·(X − M)² ÷ Σ P·(X − M)²", ("sensitivity", "sensitivity"),
        ("test_sensitivity", "test_left_out_and_lifted_coefficients_are_those_of_the_county_so_changed"),
    ),
    MethodStep(
        "firmness", "结论有多稳", "使每个判定改变的最小的一格误差，改后重新判定来证实",
        "——", ("firmness", "firmness"),
        ("test_firmness", "test_a_change_told_for_the_verdict_turns_the_verdict"),
    ),
    MethodStep(
        "verdict", "结论", "有一项不达标即不达标；否则有一项无法核算即未能判定；否则达标。不打总分，不能抵补",
        "每所学校、每个差异系数、每项要求均达标", ("verdict", "judge"), _AGREES,
    ),
    MethodStep(
        "conclusion", "一句话结论", "与各项数字出自同一结果", "——", ("conclusion", "conclusion"),
        ("test_worked_examples", "test_a_coefficient_over_its_limit_fails_though_it_prints_as_the_limit"),
    ),
)  # fmt: skip

STEP_BY_KEY = {step.key: step for step in STEPS}

#: The lines in ``evaluation/README.md`` between which the table stands.
TABLE_BEGINS, TABLE_ENDS = "<!-- method table: manage.py method_table -->", "<!-- end of the method table -->"


def method_table() -> str:
    """The method as a Markdown table."""
    lines = ["| step | words | formula | function | test |", "|---|---|---|---|---|"]
    lines += [
        f"| {step.title} | {step.words} | {step.formula} "
        f"| `core/{step.function[0]}.py` `{step.function[1]}` | `{step.test[0]}.py` `{step.test[1]}` |"
        for step in STEPS
    ]
    return "\n".join(lines) + "\n"


def with_method_table(text: str) -> str:
    """``text`` with the table between its two marks as it is now. Raises ValueError where the marks are missing."""
    before, begins, rest = text.partition(f"{TABLE_BEGINS}\n")
    _, ends, after = rest.partition(TABLE_ENDS)
    if not begins or not ends:
        raise ValueError(f"the text has no lines {TABLE_BEGINS} and {TABLE_ENDS}")
    return f"{before}{TABLE_BEGINS}\n{method_table()}{TABLE_ENDS}{after}"
