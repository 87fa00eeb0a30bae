"""Conditions a province writes: read by a small grammar, told in Chinese, and decided exactly for every row."""

from __future__ import annotations

import contextlib
import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluation.core.columns import EMPTY, REJECTED, SCHOOL_TYPES, CountyColumns, RoomColumn, SchoolColumns
from evaluation.core.criterion import Criterion
from evaluation.core.expression import (
    MOST_CHARACTERS,
    ExpressionRefused,
    Level,
    in_words,
    keys_read,
    parse_condition,
)
from evaluation.core.expression_values import Ground, truths
from evaluation.core.items import MET, NOT_MET, TO_JUDGE, UNKNOWN, Context, expression
from evaluation.core.population import population
from schools.vocabulary import SchoolType

SCALE = 10**6
PRIMARY, JUNIOR, NINE = (
    SCHOOL_TYPES.index(t) for t in (SchoolType.PRIMARY_SCHOOL, SchoolType.JUNIOR_SCHOOL, SchoolType.NINE_YEAR)
)
STAGE_OF = {"primary_enrollment": 0, "primary_classes": 0, "junior_enrollment": 1, "junior_classes": 1}
#: School fields and county codes the random conditions use, with the unit of their columns.
FIELDS = {**dict.fromkeys(STAGE_OF, 1), "certified_teachers": 1, "teaching_area": SCALE, "equipment_value": SCALE}
CODES = {"C12": 1, "C13": SCALE, "C27": 1}


def ground_of(standard_document, schools: list[dict[str, int]], figures: list[dict[str, int]] | None = None) -> Ground:
    """Columns from rows that hold the whole numbers of the columns; ``county`` is the position of the county."""
    figures = figures or [{}]
    keys = {key for row in schools for key in row if key not in ("county", "music")}
    columns = {key: np.array([row.get(key, EMPTY) for row in schools], np.int64) for key in keys}
    rooms = [(i, area) for i, row in enumerate(schools) for area in row.get("music", ())]  # type: ignore[attr-defined]
    music = RoomColumn(np.array([r[0] for r in rooms], np.int64), np.array([r[1] for r in rooms], np.int64))
    county = np.array([row.get("county", 0) for row in schools], np.int64)
    table = SchoolColumns(county, len(figures), columns, {"music_room_areas": music})
    codes = {code: np.array([row.get(code, EMPTY) for row in figures], np.int64) for code in CODES}
    certain = np.ones(len(figures), np.bool_)
    return Ground(table, population(table, standard_document), CountyColumns(codes, certain), certain)


def primary_school(**cells: Any) -> dict[str, Any]:
    return {"school_type": PRIMARY, "primary_enrollment": 100, "primary_classes": 4} | cells


def judged(text: str, ground: Ground, level: Level = Level.SCHOOL) -> list[bool | None]:
    found = truths(parse_condition(text, level), level, ground)
    return [True if t else False if f else None for t, f in zip(found.true, found.false, strict=True)]


# ── The grammar ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 3 - 2 == 5", True),
        ("100 / 10 / 5 == 2", True),
        ("-2 * -3 == 6", True),
        ("2 - -2 == 4", True),
        ("- (1 + 2) == -3", True),
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 3 * 3 == 1", True),
        ("1 < 2 or 1 < 0 and 1 < 0", True),
        ("(1 < 2 or 1 < 0) and 1 < 0", False),
        ("not 1 < 0 and 1 < 0", False),
        ("not (1 < 0 and 1 < 0)", True),
        ("not not 1 < 2", True),
        ("min(3, 2, 5) == 2 and max(3, 2, 5) == 5", True),
        ("1 != 1", False),
        ("2 >= 2 and 2 <= 2 and not 2 > 2 and not 2 < 2", True),
        ("\n1\t<  2 ", True),
    ],
)
def test_operators_bind_as_in_school(text, expected, standard_document):
    assert judged(text, ground_of(standard_document, [primary_school()])) == [expected]


