"""Rules about figures that must fit together: within one school, and between schools. Pure.

Nothing here knows a limit of a standard. A rule that refuses figures refuses those that would speak for
the school, so that refusing them never improves a verdict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from indicators.catalogue import DECIMAL_PLACES, FIELD_BY_KEY, FIELDS, STAGE_FIELDS, Kind
from indicators.checks.escapes import (
    MOST_RETAINED_PERCENT,
    find_hidden_stages,
    find_impossible_retention,
    find_no_funds,
    find_schools_left_out_by_type,
    find_stages_without_schools,
    is_stage_hidden,
)
from indicators.checks.rows import ENROLLMENT, STAGES, Amount, Check, Finding, SchoolRows, name_of, shown, stated
from schools.vocabulary import Stage

#: The class size that the headers 小学超45人班级数 and 初中超50人班级数 speak of, and their columns.
OVER_LIMIT = {
    Stage.PRIMARY: (45, "primary_classes_over_45"),
    Stage.JUNIOR: (50, "junior_classes_over_50"),
}
#: A stage rarely has more grades; 五四 systems have four junior grades.
MOST_GRADES = {Stage.PRIMARY: 6, Stage.JUNIOR: 4}
#: 万元 a pupil, several times what the best equipped school has, and far below what yuan would come to.
MOST_WAN_YUAN_A_PUPIL = 20
#: 万元 a pupil, ten yuan: an amount that comes to less was hardly meant in yuan.
LEAST_WAN_YUAN_A_PUPIL = Decimal("0.001")
#: Small schools have fixed costs: an amount is shared by at least so many pupils when it is looked at.
FEWEST_PUPILS_FOR_MONEY = 50
#: Two schools are only called the same where at least so many of their figures say something.
FEWEST_SAME_FIGURES = 10
MOST_PLACES_NAMED = 5
#: Two columns are only called changed over where so many schools say so, and none says otherwise.
FEWEST_SWAPPED = 3


@dataclass(frozen=True, slots=True)
class AtMost:
    """The parts together may not exceed the total; where they do, the parts are refused.

    Said at the largest part, the likeliest slip. Parts that are missing count as 0: what is known is
    already too much. A stage the school does not have is not looked at. Where the figures of ``proof`` add up to
    the part, part and total were put in each other's column, and changing them over is proposed; so it is, of a rule
    that ``compares_columns``, where the part exceeds the total in every school that gave both.
    """

    rule: str
    parts: tuple[str, ...]
    total: str
    proof: tuple[str, ...] = ()
    compares_columns: bool = False

    def __call__(self, rows: SchoolRows) -> Iterator[Finding]:
        columns = [rows.amounts(key) for key in self.parts]
        sums = columns[0] if len(columns) == 1 else list(map(sum, zip(*columns, strict=True)))
        stage = FIELD_BY_KEY[self.total].stage
        found = [
            self._finding(rows, position)
            for position, (amount, total) in enumerate(zip(sums, rows.known(self.total), strict=True))
            if total is not None and amount > total and (stage is None or rows.present[stage][position])
        ]
        is_swapped = self.compares_columns and len(found) >= FEWEST_SWAPPED and len(found) == self._given(rows)
        yield from (self._with_columns_swapped(rows, finding) for finding in found) if is_swapped else found

    def _given(self, rows: SchoolRows) -> int:
        """How many schools gave a part and a total that are not both 0."""
        pairs = zip(*(rows.known(key) for key in (*self.parts, self.total)), strict=True)
        return sum(None not in pair and any(pair) for pair in pairs)

    def _with_columns_swapped(self, rows: SchoolRows, finding: Finding) -> Finding:
        words = f"填了这两栏的学校都是如此，{name_of(finding.key)}和{name_of(self.total)}两栏很可能填反了。"
        total = rows.amounts(self.total)[finding.position]
        return replace(finding, message=finding.message + words, fix=shown(total))

    def _finding(self, rows: SchoolRows, position: int) -> Finding:
        parts = {key: value for key in self.parts if (value := rows.amounts(key)[position])}
        total = stated(self.total, rows.amounts(self.total)[position])
        worst = max(parts, key=lambda key: parts[key])
        if len(parts) == 1:
            words = stated(worst, parts[worst])
        else:
            unit = FIELD_BY_KEY[worst].unit
            listed = "、".join(f"{name_of(key)} {shown(value)}" for key, value in parts.items())
            words = f"{listed}，合计 {shown(sum(parts.values()))} {unit}"
        finding = Finding(self.rule, position, worst, f"{words}，超过{total}，请核对。", tuple(parts))
        return finding if not self.proof else self._with_swap(rows, finding)

    def _with_swap(self, rows: SchoolRows, finding: Finding) -> Finding:
        position, part, total = (
            finding.position,
            *(rows.amounts(k)[finding.position] for k in (finding.key, self.total)),
        )
        proof = [rows.known(key)[position] for key in self.proof]
        if len(self.parts) > 1 or None in proof or sum(value or 0 for value in proof) != part:
            return finding
        words = f"各学历教师数合计正好是 {shown(part)} 人，两栏很可能填反了。"
        return replace(finding, message=finding.message + words, fix=shown(total))


_DEGREES = {
    Stage.PRIMARY: ("associate", "bachelor", "master", "doctor"),
    Stage.JUNIOR: ("bachelor", "master", "doctor"),
}
_SPORTS_AND_ARTS = ("pe", "music", "fine_art", "arts")


def _stage_limits(stage: Stage) -> tuple[AtMost, ...]:
    prefix = stage.value.lower()
    teachers = f"{prefix}_full_time_teachers"

    def of(*subjects: str) -> tuple[str, ...]:
        return tuple(f"{prefix}_{subject}_teachers" for subject in subjects)

    return (
        AtMost("teachers.degrees", of(*_DEGREES[stage]), teachers),
        AtMost("teachers.backbone", of("backbone"), teachers, proof=of(*_DEGREES[stage])),
        AtMost("teachers.sports_and_arts", of(*_SPORTS_AND_ARTS), teachers),
        AtMost("pupils.in_zone", (f"{prefix}_in_zone_enrollment",), ENROLLMENT[stage]),
        AtMost("classes.largest_above_pupils", (f"{prefix}_largest_class",), ENROLLMENT[stage]),
        AtMost("classes.over_limit_above_classes", (OVER_LIMIT[stage][1],), f"{prefix}_classes"),
    )


def find_impossible_classes(rows: SchoolRows) -> Iterator[Finding]:
    """Classes that cannot hold the pupils: none at all, or too few of the largest size."""
    for stage in STAGES:
        prefix = stage.value.lower()
        pupils_key, classes_key, largest_key = ENROLLMENT[stage], f"{prefix}_classes", f"{prefix}_largest_class"
        limit = OVER_LIMIT[stage][0]
        columns = zip(rows.amounts(pupils_key), rows.known(classes_key), rows.known(largest_key), strict=True)
        for position, (pupils, classes, largest) in enumerate(columns):
            if not pupils or classes is None:
                continue
            if classes == 0:
                yield Finding(
                    "classes.none", position, classes_key,
                    f"{stated(pupils_key, pupils)}，但{name_of(classes_key)}为 0，请填写实际的班级数。",
                    (classes_key,),
                )  # fmt: skip
            elif largest is not None and classes * largest < pupils:
                # A class already over its limit speaks against the school and stands.
                rejects = (classes_key, largest_key) if largest <= limit else (classes_key,)
                yield Finding(
                    "classes.too_small_for_pupils", position, largest_key,
                    f"{stated(classes_key, classes)}，{stated(largest_key, largest)}，"
                    f"最多容纳 {shown(classes * largest)} 人，少于{stated(pupils_key, pupils)}。"
                    "请核对班级数和最大班额。",
                    rejects,
                )  # fmt: skip


def find_contradicting_class_sizes(rows: SchoolRows) -> Iterator[Finding]:
    """The largest class and the count of classes over the limit must say the same."""
    for stage in STAGES:
        largest_key = f"{stage.value.lower()}_largest_class"
        limit, over_key = OVER_LIMIT[stage]
        for position, (largest, over) in enumerate(zip(rows.known(largest_key), rows.known(over_key), strict=True)):
            if largest is None or over is None or (largest > limit) == (over > 0) or not rows.present[stage][position]:
                continue
            if over > 0:
                yield Finding(
                    "classes.over_limit_without_large_class", position, over_key,
                    f"{stated(over_key, over)}，但{stated(largest_key, largest)}，没有超过 {limit} 人，请核对两栏。",
                    (largest_key,),
                )  # fmt: skip
            else:
                yield Finding(
                    "classes.large_class_not_counted", position, over_key,
                    f"{stated(largest_key, largest)}，已超过 {limit} 人，但{name_of(over_key)}为 0，请核对两栏。",
                    (over_key,),
                )  # fmt: skip


def find_more_migrants_than_pupils(rows: SchoolRows) -> Iterator[Finding]:
    """随迁子女 are counted over both compulsory stages."""
    totals = _sums_over_stages(rows, ENROLLMENT)
    for position, (migrants, total) in enumerate(zip(rows.amounts("migrant_enrollment"), totals, strict=True)):
        if total is not None and migrants > total:
            yield Finding(
                "pupils.migrant", position, "migrant_enrollment",
                f"{stated('migrant_enrollment', migrants)}，超过小学和初中在校生合计 {total} 人，请核对。",
                ("migrant_enrollment",),
            )  # fmt: skip


def find_more_qualified_than_teachers(rows: SchoolRows) -> Iterator[Finding]:
    """Certified and trained teachers are among those of the compulsory stages; a school with a senior
    stage may have counted its senior teachers too, which is only pointed out."""
    totals = _sums_over_stages(rows, {stage: f"{stage.value.lower()}_full_time_teachers" for stage in STAGES})
    types = rows.types()
    for key, rule in (("certified_teachers", "teachers.certified"), ("trained_teachers", "teachers.trained")):
        for position, (counted, total) in enumerate(zip(rows.amounts(key), totals, strict=True)):
            if total is None or counted <= total:
                continue
            words = f"{stated(key, counted)}，超过小学和初中专任教师合计 {total} 人"
            school_type = types[position]
            if school_type is not None and school_type.has_senior_stage:
                yield Finding(
                    f"{rule}_with_senior", position, key, f"{words}。如含高中教师，请只填小学和初中的专任教师。"
                )
            else:
                yield Finding(rule, position, key, f"{words}，请核对。", (key,))


def _sums_over_stages(rows: SchoolRows, keys: dict[Stage, str]) -> list[int | None]:
    """Per school the sum over the stages it has; None where it has none or a part is not known."""
    sums: list[int | None] = []
    columns = [(rows.present[stage], rows.known(keys[stage])) for stage in STAGES]
    for position in range(len(rows)):
        parts = [values[position] for present, values in columns if present[position]]
        sums.append(None if not parts or None in parts else sum(int(p) for p in parts if p is not None))
    return sums


def find_unexpected_stages(rows: SchoolRows) -> Iterator[Finding]:
    """Pupils where the type has no such stage; none, or nothing at all, where it has one."""
    types = rows.types()
    for stage in STAGES:
        key = ENROLLMENT[stage]
        for position, pupils in enumerate(rows.known(key)):
            school_type = types[position]
            if school_type is None:
                continue
            runs = stage in school_type.stages
            if pupils and not runs and school_type.stages:
                yield Finding(
                    "stage.not_run", position, key,
                    f"办学类型是“{school_type.label}”，却填了{stated(key, pupils)}。"
                    f"请核对办学类型；确有{stage.label}学生的请说明。",
                )  # fmt: skip
            elif runs and pupils == 0 and not is_stage_hidden(rows, stage, position):
                yield Finding(
                    "stage.no_pupils", position, key,
                    f"办学类型是“{school_type.label}”，但{name_of(key)}为 0，该学段不参加计算。"
                    "请核对；确无学生的请说明原因。",
                )  # fmt: skip
            elif rows.excused[stage][position]:
                yield Finding(
                    "stage.not_reported", position, key,
                    f"办学类型是“{school_type.label}”，但{stage.label}各栏都是空的，该学段不参加计算。"
                    f"有{stage.label}学生的请补填；没有的请说明原因。",
                )  # fmt: skip
    for position, pupils in enumerate(rows.amounts("senior_enrollment")):
        school_type = types[position]
        if pupils and school_type is not None and school_type.stages and not school_type.has_senior_stage:
            yield Finding(
                "stage.not_run", position, "senior_enrollment",
                f"办学类型是“{school_type.label}”，却填了{stated('senior_enrollment', pupils)}，"
                "共用的校舍和设备会分摊给高中。请核对办学类型；没有高中部的请留空。",
            )  # fmt: skip


def find_figures_without_pupils(rows: SchoolRows) -> Iterator[Finding]:
    """Figures of a stage the school does not have: they are not used."""
    for stage in STAGES:
        keys = [f.key for f in STAGE_FIELDS[stage] if f.key != ENROLLMENT[stage]]
        absent = [position for position, present in enumerate(rows.present[stage]) if not present]
        for position in absent:
            filled = next((key for key in keys if rows.columns[key][position]), None)
            if filled is not None and not is_stage_hidden(rows, stage, position):
                yield Finding(
                    "stage.figures_without_pupils", position, filled,
                    f"没有{name_of(ENROLLMENT[stage])}，却填了{stated(filled, rows.amounts(filled)[position])}等，"
                    f"这些数据不使用。学校没有{stage.label}部的，{stage.label}各栏请留空。",
                )  # fmt: skip


def find_unusual_grades(rows: SchoolRows) -> Iterator[Finding]:
    """A stage that runs has at least one grade and no more than the system of schooling allows."""
    for stage in STAGES:
        key, most = f"{stage.value.lower()}_grades", MOST_GRADES[stage]
        for position, grades in enumerate(rows.known(key)):
            if grades is not None and not 0 < grades <= most and rows.present[stage][position]:
                yield Finding(
                    "grades.unusual", position, key,
                    f"{name_of(key)}为 {shown(grades)}，通常是 1 至 {most}。请核对是否与班级数混淆；属实的请说明。",
                )  # fmt: skip


def find_pupils_without_teachers(rows: SchoolRows) -> Iterator[Finding]:
    """A stage with pupils but not one full-time teacher of its own."""
    for stage in STAGES:
        key, pupils_key = f"{stage.value.lower()}_full_time_teachers", ENROLLMENT[stage]
        for position, (teachers, pupils) in enumerate(zip(rows.known(key), rows.amounts(pupils_key), strict=True)):
            if teachers == 0 and pupils:
                yield Finding(
                    "teachers.none", position, key,
                    f"{stated(pupils_key, pupils)}，但{name_of(key)}为 0。请核对；属实的请说明由谁任教。",
                )  # fmt: skip


_MONEY_KEYS = tuple(field.key for field in FIELDS if field.kind is Kind.MONEY)


def find_money_in_yuan(rows: SchoolRows) -> Iterator[Finding]:
    """Amounts in 万元 that only make sense in yuan, by what they come to for one pupil."""
    columns = [rows.amounts(key) for key in (*ENROLLMENT.values(), "senior_enrollment")]
    pupils = [int(sum(parts)) for parts in zip(*columns, strict=True)]
    most = [MOST_WAN_YUAN_A_PUPIL * max(count, FEWEST_PUPILS_FOR_MONEY) for count in pupils]
    for key in _MONEY_KEYS:
        for position, (amount, bound) in enumerate(zip(rows.amounts(key), most, strict=True)):
            if amount > bound and pupils[position]:
                each = shown(round(Decimal(amount) / pupils[position], 1))
                yield Finding(
                    "money.looks_like_yuan", position, key,
                    f"{stated(key, amount)}，学生共 {pupils[position]} 人，平均每人 {each} 万元。"
                    "本栏单位是万元，如按元填写请除以 10000；属实的请说明。",
                    fix=_in_wan_yuan(amount, pupils[position], bound),
                )  # fmt: skip


def _in_wan_yuan(amount: Amount, pupils: int, bound: int) -> str:
    """The amount as 万元 if it was given in 元, where that is exact and comes to a credible figure for one pupil."""
    divided = Decimal(amount).scaleb(-4)
    is_exact = divided == round(divided, DECIMAL_PLACES)
    return shown(divided) if is_exact and LEAST_WAN_YUAN_A_PUPIL * pupils <= divided <= bound else ""


def find_too_many_graduates(rows: SchoolRows) -> Iterator[Finding]:
    """More pupils stayed than had begun: 毕业班 − 转入 + 转出 above 三年前入学 − 死亡."""
    keys = ("graduates", "transferred_in", "transferred_out", "entrants_three_years_ago", "deceased")
    columns = [rows.known(key) for key in keys]
    for position, values in enumerate(zip(*columns, strict=True)):
        if None in values or not rows.present[Stage.JUNIOR][position]:
            continue
        graduates, moved_in, moved_out, entrants, deceased = (int(v) for v in values if v is not None)
        stayed, began = graduates - moved_in + moved_out, entrants - deceased
        if stayed > began >= 0 and stayed * 100 <= began * MOST_RETAINED_PERCENT:
            yield Finding(
                "retention.above_all", position, "graduates",
                f"毕业班学生数 {graduates} − 转入 {moved_in} + 转出 {moved_out} = {stayed} 人，"
                f"多于三年前入学学生数 {entrants} − 死亡 {deceased} = {began} 人，"
                "巩固率超过 100%。请核对；属实的请说明。",
            )  # fmt: skip


_FIGURE_KEYS = tuple(field.key for field in FIELDS if field.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY))


def find_same_figures(rows: SchoolRows) -> Iterator[Finding]:
    """Two schools with the very same figures: a row was probably copied."""
    first: dict[tuple[object, ...], int] = {}
    for position, figures in enumerate(zip(*(rows.columns[key] for key in _FIGURE_KEYS), strict=True)):
        earlier = first.setdefault(figures, position)
        if earlier != position and sum(map(bool, figures)) >= FEWEST_SAME_FIGURES:
            yield Finding(
                "school.same_figures", position, "code",
                f"本行各项数据与第 {rows.numbers[earlier]} 行完全相同，可能是复制后没有修改。请核对；属实的请说明。",
            )  # fmt: skip


def find_repeated_names(rows: SchoolRows) -> Iterator[Finding]:
    """Two schools of one name, which may be one school filled in twice."""
    for position, others in _repeated(rows, "name"):
        yield Finding("school.name_twice", position, "name", f"学校名称与 {others} 相同。请确认是两所不同的学校。")


def find_repeated_codes(rows: SchoolRows) -> Iterator[Finding]:
    """A 学校标识码 given to more than one row: nobody can say which of them is the school."""
    for position, others in _repeated(rows, "code"):
        yield Finding(
            "code.twice", position, "code",
            f"学校标识码与 {others} 重复。每所学校只填一行，请更正标识码，或删除重复的行。",
        )  # fmt: skip


def _repeated(rows: SchoolRows, key: str) -> Iterator[tuple[int, str]]:
    """Every school whose value occurs elsewhere too, with the addresses of the other cells."""
    column = rows.columns[key]
    if len(set(column)) == len(column):
        return
    places: dict[object, list[int]] = defaultdict(list)
    for position, value in enumerate(column):
        if value is not None:
            places[value].append(position)
    for positions in places.values():
        if len(positions) > 1:
            # A name given to hundreds of rows would fill pages with addresses.
            named = positions[: MOST_PLACES_NAMED + 1]
            for position in positions:
                others = [rows.address(key, p) for p in named if p != position][:MOST_PLACES_NAMED]
                more = f" 等 {len(positions) - 1} 处" if len(positions) - 1 > MOST_PLACES_NAMED else ""
                yield position, "、".join(others) + more


#: Every rule about figures that must fit together, in the order of the form.
SCHOOL_CHECKS: tuple[Check, ...] = (
    find_repeated_codes,
    find_repeated_names,
    find_unexpected_stages,
    find_figures_without_pupils,
    find_hidden_stages,
    find_schools_left_out_by_type,
    find_unusual_grades,
    find_impossible_classes,
    find_contradicting_class_sizes,
    find_more_migrants_than_pupils,
    *(limit for stage in STAGES for limit in _stage_limits(stage)),
    find_pupils_without_teachers,
    find_more_qualified_than_teachers,
    AtMost("areas.indoor_sports", ("indoor_sports_area",), "teaching_area", compares_columns=True),
    find_money_in_yuan,
    AtMost("funds.training", ("training_budget",), "funds_budget", compares_columns=True),
    AtMost("retention.deceased", ("deceased",), "entrants_three_years_ago"),
    find_too_many_graduates,
    find_impossible_retention,
    find_no_funds,
    find_stages_without_schools,
    find_same_figures,
)
