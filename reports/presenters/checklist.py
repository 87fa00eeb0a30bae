"""The checklist of a filing: what of it is handed in, what is missing, wrong or still to be explained. Pure."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from evaluation.core.expression import keys_read
from evaluation.core.filing import FilingItem, filing_items
from evaluation.core.standard import Criterion, Indicator, Standard, conditions_of
from indicators.catalogue import COUNTY_ITEM_BY_CODE, COUNTY_SHEET, FIELD_BY_KEY
from indicators.problem import Severity
from reports.presenters.figures import Mark
from schools.vocabulary import Stage


class Standing(Enum):
    """Where an item stands, the worst first: an item of two parts stands where its worse part stands."""

    FAULTY = Mark("not_met", "✗", "有误")
    MISSING = Mark("unknown", "?", "缺")
    TO_EXPLAIN = Mark("to_judge", "…", "待说明")
    OF_PROVINCE = Mark("to_judge", "→", "待省级录入")
    HANDED_IN = Mark("met", "✓", "已交")

    @property
    def is_the_countys(self) -> bool:
        """Whether the county still has something to do about it."""
        return self not in (Standing.OF_PROVINCE, Standing.HANDED_IN)

    @property
    def rank(self) -> int:
        return list(Standing).index(self)


class VersionState(Enum):
    """What is known of the newest version of the county's figures."""

    NONE = "none"
    UNREAD = "unread"
    REFUSED = "refused"
    READ = "read"


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem of the newest version, as far as the checklist asks: where it is and whether it still waits."""

    severity: str
    sheet: str
    header: str
    is_explained: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Who prepares an item, and by when."""

    person: str = ""
    due_on: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """What a county has handed in so far. ``open_codes`` are the items its figures do not decide yet;
    ``evidence`` counts the standing files of an item."""

    state: VersionState = VersionState.NONE
    version: int = 0
    problems: tuple[FoundProblem, ...] = ()
    open_codes: frozenset[str] = frozenset()
    evidence: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One item on the page. ``severity`` names the problems to look at, empty where there are none."""

    item: FilingItem
    mark: Mark
    sentence: str
    severity: str
    files: int
    task: Task
    due_words: str
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one part of the standard."""

    name: str
    counts: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """The whole page: one sentence, then the groups."""

    sentence: str
    overdue: int
    groups: tuple[Group, ...]


#: A place where a problem can stand: (whether on the county's sheet, header).
Place = tuple[bool, str]

_ENROLLMENT = ("primary_enrollment", "junior_enrollment")
#: Who is counted at all: a problem here touches every item taken from the school rows.
_IDENTITY = ("code", "school_type")
#: The fields each rule of a standard reads; what its document names is added from there.
RULE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "special_rooms": ("primary_classes", "junior_classes", "music_room_areas", "art_room_areas"),
    "school_size": _ENROLLMENT,
    "class_size": (
        "primary_largest_class", "junior_largest_class", "primary_classes_over_45", "junior_classes_over_50",
    ),
    "small_school_funds": (*_ENROLLMENT, "senior_enrollment", "funds_allocated", "C09", "C10"),
    "every_teacher": ("primary_full_time_teachers", "junior_full_time_teachers"),
    "in_zone_share": (
        *_ENROLLMENT, "primary_in_zone_enrollment", "junior_in_zone_enrollment",
        "sponsor_type", "urban_rural", "is_boarding",
    ),
    "retention": ("graduates", "entrants_three_years_ago", "transferred_in", "transferred_out", "deceased"),
    "training_funds": ("training_budget", "funds_budget"),
    "county_ratios": (),
    "monitoring": (),
    "years_since": (),
    "survey": (),
    "expression": (),
}  # fmt: skip
_NAMING_PARAMETERS = ("field", "grades", "differences", "item")


def fields_of_indicator(indicator: Indicator) -> frozenset[str]:
    """The catalogue keys a resource indicator is computed from."""
    measured = {key for stage in Stage for key in (*indicator.stages[stage].plus, *indicator.stages[stage].minus)}
    shared = {"senior_enrollment"} if indicator.shared else set()
    return frozenset(measured | shared | {*_ENROLLMENT, *_IDENTITY})


def fields_of_criterion(criterion: Criterion) -> frozenset[str]:
    """The catalogue keys and county codes a criterion is computed from; none where it rests on evidence alone."""
    if not criterion.rule:
        return frozenset()
    keys = set(RULE_FIELDS[criterion.rule])
    for name in _NAMING_PARAMETERS:
        keys.update(filter(None, criterion.parameters.get(name, "").split(",")))
    for part in criterion.parts:
        keys.update(part.numerator, part.denominator)
    for condition in conditions_of(criterion).values():
        keys.update(keys_read(condition))
    return frozenset(keys | set(_IDENTITY)) if "S" in criterion.basis else frozenset(keys)