REFUSED = {
    "a field nobody knows": ("1 < bokos", 5, "不认识的字段 bokos，是不是 books？"),
    "a county code nobody knows": ("C40 > 1", 1, "不认识的字段 C40"),
    "a function nobody knows": ("eval(1) > 0", 1, "不认识的函数 eval"),
    "an import": ("__import__(1) > 0", 1, "不认识的函数 __import__"),
    "an attribute": ("books.real > 1", 6, "不能用“.”"),
    "a string": ("'a' < 1", 1, "不能用“'”"),
    "an index": ("books[0] < 1", 6, "不能用“["),
    "a lambda": ("lambda: 1", 7, "不能用“:”"),
    "a power": ("2 ** 3 > 1", 4, "应为数、字段或括号"),
    "an assignment": ("books = 1", 7, "相等写作 =="),
    "a walrus": ("(books := 1) > 0", 8, "不能用“:”"),
    "a percent sign": ("books > 85%", 11, "百分数写作小数"),
    "full-width brackets": ("（books > 1）", 1, "请用半角的 ("),
    "digits of another script": ("books > ３", 9, "不能用"),
    "two comparisons in a row": ("1 < 2 < 3", 7, "比较不能连写"),
    "nothing": ("", 1, "而表达式在这里结束了"),
    "half a comparison": ("books >", 8, "而表达式在这里结束了"),
    "an open bracket": ("(books > 1", 11, "应为“)”"),
    "a bracket too many": ("books > 1)", 10, "多出“)”"),
    "two numbers side by side": ("1 2", 1, "这里应为条件"),
    "something after the end": ("1 < 2 3", 7, "多出“3”"),
    "a number as a condition": ("books", 1, "这里应为条件"),
    "a number beside and": ("1 < 2 and books", 11, "这里应为条件"),
    "a number before or": ("books or 1 < 2", 1, "or 连接的应为条件"),
    "a condition in a sum": ("1 + (1 < 2) > 0", 5, "这里应为数"),
    "a yes in a comparison": ("is_boarding == 1", 1, "应为数，而不是条件"),
    "not of a number": ("not books", 5, "这里应为条件"),
    "a text field": ("name == 1", 1, "name（学校名称）不是数"),
    "a list of rooms": ("music_room_areas > 1", 1, "rooms(字段, 最小面积)"),
    "rooms of something else": ("rooms(books, 96) > 1", 7, "rooms 的第一项应为"),
    "rooms without an area": ("rooms(music_room_areas) > 1", 23, "应为“,”"),
    "rooms with a computed area": ("rooms(music_room_areas, books) > 1", 25, "最小面积"),
    "a sum about one school": ("sum(books) > 1", 1, 'level = "county"'),
    "the smallest of one": ("min(1) > 0", 6, "至少要两个数"),
    "a function without brackets": ("min > 0", 1, "后面应为括号"),
    "an endless number": ("books > " + "9" * 19, 9, "数最多 18 位"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_condition_is_refused_with_its_character(name):
    text, position, words = REFUSED[name]
    with pytest.raises(ExpressionRefused) as caught:
        parse_condition(text, Level.SCHOOL)
    assert str(caught.value).startswith(f"第 {position} 个字符处：")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("books > 1", 1, "要放进 sum()、count() 或 share()"),
        ("C12 > pupils", 7, "要放进 sum()"),
        ("sum(sum(books)) > 1", 5, "不能写在另一个汇总里面"),
        ("count(books) > 1", 7, "这里应为条件"),
        ("sum(books > 1) > 1", 5, "这里应为数"),
        ("share(1 < 2) ", 1, "这里应为条件"),
    ],
)
def test_a_condition_about_a_county_takes_schools_only_together(text, position, words):
    with pytest.raises(ExpressionRefused) as caught:
        parse_condition(text, Level.COUNTY)
    assert str(caught.value).startswith(f"第 {position} 个字符处：")
    assert words in str(caught.value)


@pytest.mark.parametrize("opening", ["(", "-", "not ", "min(1, "])
def test_nesting_and_length_have_an_end(opening):
    for depth in (30, 130):
        with pytest.raises(ExpressionRefused, match="最多套"):
            parse_condition(opening * depth + "1", Level.SCHOOL)
    with pytest.raises(ExpressionRefused, match=f"最长 {MOST_CHARACTERS} 个字符"):
        parse_condition(opening * (MOST_CHARACTERS + 1), Level.SCHOOL)


