"""A province may make a standard stricter and never looser; whatever is wrong in a document is told with its line."""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from evaluation.actions import load_standard, load_standards
from evaluation.core.items import RULES
from evaluation.core.locate import Places
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.standard import StandardRefused, parse_standard, read_standard
from evaluation.core.strictness import PARAMETERS, Direction, Rule, looser
from evaluation.core.verdict import judge_report
from evaluation.models import Standard
from evaluation.permissions import Refused
from evaluation.standards import parsed_standard
from indicators.workbook.aliases import known_aliases
from indicators.workbook.read import read_report
from schools.vocabulary import Stage
from tests.builders import book_of, good_figures, good_rows
from tests.conftest import ROOT, STANDARD_PATH

NATIONAL = STANDARD_PATH.read_bytes()
KNOWN = {"2017-quality": NATIONAL}
VARIANT_PATH = ROOT / "fixtures/standards/99-quality-2026.toml"
AS_OF = datetime.date(2026, 10, 1)

HEAD = """code = "99-test"
name = "示例省标准"
short_name = "示例省"
document = "示教〔2026〕1号"
issued_on = 2026-03-01
extends = "2017-quality"
"""
HEAD_LINES = HEAD.count("\n")


def variant(body: str, head: str = HEAD) -> StandardDocument:
    return parse_standard((head + body).encode(), KNOWN)


def criterion_of(standard: StandardDocument, code: str):
    return next(c for c in standard.criteria if c.code == code)


def entry(kind: str, code: str, *lines: str) -> str:
    return "\n".join([f"[[{kind}]]", f'code = "{code}"', *lines]) + "\n"


NEW_ITEM = {
    "code": '"X1"',
    "group": '"guarantee"',
    "name": '"甲"',
    "requirement": '"乙"',
    "article": '"丙"',
    "basis": '"S"',
    "rule": '"expression"',
    "sentence": '"不足{short}所"',
    "parameters": '{ level = "school", condition = "books > 1" }',
}


def new_item(**changed: str) -> str:
    return "[[criteria]]\n" + "".join(f"{key} = {text}\n" for key, text in (NEW_ITEM | changed).items() if text)


# ── What a variant comes to ───────────────────────────────────────────────────────────────────


def test_a_variant_that_says_nothing_more_is_the_national_standard_under_another_name(standard_document):
    found = variant("")
    same = {"code", "name", "short_name", "document", "issued_on", "extends", "sha256", "parents"}
    for name in StandardDocument.__dataclass_fields__:
        if name not in same:
            assert getattr(found, name) == getattr(standard_document, name), name
    assert (found.code, found.extends) == ("99-test", "2017-quality")
    assert found.sha256 == hashlib.sha256(HEAD.encode()).hexdigest()
    assert [(p.code, p.sha256) for p in found.parents] == [("2017-quality", standard_document.sha256)]


def test_only_what_it_says_is_different():
    found, national = read_standard(VARIANT_PATH), parse_standard(NATIONAL)
    assert {i.code for i, j in zip(found.indicators, national.indicators, strict=True) if i != j} == {"L1", "L6"}
    assert found.indicators[0].stages[Stage.PRIMARY].limit == Fraction("4.5")
    assert found.indicators[0].stages[Stage.PRIMARY].plus == national.indicators[0].stages[Stage.PRIMARY].plus
    kept = found.criteria[: len(national.criteria)]
    assert {c.code for c, d in zip(kept, national.criteria, strict=True) if c != d} == {"G7", "G11", "Q1"}
    assert [p.limit for p in criterion_of(found, "G11").parts] == [12, 20]
    assert [c.code for c in found.criteria[len(national.criteria) :]] == list(found.added) == ["X1", "X2"]
    assert [(r.code, str(r.in_force_until)) for r in found.relaxations[:2]] == [("R1", "2027-08-31"), ("R2", "None")]
    assert [r.code for r in found.relaxations] == ["R1", "R2", "R3"]
    assert ("G7", "下限", "8000", "8500") in [(c.item, c.label, c.before, c.after) for c in found.changes]
    assert found.coefficient_limits == {Stage.PRIMARY: Fraction("0.48"), Stage.JUNIOR: Fraction("0.43")}
    assert (found.weights, found.exclusions, found.rounding) == (
        national.weights,
        national.exclusions,
        national.rounding,
    )


def test_a_variant_of_a_variant_tells_its_changes_from_the_root():
    first = HEAD + entry("criteria", "Q1", 'requirement = "甲"', 'parameters = { limit = "96" }') + new_item()
    known = KNOWN | {"99-test": first.encode()}
    head = HEAD.replace("99-test", "9901-test").replace("2017-quality", "99-test")
    second = head + entry("criteria", "Q1", 'requirement = "乙"', 'parameters = { limit = "97" }')
    found = parse_standard((second + new_item(code='"X2"')).encode(), known)
    assert [(c.item, c.before, c.after) for c in found.changes] == [("Q1", "95", "97")]
    assert [p.code for p in found.parents] == ["99-test", "2017-quality"]
    assert found.added == ("X1", "X2")
    with pytest.raises(StandardRefused, match="95 低于所依据标准的 96"):
        parse_standard(second.replace('"97"', '"95"').encode(), known)
    with pytest.raises(StandardRefused, match="criteria X1 甲：name 与所依据的标准不同"):
        parse_standard((head + new_item(name='"另一项"')).encode(), known)


