"""The difference coefficient by itself: what it is, when there is none, and what it must not be taken for."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.core.coefficient import difference_coefficient
from tests.alternative import spread, square_root

#: The example that circulates with the measure; fixtures/worked_examples.toml has its source.
AMOUNTS = [279, 137, 935, 160, 402]
ENROLLMENTS = [45, 37, 89, 76, 55]
COEFFICIENT = 0.515256629884

with_fixed_examples = settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
schools = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 5000)), min_size=1, max_size=30)


def values_per_pupil() -> list[float]:
    return [amount / enrollment for amount, enrollment in zip(AMOUNTS, ENROLLMENTS, strict=True)]


# ── What it is ────────────────────────────────────────────────────────────────────────────────


@with_fixed_examples
@given(schools)
def test_its_square_is_what_the_identity_of_the_standard_says(rows: list[tuple[int, int]]) -> None:
    amounts, enrollments = [row[0] for row in rows], [row[1] for row in rows]
    found = difference_coefficient(amounts, enrollments)
    if sum(amounts) == 0:
        assert found is None
        return
    squares = sum((Fraction(amount) ** 2 / enrollment for amount, enrollment in rows), Fraction(0))
    identity = sum(enrollments) * squares / Fraction(sum(amounts)) ** 2 - 1
    assert found == pytest.approx(float(square_root(identity)), rel=1e-12, abs=1e-12)


@with_fixed_examples
@given(schools)
def test_the_identity_and_the_second_implementation_are_the_same_fraction(rows: list[tuple[int, int]]) -> None:
    amounts = [Fraction(row[0]) for row in rows]
    enrollments = [Fraction(row[1]) for row in rows]
    mean, variance = spread([amount / p for amount, p in zip(amounts, enrollments, strict=True)], enrollments)
    assert mean == sum(amounts) / sum(enrollments)
    squares = sum((amount**2 / p for amount, p in zip(amounts, enrollments, strict=True)), Fraction(0))
    assert variance == squares / sum(enrollments) - mean**2


def test_schools_weigh_as_many_as_their_pupils() -> None:
    unweighted = float(np.std(values_per_pupil()) / np.mean(values_per_pupil()))
    found = difference_coefficient(AMOUNTS, ENROLLMENTS)
    assert found == pytest.approx(COEFFICIENT, abs=5e-13)
    assert unweighted == pytest.approx(0.488771, abs=5e-7)
    assert abs(found - unweighted) > 0.02


def test_the_deviation_is_that_of_a_population_and_not_of_a_sample() -> None:
    sample = float(np.std(values_per_pupil(), ddof=1) / np.mean(values_per_pupil()))
    found = difference_coefficient(AMOUNTS, ENROLLMENTS)
    assert found == pytest.approx(COEFFICIENT, abs=5e-13)
    assert sample == pytest.approx(0.546462, abs=5e-7)
    assert abs(found - sample) > 0.03


def test_the_mean_is_that_of_the_pupils_and_not_of_the_schools() -> None:
    mean_of_schools = sum(values_per_pupil()) / len(ENROLLMENTS)
    pupils = sum(ENROLLMENTS)
    around_schools = sqrt(
        sum(p / pupils * (x - mean_of_schools) ** 2 for x, p in zip(values_per_pupil(), ENROLLMENTS, strict=True))
    )
    assert abs(difference_coefficient(AMOUNTS, ENROLLMENTS) - around_schools / mean_of_schools) > 1e-3


def test_a_school_with_nothing_is_a_real_zero_and_widens_the_spread() -> None:
    assert difference_coefficient([4, 4, 0], [100, 100, 100]) == pytest.approx(sqrt(0.5), rel=1e-15)
    assert difference_coefficient([4, 4], [100, 100]) == 0.0


def test_one_school_alone_has_no_spread() -> None:
    assert difference_coefficient([21], [500]) == 0.0


def test_schools_with_the_same_for_every_pupil_have_no_spread() -> None:
    assert difference_coefficient([3, 6, 30], [100, 200, 1000]) == 0.0


@pytest.mark.parametrize(("limit", "amounts"), [(0.5, [300, 100]), (0.45, [2900, 1100])])
def test_a_coefficient_that_is_a_limit_comes_out_as_that_very_number(limit: float, amounts: list[int]) -> None:
    assert difference_coefficient(amounts, [100, 100]) == pytest.approx(limit, rel=1e-15)


@with_fixed_examples
@given(schools, st.randoms(use_true_random=False))
def test_the_order_of_the_schools_moves_nothing_but_the_last_digit(rows: list[tuple[int, int]], shuffler: Any) -> None:
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    before = difference_coefficient([row[0] for row in rows], [row[1] for row in rows])
    after = difference_coefficient([row[0] for row in shuffled], [row[1] for row in shuffled])
    assert (before is None) is (after is None)
    if before is not None:
        assert after == pytest.approx(before, rel=1e-12, abs=1e-12)


@with_fixed_examples
@given(schools, st.integers(0, 29))
def test_a_school_split_into_equal_halves_changes_nothing(rows: list[tuple[int, int]], which: int) -> None:
    which %= len(rows)
    amount, enrollment = rows[which]
    whole = [*rows[:which], (2 * amount, 2 * enrollment), *rows[which + 1 :]]
    halves = [*rows[:which], (amount, enrollment), (amount, enrollment), *rows[which + 1 :]]
    before = difference_coefficient([row[0] for row in whole], [row[1] for row in whole])
    after = difference_coefficient([row[0] for row in halves], [row[1] for row in halves])
    assert (before is None) is (after is None)
    if before is not None:
        assert after == pytest.approx(before, rel=1e-12, abs=1e-12)


# ── When there is none ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amounts", "enrollments"),
    [
        pytest.param([], [], id="no schools"),
        pytest.param([0, 0, 0], [100, 200, 300], id="nobody has any"),
        pytest.param([0], [100], id="the only school has none"),
        pytest.param([-3, 1], [100, 100], id="less than nothing"),
        pytest.param([-3, 3], [100, 100], id="a mean of nothing"),
        pytest.param([3, None], [100, 100], id="an amount is missing"),
        pytest.param([None], [100], id="the only amount is missing"),
        pytest.param([3, nan], [100, 100], id="an amount is not a number"),
        pytest.param([3, inf], [100, 100], id="an infinite amount"),
        pytest.param([3, -inf], [100, 100], id="an infinite lack"),
        pytest.param([3, Decimal("NaN")], [100, 100], id="a decimal that is not a number"),
        pytest.param([3, Decimal("Infinity")], [100, 100], id="an infinite decimal"),
        pytest.param([3, 4], [100, None], id="an enrolment is missing"),
        pytest.param([3, 4], [100, nan], id="an enrolment is not a number"),
        pytest.param([3, 4], [100, inf], id="an infinite enrolment"),
        pytest.param([3, 4], [100, 0], id="a school without pupils"),
        pytest.param([3], [0], id="the only school is without pupils"),
        pytest.param([0, 3], [0, 100], id="a school without pupils and without anything"),
    ],
)
def test_undefined_is_none_and_never_zero(amounts: list[Any], enrollments: list[Any]) -> None:
    assert difference_coefficient(amounts, enrollments) is None


@pytest.mark.parametrize(("amounts", "enrollments"), [([1, 2], [100]), ([1], [100, 100]), ([], [100]), ([1], [])])
def test_columns_of_different_lengths_are_refused(amounts: list[int], enrollments: list[int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        difference_coefficient(amounts, enrollments)


@pytest.mark.parametrize("enrollments", [[-100, 100], [100, -1], [-5]])
def test_fewer_than_no_pupils_are_refused(enrollments: list[int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        difference_coefficient([1] * len(enrollments), enrollments)


# ── What it takes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "kind",
    [list, tuple, np.array, lambda numbers: np.array(numbers, dtype=np.float64)],
    ids=["lists", "tuples", "arrays of whole numbers", "arrays of floats"],
)
def test_any_sequence_of_numbers_will_do(kind: Any) -> None:
    assert difference_coefficient(kind(AMOUNTS), kind(ENROLLMENTS)) == difference_coefficient(AMOUNTS, ENROLLMENTS)


@pytest.mark.parametrize("number", [Decimal, Fraction, float, np.int64, np.float64])
def test_any_kind_of_number_will_do(number: Any) -> None:
    amounts = [number(amount) for amount in AMOUNTS]
    enrollments = [number(enrollment) for enrollment in ENROLLMENTS]
    assert difference_coefficient(amounts, enrollments) == difference_coefficient(AMOUNTS, ENROLLMENTS)


def test_the_answer_is_a_plain_float() -> None:
    assert type(difference_coefficient(np.array(AMOUNTS), np.array(ENROLLMENTS))) is float
    assert type(difference_coefficient([21], [500])) is float


def test_what_is_handed_in_stays_as_it_was() -> None:
    amounts, enrollments = np.array(AMOUNTS, dtype=np.float64), np.array(ENROLLMENTS, dtype=np.float64)
    difference_coefficient(amounts, enrollments)
    assert amounts.tolist() == AMOUNTS
    assert enrollments.tolist() == ENROLLMENTS
