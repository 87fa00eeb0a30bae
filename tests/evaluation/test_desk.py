"""The queue and the page of an evaluation: who sees what, what they may do now and why not, and what it costs."""

from __future__ import annotations

import datetime
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluation.core.working_days import add_working_days
from evaluation.evidence_queries import evidence_visible_to
from evaluation.models import Evaluation, Filing
from evaluation.questions import ask
from evaluation.steps import why_not_step
from evaluation.workflow import TRANSITIONS, State, Step
from evaluation.working_calendar import working_calendar
from reports.presenters.desk import ALL, UNDER_WAY, filters, states_of
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD
from tests.evaluation.reviewing import assign, chief, city_reviewer, forwarded, sent_back
from tests.evaluation.walk import attached, signed
from tests.indicators.test_evidence_files import docx

MOST_QUERIES = 13


@pytest.fixture
def city(county) -> User:
    return city_reviewer()


@pytest.fixture
def evaluation(standard, county, clerk, signer) -> Evaluation:
    return signed(county, clerk, signer)


@pytest.fixture
def people(county, clerk, signer, city, inspector) -> dict[str, User]:
    add_division("980000", "别省", DivisionLevel.PROVINCE)
    add_division("990200", "澜星市", DivisionLevel.CITY, "990000")
    add_division("990102", "棠南县", DivisionLevel.COUNTY, "990100")
    places = {code: Division.objects.get(pk=code) for code in ("980000", "990000", "990102", "990200")}
    return {
        "clerk": clerk, "signer": signer, "city": city, "inspector": inspector, "chief": chief(),
        "steward": appoint("steward", "管理员甲", Party.STEWARD, places["990000"], PASSWORD),
        "other clerk": appoint("clerk2", "填报员乙", Party.CLERK, places["990102"], PASSWORD),
        "other city": city_reviewer("990200", "city2"),
        "other inspector": appoint("inspector2", "督学乙", Party.INSPECTOR, places["990000"], PASSWORD),
        "other chief": chief("980000", "chief2"),
    }  # fmt: skip


def page_of(client: Client, user: User, evaluation: Evaluation) -> str:
    client.force_login(user)
    answer = client.get(reverse("evaluation", args=[evaluation.pk]))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def desk_of(client: Client, user: User, state: str = "") -> str:
    client.force_login(user)
    answer = client.get(reverse("desk"), {"state": state} if state else {})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


# ── Who sees it ───────────────────────────────────────────────────────────────────────────────


def test_an_evaluation_exists_for_its_desk_and_its_reviewers_alone(client, evaluation, people, county):
    assign(people["inspector"], county, evaluation.school_year)
    page, send_back = (reverse(name, args=[evaluation.pk]) for name in ("evaluation", "evaluation_send_back"))
    forward = reverse("evaluation_forward", args=[evaluation.pk])
    for name, person in people.items():
        client.force_login(person)
        sees = name in ("clerk", "signer", "city", "inspector", "chief")
        assert client.get(page).status_code == (200 if sees else 404), name
        if not sees:
            assert client.get(send_back).status_code == 404, name
            assert client.post(send_back, {}).status_code == 404, name
            assert client.post(forward, {"version": "1", "opinion": "好"}).status_code == 404, name
    client.logout()
    assert client.get(page).headers["Location"].startswith(reverse("login"))
    evaluation.refresh_from_db()
    assert evaluation.state_of is State.CITY_REVIEW


def test_the_queue_holds_what_is_ones_own_to_see(client, evaluation, people, county):
    assign(people["inspector"], county, evaluation.school_year)
    for name, person in people.items():
        client.force_login(person)
        answer = client.get(reverse("desk"))
        assert answer.status_code == (404 if name == "steward" else 200), name
        sees = name in ("clerk", "signer", "city", "inspector", "chief")
        assert ("望棠区" in re.sub(r"<header.*?</header>", "", answer.content.decode(), flags=re.S)) == sees, name


def test_reviewers_find_the_evidence_that_was_signed_and_none_that_came_later(
    client, evaluation, people, county, clerk, city
):
    signed_file = county.evidence.get()
    assign(people["inspector"], county, evaluation.school_year)
    address = reverse("evidence_file", args=[signed_file.pk])
    for name, person in people.items():
        client.force_login(person)
        sees = name in ("clerk", "signer", "city", "inspector", "chief")
        assert client.get(address).status_code == (200 if sees else 404), name
    assert address in page_of(client, city, evaluation)
    sent_back(city, evaluation, criteria=("G1",))
    later = attached(county, clerk, "G1", docx(), "补充.docx")
    assert list(evidence_visible_to(city)) == [signed_file]
    assert set(evidence_visible_to(clerk)) == {signed_file, later}
    client.force_login(city)
    assert client.get(reverse("evidence_file", args=[later.pk])).status_code == 404


# ── What may be done now ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", [State.CITY_REVIEW, State.PROVINCE_REVIEW, State.RETURNED])
def test_every_step_of_a_state_stands_there_open_or_greyed_with_the_reason_it_is_refused_with(
    client, evaluation, people, county, state
):
    assign(people["inspector"], county, evaluation.school_year)
    Evaluation.objects.filter(pk=evaluation.pk).update(state=state)
    evaluation.refresh_from_db()
    for name in ("clerk", "city", "inspector", "chief"):
        page = page_of(client, people[name], evaluation)
        for line in TRANSITIONS:
            if line.source is not state:
                continue
            reason = why_not_step(people[name], evaluation, line.step)
            button = re.search(rf"<button[^>]*disabled[^>]*>{line.step.label}</button>", page)
            if reason:
                assert button, (name, line.step)
                assert reason in page
            elif line.step in (Step.FORWARD, Step.SEND_BACK):
                assert not button, (name, line.step)
                assert f'<a class="button" href="#reviewing">{line.step.label}</a>' in page


