"""A verdict told without its relaxations, and why a granted one does not work."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from evaluation.core.decided import Grant
from evaluation.core.relaxation_reasons import unmet_conditions
from evaluation.core.verdict import judge_report
from evaluation.core.without import without_relaxations
from tests.evaluation.random_counties import AS_OF
from tests.evaluation.random_decisions import RELAXATIONS, random_decided_county


def test_the_result_without_relaxations_is_the_one_judged_without_grants(standard_document):
    differed = 0
    for seed in range(300):
        report, decided = random_decided_county(seed)
        result = judge_report(report, standard_document, AS_OF, decided)
        strict = judge_report(report, standard_document, AS_OF, replace(decided, grants=()))
        kept = copy.deepcopy(result)
        told = without_relaxations(result)
        assert result == kept
        assert told == (strict if "relaxations" in result else None), seed
        differed += told is not None and told["criteria"] != result["criteria"]
    assert differed > 10, "none of the counties tests anything"


@pytest.mark.parametrize("code", RELAXATIONS)
def test_the_reasons_against_a_relaxation_are_there_exactly_where_it_does_not_work(standard_document, code):
    relaxation = next(each for each in standard_document.relaxations if each.code == code)
    seen = set()
    for seed in range(250):
        report, decided = random_decided_county(seed)
        codes = [school.values.get("code") for school in report.schools]
        single = {c for c in codes if c and codes.count(c) == 1}
        grants = tuple(Grant(code, str(c), AS_OF, AS_OF) for c in single)
        told = judge_report(report, standard_document, AS_OF, replace(decided, grants=grants)).get("relaxations", [])
        works = {each["code"]: each["works"] for each in told}
        for school in report.schools:
            if (named := school.values.get("code")) in works:
                unmet = unmet_conditions(relaxation, standard_document, school, AS_OF)
                assert bool(unmet) is not works[named], (seed, named, unmet)
                seen.add(works[named])
    assert seen == {True, False}


def test_a_relaxation_that_is_not_in_force_says_so(standard_document):
    relaxation = standard_document.relaxations[0]
    report, _ = random_decided_county(1)
    before = relaxation.in_force_from.replace(year=relaxation.in_force_from.year - 1)
    [reason] = unmet_conditions(relaxation, standard_document, report.schools[0], before)
    assert "不在施行期内" in reason
