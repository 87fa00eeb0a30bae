"""Rules that lay a workbook beside what the same county reported last year. Pure.

Small numbers move by half without meaning anything: each comparison has a floor under which it stays silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, FIELDS, Kind
from indicators.checks.county import CountyFinding
from indicators.checks.known import Context, SheetFinding
from indicators.checks.rows import ENROLLMENT, STAGES, Amount, Finding, SchoolRows, name_of, shown
from indicators.report import SchoolReport, Value
from schools.vocabulary import Stage

LARGEST_CHANGE = 0.3
_LARGEST_CHANGE_OF_COUNTY = 0.15
#: Pupils and teachers that move apart by at least this much have a reversed trend.
_TREND = 0.15
_TREND_PUPILS, _TREND_TEACHERS = 40, 4
_FEWEST_SAME_FIGURES = 10
#: The same for whoever runs these rules over columns.
TREND_NUMBERS = (_TREND, _TREND_PUPILS, _TREND_TEACHERS)
FEWEST_UNCHANGED = _FEWEST_SAME_FIGURES


@dataclass(frozen=True, slots=True)
class Change:
    """A figure, or the sum of some, that may not move by more than 30 % and by more than ``floor`` from one year to
    the next; said at the first of them."""

    rule: str
    name: str
    keys: tuple[str, ...]
    floor: int

    def find(self, rows: SchoolRows, before: list[SchoolReport | None]) -> Iterator[Finding]:
        """The schools at which it did."""
        amounts = _totals([rows.known(key) for key in self.keys])
        earlier = _totals([_known_before(before, key) for key in self.keys])
        for position, (now, then) in enumerate(zip(amounts, earlier, strict=True)):
            if now is None or then is None or now == then:
                continue
            moved = abs(float(now) - float(then))
            if moved >= self.floor and moved > LARGEST_CHANGE * float(then):
                unit = FIELD_BY_KEY[self.keys[0]].unit
                yield Finding(
                    self.rule, position, self.keys[0],
                    f"{self.name} {shown(now)} {unit}，上年 {shown(then)} {unit}，{_moved(now, then)}。"
                    "请核对；属实的请说明原因。",
                )  # fmt: skip


def _moved(now: Amount, then: Amount) -> str:
    word = "增加" if now > then else "减少"
    return f"{word} {abs(float(now) - float(then)) / float(then):.0%}" if then else "上年为 0"


def _totals(columns: list[Sequence[Amount | None]]) -> Sequence[Amount | None]:
    """The sum of the columns school by school, None where one of them is not known."""
    if len(columns) == 1:
        return columns[0]
    return [None if None in parts else sum(parts) for parts in zip(*columns, strict=True)]


def _known_before(before: list[SchoolReport | None], key: str) -> list[Amount | None]:
    return [None if school is None else _number(school.values.get(key)) for school in before]


def _number(value: Value) -> Amount | None:
    return value if isinstance(value, int | Decimal) else None


def _one(rule: str, key: str, floor: int) -> Change:
    return Change(rule, name_of(key), (key,), floor)


def _stage_changes(stage: Stage) -> tuple[Change, ...]:
    prefix = stage.value.lower()
    degrees = (
        ("bachelor", "associate", "master", "doctor") if stage is Stage.PRIMARY else ("bachelor", "master", "doctor")
    )

    def of(*names: str) -> tuple[str, ...]:
        return tuple(f"{prefix}_{name}_teachers" for name in names)

    return (
        _one("last_year.pupils", ENROLLMENT[stage], 30),
        _one("last_year.classes", f"{prefix}_classes", 3),
        _one("last_year.teachers", f"{prefix}_full_time_teachers", 5),
        Change("last_year.degrees", f"{stage.label}高于规定学历教师数", of(*degrees), 5),
        _one("last_year.backbone", f"{prefix}_backbone_teachers", 4),
        Change(
            "last_year.sports_and_arts", f"{stage.label}体育、艺术专任教师数", of("pe", "music", "fine_art", "arts"), 4
        ),
    )  # fmt: skip


SCHOOL_CHANGES: tuple[Change, ...] = (
    *(change for stage in STAGES for change in _stage_changes(stage)),
    _one("last_year.senior_pupils", "senior_enrollment", 50),
    _one("last_year.teaching_area", "teaching_area", 500),
    Change("last_year.sports_area", "运动场馆面积", ("sports_ground_area", "indoor_sports_area"), 1000),
    _one("last_year.equipment", "equipment_value", 20),
    _one("last_year.multimedia", "multimedia_rooms", 5),
)
_FIGURE_KEYS = tuple(field.key for field in FIELDS if field.kind in (Kind.COUNT, Kind.AREA, Kind.MONEY))


def find_changes_since_last_year(rows: SchoolRows, context: Context) -> Iterator[Finding | SheetFinding]:
    """Every rule about one school and what it reported last year."""
    if context.last_year is None:
        return
    earlier = {school.values.get("code"): school for school in context.last_year.schools}
    earlier.pop(None, None)
    before = [earlier.get(code) if code is not None else None for code in rows.columns["code"]]
    for change in SCHOOL_CHANGES:
        yield from change.find(rows, before)
    for stage in STAGES:
        yield from _reversed_trends(rows, before, stage)
    figures = [rows.columns[key] for key in _FIGURE_KEYS]
    for position, school in enumerate(before):
        if school is None:
            continue
        now = [column[position] for column in figures]
        if sum(map(bool, now)) >= _FEWEST_SAME_FIGURES and now == [school.values.get(key) for key in _FIGURE_KEYS]:
            yield Finding(
                "last_year.unchanged", position, "code",
                "本行各项数据与上年完全相同，可能没有更新。请核对；属实的请说明。",
            )  # fmt: skip
        built, was_built = rows.known("built_year")[position], school.values.get("built_year")
        if built is not None and was_built is not None and built != was_built:
            yield Finding(
                "last_year.built_year", position, "built_year", f"建成年份 {built}，上年填的是 {was_built}。请核对。"
            )
    yield from _not_reported(rows, context, earlier)


def _reversed_trends(rows: SchoolRows, before: list[SchoolReport | None], stage: Stage) -> Iterator[Finding]:
    pupils_key, key = ENROLLMENT[stage], f"{stage.value.lower()}_full_time_teachers"
    columns = zip(before, rows.known(pupils_key), rows.known(key), strict=True)
    for position, (school, pupils, teachers) in enumerate(columns):
        if school is None or pupils is None or teachers is None:
            continue
        had, taught = _number(school.values.get(pupils_key)), _number(school.values.get(key))
        if not had or not taught:
            continue
        more, staff = float(pupils - had), float(teachers - taught)
        is_reversed = more * staff < 0
        is_large = abs(more) >= max(_TREND_PUPILS, _TREND * float(had)) and abs(staff) >= max(
            _TREND_TEACHERS, _TREND * float(taught)
        )
        if is_reversed and is_large:
            yield Finding(
                "last_year.trend", position, key,
                f"{stage.label}学生从 {shown(had)} 人到 {shown(pupils)} 人（{_moved(pupils, had)}），专任教师却从 "
                f"{shown(taught)} 人到 {shown(teachers)} 人（{_moved(teachers, taught)}）。请核对；属实的请说明原因。",
            )  # fmt: skip


def _not_reported(rows: SchoolRows, context: Context, earlier: Mapping[Value, SchoolReport]) -> Iterator[SheetFinding]:
    """Schools of last year that are gone, unless the register already asks for them or knows that they closed."""
    if None in rows.columns["code"]:
        return
    known = {school.code for school in context.register} | set(rows.columns["code"])
    for code, school in earlier.items():
        if code not in known:
            name = school.values.get("name") or "名称不详"
            yield SheetFinding(
                "last_year.not_reported",
                f"上年填报的“{name}”今年没有填报。已撤并的不必填；否则请补填。",
                "code",
                str(code),
            )


#: County figures that move slowly.
STEADY_FIGURES = ("C01", "C05", "C06", "C07", "C08", "C09", "C10", "C13", "C14", "C15", "C24")


def find_changed_figures(rows: SchoolRows, figures: Mapping[str, Amount], context: Context) -> Iterator[CountyFinding]:
    """County figures that moved by more than 30 %, and all pupils of the county by more than 15 %."""
    last_year = context.last_year
    if last_year is None:
        return
    for code in STEADY_FIGURES:
        now, then = figures.get(code), last_year.figures.get(code)
        if now is not None and then and abs(float(now) - float(then)) > LARGEST_CHANGE * float(then):
            item = COUNTY_ITEM_BY_CODE[code]
            yield CountyFinding(
                "last_year.county_figure", code,
                f"{code} {item.name} {shown(now)} {item.unit}，上年 {shown(then)} {item.unit}，{_moved(now, then)}。"
                "请核对单位和数值；属实的请说明原因。",
                (),
            )  # fmt: skip


_FEWEST_PUPILS_OF_COUNTY = 500
TOTAL_NUMBERS = (_FEWEST_PUPILS_OF_COUNTY, _LARGEST_CHANGE_OF_COUNTY)


def find_changed_total(rows: SchoolRows, context: Context) -> Iterator[SheetFinding]:
    """All pupils of the compulsory stages against last year."""
    if context.last_year is None:
        return
    now = sum(int(sum(rows.amounts(key))) for key in ENROLLMENT.values())
    values = (_number(s.values.get(key)) for s in context.last_year.schools for key in ENROLLMENT.values())
    then = int(sum(value for value in values if value is not None))
    if then >= _FEWEST_PUPILS_OF_COUNTY and abs(now - then) > _LARGEST_CHANGE_OF_COUNTY * then:
        yield SheetFinding(
            "last_year.county_pupils",
            f"全县小学和初中在校生合计 {now} 人，上年 {then} 人，{_moved(now, then)}。"
            "请核对学校是否填全；属实的请说明原因。",
            "primary_enrollment",
        )
