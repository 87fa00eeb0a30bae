"""Who answers for which county: shared out by schools, given by hand, ended by a recusal; and who sees what then."""

from __future__ import annotations

import datetime
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from evaluation.assigning import assign, assign_all, barred_pairs, recuse
from evaluation.models import Assignment, Event, Recusal
from evaluation.permissions import Refused, can_see_decisions, is_assigned
from evaluation.queries import counties_of
from evaluation.sharing import Load, share_out
from schools.actions import add_division, appoint, close_school, register_schools
from schools.models import County, Division, Posting, School, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party, SchoolType, SponsorType, UrbanRural
from tests.conftest import PASSWORD

SCHOOLS = {"990101": 9, "990102": 7, "990103": 4, "990201": 5, "990202": 3}


@pytest.fixture
def province(county: County) -> Division:
    add_division("990102", "棠南县", DivisionLevel.COUNTY, "990100")
    add_division("990103", "棠北县", DivisionLevel.COUNTY, "990100")
    add_division("990200", "澜星市", DivisionLevel.CITY, "990000")
    add_division("990201", "星河区", DivisionLevel.COUNTY, "990200")
    add_division("990202", "星湖县", DivisionLevel.COUNTY, "990200")
    for code, count in SCHOOLS.items():
        register_schools(
            [
                School(
                    code=f"{code}{number:04d}",
                    name=f"第{number}小学",
                    county_id=code,
                    school_type=SchoolType.PRIMARY_SCHOOL,
                    sponsor_type=SponsorType.COUNTY_EDUCATION,
                    urban_rural=UrbanRural.TOWN,
                )
                for number in range(count)
            ]
        )
    return Division.objects.get(pk="990000")


@pytest.fixture
def chief(province: Division) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)


@pytest.fixture
def second(province: Division) -> User:
    return appoint("inspector_b", "督学乙", Party.INSPECTOR, province, PASSWORD)


@pytest.fixture
def as_chief(client: Client, chief: User) -> Client:
    client.force_login(chief)
    return client


def counties_by_inspector() -> dict[str, set[str]]:
    shared: dict[str, set[str]] = {}
    for row in Assignment.objects.filter(ended_at=None).select_related("inspector"):
        shared.setdefault(row.inspector.username, set()).add(row.county_id)
    return shared


# ── Sharing out ───────────────────────────────────────────────────────────────────────────────


def test_counties_are_shared_out_by_the_number_of_open_schools_and_each_says_why(chief, inspector, second):
    close_school(School.objects.get(pk="9901010000"), datetime.date(2026, 8, 1))  # 9 become 8
    shares = assign_all(chief)
    # 8 → 甲, 7 → 乙, 5 → 乙 (7 < 8), 4 → 甲 (8 < 12), 3 → the first of two with 12
    assert counties_by_inspector() == {"inspector": {"990101", "990103", "990202"}, "inspector_b": {"990102", "990201"}}
    assert shares[0].words == "8 所学校；可选 2 位督学，分给负担最轻的一位：原有 0 所，现为 8 所。"
    events = Event.objects.filter(kind="assign")
    assert {event.county_id for event in events} == set(SCHOOLS)
    assert all(event.reason.startswith("自动分配：") and event.actor == chief for event in events)


def test_what_is_assigned_already_stays_and_counts(chief, inspector, second):
    county = County.objects.get(pk="990202")
    assign(chief, county, second, "熟悉情况", None)
    assign_all(chief)
    assert Assignment.objects.get(county=county).inspector == second
    # 乙 begins with 3: 9 → 甲, 7 → 乙, 5 → 甲 (9 < 10), 4 → 乙 (10 < 14)
    assert counties_by_inspector() == {"inspector": {"990101", "990201"}, "inspector_b": {"990202", "990102", "990103"}}
    with pytest.raises(Refused, match="都已有督学"):
        assign_all(chief)