def test_a_circle_of_documents_is_refused_by_name():
    a = HEAD.replace('"2017-quality"', '"99-b"').replace("99-test", "99-a").encode()
    b = HEAD.replace('"2017-quality"', '"99-a"').replace("99-test", "99-b").encode()
    with pytest.raises(StandardRefused, match="99-a → 99-b → 99-a"):
        parse_standard(a, {"99-a": a, "99-b": b})
    itself = HEAD.replace("2017-quality", "99-test").encode()
    with pytest.raises(StandardRefused, match="第 6 行，标准：extends 循环引用：99-test → 99-test"):
        parse_standard(itself, {"99-test": itself})


def test_a_variant_of_an_unknown_or_another_text_is_refused():
    with pytest.raises(StandardRefused, match=r"第 6 行，标准：.*没有载入这个标准"):
        parse_standard(HEAD.encode())
    pinned = HEAD + f'extends_sha256 = "{hashlib.sha256(NATIONAL).hexdigest()}"\n'
    assert parse_standard(pinned.encode(), KNOWN).extends == "2017-quality"
    with pytest.raises(StandardRefused, match="第 7 行，标准：extends_sha256 与已载入的 2017-quality 不符"):
        parse_standard(pinned.encode(), {"2017-quality": NATIONAL + b"\n"})


# ── Never looser ──────────────────────────────────────────────────────────────────────────────

#: What is looser, the line after the head it stands on, the item named, and words of the message.
LOOSER = {
    "an indicator's limit": (
        entry("indicators", "L2", 'PRIMARY = { limit = "0.9" }'),
        3,
        "indicators L2 县级以上骨干教师：小学下限 0.9 低于所依据标准的 1，不得放宽",
    ),
    "a coefficient's limit": (
        '[coefficient.limits]\nJUNIOR = "0.46"\n',
        2,
        "coefficient.limits：初中差异系数上限 0.46 高于所依据标准的 0.45",
    ),
    "indicators to attain": (
        '[school_rule]\nwords = "甲"\nattained_at_least = 5\n', 3, "学校至少达到要求的指标数 5 低于"),
    "the floor": ('[school_rule]\nwords = "甲"\nfloor_share = "0.84"\n', 3, "余项不低于要求的比例 0.84 低于"),
    "a ratio": (
        entry("criteria", "G7", 'requirement = "甲"', 'parts = [{ figure = "funds_per_pupil", limit = "7500" }]'),
        4,
        "criteria G7 特殊教育公用经费：下限 7500 低于所依据标准的 8000，不得放宽",
    ),
    "the second ratio of an item": (
        entry("criteria", "G11", "parts = [", '{ figure = "rotation_share", limit = "12" },',
              '{ figure = "backbone_share", limit = "19" },', "]"),
        5,
        "criteria G11 教师交流轮岗：第 2 个比例的下限 19 低于所依据标准的 20",
    ),
    "what an inspector adds": (entry("criteria", "G8", 'then = "met"'), 3, "不得放宽"),
    "a relaxation that lasts longer": (
        entry("relaxations", "R1", "in_force_from = 2018-01-01"),
        3,
        "relaxations R1：in_force_from 2018-01-01 早于",
    ),
    "a new relaxation": (entry("relaxations", "R9"), 1, "relaxations R9：所依据的标准没有这项过渡规定"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOSER)
def test_what_is_looser_is_refused_with_line_and_item(name):
    body, line, words = LOOSER[name]
    with pytest.raises(StandardRefused) as caught:
        variant(body)
    assert str(caught.value).startswith(f"第 {HEAD_LINES + line} 行，")
    assert words in str(caught.value)


def test_a_relaxation_that_ends_cannot_be_made_to_end_later():
    first = HEAD + entry("relaxations", "R1", "in_force_until = 2027-08-31")
    head = HEAD.replace("99-test", "9901-test").replace("2017-quality", "99-test")
    known = KNOWN | {"99-test": first.encode()}
    for day, is_refused in (("2027-08-30", False), ("2027-09-01", True)):
        text = (head + entry("relaxations", "R1", f"in_force_until = {day}")).encode()
        if is_refused:
            with pytest.raises(StandardRefused, match="第 9 行，relaxations R1：in_force_until 2027-09-01 晚于"):
                parse_standard(text, known)
        else:
            found = parse_standard(text, known)
            assert str(found.relaxations[0].in_force_until) == day
            assert [(c.label, c.before, c.after) for c in found.changes] == [("有效期止", "未规定", day)]


#: Every parameter with a direction: an item that has it, something stricter and something looser.
PARAMETER_CASES = {
    ("special_rooms", "classes_per_room"): ("G3", "11", "13"),
    ("special_rooms", "music_area"): ("G3", "97", "95.9"),
    ("special_rooms", "art_area"): ("G3", "90.1", "89"),
    ("special_rooms", "counting"): ("G3", None, "summed"),
    ("school_size", "primary"): ("G4", "1999", "2001"),
    ("school_size", "junior"): ("G4", "1999", "2001"),
    ("school_size", "continuous"): ("G4", "2499", "2501"),
    ("class_size", "primary"): ("G5", "44", "46"),
    ("class_size", "junior"): ("G5", "49", "51"),
    ("small_school_funds", "pupils"): ("G6", "101", "99"),
    ("in_zone_share", "primary"): ("G13", None, "99.9"),
    ("in_zone_share", "junior"): ("G13", "96", "94"),
    ("retention", "limit"): ("Q1", "96", "94"),
    ("training_funds", "limit"): ("Q4", "6", "4.9"),
    ("monitoring", "grade"): ("Q9", "4", "2"),
    ("monitoring", "difference"): ("Q9", "0.14", "0.16"),
    ("years_since", "years"): ("P1", "4", "2"),
    ("survey", "limit"): ("S1", "90", "84"),
}


def test_every_parameter_of_the_national_standard_has_a_direction_and_a_case_here():
    assert set(PARAMETERS) == set(RULES)
    for criterion in tomllib.loads(NATIONAL.decode())["criteria"]:
        for name in criterion.get("parameters", {}):
            rule = PARAMETERS[criterion.get("rule", "")][name]
            is_fixed = rule.direction is Direction.FIXED
            assert is_fixed or (criterion["rule"], name) in PARAMETER_CASES, (criterion["code"], name)
    declared = {(rule, name) for rule, names in PARAMETERS.items() for name in names}
    assert {key for key in declared if PARAMETERS[key[0]][key[1]].direction is not Direction.FIXED} == set(
        PARAMETER_CASES
    )


@pytest.mark.parametrize("key", PARAMETER_CASES, ids=" ".join)
def test_a_parameter_goes_one_way_only(key):
    (_, name), (code, stricter, loose) = key, PARAMETER_CASES[key]
    with pytest.raises(StandardRefused) as caught:
        variant(entry("criteria", code, 'requirement = "甲"', f'parameters = {{ {name} = "{loose}" }}'))
    assert str(caught.value).startswith(f"第 {HEAD_LINES + 4} 行，criteria {code} ")
    assert "不得放宽" in str(caught.value)
    if stricter is not None:
        found = variant(entry("criteria", code, 'requirement = "甲"', f'parameters = {{ {name} = "{stricter}" }}'))
        assert criterion_of(found, code).parameters[name] == stricter
        assert [(c.item, c.after) for c in found.changes] == [(code, stricter)]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        # Town schools with 94 of 100 pupils from their zone fail the 95 %; 100 of 100 in a rural school, or in a
        # private one, beside them would make it 97 %.
        ("places", "urban,town,rural"),
        ("public_sponsors", "1,2,3,4,5,6,7,8,9,10"),
        ("places", "urban"),
        ("public_sponsors", "7,8"),
    ],
)
def test_the_schools_whose_share_is_taken_together_stay_the_same(name, more):
    body = entry("criteria", "G13", 'requirement = "甲"', f'parameters = {{ {name} = "{more}" }}')
    with pytest.raises(StandardRefused) as caught:
        variant(body)
    expected = f"第 {HEAD_LINES + 4} 行，criteria G13 就近划片入学：{name} 与所依据的标准不同"
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    "body",
    [
        entry("criteria", "G5", 'parameters = { primary = "45.0", junior = "050" }'),
        entry("criteria", "G11", 'parts = [{ figure = "rotation_share", limit = "10.00" }]'),
        entry("indicators", "L1", 'PRIMARY = { limit = "4.20" }'),
        '[coefficient.limits]\nPRIMARY = "0.5"\n',
        '[school_rule]\nfloor_share = "0.850"\n',
    ],
)
def test_the_same_limit_written_otherwise_is_no_change_and_keeps_its_text(body, standard_document):
    found = variant(body)
    assert found.changes == ()
    for name in ("criteria", "indicators", "coefficient_limits", "floor_share"):
        assert getattr(found, name) == getattr(standard_document, name)


