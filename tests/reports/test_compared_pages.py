"""Published counties beside those like them, and beside their own earlier result."""

from __future__ import annotations

import datetime
import json
import re
from unittest import mock

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluation.certifying import revoke, start_correction
from evaluation.comparing import chosen, like
from evaluation.core.decided import Decided
from evaluation.core.likeness import FURTHEST, CountyFacts, distance, most_like
from evaluation.core.waterfall import (
    Moved,
    MovedSchool,
    Waterfall,
    Year,
    as_shown,
    closed_and_opened,
    gives_one_away,
)
from evaluation.models import Assignment, Certificate, Event, PublishedFacts
from evaluation.published import certificates_of, earlier_result
from indicators.models import SchoolRecord
from indicators.report import CountyReport, SchoolReport
from reports.presenters.compared import JOINED, change_lines, part_names
from reports.presenters.drawn import change_chart
from reports.presenters.open_tables.results import change_table, drawn_change_table
from reports.presenters.years import years_of
from schools.actions import appoint
from schools.models import County
from schools.queries import current_school_year
from schools.vocabulary import Party, Stage
from tests.conftest import PASSWORD
from tests.evaluation.standing import corrected, stands
from tests.evaluation.walk import People, people_of_county

pytestmark = pytest.mark.django_db
ONE = CountyFacts("one", 10_000, 0.6, 3_000.0)


def beside(county: County, people: People) -> Certificate:
    """A second county with people of its own, published like the first."""
    clerk = appoint("clerk_b", "填报员乙", Party.CLERK, county, PASSWORD)
    signer = appoint("signer_b", "签报人乙", Party.SIGNER, county, PASSWORD)
    Assignment.objects.create(
        inspector=people.inspector, county=county, school_year=current_school_year(), assigned_by=people.chief
    )
    own = People(clerk, signer, people.city, people.inspector, people.chief, people.second_chief)
    return stands(county, own).certificate


@pytest.fixture(autouse=True)
def _every_page_made_anew(monkeypatch):
    monkeypatch.setattr("reports.public_cache.KEPT_SECONDS", 0)


@pytest.fixture
def people(county, clerk, signer, standard):
    return people_of_county(county, clerk, signer)


def test_the_facts_a_county_is_compared_by_are_counted_from_what_it_signed(county, people):
    certificate = stands(county, people).certificate
    facts = PublishedFacts.objects.get(certificate=certificate)
    rows = SchoolRecord.objects.filter(submission=certificate.evaluation.filing.submission)
    pupils = {row.pk: (row.primary_enrollment or 0) + (row.junior_enrollment or 0) for row in rows}
    assert facts.pupils == sum(pupils.values()) > 0
    assert facts.town_pupils == sum(pupils[row.pk] for row in rows if row.urban_rural in ("urban", "town"))
    assert facts.revenue is not None


@pytest.mark.parametrize(
    ("other", "steps"),
    [
        (CountyFacts("b", 20_000, 0.6, 3_000.0), 1.0),
        (CountyFacts("b", 5_000, 0.6, 3_000.0), 1.0),
        (CountyFacts("b", 10_000, 0.8, 3_000.0), 1.0),
        (CountyFacts("b", 10_000, 0.6, 4_500.0), 1.0),
        (CountyFacts("b", 20_000, 0.8, 4_500.0), 3**0.5),
        (CountyFacts("b", 10_000, None, 3_000.0), None),
        (CountyFacts("b", 10_000, 0.6, None), None),
        (CountyFacts("b", 0, 0.6, 3_000.0), None),
    ],
)
def test_each_step_is_one_and_what_is_unknown_is_compared_with_nothing(other, steps):
    assert distance(ONE, other) == (None if steps is None else pytest.approx(steps))
    assert distance(other, ONE) == distance(ONE, other)


def test_only_counties_within_reach_are_like_each_other_and_never_the_county_itself():
    far = CountyFacts("far", 10_000 * 2**3, 0.6, 3_000.0)
    near = CountyFacts("near", 12_000, 0.6, 3_000.0)
    nearer = CountyFacts("nearer", 11_000, 0.6, 3_000.0)
    found = most_like(ONE, [ONE, far, near, nearer], 5)
    assert [facts.key for facts, _ in found] == ["nearer", "near"]
    assert all(steps <= FURTHEST for _, steps in found)
    assert len(most_like(ONE, [near, nearer], 1)) == 1


