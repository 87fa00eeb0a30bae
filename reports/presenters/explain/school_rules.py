"""Items that look at every school, computed again in whole numbers and fractions (standard §4, §5)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from evaluation.core.rounding import plain
from evaluation.core.standard import Criterion, Relaxation
from evaluation.core.status import Status
from indicators.catalogue import FIELD_BY_KEY
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Step, said
from reports.presenters.explain.parts import (
    Figure,
    ItemCount,
    SchoolPart,
    State,
    school_by_school,
    share_text,
    shown_number,
)
from schools.vocabulary import SchoolType, Stage, UrbanRural

_KIND = {"music": "音乐", "art": "美术"}


def _stages(frozen: Frozen, school: int) -> list[Stage]:
    return [stage for stage in Stage if frozen.counts(school, stage)]


def _key(stage: Stage, name: str) -> str:
    return f"{stage.value.lower()}_{name}"


def _state(short: bool, unknown: bool) -> State:
    return State.SHORT if short else State.UNKNOWN if unknown else State.MET


# ── G3 ────────────────────────────────────────────────────────────────────────────────────────


def special_rooms(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Rooms of each kind for every started dozen of classes."""
    parts, music_short, art_short = [], 0, 0
    for school in frozen.in_population():
        part, short = _rooms_of(frozen, criterion, school, relaxed)
        parts.append(part)
        music_short += short["music"]
        art_short += short["art"]
    figures: dict[str, Figure] = {"music_short": music_short, "art_short": art_short}
    return _by_school(frozen, parts, figures)