#: A place for a limit, by the line after the head on which the limit stands, and the item named.
LIMITS = {
    "a parameter": (
        entry("criteria", "G5", 'requirement = "甲"', 'parameters = {{ primary = "{}" }}'), 4, "criteria G5"),
    "a ratio": (
        entry("criteria", "G11", 'requirement = "甲"', 'parts = [{{ figure = "backbone_share", limit = "{}" }}]'),
        4, "criteria G11"),
    "an indicator": (entry("indicators", "L2", 'PRIMARY = {{ limit = "{}" }}'), 3, "indicators L2"),
    "a coefficient": ('[coefficient.limits]\nPRIMARY = "{}"\n', 2, "coefficient.limits"),
    "the floor": ('[school_rule]\nwords = "甲"\nfloor_share = "{}"\n', 3, "school_rule"),
}  # fmt: skip


@pytest.mark.parametrize("text", ["90/2", "+45", "-1", "1e1", "45.", ".5", " 45", "４５", "1_0", "nan", "", "1" * 31])
@pytest.mark.parametrize("place", LIMITS)
def test_a_limit_is_a_plain_decimal(place, text):
    body, line, item = LIMITS[place]
    with pytest.raises(StandardRefused) as caught:
        variant(body.format(text))
    assert str(caught.value).startswith(f"第 {HEAD_LINES + line} 行，{item}")
    assert "不是数，应写作普通的小数" in str(caught.value)


#: Limits that are stricter, and past what a limit can be.
BEYOND = {
    "an area": ("G3", 'parameters = {{ music_area = "{}" }}'.format("1" + "0" * 29), 4, "应不大于 1000000000000"),
    "a finer area than millionths": ("G3", 'parameters = { music_area = "96.0000001" }', 4, "最多 6 位小数"),
    "no class": ("G5", 'parameters = { primary = "0" }', 4, "应大于 0"),
    "half a class": ("G5", 'parameters = { primary = "44.5" }', 4, "应为整数"),
    "a grade above the best": ("Q9", 'parameters = { grade = "6" }', 4, "应不大于 5"),
    "a ratio": ("G11", 'parts = [{ figure = "backbone_share", limit = "9999999999999" }]', 4, "应不大于"),
}