WORDS = ["(", ")", ",", "+", "-", "*", "/", "<", ">=", "and", "or", "not", "1", "0.5", "books", "pupils", "is_boarding",
         "C12", "sum(", "count(", "share(", "min(", "rooms(music_room_areas, 96)"]  # fmt: skip


def test_a_long_condition_without_nesting_is_fine(standard_document):
    text = "+".join(["1"] * 400) + " == 400"
    assert judged(text, ground_of(standard_document, [primary_school()])) == [True]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_a_condition_or_is_refused(text):
    for level in Level:
        with contextlib.suppress(ExpressionRefused):
            in_words(parse_condition(text, level))


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (
            "primary_enrollment <= 19 * primary_full_time_teachers",
            Level.SCHOOL,
            "小学在校生数 不超过 19 × 小学专任教师数",
        ),
        ("not is_boarding or is_boarding", Level.SCHOOL, "是否寄宿制填“否”，或者 是否寄宿制填“是”"),
        (
            "books - (books - 1) > 2 * (books + 1)",
            Level.SCHOOL,
            "图书册数 − （图书册数 − 1） 高于 2 × （图书册数 + 1）",
        ),
        ("rooms(music_room_areas, 96) >= 1", Level.SCHOOL, "音乐专用教室中不小于 96 ㎡的间数 不低于 1"),
        ("share(books > 0) >= 0.9", Level.COUNTY, "“图书册数 高于 0”的学校所占比例 不低于 0.9"),
        ("sum(pupils) / C12 > 3", Level.COUNTY, "各校义务教育在校生数的合计 ÷ 特殊教育学生数 高于 3"),
        ("not (1 < 2 and 2 < 3)", Level.SCHOOL, "并非（1 低于 2，并且 2 低于 3）"),
    ],
)
def test_a_condition_is_told_in_chinese(text, level, words):
    assert in_words(parse_condition(text, level)) == words


def test_a_condition_names_what_it_reads():
    node = parse_condition("sum(pupils) > 1 and not C12 < max(1, sum(books)) and count(is_boarding) > 2", Level.COUNTY)
    assert keys_read(node) == ("primary_enrollment", "junior_enrollment", "C12", "books", "is_boarding")


# ── What is not there ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("certified_teachers > 1", None),
        ("certified_teachers > 1 and 1 < 0", False),
        ("certified_teachers > 1 and 0 < 1", None),
        ("certified_teachers > 1 or 0 < 1", True),
        ("certified_teachers > 1 or 1 < 0", None),
        ("not certified_teachers > 1", None),
        ("certified_teachers * 0 == 0", None),
        ("max(certified_teachers, 9) > 1", None),
        ("is_boarding", None),
        ("1 / 0 > 1", None),
        ("1 / (primary_classes - 4) > 1", None),
        ("1 / (0.1 + 0.2 - 0.3) > 1", None),
        ("0 / 0 == 0", None),
    ],
)
@pytest.mark.parametrize("missing", [EMPTY, REJECTED])
def test_what_is_missing_or_divided_by_zero_is_unknown(text, expected, missing, standard_document):
    school = primary_school(certified_teachers=missing, is_boarding=missing)
    assert judged(text, ground_of(standard_document, [school])) == [expected]


def test_a_stage_the_school_does_not_have_counts_as_nothing_and_one_it_has_must_be_filled(standard_document):
    nine = {"school_type": NINE, "primary_enrollment": 100, "junior_enrollment": 60, "primary_classes": 3}
    ground = ground_of(standard_document, [primary_school(), nine])
    assert judged("primary_classes + junior_classes >= 4", ground) == [True, None]
    assert judged("pupils == 100", ground) == [True, False]


def test_rooms_count_from_their_area_on_and_a_refused_cell_is_unknown(standard_document):
    areas = [96 * SCALE, 96 * SCALE - 1, 120 * SCALE]
    schools = [primary_school(music=areas), primary_school(music_room_areas=REJECTED), primary_school()]
    ground = ground_of(standard_document, schools)
    assert judged("rooms(music_room_areas, 96) == 2", ground) == [True, None, False]
    assert judged("rooms(music_room_areas, 95.9999990) == 3", ground) == [True, None, False]


