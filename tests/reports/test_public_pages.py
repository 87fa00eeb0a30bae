"""What everybody may see of published results: permanent addresses, figures as they were, and nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path

import pytest
from defusedxml import ElementTree as ET
from django.contrib.staticfiles import finders
from django.urls import reverse
from openpyxl import load_workbook

from evaluation.certifying import revoke, start_correction
from evaluation.core.decided import Decided
from evaluation.core.verdict import judge_report
from evaluation.demo import DemoCounty, demo_county
from evaluation.models import Certificate, Event, PublicationRule
from evaluation.permissions import Refused
from evaluation.publication_rules import set_fewest_pupils
from evaluation.published import counts_by_province, hidden_schools, search_schools, verdict_behind
from evaluation.workflow import State
from indicators.models import SchoolRecord
from indicators.report import SchoolReport
from indicators.workbook.read import read_report
from reports.presenters.public import met_words, school_sentences, shade, tiles
from reports.presenters.school import school_page
from reports.public_views import _TILES
from schools.queries import provinces
from tests import builders
from tests.evaluation.random_counties import AS_OF
from tests.evaluation.standing import corrected, stands
from tests.evaluation.walk import people_of_county, signed, uploaded

pytestmark = pytest.mark.django_db
_MOST_QUERIES = 12
#: A page with its sheet and scripts, compressed.
_MOST_BYTES = 200_000


@pytest.fixture(autouse=True)
def _every_page_made_anew(monkeypatch):
    monkeypatch.setattr("reports.public_cache.KEPT_SECONDS", 0)


@pytest.fixture
def people(county, clerk, signer, standard):
    return people_of_county(county, clerk, signer)


@pytest.fixture
def published(county, people) -> Certificate:
    return stands(county, people).certificate


def page(client, name: str, *arguments: str) -> str:
    answer = client.get(reverse(name, args=arguments))
    assert answer.status_code == 200, (name, arguments, answer.status_code)
    return answer.content.decode()


def taken(client, certificate: Certificate, suffix: str) -> bytes:
    return b"".join(client.get(reverse("result_export", args=[certificate.code, suffix])).streaming_content)


def test_nobody_sees_a_county_before_its_result_is_published(client, county, people):
    signed(county, people.clerk, people.signer)
    shown = page(client, "county", county.pk)
    assert "还没有公布过优质均衡的结果" in shown
    name = SchoolRecord.objects.order_by("code")[0].name
    assert name not in shown
    found = client.get(reverse("search"), {"q": name}).content.decode()
    assert f"没有名称含“{name}”的学校" in found
    assert counts_by_province()["990000"].certified == 0


def test_a_published_county_shows_the_frozen_figures_to_everybody(client, county, published):
    shown = page(client, "county", county.pk)
    told = json.loads(verdict_behind(published).document)
    assert published.number in shown
    record = json.loads(published.record)
    for stage in record["results"]["stages"]:
        for coefficient in stage["coefficients"]:
            assert coefficient["printed"] in shown
    for school in told["schools"]:
        assert reverse("result_school", args=[published.code, school["code"]]) in shown


def test_later_uploads_change_nothing_of_what_was_published(client, county, people, published):
    before = page(client, "result", published.code)
    start_correction(people.chief, published.evaluation, published.evaluation.version, "数据有误。")
    uploaded(county, people.clerk, "fails_widely")
    after = page(client, "result", published.code)
    assert "复核中" in after
    table = after[after.index('id="coefficients"') : after.index('id="items"')]
    assert table == before[before.index('id="coefficients"') : before.index('id="items"')]


def test_an_old_address_shows_the_old_figures_and_says_what_took_their_place(client, county, people, published):
    old = page(client, "result", published.code)
    correction = start_correction(people.chief, published.evaluation, published.evaluation.version, "校舍面积更正。")
    new = corrected(correction, people).certificate
    shown = page(client, "result", published.code)
    assert "已被取代" in shown
    assert "校舍面积更正。" in shown
    assert reverse("result", args=[new.code]) in shown
    for school in json.loads(verdict_behind(published).document)["schools"]:
        assert school["name"] in shown
        assert school["name"] in old
    assert new.number in page(client, "county", county.pk)
    log = page(client, "corrections")
    assert log.index("由更正取代") >= 0
    assert "校舍面积更正。" in log


def test_a_revoked_result_keeps_its_address_and_says_why_it_no_longer_stands(client, county, people, published):
    revoke(people.chief, published.evaluation, published.evaluation.version, "查实数据造假。")
    shown = page(client, "county", county.pk)
    assert "已撤销" in shown
    assert "查实数据造假。" in shown
    assert counts_by_province()["990000"].certified == 0
    assert counts_by_province()["990000"].revoked == 1
    assert "查实数据造假。" in page(client, "corrections")


def test_a_school_is_told_in_one_sentence_first(client, published):
    record = SchoolRecord.objects.order_by("code")[0]
    shown = page(client, "result_school", published.code, record.code)
    assert "七项全部达标。" in shown or "七项中" in shown
    assert client.get(reverse("result_school", args=[published.code, "0000000000"])).status_code == 404


@pytest.mark.parametrize(
    ("met", "of", "words"),
    [(7, 7, "七项全部达标"), (5, 7, "七项中五项达标"), (0, 7, "七项都未达标"), (0, 0, "没有逐校的要求")],
)
def test_counts_are_said_as_people_say_them(met, of, words):
    assert met_words(met, of) == words


def test_a_school_with_too_few_pupils_is_counted_but_never_shown_alone(client, county, people, published):
    judged = {school["code"] for school in json.loads(verdict_behind(published).document)["schools"]}
    smallest = min(
        SchoolRecord.objects.filter(code__in=judged),
        key=lambda row: sum(filter(None, (row.primary_enrollment, row.junior_enrollment, row.senior_enrollment))),
    )
    address = reverse("result_school", args=[published.code, smallest.code])
    set_fewest_pupils(people.chief, 0, "全部公开。")
    assert client.get(address).status_code == 200
    pupils = sum(filter(None, (smallest.primary_enrollment, smallest.junior_enrollment, smallest.senior_enrollment)))
    set_fewest_pupils(people.chief, pupils + 1, "保护学生个人信息。")
    assert client.get(address).status_code == 404
    shown = page(client, "county", county.pk)
    assert smallest.name not in shown
    assert smallest.code not in shown
    assert "另有 2 所学校" in shown
    table = taken(client, published, "csv").decode("utf-8-sig")
    assert smallest.code not in table
    found = client.get(reverse("search"), {"q": smallest.code}).content.decode()
    assert address not in found


def test_schools_that_are_not_shown_do_not_use_up_the_room_of_those_that_are(
    people, published, monkeypatch, django_assert_max_num_queries
):
    rows = list(SchoolRecord.objects.filter(name__contains="学").order_by("code"))
    set_fewest_pupils(people.chief, 0, "全部公开。")
    every = [row.code for row, _ in search_schools("学", 50)]
    assert every == [row.code for row in rows]
    set_fewest_pupils(people.chief, 200, "保护学生个人信息。")
    hidden = hidden_schools(verdict_behind(published), 200)
    left = [code for code in every if code not in hidden]
    assert len(every) > len(left)
    assert [row.code for row, _ in search_schools("学", 1)] == left[:1] != []
    assert [row.code for row, _ in search_schools("学", 50)] == left
    # Those that are hidden for the sake of others are passed over, too, though no query tells them.
    set_fewest_pupils(people.chief, 0, "全部公开。")
    submission = published.evaluation.filing.submission_id
    monkeypatch.setattr("evaluation.published._hidden_by_submission", lambda *_: {submission: frozenset(every[:-2])})
    with django_assert_max_num_queries(10):
        assert [row.code for row, _ in search_schools("学", 1)] == every[-2:-1]


def test_only_a_chief_sets_how_results_are_shown_and_it_is_an_event(client, people, county):
    for person in (people.clerk, people.city, people.inspector):
        with pytest.raises(Refused, match="审定人"):
            set_fewest_pupils(person, 20, "理由")
        client.force_login(person)
        assert client.get(reverse("publication_rule")).status_code == 404
    client.force_login(people.chief)
    refused = client.post(reverse("publication_rule"), {"fewest_pupils": "500", "reason": "理由"})
    assert refused.status_code == 422
    answer = client.post(reverse("publication_rule"), {"fewest_pupils": "20", "reason": "保护个人信息"}, follow=True)
    assert "少于 20 人" in answer.content.decode()
    assert PublicationRule.objects.get().province_id == "990000"
    assert Event.objects.filter(kind="publication_rule", reason="保护个人信息").count() == 1


def test_what_is_downloaded_is_what_the_page_shows(client, people, published):
    set_fewest_pupils(people.chief, 0, "全部公开。")
    content = taken(client, published, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    told = json.loads(verdict_behind(published).document)["schools"]
    assert sorted((row["学校标识码"]) for row in rows) == sorted(school["code"] for school in told)
    book = load_workbook(io.BytesIO(taken(client, published, "xlsx")))
    assert book["学校明细"].max_row == len(rows) + 1
    assert published.number in [cell.value for cell in book["说明"]["B"]]
    assert client.get(reverse("result_export", args=[published.code, "exe"])).status_code == 404


def test_the_feed_tells_publication_and_revocation_and_leads_to_the_permanent_address(
    client, county, people, published
):
    revoke(people.chief, published.evaluation, published.evaluation.version, "查实数据造假。")
    for address in (reverse("country_feed"), reverse("county_feed", args=[county.pk])):
        feed = ET.fromstring(client.get(address).content)
        entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
        assert [entry.findtext("{http://www.w3.org/2005/Atom}title").split("：")[-1] for entry in entries] == [
            "撤销",
            "公布",
        ]
        link = entries[0].find("{http://www.w3.org/2005/Atom}link").attrib["href"]
        assert link.endswith(reverse("result", args=[published.code]))


def test_the_feed_of_a_county_tells_of_no_other(client, other_county, published):
    feed = ET.fromstring(client.get(reverse("county_feed", args=[other_county.pk])).content)
    assert feed.findall("{http://www.w3.org/2005/Atom}entry") == []


def test_public_pages_ask_the_database_a_bounded_number_of_times(
    client, county, published, django_assert_max_num_queries
):
    school = SchoolRecord.objects.order_by("code")[0].code
    for name, arguments in (
        ("home", ()),
        ("country", ()),
        ("province", ("990000",)),
        ("county", (county.pk,)),
        ("result", (published.code,)),
        ("result_school", (published.code, school)),
        ("result_similar", (published.code,)),
        ("compare", ()),
        ("glossary", ()),
        ("search", ()),
        ("corrections", ()),
        ("country_feed", ()),
    ):
        with django_assert_max_num_queries(_MOST_QUERIES):
            page(client, name, *arguments)


def of_many_schools(code: str, name: str, story: str) -> DemoCounty:
    """The county of a story thirty times over: 300 schools and more, each with a code and a name of its own."""
    told = demo_county(code, name, story)

    rows = [
        SchoolReport(school.values | {"code": f"{code}{number:04d}", "name": f"{school.values['name']}第{number}校区"})
        for number, school in enumerate(told.schools * 30, start=1)
    ]
    return DemoCounty(tuple(rows), told.figures)


def test_a_county_of_three_hundred_schools_is_asked_for_and_sent_like_a_small_one(
    client, county, people, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr("tests.evaluation.walk.demo_county", of_many_schools)
    certificate = stands(county, people).certificate
    with django_assert_max_num_queries(_MOST_QUERIES):
        shown = page(client, "result", certificate.code)
    assert shown.count("校区") >= 300
    files = [finders.find(name) for name in re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', shown)]
    assert files
    sent = [shown.encode(), *(Path(file).read_bytes() for file in files)]
    weight = sum(len(gzip.compress(content)) for content in sent)
    print(f"{shown.count('校区')} schools, {weight / 1000:.1f} kB compressed")
    assert weight < _MOST_BYTES


def test_the_map_has_every_province_once_and_no_two_on_one_place():
    drawn = tiles(_TILES, {})
    assert len({(tile.column, tile.row) for tile in drawn}) == len(drawn) == len({tile.code for tile in drawn})
    assert [(tile.row, tile.column) for tile in drawn] == sorted((tile.row, tile.column) for tile in drawn)


def test_every_province_of_the_register_has_its_tile(tmp_path):
    from django.core.management import call_command

    call_command("load_register")
    assert {province.pk for province in provinces()} <= {tile.code for tile in tiles(_TILES, {})}


@pytest.mark.parametrize(
    ("certified", "counties", "key"), [(0, 9, "none"), (1, 9, "low"), (3, 9, "middle"), (8, 9, "high"), (9, 9, "all")]
)
def test_a_tile_is_shaded_by_its_share(certified, counties, key):
    from evaluation.published import PublicCount

    assert shade(PublicCount(counties, certified, 0, 0)) == key


def test_a_state_that_is_not_public_is_on_no_public_page(published):
    assert {State.PUBLISHED, State.SUPERSEDED, State.REVOKED} == {
        state for state in State if state.is_public and state is not State.NOTICE
    }


def test_parents_read_what_a_school_lacks_in_natural_amounts_and_which_teachers_it_has_none_of(standard_document):
    rows = builders.good_rows()
    rows[1] |= {"primary_music_teachers": 0, "primary_arts_teachers": 0, "sports_ground_area": 3000.0}
    rows[1] |= {"primary_pe_teachers": 2, "primary_fine_art_teachers": 2}
    report = read_report(builders.book_of(rows)).report
    told = judge_report(report, standard_document, AS_OF, Decided())
    page = school_page(told, standard_document, report.schools[1], {})
    [sentence] = school_sentences(page, told, standard_document)
    words = re.fullmatch(
        r"七项中五项达标，差 1 名体育艺术专任教师、([\d.]+) ㎡体育运动场馆（现在没有音乐专任教师）。", sentence.sentence
    )
    assert words, sentence.sentence
    pupils, indoor = rows[1]["primary_enrollment"], rows[1]["indoor_sports_area"]
    assert float(words[1]) == pytest.approx(7.5 * pupils - 3000 - indoor, abs=0.011)