def checklist(standard: Standard, filing: Filing, today: datetime.date) -> Checklist:
    """Every item of the filing with its standing, counted."""
    fields = {i.code: fields_of_indicator(i) for i in standard.indicators}
    fields |= {c.code: fields_of_criterion(c) for c in standard.criteria}
    items = filing_items(standard)
    lines = [(_line(item, fields[item.code], filing, today)) for item in items]
    names = dict.fromkeys(item.group for item in items)
    groups = tuple(
        Group(name, _counts(grouped), grouped)
        for name in names
        if (grouped := tuple(line for line in lines if line.item.group == name))
    )
    overdue = sum(line.is_overdue for line in lines)
    late = f"有 {overdue} 项已超期。" if overdue else ""
    return Checklist(f"{len(lines)} 项中 {_counts(lines)}。{late}", overdue, groups)


def _counts(lines: Iterable[Line]) -> str:
    """20 项已交，3 项缺: handed in always, the rest where it occurs."""
    counted = Counter(line.mark.label for line in lines)
    order = (Standing.HANDED_IN, Standing.MISSING, Standing.FAULTY, Standing.TO_EXPLAIN, Standing.OF_PROVINCE)
    shown = [each for each in order if counted[each.value.label] or each is Standing.HANDED_IN]
    return "，".join(f"{counted[each.value.label]} 项{each.value.label}" for each in shown)


def _line(item: FilingItem, fields: frozenset[str], filing: Filing, today: datetime.date) -> Line:
    parts = []
    if item.is_computed:
        parts.append(standing_of_figures(item.code, fields, filing))
    if item.needs_evidence:
        parts.append(standing_of_evidence(filing.evidence.get(item.code, 0)))
    standing = min((part[0] for part in parts), key=lambda each: each.rank)
    task = filing.tasks.get(item.code, Task())
    is_late = task.due_on is not None and task.due_on < today and standing.is_the_countys
    problems = {Standing.FAULTY: Severity.ERROR.value, Standing.TO_EXPLAIN: Severity.EXPLAIN.value}
    return Line(
        item=item,
        mark=standing.value,
        sentence="；".join(part[1] for part in parts),
        severity=problems.get(standing, "") if filing.state in (VersionState.READ, VersionState.REFUSED) else "",
        files=filing.evidence.get(item.code, 0),
        task=task,
        due_words=due_words(task.due_on, today, not standing.is_the_countys),
        is_overdue=is_late,
    )


def standing_of_evidence(files: int) -> tuple[Standing, str]:
    """Where the evidence of an item stands, and in words."""
    return (Standing.HANDED_IN, f"佐证材料 {files} 份") if files else (Standing.MISSING, "还没有佐证材料")


def standing_of_figures(code: str, fields: frozenset[str], filing: Filing) -> tuple[Standing, str]:
    """Where the figures of an item stand in the newest version, and in words."""
    if not fields:
        # What rests on no figure of the workbook is not the county's to fill in.
        is_open = code in filing.open_codes or filing.state is not VersionState.READ
        return (Standing.OF_PROVINCE, "由省级录入，尚未录入") if is_open else (Standing.HANDED_IN, "省级已录入")
    if filing.state is VersionState.NONE:
        return Standing.MISSING, "还没有上传数据"
    if filing.state is VersionState.UNREAD:
        return Standing.MISSING, f"第 {filing.version} 版还没有处理完"
    if filing.state is VersionState.REFUSED:
        return Standing.FAULTY, f"第 {filing.version} 版的文件无法使用"
    touches = _touching(fields)
    errors = sum(p.severity == Severity.ERROR and touches(p) for p in filing.problems)
    if errors:
        return Standing.FAULTY, f"数据有 {errors} 处必须更正"
    if code in filing.open_codes:
        return Standing.MISSING, "数据不全，无法核算"
    waiting = sum(p.severity == Severity.EXPLAIN and not p.is_explained and touches(p) for p in filing.problems)
    if waiting:
        return Standing.TO_EXPLAIN, f"数据有 {waiting} 处必须说明"
    return Standing.HANDED_IN, f"数据见第 {filing.version} 版"


_KNOWN: frozenset[Place] = frozenset(
    {(False, each.header) for each in FIELD_BY_KEY.values()} | {(True, i.name) for i in COUNTY_ITEM_BY_CODE.values()}
)


def _touching(fields: frozenset[str]) -> Callable[[FoundProblem], bool]:
    """Whether a problem concerns these fields. One that stands at no known field concerns its whole sheet, and one
    on no sheet the whole file."""
    places = {_place(key) for key in fields}
    sheets = {place[0] for place in places}

    def touches(problem: FoundProblem) -> bool:
        place = (problem.sheet == COUNTY_SHEET, problem.header)
        if place in _KNOWN:
            return place in places
        return not problem.sheet or place[0] in sheets

    return touches


def _place(key: str) -> Place:
    return (True, COUNTY_ITEM_BY_CODE[key].name) if key in COUNTY_ITEM_BY_CODE else (False, FIELD_BY_KEY[key].header)


def due_words(due_on: datetime.date | None, today: datetime.date, is_handed_in: bool) -> str:
    """How long is left until a deadline, in words; an item handed in is in time."""
    if due_on is None:
        return "未定期限"
    if is_handed_in:
        return "已交"
    days = (due_on - today).days
    return "今天到期" if days == 0 else f"还有 {days} 天" if days > 0 else f"已超期 {-days} 天"