def test_a_county_is_unknown_where_one_of_its_schools_is(standard_document):
    schools = [
        primary_school(county=0, certified_teachers=3),
        primary_school(county=0, certified_teachers=5),
        primary_school(county=1, certified_teachers=3),
        primary_school(county=1),
    ]
    ground = ground_of(standard_document, schools, [{}, {}, {}])
    county = Level.COUNTY
    assert judged("sum(certified_teachers) == 8", ground, county) == [True, None, False]
    assert judged("count(certified_teachers > 4) == 1", ground, county) == [True, None, False]
    assert judged("share(certified_teachers > 4) == 0.5", ground, county) == [True, None, None]
    assert judged("sum(pupils) == 200", ground, county) == [True, True, False]
    ground.is_certain[0] = False
    assert judged("sum(pupils) == 200", ground, county) == [None, True, False]


def test_schools_outside_the_population_are_in_no_sum(standard_document):
    outside = {"school_type": SCHOOL_TYPES.index(SchoolType.SPECIAL), "primary_enrollment": 40}
    ground = ground_of(standard_document, [primary_school(), outside])
    assert judged("sum(pupils) == 100 and share(pupils > 0) == 1", ground, Level.COUNTY) == [True]


def test_a_share_of_a_third_is_exactly_a_third(standard_document):
    schools = [primary_school(certified_teachers=n) for n in (1, 2, 3)]
    ground = ground_of(standard_document, schools)
    assert judged("share(certified_teachers > 2) * 3 == 1", ground, Level.COUNTY) == [True]


@pytest.mark.parametrize("level", Level)
def test_numbers_beyond_what_a_float_holds_are_exact(level, standard_document):
    ground = ground_of(standard_document, [primary_school(certified_teachers=2**53 - 1), primary_school()], [{}])
    ground.schools.columns["certified_teachers"][1] = 2
    total = "sum(certified_teachers)" if level is Level.COUNTY else "certified_teachers + 2"
    assert judged(f"{total} > 9007199254740992", ground, level)[0] is True
    assert judged(f"{total} > 9007199254740993", ground, level)[0] is False
    assert judged(f"{total} * 1000000 * 1000000 > {total} * 1000000 * 999999", ground, level)[0] is True


def test_what_is_almost_zero_is_no_zero(standard_document):
    ground = ground_of(standard_document, [primary_school()])
    assert judged("1 / (0.1 + 0.2 - 0.2999999999999999) > 1", ground) == [True]
    assert judged("1 / (0.1 + 0.2 - 0.3000000000000001) > 1", ground) == [False]


# ── Against fractions and loops ───────────────────────────────────────────────────────────────

Tree = tuple[Any, ...]


def numbers(level: Level) -> st.SearchStrategy[Tree]:
    literals = st.sampled_from(["0", "1", "2", "3", "10", "0.1", "0.3", "4.2", "1000000", "999999999999999999"])
    leaves = [st.tuples(st.just("literal"), literals), st.tuples(st.just("code"), st.sampled_from(sorted(CODES)))]
    if level is Level.SCHOOL:
        leaves += [st.tuples(st.just("field"), st.sampled_from(sorted(FIELDS))), st.just(("pupils",))]
    else:
        inner = numbers(Level.SCHOOL)
        asked = st.tuples(st.just("compare"), SIGNS, inner, inner)
        leaves += [
            st.tuples(st.just("sum"), inner),
            st.tuples(st.sampled_from(["count", "share"]), asked),
        ]
    return st.recursive(
        st.one_of(leaves),
        lambda below: st.one_of(
            st.tuples(st.sampled_from("+-*/"), below, below),
            st.tuples(st.sampled_from(["min", "max"]), below, below),
            st.tuples(st.just("negative"), below),
        ),
        max_leaves=5,
    )


SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def conditions(level: Level) -> st.SearchStrategy[Tree]:
    number = numbers(level)
    compare = st.tuples(st.just("compare"), SIGNS, number, number)
    # A number compared with the same number, taken another way, lies on its own limit.
    close = number.map(lambda n: ("compare", ">=", ("/", ("*", n, ("literal", "3")), ("literal", "3")), n))
    return st.recursive(
        st.one_of(compare, close),
        lambda below: st.one_of(
            st.tuples(st.sampled_from(["and", "or"]), below, below), st.tuples(st.just("not"), below)
        ),
        max_leaves=4,
    )


