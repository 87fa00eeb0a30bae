"""A standard is a dated, hashed document; whatever it says wrongly is refused by name."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest

from evaluation.core.items import RULES
from evaluation.core.standard import StandardRefused, parse_standard
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY
from schools.vocabulary import Stage
from tests.conftest import STANDARD_PATH

DOCUMENT = STANDARD_PATH.read_bytes()


def test_the_document_says_what_the_2017_measure_says(standard_document):
    limits = {i.code: [str(float(i.stages[s].limit)) for s in Stage] for i in standard_document.indicators}
    assert limits == {
        "L1": ["4.2", "5.3"],
        "L2": ["1.0", "1.0"],
        "L3": ["0.9", "0.9"],
        "L4": ["4.5", "5.8"],
        "L5": ["7.5", "10.2"],
        "L6": ["2000.0", "2500.0"],
        "L7": ["2.3", "2.4"],
    }
    assert standard_document.coefficient_limits == {Stage.PRIMARY: Fraction("0.50"), Stage.JUNIOR: Fraction("0.45")}
    assert [Fraction(w, standard_document.weights[0]) for w in standard_document.weights] == [
        1,
        Fraction("1.1"),
        Fraction("1.32"),
    ]
    assert (standard_document.attained_at_least, standard_document.floor_share) == (6, Fraction("0.85"))


def test_the_floors_at_85_percent_are_those_the_standard_prints(standard_document):
    printed = {
        Stage.PRIMARY: ["3.57", "0.85", "0.765", "3.825", "6.375", "1700", "1.955"],
        Stage.JUNIOR: ["4.505", "0.85", "0.765", "4.93", "8.67", "2125", "2.04"],
    }
    for stage, floors in printed.items():
        ours = [i.stages[stage].limit * standard_document.floor_share for i in standard_document.indicators]
        assert ours == [Fraction(text) for text in floors]


def test_all_items_of_the_measure_are_there(standard_document):
    codes = [criterion.code for criterion in standard_document.criteria]
    expected = [f"G{i}" for i in range(1, 16)] + [f"Q{i}" for i in range(1, 10)] + ["S1"]
    expected += [f"V{i}" for i in range(1, 7)] + ["P1", "P2"]
    assert codes == expected
    assert [r.code for r in standard_document.relaxations] == ["R1", "R2", "R3", "R4"]


def test_every_rule_field_and_figure_the_document_names_exists(standard_document):
    for criterion in standard_document.criteria:
        assert criterion.rule in RULES
        for part in criterion.parts:
            assert set(part.numerator) | set(part.denominator) <= set(COUNTY_ITEM_BY_CODE)
        if "field" in criterion.parameters:
            assert criterion.parameters["field"] in FIELD_BY_KEY
    settings = {question.code: question.setting for question in standard_document.open_questions}
    rooms = next(c for c in standard_document.criteria if c.code == "G3")
    assert settings["room_counting"] == rooms.parameters["counting"]


def test_its_hash_is_the_hash_of_its_bytes(standard_document):
    assert standard_document.sha256 == hashlib.sha256(DOCUMENT).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('limit = "4.2"', 'limit = "4,2"', "不是数"),
        ('plus = ["primary_backbone_teachers"]', 'plus = ["no_such_field"]', "不是填报表的数值字段"),
        ('plus = ["teaching_area"]', 'plus = ["teaching_area", "multimedia_rooms"]', "计量单位不一致"),
        ("attained_at_least = 6", "", "attained_at_least 缺失"),
        ('floor_share = "0.85"', 'floor_share = "0.85"\nbonus = 1', "未知的内容 bonus"),
        ('code = "L2"', 'code = "L1"', "代码重复"),
        ('group = "quality"', 'group = "luck"', "未知"),
        ('setting = "each_kind"', 'setting = "neither"', "不在可选项中"),
        ('mode = "half_up"', 'mode = "half_even"', "half_up"),
        ("[population]", "[population", "TOML"),
        ('code = "R2"', 'code = "R1"', "criterion = 'L5' 应为 L3"),
        ('code = "L3"', 'code = "L9"', "relaxations R1：这个标准没有 L3"),
        ('rule = "school_size"\n', 'rule = "class_size"\n', "没有参数 continuous"),
        ('PRIMARY = "1"', 'PRIMARY = "1.000001"', "整数比后不能大于"),
    ],
)
def test_a_document_that_says_something_wrong_is_refused_by_name(old, new, words):
    text = DOCUMENT.decode()
    assert old in text
    with pytest.raises(StandardRefused, match=words):
        parse_standard(text.replace(old, new, 1).encode())
