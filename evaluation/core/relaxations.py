"""The dated relaxations (standard §7): for whom a granted one works, and what it changes. Pure.

A relaxation works where it was granted, is in force, and the school's own row fulfils its conditions; a figure that
is missing fulfils none. What it adds where the cell is empty is nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.core.columns import SCHOOL_TYPES, URBAN_RURAL, BoolArray, IntArray, SchoolColumns
from evaluation.core.population import Population
from evaluation.core.standard import Relaxation, Standard
from indicators.catalogue import DECIMAL_SCALE
from schools.vocabulary import SchoolType, Stage, UrbanRural

_RURAL = URBAN_RURAL.index(UrbanRural.RURAL)
_TEACHING_POINT = SCHOOL_TYPES.index(SchoolType.TEACHING_POINT)


@dataclass(frozen=True, slots=True)
class Granted:
    """One relaxation that works for the schools of ``mask``."""

    relaxation: Relaxation
    mask: BoolArray


def working(
    schools: SchoolColumns,
    people: Population,
    standard: Standard,
    granted: Mapping[str, BoolArray],
    day: datetime.date,
) -> tuple[Granted, ...]:
    """The relaxations of ``standard`` that work for at least one school on ``day``. ``granted`` holds, per relaxation,
    the schools with a valid grant. For a school outside the population there is nothing to work on."""
    found = []
    for relaxation in standard.relaxations:
        mask = granted.get(relaxation.code)
        if mask is None or not relaxation.is_in_force(day):
            continue
        fulfilled = mask & people.in_population & _CONDITIONS[relaxation.code](schools, people, relaxation)
        if fulfilled.any():
            found.append(Granted(relaxation, np.asarray(fulfilled)))
    return tuple(found)


def added_keys(relaxation: Relaxation, stage: Stage) -> tuple[str, ...]:
    """The catalogue keys whose amounts a relaxation adds at a stage; none for one that only softens a limit."""
    keys = [key for key in relaxation.parameters.get("add", "").split(",") if key]
    return tuple(f"{stage.value.lower()}_{key}_teachers" if key == "shared_arts" else key for key in keys)


def _pupils(people: Population) -> tuple[IntArray, BoolArray]:
    """Compulsory pupils of each school, and whether they are known."""
    own = np.where(people.present, people.enrollment, 0)
    return np.maximum(own, 0).sum(axis=0), np.asarray((own >= 0).all(axis=0) & people.present.any(axis=0))


def _small_rural(schools: SchoolColumns, people: Population, relaxation: Relaxation) -> BoolArray:
    """R1: rural schools and teaching points between two numbers of pupils."""
    pupils, is_known = _pupils(people)
    is_place = (schools.column("urban_rural") == _RURAL) | (schools.column("school_type") == _TEACHING_POINT)
    least, most = int(relaxation.number("pupils_from")), int(relaxation.number("pupils_to"))
    return np.asarray(is_place & is_known & (pupils >= least) & (pupils <= most))


def _dense_central(schools: SchoolColumns, people: Population, relaxation: Relaxation) -> BoolArray:
    """R2: schools marked as over-dense and central."""
    return np.asarray(schools.column("is_dense_central") == 1)


def _built_until(schools: SchoolColumns, relaxation: Relaxation) -> BoolArray:
    built = schools.column("built_year")
    return np.asarray((built >= 0) & (built <= int(relaxation.number("built_until"))))


def is_small_class_rural(schools: SchoolColumns, people: Population, relaxation: Relaxation) -> BoolArray:
    """R3, second case: rural schools whose largest class, of all their stages, is under a number of pupils."""
    largest = np.stack([schools.column("primary_largest_class"), schools.column("junior_largest_class")])
    under = (largest >= 0) & (largest < int(relaxation.number("largest_class_under")))
    is_small = np.where(people.counted, under, True).all(axis=0) & people.in_population
    return np.asarray(is_small & (schools.column("urban_rural") == _RURAL))


def _old_rooms(schools: SchoolColumns, people: Population, relaxation: Relaxation) -> BoolArray:
    """R3: schools planned and built early, and small rural ones."""
    return _built_until(schools, relaxation) | is_small_class_rural(schools, people, relaxation)


def _old_or_migrant(schools: SchoolColumns, people: Population, relaxation: Relaxation) -> BoolArray:
    """R4: schools built early, and those where children of migrant workers are more than a share."""
    pupils, is_known = _pupils(people)
    migrants = schools.column("migrant_enrollment")
    share = relaxation.number("migrant_share_over")
    many = migrants * (100 * share.denominator) > pupils * share.numerator
    return np.asarray(_built_until(schools, relaxation) | (is_known & (migrants >= 0) & many))


_CONDITIONS = {"R1": _small_rural, "R2": _dense_central, "R3": _old_rooms, "R4": _old_or_migrant}


def smallest_rooms(
    schools: SchoolColumns, people: Population, granted: Granted, music: int, art: int
) -> tuple[IntArray, IntArray]:
    """R3: the least area of a music and an art room per school, in millionths of ㎡, from the ordinary ones; where both
    cases apply the smaller area counts."""
    relaxation = granted.relaxation
    least = [np.full(len(schools), area, np.int64) for area in (music, art)]
    old = granted.mask & _built_until(schools, relaxation)
    small = granted.mask & is_small_class_rural(schools, people, relaxation)
    # A school with a junior stage needs the larger of the two areas.
    in_small = np.where(people.counted[1], *(_area(relaxation, f"small_{s}_area") for s in ("junior", "primary")))
    for area, name in zip(least, ("music_area", "art_area"), strict=True):
        area[old] = np.minimum(area[old], _area(relaxation, name))
        area[small] = np.minimum(area[small], in_small[small])
    return least[0], least[1]


def _area(relaxation: Relaxation, name: str) -> int:
    return int(relaxation.number(name) * DECIMAL_SCALE)


def largest_size(n_schools: int, granted: Granted, limit: int, is_continuous: bool) -> IntArray:
    """R4: the largest size of a school, per school, where ``limit`` is the ordinary one."""
    size = np.full(n_schools, limit, np.int64)
    softened = granted.relaxation.number("continuous" if is_continuous else "size")
    size[granted.mask] = max(limit, int(softened))
    return size