def test_nobody_gets_a_county_they_keep_away_from(chief, inspector, second):
    county = County.objects.get(pk="990101")
    recuse(inspector, inspector, county, "home", "")
    # 乙 was clerk in 990102 until last year, and reviewer of the other city ten years ago: that is over.
    past = timezone.now() - datetime.timedelta(days=400)
    long_past = timezone.now() - datetime.timedelta(days=3_700)
    clerk = {"person": second, "party": "clerk", "place_id": "990102"}
    Posting.objects.create(**clerk, held_from=long_past, held_until=past)
    reviewer = {"person": second, "party": "city_reviewer", "place_id": "990200"}
    Posting.objects.create(**reviewer, held_from=long_past, held_until=long_past)
    assign_all(chief)
    assert Assignment.objects.get(county="990101").inspector == second
    assert Assignment.objects.get(county="990102").inspector == inspector
    for person, place, words in ((inspector, "990101", "已申报回避：籍贯"), (second, "990102", "曾任棠南县填报员")):
        with pytest.raises(Refused, match=words):
            assign(chief, County.objects.get(pk=place), person, "改派", Assignment.objects.get(county=place).pk)


def test_a_post_in_the_city_bars_all_its_counties_and_the_province_bars_none(settings, inspector, province):
    held = timezone.now() - datetime.timedelta(days=365 * settings.FORMER_POST_YEARS - 10)
    post = {"person": inspector, "party": "city_reviewer", "place_id": "990100"}
    Posting.objects.create(**post, held_from=held, held_until=held)
    barred = barred_pairs([inspector], list(County.objects.all()))
    assert {code for _, code in barred} == {"990101", "990102", "990103"}
    settings.FORMER_POST_YEARS -= 1
    assert barred_pairs([inspector], list(County.objects.all())) == {}


def test_where_everybody_must_keep_away_the_county_stays_open_and_the_page_says_why(as_chief, chief, inspector):
    recuse(chief, inspector, County.objects.get(pk="990101"), "other", "配偶在当地任校长")
    answer = as_chief.post(reverse("assignments_share_out"), follow=True).content.decode()
    assert "990101 没有分配：全部 1 位督学都须回避" in answer
    assert "已分配 4 个县" in answer
    assert not Assignment.objects.filter(county="990101").exists()


def test_without_inspectors_there_is_a_sentence_instead(as_chief):
    answer = as_chief.post(reverse("assignments_share_out"), follow=True).content.decode()
    assert "本省还没有督学账号" in answer


_COUNTIES = st.dictionaries(st.integers(110_000, 999_999).map(str), st.integers(0, 400), max_size=30)


@given(counties=_COUNTIES, inspectors=st.sets(st.integers(1, 99), min_size=1, max_size=8))
def test_where_nobody_is_barred_no_two_differ_by_more_than_the_largest_county(counties, inspectors):
    shares = share_out(list(counties.items()), {each: Load() for each in inspectors})
    assert sorted(share.county for share in shares) == sorted(counties)
    loads = [sum(counties[share.county] for share in shares if share.inspector == each) for each in inspectors]
    assert max(loads) - min(loads) <= max(counties.values(), default=0)
    # The order in which they are given makes no difference.
    again = share_out(list(reversed(counties.items())), {each: Load() for each in sorted(inspectors, reverse=True)})
    assert again == shares


@given(counties=_COUNTIES, inspectors=st.sets(st.integers(1, 9), max_size=5), data=st.data())
def test_nobody_barred_is_ever_chosen_and_whoever_is_chosen_had_the_least(counties, inspectors, data):
    pairs = [(each, code) for each in sorted(inspectors) for code in sorted(counties)]
    barred = data.draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    loads = {each: data.draw(st.integers(0, 300)) for each in sorted(inspectors)}
    for share in share_out(list(counties.items()), {each: Load(n, 1) for each, n in loads.items()}, barred):
        able = [each for each in inspectors if (each, share.county) not in barred]
        if share.inspector is None:
            assert not able
        else:
            assert share.inspector in able
            assert loads[share.inspector] == min(loads[each] for each in able)
            loads[share.inspector] += counties[share.county]


