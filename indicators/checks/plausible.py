"""Rules about figures of one school that are possible but unlikely: each is used, and asked about. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from indicators.checks.known import Context, ContextCheck
from indicators.checks.rows import ENROLLMENT, STAGES, Amount, Finding, SchoolRows, name_of, shown, stated
from indicators.checks.schools import OVER_LIMIT
from schools.vocabulary import SchoolType, Stage, UrbanRural

#: A stage smaller than this says little by its ratios.
FEWEST_PUPILS = 100
#: Small schools have fixed needs: what they have is shared by at least so many pupils when it is looked at.
SHARED_BY_AT_LEAST = 50
#: Money of a small school is given for at least so many pupils.
FUNDED_AS_AT_LEAST = 100

_LARGEST_TO_AVERAGE, _SMALLEST_LARGE_CLASS = 2.5, 30
_FEWEST_PUPILS_PER_TEACHER, _MOST_PUPILS_PER_TEACHER = 3, 60
_FEWEST_TEACHERS = 10
_PUPILS_NEEDING_ARTS = 200
_TEACHING_AREA = (0.5, 80.0)
_SPORTS_GROUND_MOST = 300.0
_ROOMS_PER_CLASS, _SPARE_ROOMS, _SENIOR_CLASS = 3, 10, 50
_ROOM_AREA = (Decimal(30), Decimal(400))
_FUNDS_YUAN = (100, 20_000)
_FEWEST_JUNIOR = 60
_COHORT_MOST = 0.6
_FEWEST_MOVED = 10
_LARGE_POINT = 300
#: A small rural school, the only one whose shared arts teachers may count.
_SHARED_ARTS_PUPILS = range(50, 100)


def _key(stage: Stage, name: str) -> str:
    return f"{stage.value.lower()}_{name}"


def find_names_against_type(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """A school whose name speaks of another type than it was given."""
    for position, (name, school_type) in enumerate(zip(rows.columns["name"], rows.types(), strict=True)):
        if not isinstance(name, str) or school_type is None:
            continue
        says = None
        if name.endswith("教学点") and school_type is not SchoolType.TEACHING_POINT:
            says = SchoolType.TEACHING_POINT
        elif name.endswith("小学") and school_type.stages and Stage.PRIMARY not in school_type.stages:
            says = SchoolType.PRIMARY_SCHOOL
        elif name.endswith("特殊教育学校") and school_type is not SchoolType.SPECIAL:
            says = SchoolType.SPECIAL
        if says is not None:
            yield Finding(
                "school.name_against_type", position, "school_type",
                f"学校名称“{name}”像是{says.label}，办学类型却是“{school_type.label}”。请核对。",
            )  # fmt: skip


def find_large_points(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """A teaching point as large as a school."""
    for position, (pupils, school_type) in enumerate(
        zip(rows.amounts("primary_enrollment"), rows.types(), strict=True)
    ):
        if school_type is SchoolType.TEACHING_POINT and pupils > _LARGE_POINT:
            yield Finding(
                "point.large", position, "school_type",
                f"教学点有{stated('primary_enrollment', pupils)}，通常不超过 {_LARGE_POINT} 人。请核对办学类型。",
            )  # fmt: skip


def find_unlikely_classes(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Classes against grades, against each other, and the large ones against all pupils."""
    types = rows.types()
    for stage in STAGES:
        limit, over_key = OVER_LIMIT[stage]
        pupils_key, classes_key = ENROLLMENT[stage], _key(stage, "classes")
        grades_key, largest_key = _key(stage, "grades"), _key(stage, "largest_class")
        columns = zip(
            *(rows.known(k) for k in (pupils_key, classes_key, grades_key, largest_key, over_key)), strict=True
        )
        for position, (pupils, classes, grades, largest, over) in enumerate(columns):
            if not pupils or not rows.present[stage][position]:
                continue
            if over and over * (limit + 1) > pupils:
                yield Finding(
                    "classes.over_limit_above_pupils", position, over_key,
                    f"{stated(over_key, over)}，每班至少 {limit + 1} 人，合计至少 {shown(over * (limit + 1))} 人，"
                    f"超过{stated(pupils_key, pupils)}。请核对；属实的请说明。",
                )  # fmt: skip
            if not classes:
                continue
            is_point = types[position] is SchoolType.TEACHING_POINT
            if grades and classes < grades and pupils >= FEWEST_PUPILS and not is_point:
                yield Finding(
                    "classes.fewer_than_grades", position, classes_key,
                    f"{stated(classes_key, classes)}，少于{stated(grades_key, grades)}。没有复式班的，请核对。",
                )  # fmt: skip
            average = float(pupils) / float(classes)
            if largest and largest >= _SMALLEST_LARGE_CLASS and float(largest) > _LARGEST_TO_AVERAGE * average:
                yield Finding(
                    "classes.uneven", position, largest_key,
                    f"{stated(largest_key, largest)}，而 {shown(pupils)} 人分 {shown(classes)} 个班，"
                    f"平均每班 {average:.1f} 人。请核对班级数和最大班额；属实的请说明。",
                )  # fmt: skip