def test_a_county_stands_beside_one_like_it_with_the_figures_of_both_records(client, county, other_county, people):
    one, other = stands(county, people).certificate, beside(other_county, people)
    assert [facts.certificate for facts, _ in like(one, 8)] == [other]
    shown = client.get(reverse("result_similar", args=[one.code])).content.decode()
    assert other_county.full_name in shown
    for certificate in (one, other):
        for stage in json.loads(certificate.record)["results"]["stages"]:
            for coefficient in stage["coefficients"]:
                assert f">{coefficient['printed']}</td>" in shown


def test_who_is_compared_with_can_be_chosen_by_address_and_what_cannot_be_is_said(client, county, other_county, people):
    one, other = stands(county, people).certificate, beside(other_county, people)
    address = reverse("result_similar", args=[one.code])
    shown = client.get(address, {"with": f"{other.code},YZ-0000-000000-01"}).content.decode()
    assert other_county.full_name in shown
    assert "没有列出：YZ-0000-000000-01" in shown
    assert [facts.certificate for facts in chosen(one, [other.code])] == [other]


def test_a_revoked_result_is_compared_with_nobody(client, county, other_county, people):
    one, other = stands(county, people).certificate, beside(other_county, people)
    revoke(people.chief, other.evaluation, other.evaluation.version, "查实造假。")
    assert like(one, 8) == []
    assert other_county.full_name not in client.get(reverse("result_similar", args=[one.code])).content.decode()


def test_a_school_that_is_not_shown_is_not_told_by_a_change(standard_document):
    def year(*schools: tuple[str, str]) -> Year:
        rows = tuple(SchoolReport({"code": code, "name": name}, frozenset(), 3) for code, name in schools)
        return Year(CountyReport(rows, {}), standard_document, datetime.date(2026, 9, 1), Decided())

    before, after = year(("1", "甲"), ("2", "乙"), ("3", "丙")), year(("3", "丙"), ("4", "丁"))
    gone, new = closed_and_opened(before, after, ([("2", "PRIMARY"), ("2", "JUNIOR"), ("3", "PRIMARY")], []))
    closed, opened = as_shown(gone, {"2"}), as_shown(new, ())
    assert closed.unnamed_stages == ("PRIMARY", "JUNIOR")
    assert (closed.names, closed.unnamed, closed.count) == (("甲",), 1, 2)
    assert (opened.names, opened.unnamed) == (("丁",), 0)
    found = [Waterfall(Stage.PRIMARY, "L1", (0.3, 0.35, 0.32, 0.32, 0.32, 0.32))]
    [line] = change_lines(found, standard_document, is_joined=True)
    assert line.parts == (JOINED, "+0.020", "", "", "")
    assert line.change == "+0.020"
    chart = change_chart(line, part_names(), "0.50")
    assert [step.to for step in chart.steps] == [0.3, 0.3, 0.32, 0.32, 0.32, 0.32, 0.32]
    assert "0.35" not in f"{chart}"


@pytest.mark.parametrize(
    ("closed", "opened", "is_given_away"),
    [
        # Two schools that are not shown, yet each is the only one of its stage.
        (["PRIMARY", "JUNIOR"], [], True),
        (["PRIMARY"], ["JUNIOR"], True),
        (["PRIMARY", "PRIMARY", "JUNIOR"], [], True),
        (["PRIMARY", "PRIMARY"], [], False),
        (["PRIMARY"], ["PRIMARY"], False),
        (["PRIMARY"], [], True),
        ([""], [], True),
        ([], [], False),
    ],
)
def test_a_school_alone_in_its_stage_is_given_away_by_what_schools_changed(closed, opened, is_given_away):
    def moved(stages: list[str]) -> Moved:
        schools = [MovedSchool(f"{n}", f"校{n}", (stage,) if stage else ()) for n, stage in enumerate(stages)]
        return as_shown(
            [*schools, MovedSchool("shown", "可见", ("PRIMARY", "JUNIOR"))], {school.code for school in schools}
        )

    assert gives_one_away(moved(closed), moved(opened)) is is_given_away