# ── By hand ───────────────────────────────────────────────────────────────────────────────────


def test_the_chief_gives_a_county_to_another_with_a_reason(as_chief, chief, inspector, second):
    county = County.objects.get(pk="990101")
    first = assign(chief, county, inspector, "分工", None)
    page = as_chief.get(reverse("assignments")).content.decode()
    assert f"{county.pk}:{first.pk}" in page
    form = {"assign-county": county.pk, "assign-inspector": second.pk, "seen": f"{county.pk}:{first.pk}"}
    assert as_chief.post(reverse("assignment_give"), form | {"assign-reason": " "}).status_code == 422
    assert as_chief.post(reverse("assignment_give"), form | {"assign-reason": "督学甲外出学习"}).status_code == 302
    first.refresh_from_db()
    assert first.ended_because == "改由督学乙负责：督学甲外出学习"
    assert Assignment.objects.get(county=county, ended_at=None).inspector == second
    assert "督学甲外出学习" in as_chief.get(reverse("assignments")).content.decode()
    assert [m.text for m in inspector.inbox.all()] == ["望棠区改由督学乙负责。", "分配给您 1 个县（市、区）：望棠区"]
    assert [m.text for m in second.inbox.all()] == ["分配给您 1 个县（市、区）：望棠区"]


def test_who_looked_at_an_older_page_is_told_and_changes_nothing(as_chief, chief, inspector, second):
    county = County.objects.get(pk="990101")
    assign(chief, county, inspector, "分工", None)
    form = {"assign-county": county.pk, "assign-inspector": second.pk, "assign-reason": "分工", "seen": ""}
    answer = as_chief.post(reverse("assignment_give"), form)
    assert answer.status_code == 422
    assert "刚刚有人分配过" in answer.content.decode()
    assert Assignment.objects.get().inspector == inspector


