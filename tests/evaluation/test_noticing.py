"""公示: its term, objections from anybody, and that nothing is published over an open one."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.utils import timezone

from evaluation import noticing
from evaluation.core.working_days import calendar_of, parse_year, working_days_between
from evaluation.models import Certificate, Event, Message, Notice, Objection
from evaluation.noticing import (
    dismiss,
    last_day,
    notices_open,
    object_to,
    publish,
    sender_of,
    uphold,
    why_not_object,
    why_not_publish,
)
from evaluation.permissions import Refused
from evaluation.steps import Overtaken
from evaluation.workflow import State
from evaluation.working_calendar import working_calendar
from schools.models import County, User
from tests.conftest import ROOT
from tests.evaluation.walk import People, in_notice, people_of_county, published, reviewed
from tests.indicators.test_evidence_files import pdf

TODAY = timezone.localdate()
DAY = datetime.timedelta(days=1)
WORDS = "公示的骨干教师人数与学校实际不符。"


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def notice(county: County, people: People) -> Notice:
    return in_notice(county, people)[1]


def evaluation_of(notice: Notice):
    found = type(notice.evaluation).objects.get(pk=notice.evaluation_id)
    notice.evaluation = found
    return found


def objection(notice: Notice, sender: str = "someone", **said) -> Objection:
    made = object_to(notice, WORDS, sender=sender, **said)
    made.notice.evaluation = evaluation_of(notice)
    return made


# ── The term ──────────────────────────────────────────────────────────────────────────────────


def test_a_notice_runs_at_least_five_working_days_and_is_listed_while_it_does(notice):
    days = working_days_between(working_calendar(), notice.opens_on + DAY, notice.closes_on)
    assert (notice.opens_on, days) == (TODAY, 5)
    assert notices_open(TODAY) == notices_open(last_day(notice)) == [notice]
    assert notices_open(TODAY - DAY) == notices_open(last_day(notice) + DAY) == []


def test_holidays_that_are_published_later_make_the_term_longer_never_shorter(notice, monkeypatch):
    Notice.objects.update(opens_on="2026-12-28", closes_on="2027-01-05")
    notice.refresh_from_db()
    assert last_day(notice) == datetime.date(2027, 1, 5)
    years = dict(working_calendar().years)
    told = (ROOT / "fixtures/calendar/cn-2027.toml").read_text(encoding="utf-8")
    told = told.replace("[2027-01-01, 2027-01-01]", "[2027-01-01, 2027-01-04]")
    years[2027] = parse_year(told.encode())
    monkeypatch.setattr(noticing, "working_calendar", lambda: calendar_of(years.values()))
    assert last_day(notice) == datetime.date(2027, 1, 6)


def test_objections_are_taken_in_the_term_alone(notice):
    assert why_not_object(notice, TODAY) == why_not_object(notice, last_day(notice)) == ""
    for day, words in (
        (TODAY - DAY, f"公示从 {TODAY} 开始"),
        (last_day(notice) + DAY, f"公示期到 {last_day(notice)} 为止，已经结束"),
    ):
        with pytest.raises(Refused, match=words):
            objection(notice, day=day)
    assert not Objection.objects.exists()


# ── Anybody objects ───────────────────────────────────────────────────────────────────────────


def test_an_objection_gets_a_number_raises_the_version_and_tells_the_chiefs(notice, people):
    seen = evaluation_of(notice).version
    first, second = objection(notice), objection(notice)
    assert [first.number, second.number] == ["YY-990101-2026-001", "YY-990101-2026-002"]
    assert evaluation_of(notice).version == seen + 2
    for chief in (people.chief, people.second_chief):
        assert Message.objects.filter(person=chief, text__contains=first.number).count() == 1


def test_the_chain_keeps_that_an_objection_came_but_not_its_words_nor_its_sender(notice):
    made = objection(notice, name="王某", contact="13900000000")
    event = Event.objects.get(kind="object")
    assert (event.actor, event.evaluation_id) == (None, notice.evaluation_id)
    assert made.number in event.payload
    for hidden in (WORDS, "王某", "13900000000", "someone"):
        assert hidden not in event.payload + event.reason + event.actor_name


@pytest.mark.parametrize(("text", "count"), [("不符。", 3), (" 太短 \n", 2), ("长" * 2001, 2001)])
def test_an_objection_says_neither_too_little_nor_too_much(notice, text, count):
    with pytest.raises(Refused, match=f"应为 10 至 2000 个字，现在有 {count} 个字"):
        object_to(notice, text, sender="someone")


def test_an_attachment_is_what_it_says_and_not_too_large(notice):
    with pytest.raises(Refused, match="扩展名"):
        objection(notice, file=("照片.png", pdf()))
    with pytest.raises(Refused, match="最大 5 MB"):
        objection(notice, file=("照片.pdf", pdf() + b" " * 5 * 1024 * 1024))
    made = objection(notice, file=("C:\\我的\\照片.pdf", pdf()))
    assert (made.filename, bytes(made.file.content)) == ("照片.pdf", pdf())


def test_one_sender_objects_five_times_a_day_and_others_still_may(notice):
    for _ in range(5):
        objection(notice, sender="someone")
    with pytest.raises(Refused, match="今天已经提交了 5 件异议"):
        objection(notice, sender="someone")
    objection(notice, sender="somebody else")
    assert Objection.objects.count() == 6


def test_all_senders_together_have_a_limit_for_a_notice(notice, monkeypatch):
    monkeypatch.setattr(noticing, "_MOST_A_DAY", 3)
    for number in range(3):
        objection(notice, sender=f"sender {number}")
    with pytest.raises(Refused, match="收到的异议太多"):
        objection(notice, sender="the next")


def test_the_address_of_a_sender_is_counted_for_a_day_but_not_kept():
    assert sender_of("203.0.113.7", TODAY) == sender_of("203.0.113.7", TODAY)
    assert sender_of("203.0.113.7", TODAY) != sender_of("203.0.113.7", TODAY + DAY)
    assert sender_of("203.0.113.7", TODAY) != sender_of("203.0.113.8", TODAY)
    assert "203.0.113.7" not in sender_of("203.0.113.7", TODAY)


# ── The chief answers and publishes ───────────────────────────────────────────────────────────


def test_an_open_objection_and_a_running_term_each_block_publication(notice, people):
    evaluation, made = evaluation_of(notice), objection(notice)
    evaluation = evaluation_of(notice)
    over = last_day(notice) + DAY
    words = why_not_publish(people.chief, evaluation)
    assert f"公示期到 {last_day(notice)} 为止" in words
    assert "还有 1 件异议没有答复" in words
    with pytest.raises(Refused, match=r"^还有 1 件异议没有答复。$"):
        publish(people.chief, evaluation, evaluation.version, over)
    made.notice.evaluation = evaluation
    dismiss(people.chief, made, evaluation.version, "经核实，人数相符。")
    with pytest.raises(Refused, match=r"^公示期到 .* 为止，期满以后才能公布。$"):
        publish(people.chief, evaluation, evaluation.version, last_day(notice))
    publish(people.chief, evaluation, evaluation.version, over)
    assert evaluation.state_of is State.PUBLISHED
    assert Certificate.objects.filter(evaluation=evaluation).count() == 1


def test_an_answer_needs_words_and_is_given_once_by_a_chief(notice, people):
    made = objection(notice)
    evaluation = made.notice.evaluation
    with pytest.raises(Refused, match="请写明答复"):
        dismiss(people.chief, made, evaluation.version, " ")
    for user in (people.inspector, people.signer, people.city):
        for act in (dismiss, uphold):
            with pytest.raises(Refused, match="异议由审定人答复"):
                act(user, made, evaluation.version, "经核实，人数相符。")
    dismiss(people.chief, made, evaluation.version, "经核实，人数相符。")
    assert (made.result, made.answer, made.answered_by) == ("dismissed", "经核实，人数相符。", people.chief)
    with pytest.raises(Refused, match="已经答复"):
        uphold(people.chief, made, evaluation.version, "改判。")


def test_two_chiefs_do_not_answer_one_objection_twice(notice, people):
    made = objection(notice)
    evaluation = made.notice.evaluation
    theirs = Objection.objects.select_related("notice__evaluation__county__parent").get(pk=made.pk)
    seen = evaluation.version
    dismiss(people.chief, made, seen, "经核实，人数相符。")
    with pytest.raises(Overtaken, match=r"审定人甲（审定人）已于 .* 办理“答复异议”"):
        uphold(people.second_chief, theirs, seen, "异议属实。")
    assert Objection.objects.get().result == "dismissed"


def test_an_upheld_objection_ends_the_notice_and_returns_the_county_to_review(notice, people):
    made = objection(notice)
    evaluation = made.notice.evaluation
    uphold(people.chief, made, evaluation.version, "异议属实，须重新核查骨干教师人数。")
    assert evaluation.state_of is State.PROVINCE_REVIEW
    assert Objection.objects.get().result == "upheld"
    assert notices_open(TODAY) == []
    evaluation_of(notice)
    with pytest.raises(Refused, match="这次公示已经结束，不再受理异议"):
        objection(notice)


def test_what_the_chief_has_not_seen_stops_the_publication(notice, people):
    evaluation = evaluation_of(notice)
    seen = evaluation.version
    made = objection(notice)
    dismiss(people.chief, made, made.notice.evaluation.version, "经核实，人数相符。")
    with pytest.raises(Overtaken, match="办理“答复异议”，现在是“公示中”"):
        publish(people.second_chief, evaluation, seen, last_day(notice) + DAY)


def test_an_objection_that_comes_with_the_publication_is_refused_in_words(notice, people):
    evaluation, stale = evaluation_of(notice), Notice.objects.select_related("evaluation").get(pk=notice.pk)
    publish(people.chief, evaluation, evaluation.version, last_day(notice) + DAY)
    with pytest.raises(Refused, match="不再受理异议"):
        object_to(stale, WORDS, sender="someone", day=last_day(notice))
    assert not Objection.objects.exists()


def test_the_public_walk_publishes_what_was_in_notice(county, people):
    evaluation = published(county, people)
    assert Event.objects.filter(kind="publish", evaluation=evaluation, actor=people.chief).count() == 1


# ── The pages ─────────────────────────────────────────────────────────────────────────────────


def page(answer) -> str:
    """The words of an answer, without marks."""
    return re.sub(r"<[^>]+>", "", answer.content.decode())


def test_the_public_reads_objects_and_sees_the_answer_without_an_account(notice, people):
    public = Client(enforce_csrf_checks=True)
    assert "望棠区" in page(public.get("/notices/"))
    told = page(public.get(f"/notices/{notice.pk}/"))
    assert "拟认定示例省锦棠市望棠区" in told
    assert "校际差异系数" in told
    assert "收到异议" in told
    form = public.get(f"/notices/{notice.pk}/object/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    said = {"text": WORDS, "name": "王某", "contact": "13900000000", "website": "", "csrfmiddlewaretoken": token}
    answer = public.post(f"/notices/{notice.pk}/object/", said)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/objections/YY-990101-2026-001/")
    made = Objection.objects.get()
    assert (made.text, made.name, made.contact) == (WORDS, "王某", "13900000000")
    assert len(made.sender) == 64
    waiting = page(public.get(answer.headers["Location"]))
    assert "处理中" in waiting
    made.notice.evaluation = evaluation_of(notice)
    dismiss(people.chief, made, made.notice.evaluation.version, "经核实，人数相符。")
    for address in (answer.headers["Location"], f"/notices/{notice.pk}/"):
        told = public.get(address).content.decode()
        assert "经核实，人数相符。" in told
        assert "异议不成立" in told
        for hidden in (WORDS, "王某", "13900000000", "审定人甲"):
            assert hidden not in told


def test_an_objection_without_its_token_is_not_taken(notice):
    public = Client(enforce_csrf_checks=True)
    assert public.post(f"/notices/{notice.pk}/object/", {"text": WORDS}).status_code == 403
    assert not Objection.objects.exists()


def test_a_form_a_machine_filled_in_is_refused_and_keeps_its_words(client, notice):
    answer = client.post(f"/notices/{notice.pk}/object/", {"text": WORDS, "website": "http://example.org"})
    assert answer.status_code == 422
    assert "请把“网址”一栏留空" in page(answer)
    assert WORDS in answer.content.decode()
    answer = client.post(f"/notices/{notice.pk}/object/", {"text": "不符"})
    assert answer.status_code == 422
    assert "至少 10 个字，现在有 2 个字" in page(answer)
    assert not Objection.objects.exists()


def test_the_address_behind_a_proxy_is_the_one_the_proxy_wrote(client, notice, settings):
    address = f"/notices/{notice.pk}/object/"
    for forged in ("198.51.100.1", "198.51.100.2"):
        client.post(address, {"text": WORDS}, headers={"X-Forwarded-For": forged})
    assert Objection.objects.values("sender").distinct().count() == 1
    settings.HTTPS, settings.PROXIES = True, 1
    client.post(address, {"text": WORDS}, headers={"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}, secure=True)
    assert Objection.objects.latest("pk").sender == sender_of("203.0.113.7", TODAY)


def test_the_page_of_an_ended_notice_says_so_and_shows_no_figures(client, notice, people):
    made = objection(notice)
    uphold(people.chief, made, made.notice.evaluation.version, "异议属实，须重新核查。")
    told = page(client.get(f"/notices/{notice.pk}/"))
    assert "这次公示已经终止" in told
    assert "校际差异系数" not in told
    assert "异议属实，须重新核查。" in told
    assert "不再受理异议" in page(client.get(f"/notices/{notice.pk}/object/"))


def test_who_objected_is_shown_to_the_chief_alone(client, notice, people):
    made = objection(notice, name="王某", contact="13900000000", file=("照片.pdf", pdf()))
    page_address, file_address = f"/evaluations/{notice.evaluation_id}/objections/", f"/objections/{made.pk}/file/"
    for user, sees_words, sees_sender in (
        (people.clerk, False, False), (people.signer, False, False), (people.city, False, False),
        (people.inspector, True, False), (people.chief, True, True),
    ):  # fmt: skip
        client.force_login(user)
        answer = client.get(page_address)
        assert answer.status_code == 200
        told = answer.content.decode()
        assert made.number in told
        assert (WORDS in told) == sees_words, user
        for hidden in ("王某", "13900000000", "照片.pdf"):
            assert (hidden in told) == sees_sender, user
        assert client.get(file_address).status_code == (200 if sees_sender else 404)


def test_there_is_no_page_of_objections_before_a_notice_nor_for_others(client, county, people, other_clerk):
    evaluation = reviewed(county, people)
    client.force_login(people.chief)
    assert client.get(f"/evaluations/{evaluation.pk}/objections/").status_code == 404
    client.force_login(other_clerk)
    assert client.get(f"/evaluations/{evaluation.pk}/objections/").status_code == 404


def test_the_chief_answers_and_publishes_on_the_page(client, notice, people, monkeypatch):
    made = objection(notice)
    client.force_login(people.chief)
    address = f"/evaluations/{notice.evaluation_id}/objections/"
    told = page(client.get(address))
    assert "还有 1 件异议没有答复" in told
    prefix = f"answer-{made.pk}"
    version = evaluation_of(notice).version
    said = {f"{prefix}-version": version, f"{prefix}-result": "dismissed", f"{prefix}-answer": "经核实，人数相符。"}
    refused = client.post(f"/objections/{made.pk}/answer/", said | {f"{prefix}-answer": ""})
    assert refused.status_code == 422
    assert "请写明答复" in page(refused)
    assert client.post(f"/objections/{made.pk}/answer/", said).status_code == 302
    again = client.post(f"/evaluations/{notice.evaluation_id}/publish/", {"publish-version": version + 1})
    assert again.status_code == 422
    assert "期满以后才能公布" in page(again)
    over = last_day(notice) + DAY
    monkeypatch.setattr(noticing.timezone, "localdate", lambda *_: over)
    # What was seen before the answer is told who answered.
    stale = client.post(f"/evaluations/{notice.evaluation_id}/publish/", {"publish-version": version})
    assert stale.status_code == 422
    assert "审定人甲（审定人）已于" in page(stale)
    done = client.post(f"/evaluations/{notice.evaluation_id}/publish/", {"publish-version": version + 1})
    assert done.status_code == 302
    assert evaluation_of(notice).state_of is State.PUBLISHED
    assert "结果已公布" in page(client.get(f"/notices/{notice.pk}/"))
