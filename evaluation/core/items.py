"""The computable items besides the resource indicators (standard §4–§6), each one function over all counties. Pure.

An item function takes the :class:`Context` and its :class:`Criterion` and returns an :class:`ItemResult`.
The names in ``RULES`` are what a standard document may write as ``rule``.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from evaluation.core.columns import (
    REJECTED,
    SCHOOL_TYPES,
    URBAN_RURAL,
    BoolArray,
    CountyColumns,
    IntArray,
    SchoolColumns,
)
from evaluation.core.exact import at_least, product_at_least
from evaluation.core.expression import Level, parse_condition
from evaluation.core.expression_values import Ground, truths
from evaluation.core.population import STAGES, Population, is_continuous
from evaluation.core.relaxations import Granted, largest_size, smallest_rooms
from evaluation.core.rounding import shown
from evaluation.core.standard import Criterion, RatioPart, Standard
from evaluation.core.status import UNKNOWN_TEXT, Status
from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE
from schools.vocabulary import UrbanRural

VACANT_TEXT = "无此类学校"


#: Statuses as small integers in columns.
STATUSES: tuple[Status, ...] = tuple(Status)
MET, NOT_MET, UNKNOWN, TO_JUDGE, EXEMPT = range(5)


@dataclass(frozen=True, slots=True)
class Ratio:
    """numerator × factor ÷ denominator per county, exact; unknown where ``is_known`` is False.

    ``is_vacant`` marks counties that have nothing to count: no figure is missing, there is none.
    """

    numerator: IntArray
    denominator: IntArray
    is_known: BoolArray
    factor: Fraction
    limit: Fraction | None = None
    places: int = -1
    suffix: str = ""
    is_vacant: BoolArray | None = None

    def at(self, county: int) -> Fraction | None:
        if not self.is_known[county]:
            return None
        return Fraction(int(self.numerator[county]), int(self.denominator[county])) * self.factor

    def is_nothing(self, county: int) -> bool:
        """Whether this county has nothing to count, which is no lack of data."""
        return self.is_vacant is not None and bool(self.is_vacant[county])

    def text(self, county: int, places: int) -> str:
        value = self.at(county)
        if value is None:
            return VACANT_TEXT if self.is_nothing(county) else UNKNOWN_TEXT
        return shown(value, places if self.places < 0 else self.places, self.limit) + self.suffix


#: A figure of a sentence: a count per county, an exact ratio per county, or the same words for all.
Figure = IntArray | Ratio | str


@dataclass(frozen=True, slots=True)
class ItemResult:
    """``status`` per county (positions in STATUSES); ``value`` the figure that decides; ``figures`` fill the
    sentence; ``short_schools`` and ``unknown_schools`` are masks over the school columns."""

    status: IntArray
    value: IntArray | Ratio | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    short_schools: BoolArray | None = None
    unknown_schools: BoolArray | None = None
    unknown_count: IntArray | None = None

    def value_at(self, county: int) -> float | int | None:
        if isinstance(self.value, Ratio):
            exact = self.value.at(county)
            return None if exact is None else float(exact)
        return None if self.value is None else int(self.value[county])

    def figures_at(self, county: int) -> dict[str, float | int | str | None]:
        """The figures of the sentence as plain values, in full precision; None where unknown."""
        told: dict[str, float | int | str | None] = {}
        for name, figure in self.figures.items():
            if isinstance(figure, Ratio):
                exact = figure.at(county)
                told[name] = None if exact is None else int(exact) if exact.denominator == 1 else float(exact)
            else:
                told[name] = figure if isinstance(figure, str) else int(figure[county])
        return told

    def sentence_at(self, criterion: Criterion, county: int, places: int) -> str:
        """The criterion's sentence with this county's figures, and what is still waited for; where none of the
        figures is known, that alone."""
        waits = criterion.waiting if self.status[county] == TO_JUDGE else ""
        return "；".join(filter(None, (self._figures_sentence(criterion, county, places), waits)))

    def _figures_sentence(self, criterion: Criterion, county: int, places: int) -> str:
        ratios = [figure for figure in self.figures.values() if isinstance(figure, Ratio)]
        has_counts = any(not isinstance(figure, Ratio | str) for figure in self.figures.values())
        is_silent = ratios and not has_counts and all(r.at(county) is None and not r.is_nothing(county) for r in ratios)
        if is_silent:
            return "" if self.status[county] == TO_JUDGE else f"数据缺失或分母为 0，{UNKNOWN_TEXT}"
        text = criterion.sentence
        for name, figure in self.figures.items():
            if isinstance(figure, Ratio):
                words = figure.text(county, places)
            elif isinstance(figure, str):
                words = figure
            else:
                words = str(int(figure[county]))
            text = text.replace("{" + name + "}", words)
        text = text.replace(UNKNOWN_TEXT + "%", UNKNOWN_TEXT).replace(UNKNOWN_TEXT + "元", UNKNOWN_TEXT)
        missing = 0 if self.unknown_count is None else int(self.unknown_count[county])
        return f"{text}；{missing}所学校数据缺失，{UNKNOWN_TEXT}" if text and missing else text


@dataclass(frozen=True, slots=True)
class Context:
    """Everything an item may look at. ``is_certain`` per county: no doubt which schools it has. ``granted`` are the
    relaxations that work."""

    schools: SchoolColumns
    people: Population
    figures: CountyColumns
    is_certain: BoolArray
    standard: Standard
    as_of: datetime.date
    granted: tuple[Granted, ...] = ()

    def softened(self, criterion: Criterion) -> Granted | None:
        """The relaxation that works for some school at this item, None where there is none."""
        return next((each for each in self.granted if each.relaxation.criterion == criterion.code), None)

    def by_county(self, mask: BoolArray) -> IntArray:
        """Number of schools of ``mask`` in each county."""
        return np.bincount(self.schools.county[mask], minlength=self.schools.n_counties)

    def sum_by_county(self, values: IntArray, mask: BoolArray) -> IntArray:
        """Sum of ``values`` over the schools of ``mask``, exactly, in each county."""
        total = np.zeros(self.schools.n_counties, np.int64)
        np.add.at(total, self.schools.county[mask], values[mask])
        return total

    def school_by_school(
        self, short: BoolArray, unknown: BoolArray, figures: Mapping[str, Figure], value: IntArray | Ratio | None = None
    ) -> ItemResult:
        """An item that every school must meet: one short school fails it, one unknown leaves it open."""
        unknown = unknown & ~short
        n_short, n_unknown = self.by_county(short), self.by_county(unknown)
        open_ = (n_unknown > 0) | ~self.is_certain
        status = np.where(n_short > 0, NOT_MET, np.where(open_, UNKNOWN, MET))
        return ItemResult(status, n_short if value is None else value, figures, short, unknown, n_unknown)


def special_rooms(context: Context, criterion: Criterion) -> ItemResult:
    """G3: rooms of each kind for every started dozen of classes; a room under its area does not count."""
    schools, people = context.schools, context.people
    per_room = int(criterion.number("classes_per_room"))
    classes = np.zeros(len(schools), np.int64)
    unknown = np.zeros(len(schools), np.bool_)
    for position, key in enumerate(("primary_classes", "junior_classes")):
        part, here = schools.column(key), people.counted[position]
        classes += np.where(here & (part > 0), part, 0)
        unknown |= here & (part < 0)
    needed = -(-classes // per_room)
    counts: list[IntArray] = []
    unusable: list[BoolArray] = []
    music, art = (int(criterion.number(name) * DECIMAL_SCALE) for name in ("music_area", "art_area"))
    granted = context.softened(criterion)
    if granted is None:
        smallest = np.full(len(schools), music, np.int64), np.full(len(schools), art, np.int64)
    else:
        smallest = smallest_rooms(schools, people, granted, music, art)
    for key, least in zip(("music_room_areas", "art_room_areas"), smallest, strict=True):
        rooms = schools.rooms.get(key)
        large = np.zeros(0, np.int64) if rooms is None else rooms.school[rooms.area >= least[rooms.school]]
        counts.append(np.bincount(large, minlength=len(schools)))
        unusable.append(np.asarray(schools.column(key) == REJECTED))
    here = people.in_population
    if criterion.parameters["counting"] == "summed":
        usable = ~(unusable[0] | unusable[1])
        short = np.asarray(here & usable & (counts[0] + counts[1] < needed), np.bool_)
        music_short = art_short = short
    else:
        music_short = here & ~unusable[0] & (counts[0] < needed)
        art_short = here & ~unusable[1] & (counts[1] < needed)
        short = np.asarray(music_short | art_short, np.bool_)
    # With its class count missing, a school is short only if the stages known already need more rooms.
    unknown = np.asarray(here & (unknown | unusable[0] | unusable[1]), np.bool_)
    figures = {"music_short": context.by_county(music_short), "art_short": context.by_county(art_short)}
    return context.school_by_school(short, unknown, figures)


def school_size(context: Context, criterion: Criterion) -> ItemResult:
    """G4: pupils of a stage, or of both stages of a 一贯制 school, against the largest allowed size."""
    people = context.people
    continuous = is_continuous(context.schools.column("school_type"))
    pupils = np.where(people.counted, np.maximum(people.enrollment, 0), 0)
    missing = np.asarray((people.counted & (people.enrollment < 0)).any(axis=0), np.bool_)
    granted = context.softened(criterion)
    limits: dict[str, int | IntArray] = {}
    for name in ("primary", "junior", "continuous"):
        limit = int(criterion.number(name))
        limits[name] = largest_size(len(context.schools), granted, limit, name == "continuous") if granted else limit
    continuous_over = continuous & (pupils.sum(axis=0) > limits["continuous"])
    primary_over = ~continuous & (pupils[0] > limits["primary"])
    junior_over = ~continuous & (pupils[1] > limits["junior"])
    figures: dict[str, Figure] = {
        "primary_limit": criterion.parameters["primary"],
        "junior_limit": criterion.parameters["junior"],
        "continuous_limit": criterion.parameters["continuous"],
        "primary_over": context.by_county(primary_over),
        "junior_over": context.by_county(junior_over),
        "continuous_over": context.by_county(continuous_over),
    }
    over = np.asarray(continuous_over | primary_over | junior_over, np.bool_)
    return context.school_by_school(over, missing, figures)


def class_size(context: Context, criterion: Criterion) -> ItemResult:
    """G5: the largest class of each stage, and the count of classes over the limit, which must be none."""
    schools, people = context.schools, context.people
    short = np.zeros(len(schools), np.bool_)
    unknown = np.zeros(len(schools), np.bool_)
    figures: dict[str, Figure] = {}
    for position, (name, largest_key, over_key) in enumerate(
        (
            ("primary", "primary_largest_class", "primary_classes_over_45"),
            ("junior", "junior_largest_class", "junior_classes_over_50"),
        )
    ):
        limit = int(criterion.number(name))
        largest, over = schools.column(largest_key), schools.column(over_key)
        here = people.counted[position]
        is_over = here & ((largest > limit) | (over > 0))
        short |= is_over
        unknown |= here & ((largest < 0) | (over < 0))
        figures |= {f"{name}_limit": criterion.parameters[name], f"{name}_over": context.by_county(is_over)}
    return context.school_by_school(short, unknown, figures)


def small_school_funds(context: Context, criterion: Criterion) -> ItemResult:
    """G6: a school under 100 pupils is funded as if it had 100, at the rates of its stages by their pupils.

    Teaching points under 50 pupils count here although they are outside the coefficients.
    """
    schools, people = context.schools, context.people
    least = int(criterion.number("pupils"))
    excluded_types = [e.school_type for e in context.standard.exclusions if e.fewer_pupils_than is None]
    outside = np.isin(schools.column("school_type"), [SCHOOL_TYPES.index(t) for t in excluded_types])
    here = people.present.any(axis=0) & ~outside
    pupils = np.where(people.present, people.enrollment, 0)
    pupils_known = (pupils >= 0).all(axis=0) & (people.senior >= 0)
    known_pupils = np.maximum(pupils, 0).sum(axis=0) + np.maximum(people.senior, 0)
    small = here & (known_pupils < least)
    funds = schools.column("funds_allocated")
    rates = [context.figures.column(code)[schools.county] for code in ("C09", "C10")]
    rates_known = np.ones(len(schools), np.bool_)
    for position in range(len(STAGES)):
        rates_known &= ~people.present[position] | (rates[position] > 0)
    # 万元 × 10,000 ≥ 100 × Σ P_s·rate_s ÷ Σ P_s, both sides in millionths and multiplied out.
    compulsory = np.maximum(pupils, 0).sum(axis=0)
    rated = np.maximum(pupils[0], 0) * np.maximum(rates[0], 0) + np.maximum(pupils[1], 0) * np.maximum(rates[1], 0)
    can_compute = small & pupils_known & rates_known & (funds >= 0)
    safe_funds = np.where(can_compute, funds, 0) * np.where(can_compute, compulsory, 0)
    short = can_compute & ~product_at_least(safe_funds, 10_000, np.where(can_compute, rated, 0), least)
    figures: dict[str, Figure] = {
        "pupils": criterion.parameters["pupils"],
        "small_schools": context.by_county(np.asarray(small & pupils_known, np.bool_)),
        "short": context.by_county(short),
    }
    return context.school_by_school(short, small & ~can_compute, figures)


def every_teacher(context: Context, criterion: Criterion) -> ItemResult:
    """G9, G12: in every school all full-time teachers of the compulsory stages have what the field counts."""
    schools, people = context.schools, context.people
    teachers = np.zeros(len(schools), np.int64)
    unknown = np.zeros(len(schools), np.bool_)
    for position, key in enumerate(("primary_full_time_teachers", "junior_full_time_teachers")):
        part, here = schools.column(key), people.counted[position]
        teachers += np.where(here & (part > 0), part, 0)
        unknown |= here & (part < 0)
    have = schools.column(criterion.parameters["field"])
    population = people.in_population
    # Too few for the teachers known already is short, whatever the missing stage would add.
    short = population & (have >= 0) & (have < teachers)
    unknown = population & (unknown | (have < 0))
    total = context.sum_by_county(teachers, population)
    capped = context.sum_by_county(np.minimum(np.maximum(have, 0), teachers), population)
    is_known = (context.by_county(unknown) == 0) & (total > 0)
    share = Ratio(capped, total, is_known, Fraction(100), Fraction(100))
    result = context.school_by_school(short, unknown, {"share": share, "short": context.by_county(short)}, share)
    result.status[(total == 0) & (result.status == MET)] = UNKNOWN
    return result


def in_zone_share(context: Context, criterion: Criterion) -> ItemResult:
    """G13: pupils from their own zone in public day schools of city and town, per stage."""
    schools, people = context.schools, context.people
    sponsors = [int(code) for code in criterion.parameters["public_sponsors"].split(",")]
    places = [URBAN_RURAL.index(UrbanRural(place)) for place in criterion.parameters["places"].split(",")]
    sponsor, place = schools.column("sponsor_type"), schools.column("urban_rural")
    boarding = schools.column("is_boarding")
    ruled_out = (
        ((sponsor >= 0) & ~np.isin(sponsor, sponsors)) | ((place >= 0) & ~np.isin(place, places)) | (boarding == 1)
    )
    doubtful = ~ruled_out & ((sponsor < 0) | (place < 0) | (boarding < 0))
    status = np.full(schools.n_counties, MET, np.int64)
    figures: dict[str, Figure] = {}
    value: Ratio | None = None
    unknown_schools = np.zeros(len(schools), np.bool_)
    failed = np.zeros(schools.n_counties, np.bool_)
    for position, name in enumerate(("primary", "junior")):
        here = people.counted[position] & ~ruled_out
        pupils, in_zone = people.enrollment[position], schools.column(f"{name}_in_zone_enrollment")
        unknown = here & (doubtful | (pupils < 0) | (in_zone < 0))
        unknown_schools |= unknown
        is_open = context.by_county(unknown) > 0
        total, inside = context.sum_by_county(pupils, here & ~unknown), context.sum_by_county(in_zone, here & ~unknown)
        limit = criterion.number(name)
        is_known = ~is_open & (total > 0)
        enough = at_least(inside, np.maximum(total, 1), Fraction(100), limit)
        failed |= is_known & ~enough
        status[is_open] = UNKNOWN
        share = Ratio(inside, total, is_known, Fraction(100), limit, -1, "%", ~is_open & (total == 0))
        figures[f"{name}_share"] = share
        value = share if value is None else value
    status[(status == MET) & ~context.is_certain] = UNKNOWN
    status[failed] = NOT_MET
    return ItemResult(status, value, figures, None, unknown_schools, context.by_county(unknown_schools))


def retention(context: Context, criterion: Criterion) -> ItemResult:
    """Q1: (graduates − transferred in + transferred out) ÷ (entrants three years ago − deceased), whole county."""
    schools = context.schools
    here = context.people.counted[1]
    keys = ("graduates", "transferred_in", "transferred_out", "entrants_three_years_ago", "deceased")
    part = {key: schools.column(key) for key in keys}
    unknown = np.zeros(len(schools), np.bool_)
    for values in part.values():
        unknown |= here & (values < 0)
    use = here & ~unknown
    stayed = context.sum_by_county(part["graduates"] - part["transferred_in"] + part["transferred_out"], use)
    began = context.sum_by_county(part["entrants_three_years_ago"] - part["deceased"], use)
    n_unknown = context.by_county(unknown)
    is_known = (n_unknown == 0) & (began > 0)
    limit = criterion.number("limit")
    enough = at_least(stayed, np.maximum(began, 1), Fraction(100), limit)
    status = np.where(~is_known | (enough & ~context.is_certain), UNKNOWN, np.where(enough, MET, NOT_MET))
    share = Ratio(stayed, began, is_known, Fraction(100), limit)
    return ItemResult(status, share, {"share": share}, None, unknown, n_unknown)


def training_funds(context: Context, criterion: Criterion) -> ItemResult:
    """Q4: every school plans at least 5 % of its public funds for training; no funds at all is undefined."""
    schools, here = context.schools, context.people.in_population
    training, funds = schools.column("training_budget"), schools.column("funds_budget")
    limit = criterion.number("limit")
    is_known = here & (training >= 0) & (funds > 0)
    short = is_known & ~at_least(training, np.maximum(funds, 1), Fraction(100), limit)
    figures: dict[str, Figure] = {"limit": criterion.parameters["limit"], "short": context.by_county(short)}
    return context.school_by_school(short, here & ~is_known, figures)


def monitoring(context: Context, criterion: Criterion) -> ItemResult:
    """Q9: each subject's grade and its difference between schools, from the State's monitoring.

    Nothing reported at all awaits the State; a part of it missing is unknown.
    """
    grades = np.stack([context.figures.column(code) for code in criterion.parameters["grades"].split(",")])
    differences = np.stack([context.figures.column(code) for code in criterion.parameters["differences"].split(",")])
    least, below = int(criterion.number("grade")), int(criterion.number("difference") * DECIMAL_SCALE)
    low = ((grades >= 0) & (grades < least)).sum(axis=0)
    high = (differences >= below).sum(axis=0)
    missing = (grades < 0).sum(axis=0) + (differences < 0).sum(axis=0)
    everything = len(grades) + len(differences)
    status = np.where(missing == everything, TO_JUDGE, np.where(missing > 0, UNKNOWN, MET))
    status[(low > 0) | (high > 0)] = NOT_MET
    figures: dict[str, Figure] = {
        "low_grades": low,
        "high_differences": high,
        "difference_limit": criterion.parameters["difference"],
        "missing": missing,
    }
    return ItemResult(status, low + high, figures)


def county_ratios(context: Context, criterion: Criterion) -> ItemResult:
    """Items that compare county figures (G7, G8, G11, G14, G15, Q2): each part a ratio with a least value.

    A violated part fails the item even where another is unknown; a zero denominator is unknown, never met, and so is
    an item that ``needs`` a figure nobody reported.
    """
    ratios = [_ratio(context, part) for part in criterion.parts]
    failed = np.zeros(context.schools.n_counties, np.bool_)
    unknown = np.zeros(context.schools.n_counties, np.bool_)
    for ratio in ratios:
        unknown |= ~ratio.is_known
        # A part with the limit 0 is only shown: nothing is below it.
        if ratio.limit:
            enough = at_least(ratio.numerator, np.maximum(ratio.denominator, 1), ratio.factor, ratio.limit)
            failed |= ratio.is_known & ~enough
    for code in filter(None, criterion.parameters.get("needs", "").split(",")):
        unknown |= context.figures.column(code) < 0
    met = STATUSES.index(Status(criterion.then))
    status = np.where(failed, NOT_MET, np.where(unknown, UNKNOWN, met))
    figures: dict[str, Figure] = {part.figure: ratio for part, ratio in zip(criterion.parts, ratios, strict=True)}
    return ItemResult(status, ratios[0], figures)


def _ratio(context: Context, part: RatioPart) -> Ratio:
    sides = []
    is_known = np.ones(context.schools.n_counties, np.bool_)
    for codes in (part.numerator, part.denominator):
        total = np.zeros(context.schools.n_counties, np.int64)
        for code in codes:
            values = context.figures.column(code)
            is_known &= values >= 0
            # Everything in millionths, so that counts and sums of money stand in one ratio.
            total += values if COUNTY_ITEM_BY_CODE[code].kind.is_scaled else values * DECIMAL_SCALE
        sides.append(total)
    return Ratio(sides[0], sides[1], is_known & (sides[1] > 0), part.factor, part.limit, part.places)


_SURVEY_SHARES = (("share", "satisfied", "valid"), ("valid_share", "valid", "issued"),
                  ("visited_share", "visited_satisfied", "visited"))  # fmt: skip
_SURVEY_COUNTS = ("issued", "valid", "satisfied", "visited", "visited_satisfied")
#: Figures of the survey, for everybody asked and for the parents among them: what the province enters.
SURVEY_FIGURES = (*_SURVEY_COUNTS, *(f"parents_{name}" for name in _SURVEY_COUNTS))


def survey(context: Context, criterion: Criterion) -> ItemResult:
    """S1: satisfied ÷ valid questionnaires, as the province entered them. Nothing entered awaits the province; the
    shares of the parents and of those visited are shown beside it."""
    columns = {name: context.figures.column(f"{criterion.code}.{name}") for name in SURVEY_FIGURES}
    figures: dict[str, Figure] = {}
    limit = criterion.number("limit")
    for prefix in ("", "parents_"):
        for share, part, whole in _SURVEY_SHARES:
            above, below = columns[prefix + part], columns[prefix + whole]
            is_known = (above >= 0) & (below > 0)
            # Only the share of all who answered has a limit to be told apart from.
            least = limit if prefix + share == "share" else None
            figures[prefix + share] = Ratio(above, below, is_known, Fraction(100), least)
    one = np.ones(context.schools.n_counties, np.int64)
    figures |= {name: Ratio(values, one, values >= 0, Fraction(1), None, 0) for name, values in columns.items()}
    satisfied, valid = columns["satisfied"], columns["valid"]
    enough = at_least(np.maximum(satisfied, 0), np.maximum(valid, 1), Fraction(100), limit)
    status = np.where((satisfied < 0) & (valid < 0), TO_JUDGE, np.where(enough, MET, NOT_MET))
    status[(status != TO_JUDGE) & ((satisfied < 0) | (valid <= 0))] = UNKNOWN
    share_of_all = figures["share"]
    return ItemResult(status, share_of_all if isinstance(share_of_all, Ratio) else None, figures)


def years_since(context: Context, criterion: Criterion) -> ItemResult:
    """P1: full calendar years between the year of an earlier certification and the day judged for."""
    year = context.figures.column(criterion.parameters["item"])
    years = int(criterion.number("years"))
    passed = context.as_of.year - year
    status = np.where(year < 0, UNKNOWN, np.where(passed >= years, MET, NOT_MET))
    is_known = year >= 0
    figures: dict[str, Figure] = {
        "year": Ratio(year, np.ones_like(year), is_known, Fraction(1), None, 0),
        "as_of": str(context.as_of.year),
        "years": Ratio(np.maximum(passed, 0), np.ones_like(year), is_known, Fraction(1), None, 0),
    }
    return ItemResult(status, Ratio(passed, np.ones_like(year), is_known, Fraction(1)), figures)


def expression(context: Context, criterion: Criterion) -> ItemResult:
    """An item a province adds: a condition that every school has to meet, those alone that ``where`` names, or one
    about the county as a whole."""
    level, condition = Level(criterion.parameters["level"]), criterion.parameters["condition"]
    ground = Ground(context.schools, context.people, context.figures, context.is_certain)
    found = truths(parse_condition(condition, level), level, ground)
    met = STATUSES.index(Status(criterion.then))
    if level is Level.COUNTY:
        return ItemResult(np.where(found.true, met, np.where(found.false, NOT_MET, UNKNOWN)))
    here = context.people.in_population
    asked, spared = here, np.zeros(len(context.schools), np.bool_)
    if where := criterion.parameters.get("where"):
        limited = truths(parse_condition(where, level), level, ground)
        asked, spared = here & limited.true, limited.false
    short = np.asarray(asked & found.false)
    unknown = np.asarray(here & ~short & ~found.true & ~spared)
    figures: dict[str, Figure] = {
        "short": context.by_county(short),
        "checked": context.by_county(np.asarray(here & ~spared)),
    }
    result = context.school_by_school(short, unknown, figures)
    result.status[result.status == MET] = met
    return result


def awaits_inspector(context: Context, criterion: Criterion) -> ItemResult:
    """An item of evidence: nothing is computed, an inspector judges it."""
    return ItemResult(np.full(context.schools.n_counties, TO_JUDGE, np.int64))


RULES: Mapping[str, Callable[[Context, Criterion], ItemResult]] = {
    "": awaits_inspector,
    "special_rooms": special_rooms,
    "school_size": school_size,
    "class_size": class_size,
    "small_school_funds": small_school_funds,
    "every_teacher": every_teacher,
    "in_zone_share": in_zone_share,
    "retention": retention,
    "training_funds": training_funds,
    "monitoring": monitoring,
    "county_ratios": county_ratios,
    "years_since": years_since,
    "survey": survey,
    "expression": expression,
}