@pytest.mark.parametrize("name", BEYOND)
def test_a_stricter_limit_stays_within_its_bounds(name):
    code, text, line, words = BEYOND[name]
    with pytest.raises(StandardRefused) as caught:
        variant(entry("criteria", code, 'requirement = "甲"', text))
    assert str(caught.value).startswith(f"第 {HEAD_LINES + line} 行，criteria {code} "), caught.value
    assert words in str(caught.value)


FIXED = {
    "the population": ('[population]\nwords = "甲"\n', 1, "population 与所依据的标准不同，不能修改"),
    "the weights": ('[split.weights]\nPRIMARY = "2"\n', 1, "split 与所依据的标准不同"),
    "the rounding": ("[rounding]\nvalue_places = 1\n", 1, "rounding 与所依据的标准不同"),
    "how coefficients decide": ('[coefficient]\ndecides = "composite"\n', 2, "decides"),
    "the fields of an indicator": (
        entry("indicators", "L2", 'PRIMARY = { limit = "1.1", plus = ["primary_full_time_teachers"] }'),
        3,
        "plus 与所依据的标准不同",
    ),
    "the factor of an indicator": (entry("indicators", "L2", "factor = 1000"), 3, "factor 与所依据的标准不同"),
    "a new indicator": (entry("indicators", "L8"), 1, "indicators L8：所依据的标准没有这项指标"),
    "the rule of an item": (entry("criteria", "G7", 'rule = ""'), 3, "rule 与所依据的标准不同"),
    "the name of an item": (entry("criteria", "G7", 'name = "甲"'), 3, "name 与所依据的标准不同"),
    "the fields of a ratio": (
        entry("criteria", "G7", 'parts = [{ figure = "funds_per_pupil", numerator = ["C13"] }]'),
        3,
        "numerator 与所依据的标准不同",
    ),
    "a fixed parameter": (
        entry("criteria", "G9", 'parameters = { field = "graduates" }'), 3, "field 与所依据的标准不同"),
    "a parameter the rule does not have": (
        entry("criteria", "Q1", 'parameters = { bonus = "1" }'), 3, "未知的内容 bonus"),
    "the conditions of a relaxation": (
        entry("relaxations", "R1", 'parameters = { pupils_to = "120" }'), 3, "parameters 与所依据的标准不同"),
    "something unknown": ('bonus = "1"\n', 1, "标准：未知的内容 bonus"),
    "something unknown in an item": (entry("criteria", "G7", "bonus = 1"), 3, "未知的内容 bonus"),
    "an item nobody knows": (
        entry("criteria", "G77"), 1, "criteria G77：所依据的标准没有这一项；新增项目的代码写作 X 加数字"),
    "an item twice": (entry("criteria", "G7") * 2, 3, "criteria G7：代码重复"),
    "a limit without its words": (entry("criteria", "Q1", 'parameters = { limit = "96" }'), 1, "requirement 也要写明"),
    "a school rule without its words": ("[school_rule]\nattained_at_least = 7\n", 1, "words 也要写明"),
    "a number without quotes": (entry("criteria", "Q1", "parameters = { limit = 96 }"), 3, "limit 类型不对"),
    "a limit that is no number": (entry("indicators", "L2", 'PRIMARY = { limit = "many" }'), 3, "'many' 不是数"),
    "a list in place of a table": (entry("indicators", "L2", "PRIMARY = []"), 3, "应为一个表"),
    "an item in place of a list": ('[criteria]\ncode = "G7"\n', 1, "应写作 [[criteria]]"),
    "an item without a code": ('[[criteria]]\nrequirement = "甲"\n', 1, "criteria 第 1 项：code 缺失"),
    "a moment in place of a day": (
        entry("relaxations", "R1", "in_force_until = 2027-01-01T00:00:00"), 3, "应为日期"),
    "a relaxation half withdrawn": (entry("relaxations", "R1", 'withdrawn = "yes"'), 3, "withdrawn 类型不对"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_what_has_no_direction_may_not_be_changed(name):
    body, line, words = FIXED[name]
    with pytest.raises(StandardRefused) as caught:
        variant(body)
    assert str(caught.value).startswith(f"第 {HEAD_LINES + line} 行，"), caught.value
    assert words in str(caught.value)


@given(st.decimals("0", "100", places=2), st.decimals("0", "100", places=2))
def test_a_floor_only_rises_and_a_ceiling_only_falls(before, after):
    up, down = Rule(Direction.UP, "下限"), Rule(Direction.DOWN, "上限")
    assert (not looser(up, str(before), str(after))) == (after >= before)
    assert (not looser(down, str(before), str(after))) == (after <= before)


@pytest.mark.parametrize("key", ["code", "name", "short_name", "document", "issued_on"])
def test_a_variant_says_who_it_is(key):
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(f"{key} ="))
    with pytest.raises(StandardRefused, match=f"{key} 缺失"):
        variant("", head)


# ── Items of its own ──────────────────────────────────────────────────────────────────────────


def monitored(grades: str = "C27", differences: str = "C33") -> dict[str, str]:
    parameters = f'{{ grade = "3", difference = "0.15", grades = "{grades}", differences = "{differences}" }}'
    return {"rule": '"monitoring"', "basis": '"P"', "parameters": parameters}


def in_zone(public_sponsors: str = "7", places: str = "urban") -> dict[str, str]:
    parameters = f'{{ primary = "1", junior = "1", public_sponsors = "{public_sponsors}", places = "{places}" }}'
    return {"rule": '"in_zone_share"', "parameters": parameters}


def ratio(**changed: str) -> dict[str, str]:
    part = {
        "figure": '"a"',
        "numerator": '["C16"]',
        "denominator": '["C15"]',
        "factor": '"100"',
        "limit": '"1"',
    } | changed
    text = ", ".join(f"{key} = {value}" for key, value in part.items())
    return {"rule": '"county_ratios"', "basis": '"C"', "parameters": "", "parts": f"[{{ {text} }}]"}


@pytest.mark.parametrize("changed", [monitored(), in_zone(), ratio(), ratio(places="12", limit='"0"')])
def test_an_item_of_any_rule_can_be_added(changed):
    found = variant(new_item(**changed))
    assert found.added == ("X1",)


BAD_ITEMS = {
    "a bad expression": (
        {"parameters": '{ level = "school", condition = "bokos > 1" }'},
        10,
        "criteria X1：condition 第 1 个字符处：不认识的字段 bokos，是不是 books？",
    ),
    "a bad limit to whom it asks": (
        {"parameters": '{ level = "school", where = "books", condition = "books > 1" }'}, 10, "where 第 1 个字符处"),
    "whom a county's item asks": (
        {"parameters": '{ level = "county", where = "1 < 2", condition = "C12 > 1" }', "sentence": '""'},
        10, "where 用来限定学校"),
    "no level": ({"parameters": '{ condition = "books > 1" }'}, 10, "缺少参数 level"),
    "another level": ({"parameters": '{ level = "town", condition = "1 > 1" }'}, 10, "level = 'town' 应为"),
    "no condition": ({"parameters": '{ level = "school" }'}, 10, "缺少参数 condition"),
    "a figure its sentence cannot have": ({"sentence": '"共{total}所"'}, 9, "sentence 中的 total 未知"),
    "a rule nobody knows": ({"rule": '"eval"'}, 8, "rule = 'eval' 未知"),
    "a group nobody knows": ({"group": '"luck"'}, 3, "group = 'luck' 未知"),
    "a basis nobody knows": ({"basis": '"Z"'}, 7, "basis = 'Z' 应由"),
    "another end": ({"then": '"passed"'}, 11, "then = 'passed' 应为"),
    "a key nobody knows": ({"bonus": "1"}, 11, "未知的内容 bonus"),
    "no name": ({"name": ""}, 1, "name 缺失"),
    "a number for a name": ({"name": "1"}, 4, "name 类型不对，应为带引号的文字"),
    "parts of another rule": ({"parts": "[]", "rule": '"county_ratios"', "parameters": "{}"}, 11, "要有 parts"),
    "a limit of nothing": ({"rule": '"retention"', "parameters": '{ limit = "0" }'}, 10, "limit = '0' 应大于 0"),
    "half a pupil": (
        {"rule": '"school_size"', "parameters": '{ primary = "1.5", junior = "1", continuous = "1" }'},
        10, "primary = '1.5' 应为整数"),
    "a field nobody knows": ({"rule": '"every_teacher"', "parameters": '{ field = "x" }'}, 10, "field 的 'x' 不能用"),
    "teachers counted by a code": (
        {"rule": '"every_teacher"', "parameters": '{ field = "code" }'}, 10, "field 的 'code' 不能用，应为 学校教师"),
    "teachers counted by a choice": (
        {"rule": '"every_teacher"', "parameters": '{ field = "school_type" }'}, 10, "'school_type' 不能用"),
    "teachers counted in square metres": (
        {"rule": '"every_teacher"', "parameters": '{ field = "teaching_area" }'}, 10, "'teaching_area' 不能用"),
    "teachers counted in rooms": (
        {"rule": '"every_teacher"', "parameters": '{ field = "multimedia_rooms" }'}, 10, "'multimedia_rooms' 不能用"),
    "teachers of one stage": (
        {"rule": '"every_teacher"', "parameters": '{ field = "primary_pe_teachers" }'}, 10, "不能用"),
    "pupils in place of teachers": (
        {"rule": '"every_teacher"', "parameters": '{ field = "migrant_enrollment" }'}, 10, "不能用"),
    "two fields of teachers": (
        {"rule": '"every_teacher"', "parameters": '{ field = "trained_teachers,certified_teachers" }'},
        10, "field 只能写一个"),
    "grades that are numbers": (monitored(grades="C15"), 10, "grades 的 'C15' 不能用，应为 质量监测等级"),
    "no grades": (monitored(grades=""), 10, "grades 的 '' 不能用"),
    "a grade twice": (monitored(grades="C27,C27", differences="C33,C34"), 10, "grades 有重复"),
    "differences that are grades": (monitored(differences="C28"), 10, "differences 的 'C28' 不能用，应为 校际差异率"),
    "differences that are people": (monitored(differences="C01"), 10, "differences 的 'C01' 不能用"),
    "no differences": (monitored(differences=""), 10, "differences 的 '' 不能用"),
    "more grades than differences": (monitored(grades="C27,C28"), 10, "项数应相同"),
    "years since a number": (
        {"rule": '"years_since"', "basis": '"C"', "parameters": '{ item = "C15", years = "3" }'},
        10, "item 的 'C15' 不能用"),
    "years since two years": (
        {"rule": '"years_since"', "basis": '"C"', "parameters": '{ item = "C39,C39", years = "3" }'}, 10, "只能写一个"),
    "a ratio of nothing": (ratio(numerator="[]"), 10, "parts 第 1 项：numerator 是空的"),
    "a ratio to nothing": (ratio(denominator="[]"), 10, "parts 第 1 项：denominator 是空的"),
    "a ratio of what nobody knows": (ratio(numerator='["C99"]'), 10, "numerator 的 'C99' 不能用"),
    "a ratio of two in one": (ratio(numerator='["C15,C16"]'), 10, "numerator 的 'C15,C16' 不能用"),
    "a ratio of a grade": (ratio(numerator='["C27"]'), 10, "numerator 的 'C27' 不能用"),
    "a ratio of the same twice": (ratio(denominator='["C15", "C15"]'), 10, "denominator 有重复"),
    "a ratio made smaller": (ratio(factor='"0.5"'), 10, "factor = '0.5' 应不小于 1"),
    "a ratio of too much": (ratio(factor='"1000000001"'), 10, "factor = '1000000001' 应不大于 1000000000"),
    "a factor that is reckoned": (ratio(factor='"90/2"'), 10, "factor = '90/2' 不是数"),
    "a ratio below nothing": (ratio(limit='"-1"'), 10, "limit = '-1' 不是数"),
    "a ratio with too many places": (ratio(places="13"), 10, "places = 13 应不大于 12"),
    "a ratio with fewer places than none": (ratio(places="-1"), 10, "places = -1 应不小于 0"),
    "two ratios of one name": (
        ratio() | {"parts": ratio()["parts"].replace("}]", "}, ") + ratio()["parts"][1:]}, 10, "figure 有重复"),
    "figures needed that nobody knows": (ratio() | {"parameters": '{ needs = "C99" }'}, 10, "needs 的 'C99' 不能用"),
    "nobody to judge it": (
        {"rule": "", "sentence": "", "parameters": "", "basis": '"S"'}, 7, "basis = 'S' 中没有 E"),
    "a rule over nothing": ({"basis": '"E"'}, 7, "basis = 'E' 应有 S、C 或 P"),
    "a result nobody enters": ({"basis": '"P"'}, 7, "rule 应为 monitoring 或 survey"),
    "a result nobody enters, beside rows": ({"basis": '"SP"'}, 7, "rule 应为 monitoring 或 survey"),
    "schools of no sponsor": (in_zone(public_sponsors="11"), 10, "public_sponsors 的 '11' 不能用"),
    "schools of no place": (in_zone(places=""), 10, "places 的 '' 不能用"),
    "another way of counting": (
        {"rule": '"special_rooms"',
         "parameters": '{ classes_per_room = "12", music_area = "1", art_area = "1", counting = "twice" }'},
        10, "counting 的 'twice' 不能用，应为 summed 或 each_kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_a_bad_item_is_refused_with_line_and_item(name):
    changed, line, words = BAD_ITEMS[name]
    with pytest.raises(StandardRefused) as caught:
        variant(entry("criteria", "G7") + new_item(**changed))
    assert str(caught.value).startswith(f"第 {HEAD_LINES + 2 + line} 行，criteria X1"), caught.value
    assert words in str(caught.value)


# ── Lines ─────────────────────────────────────────────────────────────────────────────────────


def test_every_key_is_found_on_its_line():
    text = '''# a comment with [[criteria]] in it
title = "x # not a comment"
[a.b]
"quoted key" = 1
deep.er = 2
list = [
  1, # one
  { k = "v", m = [ 3,
    4 ] },
]
multi = """
[[entries]]
"""
day = 2026-01-01 10:00:00
[[entries]]
name = 'first'
[entries.inner]
x = 1
[[entries]]
name = "second"
inner = { x = 2, y = "]" }
[[entries.deep]]
z = 1
[[entries.deep]]
z = 2
'''
    expected = {
        ("title",): 2,
        ("a", "b"): 3,
        ("a", "b", "quoted key"): 4,
        ("a", "b", "deep", "er"): 5,
        ("a", "b", "list", 0): 7,
        ("a", "b", "list", 1, "k"): 8,
        ("a", "b", "list", 1, "m", 1): 9,
        ("a", "b", "multi"): 11,
        ("a", "b", "day"): 14,
        ("entries", 0, "name"): 16,
        ("entries", 0, "inner", "x"): 18,
        ("entries", 1): 19,
        ("entries", 1, "inner", "y"): 21,
        ("entries", 1, "deep", 1, "z"): 25,
        ("entries", 1, "nothing", "here"): 19,
        ("nowhere",): None,
    }
    places = Places(text)
    assert {path: places.line(path) for path in expected} == expected
    assert tomllib.loads(text)["entries"][1]["deep"][1]["z"] == 2


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures/standards").glob("*.toml")), ids=lambda path: path.stem)
def test_every_value_of_our_own_documents_is_found(path: Path):
    text = path.read_text()
    places, lines = Places(text), text.splitlines()

    def check(value, at):
        if isinstance(value, dict):
            for key, inner in value.items():
                line = places.line((*at, key))
                assert key in lines[line - 1] or isinstance(inner, list), (at, key)
                check(inner, (*at, key))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                check(inner, (*at, i))
        elif isinstance(value, str):
            assert value in lines[places.line(at) - 1], (at, value)

    check(tomllib.loads(text), ())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('group = "quality"', 'group = "luck"', "criteria Q1：group = 'luck' 未知"),
        ('rule = "retention"', 'rule = "retained"', "criteria Q1：rule = 'retained' 未知"),
        ('limit = "4.2"', 'limit = "4,2"', "indicators L1 的 PRIMARY：limit = '4,2' 不是数"),
        ('limit = "4.2"', "limit = 4.2", "indicators L1 的 PRIMARY：limit 类型不对"),
        ('school_type = "special"', 'school_type = "magic"', "school_type = 'magic' 应为"),
        ("sponsors = [1,", "sponsors = [11,", "sponsors 的 11 不是举办者类型代码"),
        ("issued_on = 2017-04-19", "issued_on = 2017-04-19T00:00:00", "issued_on 类型不对，应为日期"),
        ('stages = ["PRIMARY"', 'stages = ["FIRST"', "stages 应为"),
        ('numerator = ["C11"]', 'numerator = ["C99"]', "criteria G7 的 parts 第 1 项：numerator 的 'C99' 不能用"),
        ('floor_share = "0.85"', 'floor_share = "0.85"\nbonus = 1', "school_rule：未知的内容 bonus"),
        ('code = "2017-quality"', 'code = "../secret"', "标准：code = '../secret' 不能作代码"),
        ("factor = 100\n", 'factor = "100"\n', "indicators L1：factor 类型不对，应为整数"),
        ("factor = 100\n", "factor = 0\n", "indicators L1：factor = 0 应不小于 1"),
        ("factor = 100\n", "factor = 1000000001\n", "indicators L1：factor = 1000000001 应不大于"),
        ('limit = "4.2"', 'limit = "0"', "indicators L1 的 PRIMARY：limit = '0' 应大于 0"),
        ('PRIMARY = "0.50"', 'PRIMARY = "0"', "coefficient 的 limits：PRIMARY = '0' 应大于 0"),
        ('JUNIOR = "1.1"', 'JUNIOR = "0"', "weights：JUNIOR = '0' 应大于 0"),
        ('JUNIOR = "1.1"', 'JUNIOR = "11/10"', "weights：JUNIOR = '11/10' 不是数"),
        ('SENIOR = "1.32"', 'SENIOR = "101"', "weights：SENIOR = '101' 应不大于 100"),
        ('floor_share = "0.85"', 'floor_share = "0"', "school_rule：floor_share = '0' 应大于 0"),
        ('floor_share = "0.85"', 'floor_share = "1.01"', "school_rule：floor_share = '1.01' 应不大于 1"),
        ("attained_at_least = 6", "attained_at_least = 0", "attained_at_least = 0 应不小于 1"),
        ("attained_at_least = 6", "attained_at_least = 8", "attained_at_least = 8 应不大于 7"),
        ("value_places = 2 ", "value_places = 13 ", "rounding：value_places = 13 应不大于 12"),
        ("ratio_places = 1 ", "ratio_places = -1 ", "rounding：ratio_places = -1 应不小于 0"),
        ("fewer_pupils_than = 50", "fewer_pupils_than = 0", "fewer_pupils_than = 0 应大于 0"),
        ('music_area = "96"', f'music_area = "1{"0" * 29}"', "criteria G3：music_area = '1"),
        ('basis = "E"', 'basis = "S"', "criteria G1：basis = 'S' 中没有 E"),
        ('field = "trained_teachers"', 'field = "code"', "criteria G9：field 的 'code' 不能用"),
        # What a relaxation means is the kernel's: it gets every number it needs, and softens what it always softens.
        ('criterion = "L3"\nwords', 'criterion = "L5"\nwords', "relaxations R1：criterion = 'L5' 应为 L3"),
        ('criterion = "G4"\nwords', 'criterion = "G5"\nwords', "relaxations R4：criterion = 'G5' 应为 G4"),
        ('pupils_from = "50"', 'pupils_from = "abc"', "relaxations R1：pupils_from = 'abc' 不是数"),
        ('pupils_from = "50"', 'pupils_from = "49.5"', "relaxations R1：pupils_from = '49.5' 应为整数"),
        ('pupils_from = "50", ', "", "relaxations R1：缺少参数 pupils_from"),
        (
            'pupils_from = "50"',
            'bonus = "1", pupils_from = "50"',
            "relaxations R1：没有参数 bonus，可用的参数：pupils_from",
        ),
        ('places = "rural", add', 'places = "moon", add', "relaxations R1：places 的 'moon' 不能用，应为 rural"),
        ('add = "shared_arts"', 'add = "nonsense"', "relaxations R1：add 的 'nonsense' 不能用"),
        ('add = "shared_arts"', 'add = "rented_sports_area"', "relaxations R1：add 的 'rented_sports_area' 不能用"),
        ('add = "other_sports_area,', 'add = "shared_arts,', "relaxations R2：add 的 'shared_arts' 不能用"),
        ('add = "other_sports_area,', 'add = "rented_sports_area,', "relaxations R2：add 有重复"),
        ('built_until = "2016"', 'built_until = "x"', "relaxations R3：built_until = 'x' 不是数"),
        ('largest_class_under = "30"', 'largest_class_under = "0"', "R3：largest_class_under = '0' 应大于 0"),
        ('music_area = "73"', 'music_area = "1e9"', "relaxations R3：music_area = '1e9' 不是数"),
        ('built_until = "2010"', 'built_until = "x"', "relaxations R4：built_until = 'x' 不是数"),
        ('built_until = "2010"', 'built_until = "10"', "relaxations R4：built_until = '10' 应不小于 1900"),
        ('migrant_share_over = "50"', 'migrant_share_over = "101"', "R4：migrant_share_over = '101' 应不大于 100"),
        ('size = "2400"', 'size = "2400.5"', "relaxations R4：size = '2400.5' 应为整数"),
    ],
)
def test_a_malformed_document_is_refused_with_its_line(old, new, words):
    text = NATIONAL.decode()
    assert old in text
    # What is wrong stands where the old text began, or on a line added to it.
    line = text[: text.index(old)].count("\n") + 1 + new.rstrip().count("\n") - old.rstrip().count("\n")
    with pytest.raises(StandardRefused) as caught:
        parse_standard(text.replace(old, new, 1).encode())
    assert str(caught.value).startswith(f"第 {line} 行，")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x = [\n1\n", "不是有效的 TOML"),
        (b'code = "2017-quality\nname = 1', "第 1 行"),
        (b"x = " + b"[" * 20_000, "嵌套过深"),
        (b"\xff\xfe", "不是 UTF-8 文本：第 1 个字节"),
        (b'# \n\nname = "x"', "code 缺失"),
        (b"#" * 600_000, "过大"),
        (b"x = " + b"9" * 5000, "过大的整数"),
        (b"[[a]]\nx = [0x" + b"f" * 5000 + b"]", "过大的整数"),
    ],
)
def test_what_is_no_document_at_all_is_refused(content, words):
    with pytest.raises(StandardRefused, match=words):
        parse_standard(content)