def test_the_page_says_who_holds_the_ball_and_who_will_be_told(client, evaluation, people, county, city):
    page = page_of(client, city, evaluation)
    assert "现在是<strong>市级复核</strong>，在 市级复核 市级city 手里" in page
    assert "尚未分配" in page
    assign(people["inspector"], county, evaluation.school_year)
    page = page_of(client, city, evaluation)
    assert "办理后通知：省级督学 督学甲。" in page
    assert "办理后通知：填报员 填报员甲；签报人 签报人甲。" in page


def test_forwarding_moves_the_ball_and_stands_in_the_history(client, evaluation, people, county, city):
    assign(people["inspector"], county, evaluation.school_year)
    client.force_login(city)
    address = reverse("evaluation_forward", args=[evaluation.pk])
    refused = client.post(address, {"version": evaluation.version, "opinion": ""}, follow=True)
    assert "须写明理由" in refused.content.decode()
    client.post(address, {"version": evaluation.version, "opinion": "数据属实，同意上报。"})
    second = client.post(address, {"version": evaluation.version, "opinion": "再一次"}, follow=True)
    assert "您的操作没有生效" in second.content.decode()
    page = page_of(client, people["inspector"], evaluation)
    assert "现在是<strong>省级评估</strong>，在 省级督学 督学甲 手里" in page
    assert "复核上报</strong>（市级复核 → 省级评估）" in page
    assert "数据属实，同意上报。" in page


def test_the_inspector_judges_from_the_page_and_the_city_does_not(client, evaluation, people, county, city):
    assign(people["inspector"], county, evaluation.school_year)
    forwarded(evaluation, city)
    link = f"{reverse('decisions', args=[county.pk])}?year={evaluation.school_year}#item-G1"
    assert link in page_of(client, people["inspector"], evaluation)
    assert link not in page_of(client, city, evaluation)


# ── The queue ─────────────────────────────────────────────────────────────────────────────────


def test_a_line_tells_state_holder_verdict_firmness_and_what_waits(client, evaluation, people, city):
    ask(city, evaluation, "批复在哪里？", criterion="G1")
    page = desk_of(client, city)
    assert "等您办理</strong>：市级复核" in page
    assert "列出 1 个评估，1 个等您办理。" in page
    assert "结论最薄弱的一处" in page or "没有找到只改一个数据" in page
    assert "待答复的问题 1 个" in page
    assert "等您办理</strong>" not in desk_of(client, people["clerk"])


def test_what_is_overdue_is_marked_and_stands_first_after_ones_own(client, evaluation, city, clerk):
    sent_back(city, evaluation, "teaching_area")
    deadline = add_working_days(working_calendar(), timezone.localdate(), 10)
    page = desk_of(client, clerk)
    assert f"{deadline:%Y-%m-%d}" in page
    assert "等您办理</strong>：已退回" in page
    Evaluation.objects.update(deadline=timezone.localdate() - datetime.timedelta(days=3))
    page = desk_of(client, city)
    assert "已超过 3 天" in page
    assert "1 个已超过期限" in page
    assert "（已超过）" in page_of(client, clerk, evaluation)


def test_the_queue_is_narrowed_down_by_state(client, evaluation, city):
    assert "望棠区" in desk_of(client, city, "city_review")
    assert "这一状态下没有评估" in desk_of(client, city, "published")
    assert "望棠区" in desk_of(client, city, "all")
    for state in ("x", "City_review", "submit"):
        assert client.get(reverse("desk"), {"state": state}).status_code == 404


def test_filters_count_what_they_leave():
    told = {each.value: each.count for each in filters({"city_review": 2, "published": 3}, UNDER_WAY)}
    assert told == {UNDER_WAY: 2, "city_review": 2, "published": 3, ALL: 5}
    assert State.PUBLISHED not in states_of(UNDER_WAY)
    assert set(states_of(ALL)) == set(State)


def test_the_queue_takes_thirteen_queries_at_most_however_many_there_are(client, evaluation, people, county, city):
    assign(people["inspector"], county, evaluation.school_year)
    for number in range(3, 10):
        add_division(f"99010{number}", f"第{number}县", DivisionLevel.COUNTY, "990100")
        copy = Evaluation.objects.create(
            county=County.objects.get(pk=f"99010{number}"),
            school_year=evaluation.school_year,
            standard=evaluation.standard,
        )
        filing = Filing.objects.get(pk=evaluation.filing_id)
        filing.pk, filing.evaluation, filing.number = None, copy, f"QB-{number}"
        filing.save(force_insert=True)
        Evaluation.objects.filter(pk=copy.pk).update(filing=filing, state=State.CITY_REVIEW)
    for person in (city, people["chief"], people["inspector"], people["clerk"]):
        cache.clear()
        for _ in range(2):  # nothing kept yet, then everything
            client.force_login(person)
            with CaptureQueriesContext(connection) as spent:
                answer = client.get(reverse("desk"))
            assert answer.status_code == 200
            assert len(spent) <= MOST_QUERIES, "\n".join(query["sql"][:300] for query in spent)
    assert desk_of(client, city).count("第") >= 7


def test_reviewers_are_led_from_their_workspace_to_the_queue(client, evaluation, city):
    client.force_login(city)
    assert reverse("desk") in client.get(reverse("workspace")).content.decode()
