"""A province gives a rule another level between two dates: who may, which rules, and what it changes."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction

from evaluation.actions import run_waiting_jobs, upload_workbook
from indicators.checks.rules import RULES
from indicators.models import RuleSetting, Submission
from indicators.problem import Problem, Severity
from indicators.rule_settings import (
    SettingRefused,
    province_of,
    set_rule,
    settings_of,
    severities_in_force,
    why_not_set,
    with_severities,
)
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.vocabulary import DivisionLevel, Party
from tests import builders
from tests.conftest import PASSWORD

DAY = datetime.date(2026, 11, 1)
RULE = "multimedia.above_classes"
REASON = "本省统一配备平板教室"


@pytest.fixture
def province(county) -> Division:
    return Division.objects.get(pk="990000")


@pytest.fixture
def chief(province) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)


def judged(user: User, county: County, folder, **cells) -> Submission:
    """The good workbook with some cells of its junior school changed, uploaded and judged."""
    rows = builders.good_rows()
    rows[2] |= {"multimedia_rooms": 300} | cells
    path = builders.write_workbook(folder / "filled.xlsx", rows)
    submission = upload_workbook(user, county, 2026, "清河县.xlsx", path.read_bytes())
    run_waiting_jobs()
    submission.refresh_from_db()
    return submission


def level_of(submission: Submission, rule: str = RULE) -> str:
    return submission.problems.get(rule=rule).severity


def test_a_rule_set_by_the_province_has_its_level_in_every_later_upload(standard, chief, clerk, county, tmp_path):
    assert level_of(judged(clerk, county, tmp_path)) == Severity.EXPLAIN
    set_rule(chief, RULE, Severity.WARNING, DAY - datetime.timedelta(days=400), None, REASON)
    again = judged(clerk, county, tmp_path, built_year=2001)
    assert level_of(again) == Severity.WARNING
    first = Submission.objects.get(version=1)
    assert level_of(first) == Severity.EXPLAIN


def test_another_province_keeps_the_level(standard, chief, clerk, county, tmp_path):
    add_division("980000", "另一省", DivisionLevel.PROVINCE)
    stranger = appoint("chief2", "审定人乙", Party.CHIEF, Division.objects.get(pk="980000"), PASSWORD)
    set_rule(stranger, RULE, Severity.WARNING, DAY - datetime.timedelta(days=400), None, REASON)
    assert level_of(judged(clerk, county, tmp_path)) == Severity.EXPLAIN


def test_a_setting_counts_from_its_first_to_its_last_day_alone(chief, province):
    until = DAY + datetime.timedelta(days=10)
    set_rule(chief, RULE, Severity.WARNING, DAY, until, REASON)
    one = datetime.timedelta(days=1)
    for day, told in ((DAY - one, {}), (DAY, {RULE: "warning"}), (until, {RULE: "warning"}), (until + one, {})):
        assert severities_in_force(province, day) == told


def test_the_newest_setting_in_force_counts(chief, province):
    set_rule(chief, RULE, Severity.WARNING, DAY, None, REASON)
    set_rule(chief, RULE, Severity.EXPLAIN, DAY + datetime.timedelta(days=5), None, "平板教室不再算作多媒体教室")
    assert severities_in_force(province, DAY) == {RULE: Severity.WARNING}
    assert severities_in_force(province, DAY + datetime.timedelta(days=5)) == {RULE: Severity.EXPLAIN}
    assert [s.severity for s in settings_of(province)] == ["explain", "warning"]


def test_advice_may_be_raised_to_what_must_be_explained(chief, province):
    set_rule(chief, "school.name_twice", Severity.EXPLAIN, DAY, None, REASON)
    assert severities_in_force(province, DAY) == {"school.name_twice": Severity.EXPLAIN}


@pytest.mark.parametrize("rule", [code for code, rule in RULES.items() if rule.is_error])
def test_no_rule_that_refuses_data_may_be_lowered(chief, rule):
    with pytest.raises(SettingRefused, match="不能调低"):
        set_rule(chief, rule, Severity.WARNING, DAY, None, REASON)
    assert not RuleSetting.objects.exists()


def test_a_setting_of_such_a_rule_put_into_the_table_by_hand_changes_nothing(chief, province):
    RuleSetting.objects.create(
        province=province, rule="cell.negative", severity="warning", in_force_from=DAY, reason=REASON, set_by=chief
    )
    assert severities_in_force(province, DAY) == {}
    problem = Problem(Severity.ERROR, "cell.negative", "负数", rejects=("teaching_area",))
    assert with_severities([problem], {"cell.negative": Severity.WARNING}) == (problem,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": Severity.ERROR}, "必须说明或提示"),
        ({"rule": "no.such_rule"}, "没有这条规则"),
        ({"in_force_until": DAY - datetime.timedelta(days=1)}, "止期早于起期"),
        ({"reason": "  短  "}, "理由"),
        ({"reason": "长" * 301}, "理由"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(chief, change, words):
    asked = {
        "rule": RULE, "severity": Severity.WARNING, "in_force_from": DAY, "in_force_until": None, "reason": REASON,
    } | change  # fmt: skip
    with pytest.raises(SettingRefused, match=words):
        set_rule(chief, **asked)
    assert not RuleSetting.objects.exists()


def test_only_the_chief_of_a_province_sets_rules(clerk, signer, inspector, chief):
    assert why_not_set(chief, RULE) == ""
    for person in (clerk, signer, inspector):
        with pytest.raises(SettingRefused, match="审定人"):
            set_rule(person, RULE, Severity.WARNING, DAY, None, REASON)


def test_the_same_setting_sent_twice_is_one(chief):
    for _ in range(2):
        set_rule(chief, RULE, Severity.WARNING, DAY, None, REASON)
    assert RuleSetting.objects.count() == 1


def test_a_county_directly_under_its_province_finds_it(county, province):
    assert province_of(county) == province
    add_division("990201", "直管县", DivisionLevel.COUNTY, "990000")
    assert province_of(County.objects.get(pk="990201")) == province


def test_the_database_refuses_dates_in_the_wrong_order(chief, province):
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSetting.objects.create(
            province=province, rule=RULE, severity="warning", in_force_from=DAY,
            in_force_until=DAY - datetime.timedelta(days=1), reason=REASON, set_by=chief,
        )  # fmt: skip
