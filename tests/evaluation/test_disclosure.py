"""No school with few pupils is shown alone, and none can be computed as the whole less the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluation.core.disclosure import not_shown_alone

_STAGES = ("PRIMARY", "JUNIOR")


def test_one_small_school_takes_the_smallest_other_of_its_stage_with_it():
    rows = [("a", "PRIMARY"), ("b", "PRIMARY"), ("c", "PRIMARY"), ("d", "JUNIOR")]
    pupils = {"a": 8, "b": 300, "c": 200, "d": 100}
    assert not_shown_alone(rows, pupils, 10) == {"a", "c"}


def test_two_small_schools_of_a_stage_need_no_third():
    rows = [("a", "PRIMARY"), ("b", "PRIMARY"), ("c", "PRIMARY")]
    assert not_shown_alone(rows, {"a": 8, "b": 9, "c": 200}, 10) == {"a", "b"}


def test_a_school_hidden_with_another_in_one_stage_needs_company_in_its_other_one():
    rows = [("a", "PRIMARY"), ("b", "PRIMARY"), ("b", "JUNIOR"), ("c", "JUNIOR"), ("d", "JUNIOR")]
    assert not_shown_alone(rows, {"a": 8, "b": 50, "c": 300, "d": 200}, 10) == {"a", "b", "d"}


def test_a_school_that_is_not_judged_is_in_no_published_sum_and_needs_no_company():
    assert not_shown_alone([("b", "PRIMARY"), ("c", "PRIMARY")], {"point": 8, "b": 50, "c": 60}, 10) == {"point"}


def test_a_row_without_a_code_is_never_shown_and_counts_as_company():
    assert not_shown_alone([("", "PRIMARY"), ("a", "PRIMARY"), ("b", "PRIMARY")], {"a": 8, "b": 90}, 10) == {"a"}


def test_where_the_province_shows_every_school_none_is_hidden():
    assert not_shown_alone([("a", "PRIMARY")], {"a": 0}, 0) == frozenset()


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_in_no_stage_with_two_schools_is_one_alone_left_out(schools):
    rows = [(code, stage) for code, counts in schools.items() for stage, n in zip(_STAGES, counts, strict=True) if n]
    pupils = {code: sum(counts) for code, counts in schools.items()}
    hidden = not_shown_alone(rows, pupils, 20)
    assert {code for code, count in pupils.items() if count < 20} <= hidden
    for stage in _STAGES:
        of_stage = [code for code, found in rows if found == stage]
        unseen = [code for code in of_stage if code in hidden]
        assert len(unseen) != 1 or len(of_stage) == 1