def _rooms_of(frozen: Frozen, criterion: Criterion, school: int, relaxed: bool) -> tuple[SchoolPart, dict[str, bool]]:
    stages = _stages(frozen, school)
    class_keys = tuple(_key(stage, "classes") for stage in stages)
    classes = [frozen.whole(school, key) for key in class_keys]
    known, per_room = sum(each or 0 for each in classes), int(criterion.number("classes_per_room"))
    needed = -(-known // per_room)
    least = {name: criterion.number(f"{name}_area") for name in _KIND}
    relaxation = frozen.works(school, criterion.code) if relaxed else None
    if relaxation:
        least = _softened_rooms(frozen, school, stages, relaxation, least)
    large, refused, words = {}, {}, []
    for name, label in _KIND.items():
        key = f"{name}_room_areas"
        refused[name] = frozen.is_refused(school, key)
        areas = frozen.schools[school].values.get(key) or ()
        large[name] = sum(Fraction(area) >= least[name] for area in areas)  # type: ignore[union-attr, arg-type]
        told = "未采用" if refused[name] else f"{large[name]} 间"
        words.append(f"不小于 {plain(least[name])} ㎡的{label}教室 {told}")
    if criterion.parameters["counting"] == "summed":
        is_short = not any(refused.values()) and sum(large.values()) < needed
        short = dict.fromkeys(_KIND, is_short)
        asks = f"合计应有 {needed} 间"
    else:
        short = {name: not refused[name] and large[name] < needed for name in _KIND}
        asks = f"每种应有 {needed} 间"
    unknown = None in classes or any(refused.values())
    counted = " + ".join(shown_number(each) for each in classes)
    text = f"班级 {counted}，每 {per_room} 个班 1 间，{asks}；{'，'.join(words)}"
    if relaxation:
        text += f"（按过渡规定 {relaxation.code} 的面积）"
    keys = (*class_keys, *(f"{name}_room_areas" for name in _KIND), *(_CONDITION_KEYS["R3"] if relaxation else ()))
    return SchoolPart(school, _state(any(short.values()), unknown), text, keys), short


_CONDITION_KEYS = {
    "R3": ("built_year", "urban_rural"),
    "R4": ("built_year", "migrant_enrollment"),
}


def _softened_rooms(
    frozen: Frozen, school: int, stages: list[Stage], relaxation: Relaxation, least: dict[str, Fraction]
) -> dict[str, Fraction]:
    """The areas a relaxation sets; where both its cases apply the smaller counts."""
    areas = dict(least)
    built = frozen.whole(school, "built_year")
    if built is not None and built <= relaxation.number("built_until"):
        areas = {name: min(area, relaxation.number(f"{name}_area")) for name, area in areas.items()}
    largest = [frozen.whole(school, _key(stage, "largest_class")) for stage in stages]
    under = relaxation.number("largest_class_under")
    is_rural = frozen.schools[school].values.get("urban_rural") == UrbanRural.RURAL
    if is_rural and all(each is not None and each < under for each in largest):
        # A school with a junior stage needs the larger of the two areas.
        small = relaxation.number("small_junior_area" if Stage.JUNIOR in stages else "small_primary_area")
        areas = {name: min(area, small) for name, area in areas.items()}
    return areas


# ── G4, G5 ────────────────────────────────────────────────────────────────────────────────────


def school_size(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Pupils of a stage, or of both stages of a 一贯制 school, against the largest allowed size."""
    parts, over = [], dict.fromkeys(("primary", "junior", "continuous"), 0)
    for school in frozen.in_population():
        stages = _stages(frozen, school)
        keys = tuple(_key(stage, "enrollment") for stage in stages)
        pupils = {stage: frozen.pupils(school, stage) for stage in stages}
        relaxation = frozen.works(school, criterion.code) if relaxed else None
        kind = frozen.schools[school].values.get("school_type")
        told, is_short = [], False
        if isinstance(kind, SchoolType) and kind.is_continuous:
            sizes = [("continuous", sum(each or 0 for each in pupils.values()), "义务教育阶段在校生")]
        else:
            sizes = [(stage.value.lower(), pupils[stage] or 0, f"{stage.label}在校生") for stage in stages]
        for name, size, label in sizes:
            limit = criterion.number(name)
            if relaxation:
                limit = max(limit, relaxation.number("continuous" if name == "continuous" else "size"))
            is_over = size > limit
            over[name] += is_over
            is_short |= is_over
            note = "（有学段未知）" if None in pupils.values() else ""
            told.append(f"{label} {size} {'>' if is_over else '≤'} {plain(limit)}{note}")
        if relaxation:
            told.append(f"按过渡规定 {relaxation.code} 的上限")
            keys = (*keys, *_CONDITION_KEYS["R4"])
        parts.append(SchoolPart(school, _state(is_short, None in pupils.values()), "；".join(told), keys))
    figures: dict[str, Figure] = {f"{name}_limit": criterion.parameters[name] for name in over}
    return _by_school(frozen, parts, figures | {f"{name}_over": count for name, count in over.items()})


def class_size(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """The largest class of each stage, and the count of classes over the limit, which must be none."""
    over_keys = {Stage.PRIMARY: "primary_classes_over_45", Stage.JUNIOR: "junior_classes_over_50"}
    parts, over = [], dict.fromkeys(Stage, 0)
    for school in frozen.in_population():
        told, keys, is_short, is_unknown = [], [], False, False
        for stage in _stages(frozen, school):
            limit = criterion.number(stage.value.lower())
            pair = (_key(stage, "largest_class"), over_keys[stage])
            largest, classes_over = (frozen.whole(school, key) for key in pair)
            is_over = (largest or 0) > limit or (classes_over or 0) > 0
            over[stage] += is_over
            is_short |= is_over
            is_unknown |= largest is None or classes_over is None
            keys += pair
            told.append(
                f"{stage.label}最大班额 {shown_number(largest)}，上限 {plain(limit)}；"
                f"超过的班 {shown_number(classes_over)} 个"
            )
        parts.append(SchoolPart(school, _state(is_short, is_unknown), "；".join(told), tuple(keys)))
    figures: dict[str, Figure] = {}
    for stage in Stage:
        name = stage.value.lower()
        figures |= {f"{name}_limit": criterion.parameters[name], f"{name}_over": over[stage]}
    return _by_school(frozen, parts, figures)


# ── G6 ────────────────────────────────────────────────────────────────────────────────────────

_RATE_CODES = {Stage.PRIMARY: "C09", Stage.JUNIOR: "C10"}


def small_school_funds(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """A school under so many pupils is funded as if it had as many, at the rates of its stages by their pupils."""
    least = int(criterion.number("pupils"))
    left_out = {each.school_type for each in frozen.standard.exclusions if each.fewer_pupils_than is None}
    parts, small_known = [], 0
    for school in range(len(frozen.schools)):
        stages = [stage for stage in Stage if frozen.is_present(school, stage)]
        if not stages or frozen.schools[school].values.get("school_type") in left_out:
            continue
        pupils = {stage: frozen.pupils(school, stage) for stage in stages}
        senior = int(frozen.people.senior[school])
        if sum(each or 0 for each in pupils.values()) + max(senior, 0) >= least:
            continue
        is_known = None not in pupils.values() and senior >= 0
        small_known += is_known
        parts.append(_funds_of(frozen, school, pupils, is_known, least))
    figures: dict[str, Figure] = {
        "pupils": criterion.parameters["pupils"],
        "small_schools": small_known,
        "short": sum(part.state is State.SHORT for part in parts),
    }
    steps = tuple(_rate_step(frozen, stage, code) for stage, code in _RATE_CODES.items())
    return _by_school(frozen, parts, figures, steps, tuple(_RATE_CODES.values()))


def _rate_step(frozen: Frozen, stage: Stage, code: str) -> Step:
    unit = "" if frozen.figure(code) is None else " 元"
    return Step(f"{stage.label}定额", frozen.figure_text(code) + unit)


def _funds_of(
    frozen: Frozen, school: int, pupils: dict[Stage, int | None], pupils_known: bool, least: int
) -> SchoolPart:
    funds = frozen.number(school, "funds_allocated")
    rates = {stage: frozen.figure(_RATE_CODES[stage]) for stage in pupils}
    keys = (*(_key(stage, "enrollment") for stage in pupils), "senior_enrollment", "funds_allocated")
    codes = tuple(_RATE_CODES[stage] for stage in pupils)
    if not pupils_known or funds is None or any(not rate for rate in rates.values()):
        return SchoolPart(school, State.UNKNOWN, "在校生数、公用经费或定额缺失", keys, codes)
    total = sum(each or 0 for each in pupils.values())
    rate = sum(((pupils[stage] or 0) * (rates[stage] or 0) for stage in pupils), Fraction(0)) / total
    owed, given = rate * least, funds * 10_000
    if len(pupils) > 1:
        terms = " + ".join(f"{pupils[stage]} × {plain(rates[stage] or 0)}" for stage in pupils)
        rate_words = f"定额 ({terms}) ÷ {total} {said(rate, 6)} 元"
    else:
        rate_words = f"定额 {plain(rate)} 元"
    sign = "≥" if given >= owed else "<"
    words = (
        f"在校生 {total} 人；{rate_words}；拨付 {plain(funds)} 万元 × 10000 {sign} {least} 人 × 定额 {said(owed, 6)} 元"
    )
    return SchoolPart(school, _state(given < owed, False), words, keys, codes)


# ── G9, G12, Q4 ───────────────────────────────────────────────────────────────────────────────


def every_teacher(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """In every school all full-time teachers of the compulsory stages have what the field counts."""
    field = criterion.parameters["field"]
    parts, total, capped, is_open = [], 0, 0, False
    for school in frozen.in_population():
        keys = tuple(_key(stage, "full_time_teachers") for stage in _stages(frozen, school))
        counts = [frozen.whole(school, key) for key in keys]
        teachers, have = sum(each or 0 for each in counts), frozen.whole(school, field)
        total += teachers
        capped += min(have or 0, teachers)
        is_unknown = have is None or None in counts
        is_open |= is_unknown
        is_short = have is not None and have < teachers
        sign = "<" if is_short else "≥"
        counted = " + ".join(shown_number(each) for each in counts)
        words = f"{FIELD_BY_KEY[field].header} {shown_number(have)} {sign} 专任教师 {counted}"
        if have is None:
            words = f"{FIELD_BY_KEY[field].header}缺，专任教师 {counted}"
        parts.append(SchoolPart(school, _state(is_short, is_unknown), words, (*keys, field)))
    share = Fraction(100 * capped, total) if total and not is_open else None
    found = _by_school(frozen, parts, {"share": share, "short": sum(p.state is State.SHORT for p in parts)})
    status = Status.UNKNOWN if not total and found.status is Status.MET else found.status
    steps = (
        ()
        if share is None
        else (Step("全县比例", f"{share_text(capped, total, 100)}（%），每校最多按其专任教师数计入"),)
    )
    return ItemCount(status, share, found.figures, found.parts, steps, (), True)


def training_funds(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Every school plans at least a share of its public funds for training; no funds at all is undefined."""
    limit, parts = criterion.number("limit"), []
    for school in frozen.in_population():
        training, funds = frozen.number(school, "training_budget"), frozen.number(school, "funds_budget")
        if training is None or not funds:
            words = f"培训经费 {shown_number(training)}，公用经费 {shown_number(funds)}"
            state = State.UNKNOWN
        else:
            is_short = training * 100 < limit * funds
            words = f"{share_text(training, funds, 100)}（%）{'<' if is_short else '≥'} {plain(limit)}"
            state = _state(is_short, False)
        parts.append(SchoolPart(school, state, words, ("training_budget", "funds_budget")))
    figures: dict[str, Figure] = {
        "limit": criterion.parameters["limit"],
        "short": sum(part.state is State.SHORT for part in parts),
    }
    return _by_school(frozen, parts, figures)


def _by_school(
    frozen: Frozen,
    parts: Iterable[SchoolPart],
    figures: dict[str, Figure],
    steps: tuple[Step, ...] = (),
    codes: tuple[str, ...] = (),
) -> ItemCount:
    parts = tuple(parts)
    short = sum(part.state is State.SHORT for part in parts)
    unknown = sum(part.state is State.UNKNOWN for part in parts)
    counted = Step("逐校判定", f"共 {len(parts)} 所：未达到 {short} 所，数据不全 {unknown} 所")
    return ItemCount(school_by_school(frozen, parts), short, figures, parts, (*steps, counted), codes, True)


# ── G13, Q1: sums over the county ─────────────────────────────────────────────────────────────


def in_zone_share(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Pupils from their own zone in public day schools of city and town, per stage."""
    sponsors = {int(code) for code in criterion.parameters["public_sponsors"].split(",")}
    places = {UrbanRural(place) for place in criterion.parameters["places"].split(",")}
    parts = []
    sums = {stage: [0, 0] for stage in Stage}
    is_open = dict.fromkeys(Stage, False)
    for school in frozen.in_population():
        values, told, keys = frozen.schools[school].values, [], ["sponsor_type", "urban_rural", "is_boarding"]
        sponsor, place, boarding = (values.get(key) for key in keys)
        reasons = [
            words
            for applies, words in (
                (sponsor is not None and int(sponsor) not in sponsors, "不是公办"),  # type: ignore[arg-type]
                (place is not None and place not in places, "不在城区和镇区"),
                (boarding is True, "寄宿制"),
            )
            if applies
        ]
        is_doubtful, is_unknown = None in (sponsor, place, boarding), False
        for stage in [] if reasons else _stages(frozen, school):
            pair = (_key(stage, "enrollment"), _key(stage, "in_zone_enrollment"))
            pupils, inside = (frozen.whole(school, key) for key in pair)
            keys += pair
            told.append(f"{stage.label}就近划片 {shown_number(inside)} 人，在校生 {shown_number(pupils)} 人")
            if is_doubtful or pupils is None or inside is None:
                is_open[stage] = is_unknown = True
            else:
                sums[stage][0] += inside
                sums[stage][1] += pupils
        state = State.OUTSIDE if reasons else State.UNKNOWN if is_unknown else State.MET
        words = "、".join(reasons) if reasons else "；".join(told)
        parts.append(SchoolPart(school, state, words, tuple(keys)))
    status, figures, steps = Status.MET, dict[str, Figure](), []
    has_failed = False
    for stage in Stage:
        inside, total = sums[stage]
        share = Fraction(100 * inside, total) if total and not is_open[stage] else None
        limit = criterion.number(stage.value.lower())
        figures[f"{stage.value.lower()}_share"] = share
        has_failed |= share is not None and share < limit
        if is_open[stage]:
            status = Status.UNKNOWN
        if share is not None:
            sign = "≥" if share >= limit else "<"
            steps.append(Step(f"{stage.label}比例", f"{share_text(inside, total, 100)}（%）{sign} {plain(limit)}"))
        else:
            steps.append(Step(f"{stage.label}比例", "有学校数据缺失，无法核算" if is_open[stage] else "没有这样的学校"))
    if status is Status.MET and not frozen.is_certain:
        status = Status.UNKNOWN
    value = figures["primary_share"]
    return ItemCount(
        Status.NOT_MET if has_failed else status,
        value if isinstance(value, Fraction) else None,
        figures, tuple(parts), tuple(steps),
    )  # fmt: skip


_RETENTION = ("graduates", "transferred_in", "transferred_out", "entrants_three_years_ago", "deceased")


def retention(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """(graduates − transferred in + transferred out) ÷ (entrants three years ago − deceased), whole county."""
    parts, stayed, began = [], 0, 0
    for school in frozen.rows(Stage.JUNIOR):
        numbers = [frozen.whole(school, key) for key in _RETENTION]
        leavers, came, went, entrants, deceased = (shown_number(each) for each in numbers)
        words = f"{leavers} − {came} + {went}；{entrants} − {deceased}"
        state = State.UNKNOWN
        if None not in numbers:
            n = [each or 0 for each in numbers]
            above, below = n[0] - n[1] + n[2], n[3] - n[4]
            stayed, began, state = stayed + above, began + below, State.MET
            words = f"{leavers} − {came} + {went} = {above}；{entrants} − {deceased} = {below}"
        parts.append(SchoolPart(school, state, words, _RETENTION))
    is_known = all(part.state is State.MET for part in parts) and began > 0
    share = Fraction(100 * stayed, began) if is_known else None
    limit = criterion.number("limit")
    if share is None:
        return ItemCount(
            Status.UNKNOWN, None, {"share": None}, tuple(parts), (Step("全县", "有学校数据缺失，或分母不是正数"),)
        )
    sign = "≥" if share >= limit else "<"
    is_open = share >= limit and not frozen.is_certain
    status = Status.UNKNOWN if is_open else Status.MET if share >= limit else Status.NOT_MET
    step = Step("全县", f"{share_text(stayed, began, 100)}（%）{sign} {plain(limit)}")
    return ItemCount(status, share, {"share": share}, tuple(parts), (step,))
