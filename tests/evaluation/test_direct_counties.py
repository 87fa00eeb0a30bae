"""Counties no city stands above: a prefecture city without counties, 省直辖县级行政区划, municipalities."""

from __future__ import annotations

import json

import pytest

from evaluation.models import Certificate, Event, Message
from evaluation.noticing import publish
from evaluation.workflow import TRANSITIONS, State, Step, lines_from, transition
from reports.presenters.notice import decision_sentence
from schools.actions import add_division, appoint
from schools.models import County, Division
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD
from tests.evaluation.standing import decided, over
from tests.evaluation.walk import attached, explained, people_of_county, sign, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def province(county) -> Division:
    return county.parent.parent


@pytest.fixture
def direct(standard, province) -> County:
    add_division("999000", "省直辖县级行政区划", DivisionLevel.CITY, province.code)
    add_division("999001", "示例直管市", DivisionLevel.COUNTY, "999000")
    return County.objects.get(pk="999001")


@pytest.mark.parametrize(
    ("city", "city_name", "code", "is_direct"),
    [
        ("990900", "示例某市", "990901", False),
        ("999000", "省直辖县级行政区划", "999002", True),
        ("990800", "示例省", "990801", True),
    ],
)
def test_a_county_without_a_city_of_its_own_is_told_from_its_divisions(province, city, city_name, code, is_direct):
    add_division(city, city_name, DivisionLevel.CITY, province.code)
    add_division(code, "示例县", DivisionLevel.COUNTY, city)
    assert County.objects.get(pk=code).is_directly_under_province is is_direct


def test_a_city_without_counties_is_directly_under_its_province(province):
    add_division("990700", "示例不设县市", DivisionLevel.COUNTY, province.code)
    assert County.objects.get(pk="990700").is_directly_under_province


def test_no_line_for_direct_counties_leads_to_a_city():
    reached, waiting = set(), [State.DRAFT]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += [line.target for line in lines_from(state, is_direct=True)]
    assert reached == set(State) - {State.CITY_REVIEW}
    assert {line.target for line in TRANSITIONS if line.is_direct is False} == {State.CITY_REVIEW}


def test_a_step_has_one_line_a_state_whatever_the_county():
    for is_direct in (True, False):
        for state in State:
            steps = [line.step for line in lines_from(state, is_direct=is_direct)]
            assert len(steps) == len(set(steps))
    assert transition(State.DRAFT, Step.SUBMIT, is_direct=True).target is State.PROVINCE_REVIEW


def test_a_direct_county_goes_from_its_signature_to_the_province_and_to_a_certificate(direct):
    clerk = appoint("direct_clerk", "填报员丙", Party.CLERK, direct, PASSWORD)
    signer = appoint("direct_signer", "签报人丙", Party.SIGNER, direct, PASSWORD)
    people = people_of_county(direct, clerk, signer)
    explained(clerk, uploaded(direct, clerk))
    attached(direct, clerk)
    evaluation = sign(direct, signer).evaluation

    assert evaluation.state_of is State.PROVINCE_REVIEW
    event = Event.objects.get(kind=Step.SUBMIT)
    assert (event.source, event.target) == (State.DRAFT, State.PROVINCE_REVIEW)
    told = set(Message.objects.filter(evaluation=evaluation).values_list("person", flat=True))
    assert told == {people.inspector.pk}

    decided(evaluation, people)
    publish(people.chief, evaluation, evaluation.version, over(evaluation))
    record = json.loads(Certificate.objects.get(evaluation=evaluation).record)
    assert record["rounds"] == "县级自评、省级评估"


def test_nothing_says_that_a_city_reviewed_a_direct_county(direct, county):
    assert decision_sentence(direct, 2025, "某标准").startswith("经县级自评、省级评估，拟认定")
    assert decision_sentence(county, 2025, "某标准").startswith("经县级自评、市级复核、省级评估，拟认定")
