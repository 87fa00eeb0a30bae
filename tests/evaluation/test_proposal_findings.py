"""What keeps a county from being certified, over random counties and both measures: never nothing where the verdict is
not “passed and complete”, and never anything where it is."""

from __future__ import annotations

import datetime

import pytest

from evaluation.core.decided import NOTHING_DECIDED, Decided, Judged, Supplied
from evaluation.core.proposal import COMPOSITE, DECISION, findings_to_reply, missing_for_certifying
from evaluation.core.standard import Standard, read_standard
from evaluation.core.status import Status
from evaluation.core.verdict import judge_report, not_judged
from indicators.report import CountyReport
from reports.presenters.notice import dimension_lines
from schools.vocabulary import Stage
from tests.conftest import ROOT
from tests.evaluation.random_2012 import random_county_2012
from tests.evaluation.random_counties import random_county

AS_OF = datetime.date(2026, 9, 1)
SEEDS = range(60)


@pytest.fixture(scope="module")
def standard_2012() -> Standard:
    return read_standard(ROOT / "fixtures/standards/2012-basic.toml")


def check(report: CountyReport, standard: Standard, decided: Decided) -> bool:
    """Whether the county may be certified, once verdict and list agree on it."""
    result = judge_report(report, standard, AS_OF, decided)
    missing = missing_for_certifying(result, standard, decided)
    passes = result["passed"] is True and result["complete"]
    assert all(each.words and each.name for each in missing)
    if missing:
        waits = any(each.words in ("还没有评定。", "省级还没有录入结果。") for each in missing)
        assert waits or not passes
    else:
        assert passes
    codes = [(each.code, each.stage) for each in findings_to_reply(result, standard, decided)]
    assert codes[0] == (DECISION, "")
    assert len(codes) == len(set(codes))
    # Everything that was computed and is not met can be replied to.
    computed = {(each.code, each.stage) for each in missing if each.status in (Status.NOT_MET, Status.UNKNOWN)}
    assert computed <= set(codes) | {(DECISION, "")}
    return not missing


def everything_met(standard: Standard) -> Decided:
    """All items judged as met, and both results supplied."""
    judged = {each.code: Judged(True, "符合要求。") for each in standard.criteria if "E" in each.basis}
    survey = {
        "issued": 1000, "valid": 900, "satisfied": 800,
        "parents_issued": 500, "parents_valid": 450, "parents_satisfied": 400,
    }  # fmt: skip
    grades = {f"C{n}": 3 for n in range(27, 33)} | {f"C{n}": 120_000 for n in range(33, 39)}
    return Decided((), judged, {"S1": Supplied(survey, "调查报告"), "Q9": Supplied(grades, "监测报告")})


def test_random_counties_are_certifiable_exactly_where_their_verdict_says_so(standard_document):
    for seed in SEEDS:
        assert not check(random_county(seed), standard_document, NOTHING_DECIDED)
        check(random_county(seed), standard_document, everything_met(standard_document))


def test_by_the_composite_measure_a_stage_has_one_coefficient_to_reply_to(standard_2012):
    found = set[bool]()
    for seed in SEEDS:
        report = random_county_2012(seed)
        found.add(check(report, standard_2012, NOTHING_DECIDED))
        result = judge_report(report, standard_2012, AS_OF)
        failed = {stage.value for stage in Stage if result["stages"][stage.value]["composite_passed"] is False}
        missing = missing_for_certifying(result, standard_2012, NOTHING_DECIDED)
        told = {each.stage for each in missing if each.code == COMPOSITE and each.status is Status.NOT_MET}
        assert told == failed
        assert dimension_lines(result, standard_2012)
    assert found == {True, False}


def test_what_could_not_be_judged_at_all_is_never_certifiable(standard_document, standard_2012):
    result = judge_report(CountyReport(schools=()), standard_2012, AS_OF)
    assert missing_for_certifying(result, standard_2012, NOTHING_DECIDED)
    empty = not_judged(standard_document) | {"criteria": judge_all_unknown(standard_document)}
    assert missing_for_certifying(empty, standard_document, everything_met(standard_document))


def judge_all_unknown(standard: Standard) -> dict[str, dict[str, str]]:
    """Every item as it is told where nothing could be computed."""
    return {each.code: {"status": "unknown", "sentence": "数据不全。"} for each in standard.criteria}