def written(tree: Tree) -> str:
    match tree:
        case ("literal" | "field" | "code", text):
            return str(text)
        case ("pupils",):
            return "pupils"
        case ("negative", of):
            return f"-({written(of)})"
        case ("not", of):
            return f"not ({written(of)})"
        case ("min" | "max" as name, a, b):
            return f"{name}({written(a)}, {written(b)})"
        case ("sum" | "count" | "share" as name, of):
            return f"{name}({written(of)})"
        case ("compare", sign, a, b):
            return f"({written(a)}) {sign} ({written(b)})"
        case (sign, a, b):
            return f"({written(a)}) {sign} ({written(b)})"
    raise AssertionError(tree)


class Naive:
    """One row at a time, in fractions, from what the language is said to mean."""

    def __init__(self, schools: list[dict[str, int]], figures: list[dict[str, int]]) -> None:
        self.schools, self.figures = schools, figures

    def has(self, school: dict[str, int], stage: int) -> bool:
        pupils = school.get(("primary_enrollment", "junior_enrollment")[stage], EMPTY)
        return pupils > 0

    def number(self, tree: Tree, county: int, school: dict[str, int] | None) -> Fraction | None:
        match tree:
            case ("literal", text):
                return Fraction(text)
            case ("code", code):
                value = self.figures[county].get(code, EMPTY)
                return None if value < 0 else Fraction(value, CODES[code])
            case ("field", key):
                assert school is not None
                if key in STAGE_OF and not self.has(school, STAGE_OF[key]):
                    return Fraction(0)
                value = school.get(key, EMPTY)
                return None if value < 0 else Fraction(value, FIELDS[key])
            case ("pupils",):
                assert school is not None
                keys = ("primary_enrollment", "junior_enrollment")
                return Fraction(sum(school[key] for i, key in enumerate(keys) if self.has(school, i)))
            case ("negative", of):
                value_of = self.number(of, county, school)
                return None if value_of is None else -value_of
            case ("sum", of):
                each = [self.number(of, county, s) for s in self.of(county)]
                return None if None in each else sum(each, Fraction(0))  # type: ignore[arg-type]
            case ("count" | "share" as name, of):
                holds = [self.truth(of, county, s) for s in self.of(county)]
                if None in holds or (name == "share" and not holds):
                    return None
                return Fraction(holds.count(True), len(holds) if name == "share" else 1)
            case (sign, left, right):
                a, b = self.number(left, county, school), self.number(right, county, school)
                if a is None or b is None or (sign == "/" and b == 0):
                    return None
                if sign == "/":
                    return a / b
                return {"+": a + b, "-": a - b, "*": a * b, "min": min(a, b), "max": max(a, b)}[sign]
        raise AssertionError(tree)

    def truth(self, tree: Tree, county: int, school: dict[str, int] | None) -> bool | None:
        match tree:
            case ("not", of):
                value = self.truth(of, county, school)
                return None if value is None else not value
            case ("and" | "or" as word, left, right):
                both = (self.truth(left, county, school), self.truth(right, county, school))
                decisive = word == "or"
                return decisive if decisive in both else None if None in both else not decisive
            case ("compare", sign, left, right):
                a, b = self.number(left, county, school), self.number(right, county, school)
                if a is None or b is None:
                    return None
                table = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}
                return table[sign]
        raise AssertionError(tree)

    def of(self, county: int) -> list[dict[str, int]]:
        return [s for s in self.schools if s["county"] == county and (self.has(s, 0) or self.has(s, 1))]


COUNTS = st.sampled_from([EMPTY, REJECTED, 0, 1, 2, 3, 7, 21, 500])
SCALED = st.sampled_from([EMPTY, 0, 1, 100_000, 300_000, 4_200_000, 2_100_000_001, 9_999_999_999_999])


@st.composite
def school_rows(draw: st.DrawFn) -> list[dict[str, int]]:
    rows = []
    for county in sorted(draw(st.lists(st.integers(0, 1), max_size=6))):
        kind = draw(st.sampled_from([PRIMARY, JUNIOR, NINE]))
        row = {"county": county, "school_type": kind}
        if kind != JUNIOR:
            row |= {"primary_enrollment": draw(st.integers(1, 500)), "primary_classes": draw(COUNTS)}
        if kind != PRIMARY:
            row |= {"junior_enrollment": draw(st.integers(1, 500)), "junior_classes": draw(COUNTS)}
        row |= {"certified_teachers": draw(COUNTS), "teaching_area": draw(SCALED), "equipment_value": draw(SCALED)}
        rows.append(row)
    return rows


