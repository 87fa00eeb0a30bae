"""What an upload says about the register: differences are named, and doubt names nobody."""

from __future__ import annotations

from typing import Any

import pytest

from indicators.checks.known import RegisteredSchool
from indicators.register_changes import ChangeKind, Proposal, likely_successors, propose_changes, sentence
from indicators.report import CountyReport, SchoolReport, Value
from schools.vocabulary import SchoolType, SponsorType, UrbanRural


def row(code: str, name: str | None = None, **changed: Value) -> SchoolReport:
    values: dict[str, Any] = {
        "code": code,
        "name": name or f"第{code[-1]}小学",
        "school_type": SchoolType.PRIMARY_SCHOOL,
        "sponsor_type": SponsorType.COUNTY_EDUCATION,
        "urban_rural": UrbanRural.TOWN,
    }
    return SchoolReport(values | changed)


def registered(code: str, name: str | None = None, *, is_closed: bool = False) -> RegisteredSchool:
    return RegisteredSchool(
        code,
        name or f"第{code[-1]}小学",
        SchoolType.PRIMARY_SCHOOL,
        SponsorType.COUNTY_EDUCATION,
        UrbanRural.TOWN,
        is_closed,
    )


CODES = [f"300000000{n}" for n in range(1, 6)]
REGISTER = [registered(code) for code in CODES]


def proposed(*schools: SchoolReport, register: list[RegisteredSchool] | None = None, certain: bool = True):
    report = CountyReport(schools, is_population_certain=certain)
    return propose_changes(report, REGISTER if register is None else register)


def test_an_upload_that_says_what_the_register_says_proposes_nothing():
    assert proposed(*map(row, CODES)) == []


def test_a_school_the_register_does_not_know_is_proposed_as_opened_with_what_the_register_keeps():
    (found,) = proposed(*map(row, CODES), row("3000000009", "新建小学", school_type=SchoolType.NINE_YEAR))
    assert found == Proposal(
        ChangeKind.OPENED,
        "3000000009",
        {},
        {"name": "新建小学", "school_type": "nine_year", "sponsor_type": 7, "urban_rural": "town"},
    )
    assert sentence(found) == "名录中没有，上传的工作簿中有：“新建小学”，“九年一贯制学校”，“7 县级教育部门”，“镇区”。"


def test_a_closed_school_that_reports_again_is_proposed_as_opened():
    register = [registered(CODES[0], is_closed=True), *REGISTER[1:]]
    (found,) = proposed(*map(row, CODES), register=register)
    assert (found.kind, found.school_code) == (ChangeKind.OPENED, CODES[0])
    assert sentence(found).startswith("名录中已停办")


def test_a_school_left_out_is_proposed_as_closed():
    (found,) = proposed(*map(row, CODES[:-1]))
    assert (found.kind, found.school_code, found.after) == (ChangeKind.CLOSED, CODES[-1], {})
    assert sentence(found) == "名录中有“第5小学”，上传的工作簿中没有。"


def test_a_file_of_fewer_than_half_of_the_schools_closes_none():
    assert proposed(*map(row, CODES[:2])) == []
    assert len(proposed(*map(row, CODES[:3]))) == 2


def test_a_row_in_doubt_closes_nobody_and_says_nothing_about_anybody():
    assert proposed(*map(row, CODES[:-1]), certain=False) == []
    twice = [row(CODES[0], "另一个名字"), row(CODES[0], "第三个名字")]
    assert proposed(*map(row, CODES[1:]), *twice, certain=False) == []


def test_a_new_name_is_proposed_and_white_space_is_no_new_name():
    (found,) = proposed(row(CODES[0], "第一实验小学"), *map(row, CODES[1:]))
    assert (found.kind, found.before, found.after) == (
        ChangeKind.RENAMED,
        {"name": "第1小学"},
        {"name": "第一实验小学"},
    )
    assert sentence(found) == "名录中是“第1小学”，上传的工作簿中是“第一实验小学”。"
    assert proposed(row(CODES[0], " 第１ 小学"), *map(row, CODES[1:])) == []


def test_another_type_sponsor_or_place_is_proposed_with_nothing_but_what_changed():
    moved = row(CODES[0], sponsor_type=SponsorType.PRIVATE, urban_rural=UrbanRural.URBAN)
    (found,) = proposed(moved, *map(row, CODES[1:]))
    assert found.kind is ChangeKind.RETYPED
    assert found.before == {"sponsor_type": 7, "urban_rural": "town"}
    assert found.after == {"sponsor_type": 10, "urban_rural": "urban"}
    assert sentence(found) == (
        "名录中是“7 县级教育部门”，上传的工作簿中是“10 民办”；名录中是“镇区”，上传的工作簿中是“城区”。"
    )


@pytest.mark.parametrize("key", ["name", "school_type", "sponsor_type", "urban_rural"])
def test_what_is_missing_or_refused_changes_nothing_and_opens_nothing(key):
    known, unknown = (SchoolReport({**row(code).values, key: None}) for code in (CODES[0], "3000000009"))
    assert proposed(known, *map(row, CODES[1:])) == []
    assert proposed(*map(row, CODES), unknown) == []


def test_the_first_upload_of_a_county_without_a_register_proposes_every_school():
    found = proposed(*map(row, CODES), register=[])
    assert [(p.kind, p.school_code) for p in found] == [(ChangeKind.OPENED, code) for code in CODES]


def test_the_likeliest_successor_comes_first():
    candidates = {"1": "县第一中学", "2": "柳林镇中心小学", "3": "柳林镇小学"}
    assert likely_successors("柳林镇石桥小学", candidates)[0] == "3"
