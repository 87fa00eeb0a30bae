"""Rules that lay a school beside those like it, and the values of a county beside the limits they are judged by. Pure.

Only like is compared with like: the same 办学类型, size class and 城乡类型, or, where those are too few, the same type
and size class. Median and median absolute deviation stand in the middle, which a few odd schools cannot move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from indicators.checks.known import Context, SheetFinding, Threshold
from indicators.checks.rows import ENROLLMENT, STAGES, Finding, SchoolRows
from schools.vocabulary import SchoolType, Stage, UrbanRural

FEWEST_PEERS = 8
#: How many deviations, and by what factor, a school must lie beside the middle of its peers.
_DEVIATIONS, _FACTOR = 5.0, 2.0
#: A normal distribution's deviation is so many median absolute deviations.
_MAD = 1.4826
#: Peers that are all alike would make every other school an outlier: they are taken to differ by this share.
_LEAST_SPREAD = 0.1
#: The same for whoever runs this rule over columns.
OUTLIER_NUMBERS = (_DEVIATIONS, _FACTOR, _MAD, _LEAST_SPREAD)
#: Bounds of the size classes by all pupils; below the first, a school is not compared.
SIZE_CLASSES = (50, 100, 300, 600, 1200, 2000)
_FUNDED_AS_AT_LEAST = 100

_FULL_TIME = ("primary_full_time_teachers", "junior_full_time_teachers")
_CLASSES = ("primary_classes", "junior_classes")
_COMPULSORY = tuple(ENROLLMENT.values())
_EVERYONE = (*_COMPULSORY, "senior_enrollment")


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure schools are compared by: Σ ``above`` × ``factor`` ÷ Σ ``below``; said at ``key``."""

    rule: str
    name: str
    unit: str
    key: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    factor: int = 1
    minus: str = ""
    at_least: int = 0

    def values(self, rows: SchoolRows) -> list[float | None]:
        """One value a school, None where it cannot be computed. Cells of stages a school does not have are empty and
        count as 0; a refused cell makes the value unknown."""
        keys = {*self.above, *self.below, *((self.minus,) if self.minus else ())}
        above, below = (
            [float(sum(parts)) for parts in zip(*(rows.amounts(key) for key in side), strict=True)]
            if len(side) > 1
            else list(map(float, rows.amounts(side[0])))
            for side in (self.above, self.below)
        )
        less = rows.amounts(self.minus) if self.minus else [0] * len(rows)
        values: list[float | None] = []
        for position, (top, taken, bottom) in enumerate(zip(above, less, below, strict=True)):
            amount = top - float(taken)
            is_known = amount > 0 and bottom > 0 and keys.isdisjoint(rows.rejected[position])
            values.append(amount * self.factor / max(bottom, self.at_least) if is_known else None)
        return values


RATIOS: tuple[Ratio, ...] = (
    Ratio("peers.pupils_per_teacher", "平均每位专任教师的学生数", "人", "", _COMPULSORY, _FULL_TIME),
    Ratio("peers.class_size", "平均班额", "人", "", _COMPULSORY, _CLASSES),
    Ratio(
        "peers.teaching_area", "生均教学及辅助用房面积", "㎡", "teaching_area", ("teaching_area",), _EVERYONE,
        minus="indoor_sports_area",
    ),
    Ratio(
        "peers.sports_area", "生均运动场馆面积", "㎡", "sports_ground_area",
        ("sports_ground_area", "indoor_sports_area"), _EVERYONE,
    ),
    Ratio("peers.equipment", "生均教学仪器设备值", "元", "equipment_value", ("equipment_value",), _EVERYONE, 10_000),
    Ratio(
        "peers.multimedia", "每百名学生网络多媒体教室数", "间", "multimedia_rooms",
        ("multimedia_rooms",), _EVERYONE, 100,
    ),
    Ratio(
        "peers.funds", "生均公用经费预算", "元", "funds_budget", ("funds_budget",), _EVERYONE, 10_000,
        at_least=_FUNDED_AS_AT_LEAST,
    ),
)  # fmt: skip

#: Where a ratio of teachers or classes is said: at the stage the school has.
_STAGE_KEYS = {
    "peers.pupils_per_teacher": dict(zip(STAGES, _FULL_TIME, strict=True)),
    "peers.class_size": dict(zip(STAGES, _CLASSES, strict=True)),
}


def find_outliers(rows: SchoolRows, context: Context) -> Iterator[Finding]:
    """Every figure of a school far from the middle of at least eight similar schools of the county."""
    groups = _groups(rows)
    for ratio in RATIOS:
        values = ratio.values(rows)
        for label, peers, members in groups:
            known = [value for position in peers if (value := values[position]) is not None]
            if len(known) < FEWEST_PEERS:
                continue
            middle = median(known)
            spread = max(_MAD * median(abs(value - middle) for value in known), _LEAST_SPREAD * middle)
            for position in members:
                value = values[position]
                if value is None or abs(value - middle) <= _DEVIATIONS * spread:
                    continue
                if middle / _FACTOR <= value <= middle * _FACTOR:
                    continue
                yield Finding(
                    ratio.rule, position, _said_at(ratio, rows, position),
                    f"{ratio.name}约 {_rounded(value)} {ratio.unit}，本县同类学校（{label}）的中位数约 "
                    f"{_rounded(middle)} {ratio.unit}。请核对；属实的请说明。",
                )  # fmt: skip


def _said_at(ratio: Ratio, rows: SchoolRows, position: int) -> str:
    if ratio.key:
        return ratio.key
    stage = next(stage for stage in STAGES if rows.present[stage][position])
    return _STAGE_KEYS[ratio.rule][stage]