FIGURES = st.lists(st.fixed_dictionaries({"C12": COUNTS, "C13": SCALED, "C27": COUNTS}), min_size=2, max_size=2)


@settings(max_examples=400)
@given(tree=conditions(Level.SCHOOL), schools=school_rows(), figures=FIGURES)
def test_schools_agree_with_fractions_and_loops(tree, schools, figures, standard_document):
    assume(len(text := written(tree)) <= MOST_CHARACTERS)
    naive = Naive(schools, figures)
    expected = [naive.truth(tree, school["county"], school) for school in schools]
    assert judged(text, ground_of(standard_document, schools, figures)) == expected


@settings(max_examples=400)
@given(tree=conditions(Level.COUNTY), schools=school_rows(), figures=FIGURES)
def test_counties_agree_with_fractions_and_loops(tree, schools, figures, standard_document):
    assume(len(text := written(tree)) <= MOST_CHARACTERS)
    naive = Naive(schools, figures)
    expected = [naive.truth(tree, county, None) for county in range(2)]
    assert judged(text, ground_of(standard_document, schools, figures), Level.COUNTY) == expected


# ── As an item of a standard ──────────────────────────────────────────────────────────────────


def item(then: str = "met", **parameters: str) -> Criterion:
    sentence = "共{checked}所，不足{short}所"
    return Criterion("X1", "guarantee", "甲", "乙", "丙", "S", "expression", sentence, parameters, (), then, "")


def context_of(ground: Ground, standard_document) -> Context:
    day = datetime.date(2026, 9, 1)
    return Context(ground.schools, ground.people, ground.figures, ground.is_certain, standard_document, day)


@pytest.mark.parametrize(
    ("certified", "status", "sentence"),
    [
        ([9, 9, 0], MET, "共2所，不足0所"),
        ([9, 1, 0], NOT_MET, "共2所，不足1所"),
        ([9, EMPTY, 0], UNKNOWN, "共2所，不足0所；1所学校数据缺失，无法核算"),
        ([1, EMPTY, 0], NOT_MET, "共2所，不足1所；1所学校数据缺失，无法核算"),
    ],
)
def test_an_item_about_schools_fails_by_one_school_and_asks_only_those_it_names(
    certified, status, sentence, standard_document
):
    classes = (4, 4, 1)
    schools = [primary_school(certified_teachers=n, primary_classes=c) for n, c in zip(certified, classes, strict=True)]
    criterion = item(level="school", where="primary_classes > 2", condition="certified_teachers > 5")
    result = expression(context_of(ground_of(standard_document, schools), standard_document), criterion)
    assert (result.status.tolist(), result.sentence_at(criterion, 0, 1)) == ([status], sentence)
    assert result.short_schools.tolist() == [n in (0, 1) and c > 2 for n, c in zip(certified, classes, strict=True)]


def test_whom_it_asks_may_itself_be_unknown(standard_document):
    schools = [primary_school(certified_teachers=EMPTY, primary_classes=n) for n in (4, 1)]
    criterion = item(level="school", where="certified_teachers > 5", condition="primary_classes > 2")
    result = expression(context_of(ground_of(standard_document, schools), standard_document), criterion)
    assert result.status.tolist() == [UNKNOWN]
    assert result.unknown_schools.tolist() == [False, True]


def test_an_item_about_the_county_is_judged_county_by_county(standard_document):
    ground = ground_of(standard_document, [primary_school()], [{"C12": 5}, {"C12": 3}, {}])
    met = expression(context_of(ground, standard_document), item(level="county", condition="C12 >= 4"))
    assert met.status.tolist() == [MET, NOT_MET, UNKNOWN]
    waits = expression(context_of(ground, standard_document), item("to_judge", level="county", condition="C12 >= 4"))
    assert waits.status.tolist() == [TO_JUDGE, NOT_MET, UNKNOWN]
