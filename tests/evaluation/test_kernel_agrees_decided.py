"""The kernel against the second implementation where people decided something: relaxations, judgements, results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evaluation.core.decided import NOTHING_DECIDED, Decided, Grant, Judged
from evaluation.core.standard import Standard, read_standard
from evaluation.core.verdict import judge_report, judge_reports
from tests.alternative import judge_county
from tests.evaluation.differences import differences
from tests.evaluation.random_counties import AS_OF, random_county
from tests.evaluation.random_decisions import JUDGED, NOT_TO_BE_JUDGED, in_another_order, random_decided_county

STANDARD_FILE = Path(__file__).resolve().parents[2] / "fixtures" / "standards" / "2017-quality.toml"
RELAXATION_KEYS = {"relaxations", "without_relaxations"}

CHUNKS = 12
COUNTIES_PER_CHUNK = 100
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def standard() -> Standard:
    return read_standard(STANDARD_FILE)


def statuses(verdict: Mapping[str, Any]) -> dict[str, str]:
    return {code: item["status"] for code, item in verdict["criteria"].items()}


# ── The two implementations agree ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_both_agree_on_random_counties_with_random_decisions(standard: Standard, chunk: int) -> None:
    disagreements = {}
    for seed in range(chunk * COUNTIES_PER_CHUNK, (chunk + 1) * COUNTIES_PER_CHUNK):
        report, decided = random_decided_county(seed)
        found = differences(judge_report(report, standard, AS_OF, decided), judge_county(report, AS_OF, decided))
        if found:
            disagreements[seed] = found
    assert disagreements == {}


def test_random_decisions_reach_every_status_and_every_relaxation_works_and_does_not() -> None:
    outcomes, works, changed_rows = set(), set(), set()
    found: dict[str, set[str]] = {}
    for seed in range(700):
        report, decided = random_decided_county(seed)
        verdict = judge_county(report, AS_OF, decided)
        for code, status in statuses(verdict).items():
            found.setdefault(code, set()).add(status)
        works |= {(each["relaxation"], each["works"]) for each in verdict.get("relaxations", ())}
        if strict := verdict.get("without_relaxations"):
            outcomes.add((strict["passed"], verdict["passed"], verdict["complete"]))
            for before, after in zip(strict["schools"], verdict["schools"], strict=True):
                changed = [code for code in before["values"] if before["values"][code] != after["values"][code]]
                changed_rows |= {(code, before["passed"], after["passed"]) for code in changed}
    assert works == {(code, answer) for code in ("R1", "R2", "R3", "R4") for answer in (True, False)}
    assert {("L3", False, True), ("L5", False, True), ("L5", True, True)} <= changed_rows
    assert {(False, True, True), (True, True, True), (False, False, True), (None, None, False)} <= outcomes
    assert {code for code, reached in found.items() if "exempt" in reached} == {"G3", "G4"}
    assert found["G3"] == found["G4"] == {"met", "not_met", "unknown", "exempt"}
    assert found["G8"] == found["S1"] == found["Q9"] == {"met", "not_met", "unknown", "to_judge"}
    assert found["G15"] == {"met", "not_met", "unknown"}
    judged_alone = set(JUDGED) - {"G8", "G15"}
    assert {code for code, reached in found.items() if reached == {"met", "not_met", "to_judge"}} == judged_alone


# ── Relaxations ───────────────────────────────────────────────────────────────────────────────


def test_without_relaxations_is_told_what_the_county_comes_to_when_nobody_grants_anything(standard: Standard) -> None:
    told = 0
    for seed in range(150):
        report, decided = random_decided_county(seed)
        verdict = judge_report(report, standard, AS_OF, decided)
        plain = judge_report(report, standard, AS_OF, replace(decided, grants=()))
        if "without_relaxations" not in verdict:
            continue
        strict = verdict["without_relaxations"]
        told += bool(strict["schools"] or strict["criteria"])
        assert (strict["passed"], strict["complete"]) == (plain["passed"], plain["complete"])
        rows = zip(plain["schools"], verdict["schools"], strict=True)
        assert strict["schools"] == [row for row, relaxed in rows if row != relaxed]
        assert strict["criteria"] == {c: i for c, i in plain["criteria"].items() if i != verdict["criteria"][c]}
        for stage, judged in plain["stages"].items():
            relaxed = verdict["stages"][stage]["indicators"]
            differing = {c: i for c, i in judged["indicators"].items() if i != relaxed[c]}
            assert strict["stages"][stage] == {"indicators": differing, "composite": judged["composite"]}
    assert told > 30


def test_once_its_last_day_is_over_a_relaxation_is_no_longer_used(standard: Standard) -> None:
    """Nobody has to take it back: the same decisions, judged a day later, give what is so without it."""
    ended = 0
    for seed in range(150):
        report, decided = random_decided_county(seed)
        grants = tuple(replace(grant, valid_from=AS_OF - DAY, valid_until=AS_OF) for grant in decided.grants)
        decided = replace(decided, grants=grants)
        days = {day: judge_report(report, standard, AS_OF + day * DAY, decided) for day in (-2, -1, 0, 1)}
        without = judge_report(report, standard, AS_OF, replace(decided, grants=()))
        assert days[-2] == days[1] == without
        assert days[-1] == days[0]
        ended += statuses(days[0]) != statuses(days[1])
    assert ended > 10


def test_a_relaxation_works_only_while_the_standard_itself_has_it(standard: Standard) -> None:
    """Granted or not, before 2019 there was none, and a document can end them."""
    last = date(2026, 12, 31)
    ending = replace(standard, relaxations=tuple(replace(r, in_force_until=last) for r in standard.relaxations))
    worked = 0
    for seed in range(60):
        report, decided = random_decided_county(seed)
        grants = tuple(replace(g, valid_from=date(2018, 1, 1), valid_until=date(2028, 1, 1)) for g in decided.grants)
        decided = replace(decided, grants=grants)
        for day, is_in_force in ((date(2018, 12, 31), False), (date(2019, 1, 1), True)):
            verdict = judge_report(report, standard, day, decided)
            assert differences(verdict, judge_county(report, day, decided)) == []
            worked += sum(each["works"] for each in verdict.get("relaxations", ()))
            assert is_in_force or not any(each["works"] for each in verdict.get("relaxations", ()))
        on_the_last = judge_report(report, ending, last, decided)
        after = judge_report(report, ending, last + DAY, decided)
        assert on_the_last == judge_report(report, standard, last, decided)
        assert not any(each["works"] for each in after.get("relaxations", ()))
        assert "exempt" not in statuses(after).values()
    assert worked > 20


def test_without_a_grant_for_one_of_its_schools_a_county_has_no_relaxations(standard: Standard) -> None:
    elsewhere = (Grant("R4", "9876543210", date(2025, 1, 1), date(2028, 1, 1)),)
    for seed in range(60):
        report, decided = random_decided_county(seed)
        for grants in ((), elsewhere):
            verdict = judge_report(report, standard, AS_OF, replace(decided, grants=grants))
            assert not RELAXATION_KEYS & set(verdict)
            assert "exempt" not in statuses(verdict).values()


# ── Judgements and supplied results ───────────────────────────────────────────────────────────


def test_nothing_decided_is_what_it_was_before_anybody_could_decide(standard: Standard) -> None:
    for seed in range(60):
        report = random_county(seed)
        alone = judge_report(report, standard, AS_OF)
        assert judge_report(report, standard, AS_OF, Decided()) == alone
        assert judge_report(report, standard, AS_OF, NOTHING_DECIDED) == alone


@pytest.mark.parametrize("is_met", [True, False])
def test_a_judgement_on_what_no_inspector_judges_changes_nothing_at_all(standard: Standard, is_met: bool) -> None:
    judged = {code: Judged(is_met, "与本项无关") for code in NOT_TO_BE_JUDGED}
    for seed in range(60):
        report = random_county(seed)
        before = judge_report(report, standard, AS_OF)
        after = judge_report(report, standard, AS_OF, Decided(judged=judged))
        assert after == before


def test_an_inspector_cannot_make_up_for_a_figure_and_can_refuse_beside_it(standard: Standard) -> None:
    """G8 and G15 are figures and evidence: met only where both are, and an unknown figure stays unknown."""
    seen = set()
    for seed in range(250):
        report = random_county(seed)
        verdicts = [
            statuses(judge_report(report, standard, AS_OF, decided))
            for decided in (
                NOTHING_DECIDED,
                Decided(judged={code: Judged(True, "属实") for code in ("G8", "G15")}),
                Decided(judged={code: Judged(False, "不属实") for code in ("G8", "G15")}),
            )
        ]
        seen |= {(code, *(found[code] for found in verdicts)) for code in ("G8", "G15")}
    assert seen == {
        ("G8", "to_judge", "met", "not_met"),
        ("G8", "not_met", "not_met", "not_met"),
        ("G8", "unknown", "unknown", "not_met"),
        ("G15", "met", "met", "not_met"),
        ("G15", "not_met", "not_met", "not_met"),
        ("G15", "unknown", "unknown", "not_met"),
    }


# ── One kernel, one county or many; the same decisions, the same text ─────────────────────────


def test_many_counties_judged_at_once_come_out_as_each_alone_with_its_own_decisions(standard: Standard) -> None:
    pairs = [random_decided_county(seed) for seed in range(30_000, 30_120)]
    pairs += [(random_county(seed), NOTHING_DECIDED) for seed in range(30_000, 30_030)]
    Random(5).shuffle(pairs)
    at_once = judge_reports([report for report, _ in pairs], standard, AS_OF, [decided for _, decided in pairs])
    assert at_once == [judge_report(report, standard, AS_OF, decided) for report, decided in pairs]


def test_a_school_code_in_another_county_gets_nothing_from_a_grant(standard: Standard) -> None:
    """Two counties with the same schools, one of them granted everything."""
    for seed in range(40):
        report, decided = random_decided_county(seed)
        judged_alone = replace(decided, grants=())
        both = judge_reports([report, report], standard, AS_OF, [decided, judged_alone])
        assert both[1] == judge_report(report, standard, AS_OF, judged_alone)
        assert both[0] == judge_report(report, standard, AS_OF, decided)


def test_decisions_come_back_from_their_text_and_judge_the_same(standard: Standard) -> None:
    for seed in range(120):
        report, decided = random_decided_county(seed)
        again = Decided.of(decided.canonical())
        assert again == replace(decided, grants=tuple(sorted(decided.grants)))
        assert again.canonical() == decided.canonical()
        assert judge_report(report, standard, AS_OF, again) == judge_report(report, standard, AS_OF, decided)
    assert Decided.of(NOTHING_DECIDED.canonical()) == NOTHING_DECIDED


def test_decisions_written_down_in_another_order_have_the_same_text_and_judge_the_same(standard: Standard) -> None:
    rng = Random(8)
    moved = 0
    for seed in range(120):
        report, decided = random_decided_county(seed)
        other = in_another_order(decided, rng)
        moved += other.grants != decided.grants or list(other.judged) != list(decided.judged)
        assert other.canonical() == decided.canonical()
        assert judge_report(report, standard, AS_OF, other) == judge_report(report, standard, AS_OF, decided)
    assert moved > 60


def test_different_decisions_have_different_texts() -> None:
    texts = {random_decided_county(seed)[1].canonical() for seed in range(200)}
    different = {repr(Decided.of(text)) for text in texts}
    assert len(texts) == len(different) > 150