def test_what_cannot_be_computed_before_and_after_a_part_is_never_printed_as_no_change(standard_document):
    found = [
        Waterfall(Stage.PRIMARY, "L1", (None, None, 0.3, 0.3, 0.3, 0.3)),
        Waterfall(Stage.PRIMARY, "L2", (None,) * 6),
    ]
    some, never = change_lines(found, standard_document)
    assert some.parts == ("无法核算", "无法相比", "", "", "")
    assert [row[1].text for row in drawn_change_table(some, part_names()).rows[1:4]] == ["无法核算", "无法相比", "0"]
    table = change_table([never], part_names())
    assert {cell.text for cell in table.rows[0][1:]} == {"无法核算"}
    assert {step.figure for step in change_chart(never, part_names(), "").steps} == {"无法核算"}
    assert never.is_undefined
    assert not some.is_undefined


def test_a_year_whose_newest_result_was_revoked_is_compared_with_nothing(county, people):
    a_year_ago = timezone.now() - datetime.timedelta(days=365)
    with mock.patch("django.utils.timezone.now", return_value=a_year_ago):
        Assignment.objects.create(
            inspector=people.inspector, county=county, school_year=current_school_year(), assigned_by=people.chief
        )
        first = stands(county, people)
        correction = start_correction(people.chief, first, first.version, "校舍面积更正。")
        second = corrected(correction, people).certificate
    new = stands(county, people).certificate
    assert first.certificate.code != second.code
    assert earlier_result(new) == second
    assert [line.year[:4] for line in years_of(list(certificates_of(county.pk)))[0].lines] == [
        str(second.evaluation.school_year),
        str(new.evaluation.school_year),
    ]
    revoke(people.chief, second.evaluation, second.evaluation.version, "查实造假。")
    assert earlier_result(new) is None
    assert years_of(list(certificates_of(county.pk))) == ()


def test_a_county_published_in_two_years_tells_why_its_figures_changed(client, county, people):
    a_year_ago = timezone.now() - datetime.timedelta(days=365)
    with mock.patch("django.utils.timezone.now", return_value=a_year_ago):
        Assignment.objects.create(
            inspector=people.inspector, county=county, school_year=current_school_year(), assigned_by=people.chief
        )
        old = stands(county, people).certificate
    new = stands(county, people).certificate
    assert earlier_result(new) == old
    assert earlier_result(old) is None
    shown = client.get(reverse("result_changes", args=[new.code])).content.decode()
    assert "没有变化" in shown
    # Both are frozen: nothing is judged again for the next reader, whoever takes the file.
    with mock.patch("evaluation.changing.waterfalls", side_effect=AssertionError("judged again")):
        assert client.get(reverse("result_changes_tables", args=[new.code, "xlsx"])).status_code == 200
    # The chart is what the table beside it says, for whichever coefficient the address names.
    asked = client.get(reverse("result_changes", args=[new.code]), {"of": "JUNIOR.L3"}).content.decode()
    told = re.search(r'<desc id="change-desc">以前 ([\d.]+)；(.+?)；现在 ([\d.]+)，', asked)
    assert told
    rows = re.findall(r"<td class=\"number\" data-label=\"差异系数\">([^<]+)<", asked)
    assert rows == [told[1], *(part.split()[1] for part in told[2].split("，")), told[3]]
    assert re.search(r"初中 L3 体育艺术专任教师的差异系数与以前相同", asked)
    assert client.get(reverse("result_changes", args=[new.code]), {"of": "JUNIOR.X"}).status_code == 404
    # Two years are a line; the page of the county says in words what became of its coefficients.
    of_county = client.get(reverse("county", args=[county.pk])).content.decode()
    assert "14 个差异系数中，14 个没有变化。" in of_county
    record = json.loads(new.record)["results"]["stages"][0]
    largest = max(record["coefficients"], key=lambda each: float(each["value"]))
    year = new.evaluation.school_year
    assert f"{year}—{year + 1} {largest['code']} {largest['name']} {largest['printed']}，上限" in of_county
    assert reverse("result", args=[old.code]) in shown
    assert client.get(reverse("result_changes", args=[old.code])).status_code == 404
    assert (
        reverse("result_changes", args=[new.code]) in client.get(reverse("county", args=[county.pk])).content.decode()
    )
    assert [event.at for event in Event.objects.order_by("number")] == sorted(event.at for event in Event.objects.all())