@pytest.mark.django_db(transaction=True)
def test_of_two_assignments_at_once_one_stands(chief, inspector, second):
    county, ready, said = County.objects.get(pk="990101"), threading.Barrier(2), []

    def give(person: User) -> None:
        try:
            ready.wait(10)
            said.append(assign(chief, county, person, "分工", None).inspector_id)
        except Refused as refusal:
            said.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(person,)) for person in (inspector, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    [won] = [each for each in said if isinstance(each, int)]
    [lost] = [each for each in said if isinstance(each, Refused)]
    assert "刚刚有人分配过" in str(lost)
    assert Assignment.objects.get().inspector_id == won
    assert Event.objects.filter(kind="assign").count() == 1


def test_only_inspectors_at_work_in_the_province_are_given_counties(chief, inspector, clerk, province):
    county = County.objects.get(pk="990101")
    elsewhere = add_division("980000", "别省", DivisionLevel.PROVINCE)
    stranger = appoint("inspector_x", "督学丁", Party.INSPECTOR, elsewhere, PASSWORD)
    User.objects.filter(pk=inspector.pk).update(is_active=False)
    for person in (clerk, stranger, inspector, chief):
        with pytest.raises(Refused, match="本省在岗的督学"):
            assign(chief, county, person, "分工", None)
    other_chief = appoint("chief_x", "审定人丁", Party.CHIEF, elsewhere, PASSWORD)
    for person in (other_chief, inspector, clerk):
        with pytest.raises(Refused, match="审定人"):
            assign(person, county, inspector, "分工", None)


# ── Recusal ───────────────────────────────────────────────────────────────────────────────────


def test_a_recusal_ends_what_the_inspector_answers_for_there_and_hides_the_county(client, chief, inspector):
    county = County.objects.select_related("parent__parent").get(pk="990101")
    for code in ("990101", "990102"):
        assign(chief, County.objects.get(pk=code), inspector, "分工", None)
    client.force_login(inspector)
    assert "望棠区" in client.get(reverse("workspace")).content.decode()
    form = {"recusal-county": county.pk, "recusal-ground": "former_post", "recusal-words": "2019 年前任教研员"}
    assert client.post(reverse("recusals"), form).status_code == 302
    ended = Assignment.objects.get(county=county)
    assert ended.ended_because == "回避：曾在当地任职"
    assert not is_assigned(inspector, county, current_school_year())
    assert not can_see_decisions(inspector, county)
    assert client.get(reverse("decisions", args=[county.pk])).status_code == 404
    assert {each.pk for each in counties_of(inspector)} == {"990102"}
    event = Event.objects.get(kind="recuse")
    assert (event.county_id, event.actor, event.reason) == (county.pk, inspector, "2019 年前任教研员")
    again = client.post(reverse("recusals"), form)
    assert again.status_code == 422
    assert "已经申报过" in again.content.decode()


def test_the_chief_declares_for_an_inspector_and_nobody_else_does(as_chief, chief, inspector, second, clerk):
    county = County.objects.get(pk="990101")
    for person in (second, clerk):
        with pytest.raises(Refused, match="本人或本省审定人"):
            recuse(person, inspector, county, "home", "")
    with pytest.raises(Refused, match="写明是什么关系"):
        recuse(chief, inspector, county, "other", " ")
    with pytest.raises(Refused, match="本省督学"):
        recuse(chief, clerk, county, "home", "")
    form = {"recusal-county": county.pk, "recusal-ground": "home", "recusal-inspector": inspector.pk}
    assert as_chief.post(reverse("recusals"), form).status_code == 302
    assert Recusal.objects.get().declared_by == chief
    assert "已申报回避：籍贯或居住地" in as_chief.get(reverse("assignments")).content.decode()


# ── Who sees what ─────────────────────────────────────────────────────────────────────────────


def test_an_inspector_sees_the_counties_assigned_this_year_and_no_other(client, chief, inspector, standard):
    county, other = County.objects.get(pk="990101"), County.objects.get(pk="990102")
    client.force_login(inspector)
    assert "望棠区" not in client.get(reverse("workspace")).content.decode()
    assert client.get(reverse("decisions", args=[county.pk])).status_code == 404
    assign(chief, county, inspector, "分工", None)
    Assignment.objects.create(
        county=other, school_year=current_school_year() - 1, inspector=inspector, assigned_by=chief
    )
    page = client.get(reverse("workspace")).content.decode()
    assert "望棠区" in page
    assert "棠南县" not in page
    assert client.get(reverse("decisions", args=[county.pk])).status_code == 200
    assert client.get(reverse("decisions", args=[other.pk])).status_code == 404
    assert "望棠区" in client.get(reverse("recusals")).content.decode()


def test_the_list_of_assignments_is_the_chiefs_alone(client, chief, inspector, clerk, signer, province):
    elsewhere = add_division("980000", "别省", DivisionLevel.PROVINCE)
    city = Division.objects.get(pk="990100")
    others = [
        inspector, clerk, signer, appoint("city", "市级甲", Party.CITY_REVIEWER, city, PASSWORD),
        appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD),
    ]  # fmt: skip
    for person in others:
        client.force_login(person)
        assert client.get(reverse("assignments")).status_code == 404
        for name in ("assignments_share_out", "assignment_give"):
            assert client.post(reverse(name)).status_code == 404
        assert client.get(reverse("recusals")).status_code == (200 if person == inspector else 404)
    stranger = appoint("chief_x", "审定人丁", Party.CHIEF, elsewhere, PASSWORD)
    client.force_login(stranger)
    assert "望棠区" not in client.get(reverse("assignments")).content.decode()
    form = {"assign-county": "990101", "assign-inspector": inspector.pk, "assign-reason": "越权", "seen": ""}
    assert client.post(reverse("assignment_give"), form).status_code == 422
    assert not Assignment.objects.exists()