# ── Loading ───────────────────────────────────────────────────────────────────────────────────


def test_a_refused_document_loads_nothing_not_even_its_neighbours(db, tmp_path):
    (tmp_path / "good.toml").write_bytes(NATIONAL)
    (tmp_path / "loose.toml").write_text(HEAD + LOOSER["a ratio"][0])
    with pytest.raises(CommandError, match=r"loose\.toml：第 10 行，criteria G7 特殊教育公用经费：下限 7500 低于"):
        call_command("load_standard", str(tmp_path / "good.toml"), str(tmp_path / "loose.toml"))
    assert not Standard.objects.exists()


def test_a_variant_is_loaded_after_what_it_extends_and_stays_pinned_to_it(db):
    loaded = load_standards({"a": VARIANT_PATH.read_bytes(), "b": NATIONAL})
    assert [(row.code, is_new) for row, is_new in loaded] == [("2017-quality", True), ("99-quality-2026", True)]
    with pytest.raises(Refused, match="已载入且内容不同"):
        load_standard(NATIONAL + b"\n")
    assert parsed_standard(loaded[1][0]) == read_standard(VARIANT_PATH)


def test_a_variant_without_its_ground_is_refused(db):
    with pytest.raises(StandardRefused, match="没有载入这个标准"):
        load_standard(VARIANT_PATH.read_bytes())
    assert not Standard.objects.exists()