def find_unlikely_teachers(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Too many or too few pupils a teacher, degrees known of few teachers, both stages with the same teachers."""
    for stage in STAGES:
        pupils_key, key = ENROLLMENT[stage], _key(stage, "full_time_teachers")
        degrees = (
            ("associate", "bachelor", "master", "doctor")
            if stage is Stage.PRIMARY
            else ("bachelor", "master", "doctor")
        )
        parts = [rows.known(_key(stage, f"{degree}_teachers")) for degree in degrees]
        for position, (pupils, teachers) in enumerate(zip(rows.known(pupils_key), rows.known(key), strict=True)):
            if not pupils or not teachers:
                continue
            each = float(pupils) / float(teachers)
            if pupils >= FEWEST_PUPILS and not _FEWEST_PUPILS_PER_TEACHER <= each <= _MOST_PUPILS_PER_TEACHER:
                yield Finding(
                    "teachers.ratio", position, key,
                    f"{stated(pupils_key, pupils)}，{stated(key, teachers)}，平均每位教师 {each:.1f} 名学生。"
                    "请核对；属实的请说明。",
                )  # fmt: skip
            known = [values[position] for values in parts]
            counted = sum(int(value) for value in known if value is not None)
            if teachers >= _FEWEST_TEACHERS and None not in known and 2 * counted < teachers:
                yield Finding(
                    "teachers.few_degrees", position, _key(stage, "bachelor_teachers"),
                    f"{stage.label}各学历教师合计 {counted} 人，不到{stated(key, teachers)}的一半。请核对是否漏填。",
                )  # fmt: skip
    names = ("full_time", "bachelor", "master", "doctor", "backbone", "pe", "music", "fine_art", "arts")
    of_stage = [[rows.known(_key(stage, f"{name}_teachers")) for name in names] for stage in STAGES]
    for position, teachers in enumerate(rows.known("junior_full_time_teachers")):
        primary, junior = ([values[position] for values in columns] for columns in of_stage)
        if teachers and teachers >= _FEWEST_TEACHERS and None not in primary and primary == junior:
            yield Finding(
                "teachers.same_in_both_stages", position, "junior_full_time_teachers",
                f"小学和初中的专任教师数都是 {shown(teachers)} 人，学历、骨干和体艺教师数也完全相同。"
                "教师只能计入一个学段，请核对；属实的请说明。",
            )  # fmt: skip


_SUBJECTS = ("pe", "music", "fine_art", "arts")


def find_unlikely_arts_teachers(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """体艺 teachers of the school as a whole: none, most of all teachers, counted twice, or shared without need."""
    columns = {
        (stage, subject): rows.known(_key(stage, f"{subject}_teachers")) for stage in STAGES for subject in _SUBJECTS
    }
    teachers = [rows.amounts(_key(stage, "full_time_teachers")) for stage in STAGES]
    places, types = rows.columns["urban_rural"], rows.types()
    for position in range(len(rows)):
        here = [stage for stage in STAGES if rows.present[stage][position]]
        known = [columns[stage, subject][position] for stage in here for subject in _SUBJECTS]
        pupils = sum(int(rows.amounts(ENROLLMENT[stage])[position]) for stage in here)
        if known and None not in known:
            arts = sum(int(value) for value in known if value is not None)
            everyone = sum(int(column[position]) for column in teachers)
            key = _key(here[0], "pe_teachers")
            if arts == 0 and pupils >= _PUPILS_NEEDING_ARTS:
                yield Finding(
                    "arts.none", position, key,
                    f"全校义务教育阶段 {pupils} 名学生，体育、音乐、美术、艺术专任教师都是 0。"
                    "请核对是否漏填；属实的请说明。",
                )  # fmt: skip
            elif everyone >= _FEWEST_TEACHERS and arts <= everyone < 2 * arts:
                yield Finding(
                    "arts.most_of_teachers", position, key,
                    f"全校体育、艺术专任教师合计 {arts} 人，超过专任教师 {everyone} 人的一半。"
                    "兼课教师不计入；请核对，属实的请说明。",
                )  # fmt: skip
        for stage in here:
            music, fine_art, both = (columns[stage, subject][position] for subject in ("music", "fine_art", "arts"))
            if music and fine_art and both:
                yield Finding(
                    "arts.counted_twice", position, _key(stage, "arts_teachers"),
                    f"{stated(_key(stage, 'arts_teachers'), both)}，同时填了音乐教师 {shown(music)} 人、"
                    f"美术教师 {shown(fine_art)} 人。同一人只计一次，请核对。",
                )  # fmt: skip
            key = _key(stage, "shared_arts_teachers")
            shared = rows.amounts(key)[position]
            is_small = int(rows.amounts(ENROLLMENT[stage])[position]) in _SHARED_ARTS_PUPILS
            is_rural = places[position] is UrbanRural.RURAL or types[position] is SchoolType.TEACHING_POINT
            if shared and not (is_small and is_rural):
                yield Finding(
                    "arts.shared_without_need", position, key,
                    f"{stated(key, shared)}，这一栏只用于 50–99 人的农村小规模学校和教学点，其他学校填了也不计入。",
                )  # fmt: skip


def find_unlikely_areas(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Areas a pupil far from what can be, whatever the school: a unit or a decimal point is probably wrong."""
    least, most = _TEACHING_AREA
    columns = zip(_pupils(rows), rows.known("teaching_area"), rows.known("sports_ground_area"), strict=True)
    for position, (pupils, teaching, ground) in enumerate(columns):
        if not pupils:
            continue
        if teaching:
            each = float(teaching) / max(pupils, SHARED_BY_AT_LEAST)
            if each > most or (pupils >= FEWEST_PUPILS and each < least):
                yield Finding(
                    "areas.teaching", position, "teaching_area", _each("teaching_area", teaching, pupils, each, "㎡")
                )
        if ground:
            each = float(ground) / max(pupils, SHARED_BY_AT_LEAST)
            if each > _SPORTS_GROUND_MOST:
                words = _each("sports_ground_area", ground, pupils, each, "㎡")
                yield Finding("areas.sports_ground", position, "sports_ground_area", words)


def _each(key: str, amount: Amount, pupils: int, each: float, unit: str) -> str:
    counted = f"（按 {SHARED_BY_AT_LEAST} 人计）" if pupils < SHARED_BY_AT_LEAST else ""
    return (
        f"{stated(key, amount)}，学生共 {pupils} 人，平均每人 {each:.2f} {unit}{counted}。"
        "请核对单位和小数点；属实的请说明。"
    )


def _pupils(rows: SchoolRows) -> list[int]:
    """All pupils of each school, the senior stage too: they share what it has."""
    columns = [rows.amounts(key) for key in (*ENROLLMENT.values(), "senior_enrollment")]
    return [int(sum(parts)) for parts in zip(*columns, strict=True)]


def find_unlikely_rooms(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Special rooms against their usual size, against classes, and against the area they are part of."""
    classes = [
        int(sum(parts)) for parts in zip(*(rows.amounts(_key(stage, "classes")) for stage in STAGES), strict=True)
    ]
    senior, pupils = rows.amounts("senior_enrollment"), _pupils(rows)
    least, most = _ROOM_AREA
    for position in range(len(rows)):
        whole = classes[position] + -(-int(senior[position]) // _SENIOR_CLASS)
        multimedia = rows.amounts("multimedia_rooms")[position]
        if whole and multimedia > _ROOMS_PER_CLASS * whole + _SPARE_ROOMS:
            yield Finding(
                "multimedia.above_classes", position, "multimedia_rooms",
                f"{stated('multimedia_rooms', multimedia)}，全校约 {whole} 个班。"
                "请核对是否填成了设备台数；属实的请说明。",
            )  # fmt: skip
        total = Decimal(0)
        for key in ("music_room_areas", "art_room_areas"):
            areas = cast("tuple[Decimal, ...]", rows.columns[key][position] or ())
            total += sum(areas)
            odd = [area for area in areas if not least <= area <= most]
            if odd:
                yield Finding(
                    "rooms.size", position, key,
                    f"{name_of(key)}中有 {'、'.join(shown(area) for area in odd[:5])} ㎡，"
                    f"通常每间在 {least} 至 {most} ㎡之间。请核对，每间一个数，用分号隔开；属实的请说明。",
                )  # fmt: skip
            if whole and len(areas) > whole:
                yield Finding(
                    "rooms.above_classes", position, key,
                    f"{name_of(key)}填了 {len(areas)} 间，超过全校约 {whole} 个班。请核对；属实的请说明。",
                )  # fmt: skip
        teaching = rows.known("teaching_area")[position]
        if teaching is not None and total > teaching and pupils[position] >= SHARED_BY_AT_LEAST:
            yield Finding(
                "rooms.above_teaching_area", position, "teaching_area",
                f"音乐、美术专用教室合计 {shown(total)} ㎡，超过{stated('teaching_area', teaching)}。"
                "请核对；属实的请说明。",
            )  # fmt: skip


def find_future_buildings(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """A school built after the school year its figures are of."""
    for position, year in enumerate(rows.known("built_year")):
        if year is not None and year > context.school_year:
            yield Finding(
                "built_year.future", position, "built_year",
                f"建成年份 {year}，晚于本学年开始的 {context.school_year} 年。请核对；属实的请说明。",
            )  # fmt: skip


def find_unlikely_funds(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Budget a pupil, and what was spent and paid out against the budget."""
    keys = ("funds_budget", "funds_final", "funds_allocated")
    columns = zip(_pupils(rows), *(rows.known(key) for key in keys), strict=True)
    least, most = _FUNDS_YUAN
    for position, (pupils, budget, final, allocated) in enumerate(columns):
        if not pupils or not budget:
            continue
        each = float(budget) * 10_000 / max(pupils, FUNDED_AS_AT_LEAST)
        # Far above this, the amount was given in yuan, which has a rule of its own.
        if each < least or most < each <= 10 * most:
            yield Finding(
                "funds.per_pupil", position, "funds_budget",
                f"{stated('funds_budget', budget)}，学生共 {pupils} 人，平均每人 {each:.0f} 元。"
                "请核对单位（万元）；属实的请说明。",
            )  # fmt: skip
        for rule, key, amount in (
            ("funds.final", "funds_final", final),
            ("funds.allocated", "funds_allocated", allocated),
        ):
            if amount is not None and not 0.5 <= float(amount) / float(budget) <= 1.5:
                yield Finding(
                    rule, position, key,
                    f"{stated(key, amount)}，与{stated('funds_budget', budget)}相差超过一半。请核对；属实的请说明。",
                )  # fmt: skip


def find_unlikely_retention(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """A final year larger than a junior stage allows, and cohorts of which half moved."""
    keys = ("junior_enrollment", "graduates", "entrants_three_years_ago", "transferred_in", "transferred_out")
    for position, (pupils, graduates, entrants, *moved) in enumerate(
        zip(*(rows.known(key) for key in keys), strict=True)
    ):
        if not rows.present[Stage.JUNIOR][position]:
            continue
        if pupils and graduates and pupils >= _FEWEST_JUNIOR and float(graduates) > _COHORT_MOST * float(pupils):
            yield Finding(
                "retention.cohort", position, "graduates",
                f"{stated('graduates', graduates)}，超过{stated('junior_enrollment', pupils)}的六成。"
                "请核对是否填成了全校人数；属实的请说明。",
            )  # fmt: skip
        for key, count in zip(keys[3:], moved, strict=True):
            if entrants and count and count > max(_FEWEST_MOVED, entrants / 2):
                yield Finding(
                    "retention.transfers", position, key,
                    f"{stated(key, count)}，超过{stated('entrants_three_years_ago', entrants)}的一半。"
                    "请核对；属实的请说明。",
                )  # fmt: skip


#: Every rule about what is unlikely at one school.
PLAUSIBILITY_CHECKS: tuple[ContextCheck, ...] = (
    find_names_against_type,
    find_large_points,
    find_unlikely_classes,
    find_unlikely_teachers,
    find_unlikely_arts_teachers,
    find_unlikely_areas,
    find_unlikely_rooms,
    find_future_buildings,
    find_unlikely_funds,
    find_unlikely_retention,
)
