"""The open part of the interface: the figures that were published, as they are, and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from django.urls import reverse

from evaluation.certifying import revoke, start_correction
from evaluation.core.status import Status
from evaluation.core.waterfall import Waterfall
from evaluation.models import Assignment, Certificate, Evaluation
from evaluation.publication_rules import set_fewest_pupils
from evaluation.published import hidden_schools, records_behind, verdict_behind
from evaluation.sending_back import forward
from evaluation.standards import parsed_standard
from reports.api.told_public import change_told, stages_told
from schools.models import User
from schools.vocabulary import Party, Stage
from tests.evaluation.standing import corrected, decided

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("made_anew")]
_MOST_QUERIES = 12


@pytest.fixture
def published(world) -> Certificate:
    return Certificate.objects.get(pk=world.certificate.pk)


@pytest.fixture
def county(world):
    return world.county


@pytest.fixture
def people(world):
    return world.people


def told(client, room: str, *arguments: object, expected: int = 200, **asked: object) -> dict:
    answer = client.get(reverse(f"api_{room}", args=arguments), asked)
    assert answer.status_code == expected, (room, arguments, answer.status_code, answer.content[:500])
    return answer.json()


def test_a_county_is_told_with_and_without_a_published_result(client, world, county, published):
    listed = {each["code"]: each for each in told(client, "counties")["results"]}
    assert listed[county.pk]["state"] == "certified"
    assert listed[county.pk]["result"] == {
        "code": published.code, "school_year": published.evaluation.school_year, "status": "valid",
    }  # fmt: skip
    assert (listed[world.signed_county.pk]["state"], listed[world.signed_county.pk]["result"]) == ("none", None)
    assert listed[county.pk]["province"] == {"code": "990000", "name": "示例省"}
    assert listed[county.pk]["city"] == {"code": "990100", "name": "锦棠市"}
    province = told(client, "province", "990000")
    assert (province["counties"], province["certified"]) == (3, 1)
    assert listed[world.direct_county.pk]["city"] is None


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ({"province": "990000"}, ["990101", "990102", "990300"]),
        ({"province": "980000"}, []),
        ({"city": "990100"}, ["990101", "990102"]),
        ({"name": "棠南"}, ["990102"]),
        ({"state": "certified"}, ["990101"]),
        ({"state": "none"}, ["990102", "990300"]),
        ({"certified": "true"}, ["990101"]),
        ({"certified": "false"}, ["990102", "990300"]),
        ({"in_notice": "true"}, []),
        ({"certified": "true", "name": "棠南"}, []),
    ],
)
def test_counties_are_filtered(client, published, asked, codes):
    assert [each["code"] for each in told(client, "counties", **asked)["results"]] == codes


def test_pages_follow_each_other_in_the_order_of_the_codes_and_end(client, county):
    first = told(client, "counties", page_size=2)
    assert (first["count"], first["previous"]) == (3, None)
    second = client.get(first["next"]).json()
    assert second["next"] is None
    codes = [each["code"] for page in (first, second) for each in page["results"]]
    assert codes == ["990101", "990102", "990300"]
    assert client.get(second["previous"]).json() == first
    assert "最后一页" in told(client, "counties", page=3, expected=404)["detail"]


def test_a_result_tells_every_coefficient_as_it_was_computed(client, published):
    document = json.loads(verdict_behind(published).document)
    verdict = told(client, "result", published.code)["verdict"]
    assert verdict["passed"] is True
    assert {each["name"] for each in verdict["dimensions"]} >= {"政府保障程度", "教育质量", "社会认可度"}
    coefficients = [(stage, each) for stage in verdict["stages"] for each in stage["coefficients"]]
    assert len(coefficients) == 14
    for stage, each in coefficients:
        computed = document["stages"][stage["stage"]]["indicators"][each["code"]]
        assert {key: each[key] for key in computed} == computed
    assert {each["code"]: each["status"] for each in verdict["criteria"]} == {
        code: found["status"] for code, found in document["criteria"].items()
    }
    assert all(each["status_label"] == Status(each["status"]).label for each in verdict["criteria"])


def test_what_is_unknown_is_null_and_never_a_number(client, published):
    verdict = verdict_behind(published)
    document = json.loads(verdict.document)
    document["stages"]["PRIMARY"]["indicators"]["L5"] |= {"coefficient": None, "mean": None, "passed": None}

    [primary, _] = stages_told(document, parsed_standard(verdict.standard), ())
    [found] = [each for each in primary["coefficients"] if each["code"] == "L5"]
    assert (found["coefficient"], found["passed"]) == (None, None)


def test_schools_are_those_of_the_page_in_the_order_of_their_codes(client, people, published):
    set_fewest_pupils(people.chief, 0, "全部公开。")
    document = json.loads(verdict_behind(published).document)
    rows = told(client, "result_schools", published.code)["results"]
    assert [(row["code"], row["stage"]) for row in rows] == sorted(
        ((row["code"], row["stage"]) for row in document["schools"]), key=lambda each: (each[0], each[1] != "PRIMARY")
    )
    by_key = {(row["code"], row["stage"]): row for row in document["schools"]}
    for row in rows:
        judged = by_key[row["code"], row["stage"]]
        assert {each["code"]: each["value"] for each in row["values"]} == judged["values"]
        assert [each["code"] for each in row["values"] if each["attained"]] == judged["attained"]
    primary = told(client, "result_schools", published.code, stage="PRIMARY")["results"]
    assert {row["stage"] for row in primary} == {"PRIMARY"}
    assert told(client, "result_schools", published.code, passed="false")["count"] == sum(
        row["passed"] is False for row in document["schools"]
    )
    one = told(client, "result_school", published.code, rows[0]["code"])
    assert one["rows"] == [row for row in rows if row["code"] == rows[0]["code"]]


def test_a_school_with_too_few_pupils_is_nowhere(client, people, published):
    verdict = verdict_behind(published)
    judged = {row["code"] for row in json.loads(verdict.document)["schools"]}
    pupils = {
        row.code: sum(filter(None, (row.primary_enrollment, row.junior_enrollment, row.senior_enrollment)))
        for row in records_behind(verdict)
        if row.code in judged
    }
    smallest = min(pupils, key=pupils.get)
    set_fewest_pupils(people.chief, pupils[smallest] + 1, "保护学生个人信息。")
    hidden = hidden_schools(verdict, pupils[smallest] + 1)
    assert smallest in hidden
    assert told(client, "result", published.code)["schools"] == {
        "rows": len([row for row in json.loads(verdict.document)["schools"] if row["code"] not in hidden]),
        "hidden": len(hidden & judged),
        "fewest_pupils": pupils[smallest] + 1,
    }
    assert smallest not in json.dumps(told(client, "result_schools", published.code, page_size=200))
    assert smallest not in json.dumps(told(client, "result", published.code))
    told(client, "result_school", published.code, smallest, expected=404)


def test_beside_a_school_that_is_not_shown_the_whole_is_told_as_the_page_prints_it(client, people, published):
    verdict = verdict_behind(published)
    document = json.loads(verdict.document)
    [smallest, *_] = sorted({row["enrollment"] for row in document["schools"] if row["stage"] == "PRIMARY"})
    set_fewest_pupils(people.chief, smallest + 1, "保护学生个人信息。")
    hidden = hidden_schools(verdict, smallest + 1)
    stages = {row["stage"] for row in document["schools"] if row["code"] in hidden}
    assert "PRIMARY" in stages
    places = parsed_standard(verdict.standard).rounding
    for stage in told(client, "result", published.code)["verdict"]["stages"]:
        computed = document["stages"][stage["stage"]]
        for each in stage["coefficients"]:
            exact = computed["indicators"][each["code"]]
            if stage["stage"] not in stages:
                assert {key: each[key] for key in exact} == exact
                continue
            assert each["mean"] == pytest.approx(exact["mean"], abs=0.51 / 10**places.mean_places)
            assert each["coefficient"] == pytest.approx(exact["coefficient"], abs=0.51 / 10**places.coefficient_places)
            for key, most in (("mean", places.mean_places), ("deviation", places.mean_places)):
                assert len(repr(each[key]).partition(".")[2]) <= most, (key, each[key])
            assert len(repr(each["coefficient"]).partition(".")[2]) <= places.coefficient_places
        if stage["stage"] in stages:
            assert stage["composite"] != computed["composite"]


def test_nothing_is_told_of_a_county_that_only_signed(client, world):
    county, evaluation = world.signed_county, world.signed_county.evaluations.get()
    told(client, "result", f"YZ-{evaluation.school_year}-{county.pk}-01", expected=404)
    assert told(client, "results", county=county.pk)["count"] == 0
    assert told(client, "county", county.pk)["results"] == []
    name = evaluation.filing.submission.records.first().name
    for room in ("counties", "results", "corrections", "notices", "provinces", "standards"):
        assert name not in json.dumps(told(client, room), ensure_ascii=False)


def test_superseded_and_revoked_results_stay_with_what_became_of_them(client, county, people, published):
    correction = start_correction(people.chief, published.evaluation, published.evaluation.version, "校舍面积更正。")
    assert told(client, "result", published.code)["standing"]["key"] == "recheck"
    new = corrected(correction, people).certificate
    old = told(client, "result", published.code)
    assert (old["status"], old["standing"]["key"]) == ("superseded", "superseded")
    assert old["standing"]["successor"] == new.code
    assert old["standing"]["reason"] == "校舍面积更正。"
    assert old["is_newest"] is False
    revoke(people.chief, Evaluation.objects.get(pk=new.evaluation_id), new.evaluation.version, "查实数据造假。")
    assert {each["code"]: each["status"] for each in told(client, "results", county=county.pk)["results"]} == {
        published.code: "superseded", new.code: "revoked",
    }  # fmt: skip
    assert [each["code"] for each in told(client, "results", status="revoked")["results"]] == [new.code]
    assert [(each["kind"], each["result"]) for each in told(client, "corrections")["results"]] == [
        ("revoke", new.code), ("supersede", published.code), ("start_correction", published.code),
    ]  # fmt: skip
    assert told(client, "county", county.pk)["state"] == "revoked"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"school_year": "1999"}, 0),
        ({"standard": "2017-quality"}, 1),
        ({"standard": "2012-basic"}, 0),
        ({"province": "990000", "status": "valid"}, 1),
        ({"county": "990102"}, 0),
    ],
)
def test_results_are_filtered(client, published, asked, count):
    assert told(client, "results", **asked)["count"] == count


def test_a_notice_is_told_while_it_runs_with_what_it_rests_on(client, world):
    county, people = world.signed_county, world.people
    evaluation = county.evaluations.get()
    year = evaluation.school_year
    Assignment.objects.create(county=county, school_year=year, inspector=people.inspector, assigned_by=people.chief)
    forward(people.city, evaluation, evaluation.version, "同意上报。")
    signer = User.objects.get(place=county.pk, party=Party.SIGNER)
    notice = decided(evaluation, replace(people, signer=signer)).notices.get()
    [line] = told(client, "notices")["results"]
    assert (line["id"], line["county"]["code"]) == (notice.pk, county.pk)
    detail = told(client, "notice", notice.pk)
    assert detail["standing"] == "正在公示。"
    assert detail["verdict"]["passed"] is True
    assert "拟认定" in detail["sentence"]
    assert told(client, "county", county.pk)["notice"] == notice.pk
    assert [each["code"] for each in told(client, "counties", in_notice="true")["results"]] == [county.pk]
    told(client, "notice", notice.pk + 1, expected=404)


def test_a_standard_is_told_with_its_limits_and_where_its_document_lies(client, world, standard_document):
    standard = world.certificate.evaluation.standard
    [line] = told(client, "standards")["results"]
    assert (line["code"], line["sha256"]) == (standard.pk, standard.sha256)
    detail = told(client, "standard", standard.pk)
    assert [each["code"] for each in detail["indicators"]] == [each.code for each in standard_document.indicators]
    assert {each["stage"]: each["limit"] for each in detail["coefficient_limits"]} == {"PRIMARY": 0.5, "JUNIOR": 0.45}
    assert len(detail["criteria"]) == len(standard_document.criteria)


def test_what_changed_adds_up_part_by_part(client, county, people, published):
    told(client, "result_changes", published.code, expected=404)

    values = (0.4, 0.41, None, 0.43, 0.43, 0.5)
    line = change_told(Waterfall(Stage.PRIMARY, "L1", values), parsed_standard(published.evaluation.standard))
    assert [each["after"] for each in line["parts"]] == list(values[1:])
    assert [each["change"] for each in line["parts"]] == [
        pytest.approx(0.01), None, None, 0.0, pytest.approx(0.07),
    ]  # fmt: skip


def test_a_change_by_one_school_that_is_not_shown_is_not_told_alone(published):
    standard = parsed_standard(published.evaluation.standard)
    line = change_told(Waterfall(Stage.PRIMARY, "L1", (0.4, 0.9, 0.5, 0.5, 0.5, 0.5)), standard, is_joined=True)
    assert [each["part"] for each in line["parts"]] == ["enrollment", "resources", "decided", "standard"]
    assert line["parts"][0]["change"] == pytest.approx(0.1)
    assert 0.9 not in [each["after"] for each in line["parts"]]


def test_a_change_beside_a_school_that_is_not_shown_is_told_as_the_page_prints_it(published):
    standard = parsed_standard(published.evaluation.standard)
    values = (0.41234567, 0.45, 0.45, None, 0.45, 0.45678901)
    line = change_told(Waterfall(Stage.PRIMARY, "L1", values), standard, is_printed=True)
    assert (line["before"], line["after"]) == (0.412, 0.457)
    assert [each["after"] for each in line["parts"]] == [0.45, 0.45, None, 0.45, 0.457]


def test_counties_like_each_other_are_told_with_the_own_one(client, county, published):
    found = told(client, "result_similar", published.code)
    assert found["own"]["code"] == published.code
    assert found["own"]["distance"] is None
    assert found["own"]["pupils"] > 0
    assert found["own"]["pupils"] % 10 == 0
    assert found["own"]["town_share"] == round(found["own"]["town_share"], 3)
    assert 0 <= found["own"]["town_share"] <= 1
    assert found["like"] == []


def test_the_index_leads_to_every_room(client, world):
    index = told(client, "index")
    for name, address in index.items():
        if name not in ("name", "version", "submissions"):
            assert client.get(address).status_code == 200, (name, address)


def test_numbers_are_whole_and_finite_in_every_answer(client, published):
    def refuse(text: str) -> None:
        raise AssertionError(text)

    for name, arguments in _open_addresses(published):
        content = client.get(reverse(f"api_{name}", args=arguments)).content
        found = json.loads(content, parse_constant=refuse)
        assert all(math.isfinite(each) for each in _numbers(found))


def _numbers(found: object) -> list[float]:
    if isinstance(found, dict | list):
        inside = found.values() if isinstance(found, dict) else found
        return [number for each in inside for number in _numbers(each)]
    return [found] if isinstance(found, float) else []


def _open_addresses(published: Certificate) -> list[tuple[str, tuple[object, ...]]]:
    school = json.loads(verdict_behind(published).document)["schools"][0]["code"]
    county = published.evaluation.county_id
    notice = published.evaluation.notices.get().pk
    return [
        ("index", ()), ("provinces", ()), ("province", ("990000",)), ("counties", ()), ("county", (county,)),
        ("results", ()), ("result", (published.code,)), ("result_schools", (published.code,)),
        ("result_school", (published.code, school)), ("result_similar", (published.code,)), ("corrections", ()),
        ("notices", ()), ("notice", (notice,)), ("standards", ()), ("standard", ("2017-quality",)),
    ]  # fmt: skip


def test_open_answers_ask_the_database_a_bounded_number_of_times(client, published, django_assert_max_num_queries):
    for name, arguments in _open_addresses(published):
        with django_assert_max_num_queries(_MOST_QUERIES):
            assert client.get(reverse(f"api_{name}", args=arguments)).status_code == 200