def test_its_page_shows_what_it_extends_and_every_limit_before_and_after(client, db):
    load_standards({"a": VARIANT_PATH.read_bytes(), "b": NATIONAL})
    page = client.get(reverse("standard", args=["99-quality-2026"])).content.decode()
    assert f'href="{reverse("standard", args=["2017-quality"])}"' in page
    assert hashlib.sha256(NATIONAL).hexdigest() in page
    row = page[page.index("G7 特殊教育公用经费") :][:400]
    assert "8000" in row
    assert "8500" in row
    assert '4.5<small class="under">原为 4.2</small>' in page
    assert '<s class="quiet">0.50</s> → <strong>0.48</strong>' in page
    assert "核算条件：小学在校生数 不超过 19 × 小学专任教师数" in page
    national = client.get(reverse("standard", args=["2017-quality"])).content.decode()
    assert "严在哪里" not in national
    assert client.get("/").status_code == 200


# ── Judging ───────────────────────────────────────────────────────────────────────────────────


def test_a_county_may_meet_the_national_standard_and_not_the_provinces(standard_document):
    rows = good_rows()
    rows[0]["primary_full_time_teachers"] = rows[0]["primary_enrollment"] // 19 - 1
    # 8000 yuan a pupil and more, but not 8500.
    report = read_report(book_of(rows, good_figures() | {"C11": 90.2, "C12": 110}), known_aliases()).report
    national = judge_report(report, standard_document, AS_OF)["criteria"]
    province = judge_report(report, read_standard(VARIANT_PATH), AS_OF)["criteria"]
    assert (national["G7"]["status"], province["G7"]["status"]) == ("met", "not_met")
    assert set(province) - set(national) == {"X1", "X2"}
    assert (province["X1"]["status"], province["X1"]["schools"]) == ("not_met", [rows[0]["code"]])
    assert province["X1"]["sentence"] == "有小学部的学校4所，其中专任教师配备不足的1所"
    assert province["X2"]["status"] == "met"


def test_the_judge_command_takes_a_variant_by_its_code(tmp_path):
    missing = tmp_path / "missing.xlsx"
    command = [sys.executable, "manage.py", "judge", str(missing), "--standard", "99-quality-2026", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["standard"] == "99-quality-2026"