def _rounded(value: float) -> str:
    """Two digits that count: a middle that another school moved a little reads the same, and an explanation of the
    school's own figure stands."""
    return f"{float(f'{value:.2g}'):g}" if value < 10_000 else f"{float(f'{value:.2g}'):.0f}"


def _groups(rows: SchoolRows) -> list[tuple[str, list[int], list[int]]]:
    """Label, peers and members of each group: the members are judged by the peers. A school whose narrow group is
    too small is a member of the wide one."""
    narrow: dict[tuple[SchoolType, int, object], list[int]] = defaultdict(list)
    wide: dict[tuple[SchoolType, int], list[int]] = defaultdict(list)
    columns = zip(rows.types(), rows.columns["urban_rural"], *(rows.amounts(key) for key in _EVERYONE), strict=True)
    for position, (school_type, place, *pupils) in enumerate(columns):
        size = _size_class(int(sum(pupils)))
        has_stage = any(rows.present[stage][position] for stage in STAGES)
        if school_type is None or size is None or not has_stage:
            continue
        wide[school_type, size].append(position)
        narrow[school_type, size, place].append(position)
    groups = []
    for (school_type, size), peers in wide.items():
        if len(peers) < FEWEST_PEERS:
            continue
        left = []
        for place in (*UrbanRural, None):
            near = narrow.get((school_type, size, place), [])
            if len(near) >= FEWEST_PEERS and place is not None:
                groups.append((f"{place.label}{_size_words(school_type, size)}", near, near))
            else:
                left += near
        if left:
            groups.append((_size_words(school_type, size), peers, sorted(left)))
    return groups


def _size_class(pupils: int) -> int | None:
    found = [number for number, bound in enumerate(SIZE_CLASSES) if pupils >= bound]
    return found[-1] if found else None


def _size_words(school_type: SchoolType, size: int) -> str:
    least = SIZE_CLASSES[size]
    most = f"–{SIZE_CLASSES[size + 1] - 1} 人" if size + 1 < len(SIZE_CLASSES) else " 人以上"
    return f"{school_type.label}，{least}{most}"


#: So many values of a stage, and such a share of all, within 1 % above a limit ask for a look.
_FEWEST_VALUES, _FEWEST_HEAPED, _HEAPED_SHARE, _NEAR = 10, 5, 0.2, 0.01
#: Below the limit, as many would lie by chance; a heap is several times that.
_TIMES_BELOW = 3
_TOUCH = 1e-9
#: The same for whoever runs this rule over columns.
HEAP_NUMBERS = (_FEWEST_VALUES, _FEWEST_HEAPED, _HEAPED_SHARE, _NEAR, _TIMES_BELOW, _TOUCH)
_MOST_NAMED = 5


def find_heaps_above_limits(rows: SchoolRows, context: Context) -> Iterator[SheetFinding]:
    """Limits that strikingly many schools of a stage exceed by less than 1 %, and hardly any misses by as little."""
    for threshold in context.thresholds.limits:
        values = _values(rows, threshold, context.thresholds.weights)
        if len(values) < _FEWEST_VALUES:
            continue
        limit = threshold.limit
        above = [position for position, value in values if -_TOUCH <= value / limit - 1 <= _NEAR]
        below = sum(-_NEAR <= value / limit - 1 < -_TOUCH for _, value in values)
        is_heap = len(above) >= max(_FEWEST_HEAPED, _HEAPED_SHARE * len(values), _TIMES_BELOW * below + 1)
        if is_heap:
            names = [str(rows.columns["name"][position] or "名称不详") for position in above[:_MOST_NAMED]]
            more = "等" if len(above) > _MOST_NAMED else ""
            yield SheetFinding(
                "limit.heaped",
                f"{threshold.stage.label}“{threshold.name}”的限值是 {threshold.limit:g}，{len(values)} 所学校中有 "
                f"{len(above)} 所超过限值不到 1%（{'、'.join(names)}{more}），低于限值不到 1% 的只有 {below} 所。"
                "请核对数据来源；属实的请说明。",
                threshold.plus[0],
            )


def _values(rows: SchoolRows, threshold: Threshold, weights: tuple[float, float, float]) -> list[tuple[int, float]]:
    """The value of every school-stage with enough pupils whose figures are all known."""
    stage = threshold.stage
    gained, lost = _totals(rows, threshold.plus), _totals(rows, threshold.minus)
    pupils = [rows.amounts(key) for key in _EVERYONE]
    own_weight = weights[0 if stage is Stage.PRIMARY else 1]
    columns = zip(rows.amounts(ENROLLMENT[stage]), rows.present[stage], gained, lost, strict=True)
    values = []
    for position, (count, is_present, top, taken) in enumerate(columns):
        if count < SIZE_CLASSES[0] or not is_present or top is None or taken is None:
            continue
        heads = float(count)
        if threshold.is_shared:
            heads = sum(w * float(p[position]) for w, p in zip(weights, pupils, strict=True)) / own_weight
        values.append((position, (top - taken) * threshold.factor / heads))
    return values


def _totals(rows: SchoolRows, keys: Sequence[str]) -> list[float | None]:
    """The sum of some columns school by school, None where one of them is not known."""
    if not keys:
        return [0.0] * len(rows)
    if len(keys) == 1:
        return [None if value is None else float(value) for value in rows.known(keys[0])]
    columns = [rows.known(key) for key in keys]
    return [None if None in parts else float(sum(parts)) for parts in zip(*columns, strict=True)]
