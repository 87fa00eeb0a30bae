"""Nothing is decided by a rounded float, and nothing printed misleads."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from evaluation.core.exact import at_least, product_at_least, reaches, scaled_quotient
from evaluation.core.rounding import exact, figure, half_up, shown


@pytest.mark.parametrize("seed", range(20))
def test_attainment_agrees_with_rationals_also_on_the_limit_and_beside_it(seed):
    chance = random.Random(seed)
    factor, limit = chance.choice(
        [
            (Fraction(100), Fraction("4.2")),
            (Fraction(100), Fraction("0.9") * Fraction("0.85")),
            (Fraction(1, 10**6), Fraction("5.8")),
            (Fraction(1, 100), Fraction(2125)),
        ]
    )
    denominators = [chance.randint(1, 5000) * chance.choice([1, 20, 500]) for _ in range(400)]
    numerators = [int(limit * d / factor) + chance.choice([-1, 0, 0, 1]) for d in denominators]
    top, bottom = np.array(numerators), np.array(denominators)
    value, once = scaled_quotient(top, bottom, factor)
    expected = [Fraction(n, d) * factor >= limit for n, d in zip(numerators, denominators, strict=True)]
    assert reaches(value, once, top, bottom, factor, limit).tolist() == expected
    assert at_least(top, bottom, factor, limit).tolist() == expected


def test_twenty_one_teachers_for_five_hundred_pupils_are_exactly_4_2_and_pass():
    top, bottom = np.array([21, 20]), np.array([500, 500])
    value, once = scaled_quotient(top, bottom, Fraction(100))
    assert reaches(value, once, top, bottom, Fraction(100), Fraction("4.2")).tolist() == [True, False]


def test_numbers_beyond_the_exact_range_of_floats_are_still_decided_exactly():
    top = np.array([2**60, 2**60 - 1, 2**60 + 1])
    bottom = np.array([2**60] * 3)
    value, once = scaled_quotient(top, bottom, Fraction(1))
    assert not once
    assert reaches(value, once, top, bottom, Fraction(1), Fraction(1)).tolist() == [True, False, True]
    assert product_at_least(top, 10**6, bottom, 10**6).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(1, 8), 2, "0.13"),
        (Fraction(-1, 8), 2, "-0.13"),
        (Fraction("0.125"), 2, "0.13"),
        (Fraction("2.675"), 2, "2.68"),
        (Fraction("0.0049999"), 2, "0.00"),
        (7, 1, "7.0"),
        (Fraction(2, 3), 6, "0.666667"),
    ],
)
def test_halves_are_rounded_up_from_the_exact_value(value, places, text):
    assert half_up(value, places) == text


@pytest.mark.parametrize(
    ("value", "places", "limit", "text"),
    [
        (Fraction("0.501787"), 2, Fraction("0.50"), "0.502"),
        (Fraction("0.4999996"), 3, Fraction("0.50"), "0.4999996"),
        (Fraction("0.50"), 2, Fraction("0.50"), "0.50"),
        (Fraction("99.96"), 1, Fraction(100), "99.96"),
        (Fraction("4.196"), 2, Fraction("4.2"), "4.196"),
        (Fraction("0.45"), 3, None, "0.450"),
    ],
)
def test_a_printed_figure_never_stands_on_the_wrong_side_of_its_limit(value, places, limit, text):
    assert shown(value, places, limit) == text


@given(
    some.one_of(some.floats(-1e14, 1e14), some.decimals(0, 30, places=3).map(float)),
    some.integers(0, 3),
    some.lists(some.decimals(0, 30, places=2).map(Fraction), max_size=2),
)
def test_the_short_way_of_printing_a_float_gives_what_fractions_give(value, places, limits):
    assert figure(value, places, *limits) == figure(exact(value), places, *limits)
