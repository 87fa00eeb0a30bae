"""Who enters the calculation, and how shared assets are split between a school's stages (standard §1, §2). Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.core.columns import EMPTY, REJECTED, SCHOOL_TYPES, BoolArray, IntArray, SchoolColumns
from evaluation.core.standard import Standard
from indicators.catalogue import STAGE_FIELDS
from schools.vocabulary import SponsorType, Stage

STAGES: tuple[Stage, ...] = tuple(Stage)
#: Reason of a school that has no pupils in any compulsory stage.
NO_PUPILS = "没有义务教育阶段在校生"
UNKNOWN = -1

_RUNS = np.array([[stage in t.stages for t in SCHOOL_TYPES] for stage in STAGES])
_HAS_SENIOR = np.array([t.has_senior_stage for t in SCHOOL_TYPES])
_IS_CONTINUOUS = np.array([t.is_continuous for t in SCHOOL_TYPES])


@dataclass(frozen=True, slots=True)
class Population:
    """Per school: pupils and presence of each stage (first axis: primary, junior), what is counted, and the split.

    ``enrollment`` is UNKNOWN where a stage's pupils are not known. ``present`` says which stages the school
    has; ``counted`` which of them are rows of the calculation. ``reason`` is an index into ``reasons`` for
    a school that is left out, −1 otherwise. ``split_total`` is Σ weight × pupils over the stages
    present, the senior stage included, UNKNOWN where any of them is. ``is_certain`` is False where it is in
    doubt whether the school is counted: its type is not known or, where only some sponsors count, who runs it.
    """

    enrollment: IntArray
    senior: IntArray
    present: BoolArray
    counted: BoolArray
    reason: IntArray
    reasons: tuple[str, ...]
    split_total: IntArray
    is_certain: BoolArray

    @property
    def in_population(self) -> BoolArray:
        return np.asarray(self.counted[0] | self.counted[1])


def population(schools: SchoolColumns, standard: Standard) -> Population:
    """Apply the population rule of ``standard`` to every school."""
    school_type = schools.column("school_type")
    is_type_known = school_type >= 0
    given = np.stack([schools.column("primary_enrollment"), schools.column("junior_enrollment")])

    # Position −1 reads the last type of a table; unknown types are told apart right after.
    has_senior = _HAS_SENIOR.take(school_type) & is_type_known
    present = given > 0
    is_missing = given < 0
    # A stage that the type runs is there although its pupils are missing; so is any stage whose pupils were filled
    # in but refused: a number nobody can read is never "no pupils".
    may_be_open = (is_missing & is_type_known & _RUNS.take(school_type, axis=1)) | (given == REJECTED)
    if may_be_open.any():
        present |= may_be_open & ~_excused_stages(schools, school_type, may_be_open)
    enrollment = np.maximum(given, UNKNOWN)
    senior = schools.column("senior_enrollment")
    senior = np.where((senior == EMPTY) & ~has_senior, 0, np.maximum(senior, UNKNOWN))

    own = enrollment * present
    reason, reasons = _reasons_to_leave_out(schools, standard, school_type, present, own)
    counted = present & (reason < 0)
    primary, junior, senior_weight = standard.weights
    split_total = primary * own[0] + junior * own[1] + senior_weight * senior
    split_total[(senior < 0) | (own[0] < 0) | (own[1] < 0)] = UNKNOWN
    is_certain = is_type_known
    if not set(SponsorType) <= standard.sponsors:
        is_certain = is_certain & ((schools.column("sponsor_type") >= 0) | (reason >= 0))
    return Population(enrollment, senior, present, counted, reason, reasons, split_total, is_certain)


def is_continuous(school_type: IntArray) -> BoolArray:
    """Whether each school is 一贯制; False where its type is not known."""
    return np.asarray(_IS_CONTINUOUS[school_type] & (school_type >= 0))


def _excused_stages(schools: SchoolColumns, school_type: IntArray, is_missing: BoolArray) -> BoolArray:
    """Stages a 一贯制 school does not run: every cell of the stage is empty, and the other stage is filled.

    The form says that a stage the school does not have stays empty; one cell filled, or refused, means
    that the stage is there and its pupils are missing.
    """
    excused = np.zeros(is_missing.shape, np.bool_)
    doubtful = np.flatnonzero(is_continuous(school_type) & (is_missing[0] | is_missing[1]))
    if len(doubtful):
        for position, stage in enumerate(STAGES):
            blank = np.ones(len(doubtful), np.bool_)
            for item in STAGE_FIELDS[stage]:
                blank &= schools.column(item.key)[doubtful] == EMPTY
            excused[position, doubtful] = blank
        excused[:, excused[0] & excused[1]] = False
    return excused


def _reasons_to_leave_out(
    schools: SchoolColumns, standard: Standard, school_type: IntArray, present: BoolArray, pupils: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    reasons = [NO_PUPILS]
    reason = np.full(len(schools), -1, np.int64)
    total = pupils[0] + pupils[1]
    if not set(SponsorType) <= standard.sponsors:
        reasons.append(standard.sponsor_reason)
        sponsor = schools.column("sponsor_type")
        reason[(sponsor >= 0) & ~np.isin(sponsor, sorted(standard.sponsors))] = len(reasons) - 1
    for exclusion in standard.exclusions:
        matches = school_type == SCHOOL_TYPES.index(exclusion.school_type)
        if exclusion.fewer_pupils_than is not None:
            matches &= (pupils[0] >= 0) & (pupils[1] >= 0) & (total < exclusion.fewer_pupils_than)
        reasons.append(exclusion.reason)
        reason[matches & (reason < 0)] = len(reasons) - 1
    reason[~(present[0] | present[1]) & (reason < 0)] = 0
    return reason, tuple(reasons)
