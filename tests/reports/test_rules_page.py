"""The page of all rules: public, with counts that name no county; a province's settings on it."""

from __future__ import annotations

import datetime
import html

import pytest
from django.urls import reverse
from django.utils import timezone

from indicators.actions import store_file
from indicators.checks.rules import RULES
from indicators.models import ReportedProblem, RuleSetting, Submission
from indicators.problem import Severity
from indicators.queries import rule_counts
from indicators.rule_settings import set_rule
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD

RULE = "multimedia.above_classes"
TYPED = {
    "rule": RULE, "severity": "warning", "in_force_from": "2026-09-01", "in_force_until": "", "reason": "本省统一配备",
}  # fmt: skip


@pytest.fixture
def chief(county) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, Division.objects.get(pk="990000"), PASSWORD)


def told(county: County, uploader: User, version: int, year: int, *rules: str) -> Submission:
    """A version that has been read, with one problem for each of ``rules``."""
    submission = Submission.objects.create(
        county=county, school_year=year, version=version, file=store_file(b"x"), filename="a.xlsx",
        uploaded_by=uploader, read_at=timezone.now(), is_readable=True,
    )  # fmt: skip
    ReportedProblem.objects.bulk_create(
        ReportedProblem(submission=submission, position=n, severity="explain", rule=rule, message="m")
        for n, rule in enumerate(rules)
    )
    return submission


@pytest.fixture
def three_counties(county, clerk) -> list[County]:
    codes = ("990101", "990102", "990103")
    for code, name in zip(codes[1:], ("棠南县", "棠北县"), strict=True):
        add_division(code, name, DivisionLevel.COUNTY, "990100")
    return list(County.objects.filter(pk__in=codes).order_by("pk"))


def text_of(client, **query: str) -> str:
    answer = client.get(reverse("rules"), query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def row_of(text: str, rule: str) -> str:
    return next(row for row in text.split("<tr>") if f">{rule}<" in row and "依据" in row)


def test_everybody_may_read_every_rule_with_its_level_and_what_it_rests_on(client, db):
    text = text_of(client)
    for code, rule in RULES.items():
        row = row_of(text, code)
        for words in (rule.title, rule.rests_on, rule.severity.label):
            assert words in row, code
    assert f"这 {len(RULES)} 条规则" in text


def test_counts_are_of_the_newest_versions_of_this_school_year_and_name_no_county(client, three_counties, clerk):
    year = current_school_year()
    told(three_counties[0], clerk, 1, year, *[RULE] * 50)
    for version, county in enumerate(three_counties, 2):
        told(county, clerk, version, year, RULE, RULE, "register.missing")
    told(three_counties[0], clerk, 1, year - 1, *["last_year.pupils"] * 7)
    assert rule_counts(year) == {RULE: (6, 3), "register.missing": (3, 3)}
    text = text_of(client)
    assert "6 次" in row_of(text, RULE)
    assert "0 次" in row_of(text, "last_year.pupils")
    assert not any(county.name in text for county in three_counties)


def test_a_version_that_is_still_being_read_does_not_hide_the_one_before(three_counties, clerk):
    year = current_school_year()
    told(three_counties[0], clerk, 1, year, RULE)
    waiting = told(three_counties[0], clerk, 2, year)
    Submission.objects.filter(pk=waiting.pk).update(read_at=None, is_readable=None)
    assert rule_counts(year) == {RULE: (1, 1)}


def test_what_fired_in_few_counties_is_not_counted_in_public(client, three_counties, clerk):
    for county in three_counties[:2]:
        told(county, clerk, 1, current_school_year(), *[RULE] * 9)
    row = row_of(text_of(client), RULE)
    assert "少于 3 个县" in row
    assert "18" not in row


def test_counting_is_one_query(three_counties, clerk, django_assert_num_queries):
    for county in three_counties:
        told(county, clerk, 1, current_school_year(), RULE)
    with django_assert_num_queries(1):
        rule_counts(current_school_year())


def test_the_chief_alone_sees_the_form_and_it_takes_a_setting(client, chief, clerk):
    assert "保存设置" not in text_of(client)
    client.force_login(clerk)
    assert "保存设置" not in text_of(client)
    client.force_login(chief)
    chosen = text_of(client, rule=RULE)
    assert f'<option value="{RULE}" selected' in chosen
    answer = client.post(reverse("set_rule"), TYPED)
    assert answer.url == reverse("rules")
    [setting] = RuleSetting.objects.all()
    assert (setting.province_id, setting.rule, setting.severity, setting.set_by) == ("990000", RULE, "warning", chief)
    text = text_of(client)
    assert "规则已设置" in text
    assert "示例省现为提示" in row_of(text, RULE)
    assert "本省统一配备" in text


def test_the_counties_of_the_province_see_its_settings_and_others_do_not(client, chief, clerk):
    set_rule(chief, RULE, Severity.WARNING, datetime.date(2020, 1, 1), None, "本省统一配备")
    assert "本省统一配备" not in text_of(client)
    client.force_login(clerk)
    assert "本省统一配备" in text_of(client)
    add_division("980000", "另一省", DivisionLevel.PROVINCE)
    stranger = appoint("chief2", "审定人乙", Party.CHIEF, Division.objects.get(pk="980000"), PASSWORD)
    client.force_login(stranger)
    text = text_of(client)
    assert "本省统一配备" not in text
    assert "没有设置" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": "cell.negative"}, "规则："),
        ({"severity": "error"}, "级别："),
        ({"in_force_from": "很久以前"}, "起："),
        ({"in_force_until": "2026-08-31"}, "止期早于起期"),
        ({"reason": ""}, "理由："),
    ],
)
def test_a_setting_that_is_refused_says_why_and_keeps_what_was_typed(client, chief, change, words):
    client.force_login(chief)
    answer = client.post(reverse("set_rule"), TYPED | change, follow=True)
    text = html.unescape(answer.content.decode())
    assert words in text
    assert not RuleSetting.objects.exists()
    if "reason" not in change:
        assert 'value="本省统一配备"' in text


def test_others_are_refused_in_words_and_strangers_are_asked_to_sign_in(client, clerk, inspector, county):
    for person in (clerk, inspector):
        client.force_login(person)
        answer = client.post(reverse("set_rule"), TYPED, follow=True)
        assert "只有省级审定人" in answer.content.decode()
    client.logout()
    assert reverse("login") in client.post(reverse("set_rule"), TYPED).url
    assert client.get(reverse("set_rule")).status_code in (302, 405)
    assert not RuleSetting.objects.exists()
