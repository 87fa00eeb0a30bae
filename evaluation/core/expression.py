"""The small language in which a province writes an extra item: a condition over the fields of the forms. Pure.

Own tokens, own grammar, no way out of it: numbers, field keys, county codes, ``pupils``, ``+ - * /``, comparisons,
``and or not``, ``min max rooms`` and, for a county, ``sum count share`` over its schools. What a text may mean is
settled when it is parsed: an unknown name, a number where a condition belongs, or a school's field where only a county
is meant is refused with the place of the character. Evaluation is in :mod:`evaluation.core.expression_values`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from evaluation.core.rounding import plain
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, Kind

MOST_CHARACTERS = 1000
_DEEPEST = 24
_MOST_DIGITS = 18
PUPILS = "pupils"


class ExpressionRefused(ValueError):
    """The text is no condition; the message says at which character, and what is expected there."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(f"第 {position + 1} 个字符处：{message}")
        self.position = position


class Level(StrEnum):
    """What a condition is about: each school of the population, or the county as a whole."""

    SCHOOL = "school"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written, exact."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The number in a field of a school."""

    key: str


@dataclass(frozen=True, slots=True)
class CountyValue:
    """The number of an item of the county sheet."""

    code: str


@dataclass(frozen=True, slots=True)
class Pupils:
    """The pupils of a school in the compulsory stages that are counted."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """How many rooms of a kind are at least so large, in ㎡."""

    key: str
    least: Fraction


@dataclass(frozen=True, slots=True)
class Total:
    """Terms added; True beside a term takes it away."""

    terms: tuple[tuple[bool, Node], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors multiplied from left to right; True beside a factor divides by it."""

    factors: tuple[tuple[bool, Node], ...]


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus something."""

    of: Node


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smallest or the largest of several numbers."""

    is_largest: bool
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Σ of a number over the schools of the population of a county."""

    of: Node


@dataclass(frozen=True, slots=True)
class Count:
    """How many schools of the population meet a condition."""

    of: Node


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the schools of the population, 0 to 1, meets a condition."""

    of: Node


@dataclass(frozen=True, slots=True)
class YesNo:
    """A field that holds 是 or 否."""

    key: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers compared; ``sign`` is one of ``< <= > >= == !=``."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    of: Node


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions joined by ``and``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions joined by ``or``."""

    parts: tuple[Node, ...]


Node = (
    Number | FieldValue | CountyValue | Pupils | Rooms | Total | Product | Negative | Extreme | Sum | Count | Share
    | YesNo | Compare | Not | AllOf | AnyOf
)  # fmt: skip
_CONDITIONS = (YesNo, Compare, Not, AllOf, AnyOf)

_COMPARISONS: Mapping[str, str] = {
    "<": "低于",
    "<=": "不超过",
    ">": "高于",
    ">=": "不低于",
    "==": "等于",
    "!=": "不等于",
}
_AGGREGATES = ("sum", "count", "share")
_FUNCTIONS = ("min", "max", "rooms", *_AGGREGATES)
_WORDS = ("and", "or", "not")


@lru_cache(maxsize=256)
def parse_condition(text: str, level: Level) -> Node:
    """The condition that ``text`` says about a school or a county. Raises ExpressionRefused."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionRefused(MOST_CHARACTERS, f"表达式最长 {MOST_CHARACTERS} 个字符，请分成几项")
    return _Parser(text, level).condition()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign><=|>=|==|!=|[-+*/(),<>])"
)
_HINTS = {
    "=": "相等写作 ==",
    "（": "请用半角的 (",
    "）": "请用半角的 )",
    "，": "请用半角的逗号",
    "×": "乘写作 *",
    "÷": "除写作 /",
    "≥": "不低于写作 >=",
    "≤": "不超过写作 <=",
    "%": "百分数写作小数，例如 0.85",
    "!": "否定写作 not",
}


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            sign = text[position]
            hint = f"，{_HINTS[sign]}" if sign in _HINTS else ""
            raise ExpressionRefused(position, f"不能用“{sign}”{hint}")
        found.append(_Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    found.append(_Token("end", "", len(text)))
    return found


class _Parser:
    """One recursive descent over the tokens; every method returns a node that is already checked."""

    def __init__(self, text: str, level: Level) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._level = level
        self._is_inside = False

    def condition(self) -> Node:
        node = self._condition(self._any)
        if self._token.kind != "end":
            raise ExpressionRefused(self._token.position, f"多出“{self._token.text}”，此处应为运算符或结束")
        return node

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> str:
        """The next token's text where it is one of ``texts``, and past it; empty otherwise."""
        token = self._token
        if token.kind != "number" and token.text in texts and token.text:
            self._next += 1
            return token.text
        return ""

    def _need(self, text: str) -> None:
        if not self._take(text):
            found = f"“{self._token.text}”" if self._token.text else "结束"
            raise ExpressionRefused(self._token.position, f"应为“{text}”，而这里是{found}")

    def _condition(self, read: Callable[[], Node]) -> Node:
        position = self._token.position
        node = read()
        if not isinstance(node, _CONDITIONS):
            raise ExpressionRefused(position, "这里应为条件（例如 a >= b），而不是一个数")
        return node

    def _number(self, read: Callable[[], Node]) -> Node:
        position = self._token.position
        node = read()
        if isinstance(node, _CONDITIONS):
            raise ExpressionRefused(position, "这里应为数，而不是条件；是否类字段直接写字段名或 not 字段名")
        return node

    def _deeper(self, read: Callable[[], Node]) -> Node:
        if self._depth >= _DEEPEST:
            raise ExpressionRefused(self._token.position, f"括号和否定最多套 {_DEEPEST} 层")
        self._depth += 1
        node = read()
        self._depth -= 1
        return node

    def _any(self) -> Node:
        first_position, first = self._token.position, self._all()
        parts = [first]
        while self._take("or"):
            parts.append(self._condition(self._all))
        if len(parts) > 1 and not isinstance(first, _CONDITIONS):
            raise ExpressionRefused(first_position, "or 连接的应为条件，而不是一个数")
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self) -> Node:
        first_position, first = self._token.position, self._not()
        parts = [first]
        while self._take("and"):
            parts.append(self._condition(self._not))
        if len(parts) > 1 and not isinstance(first, _CONDITIONS):
            raise ExpressionRefused(first_position, "and 连接的应为条件，而不是一个数")
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _not(self) -> Node:
        if self._take("not"):
            return Not(self._deeper(lambda: self._condition(self._not)))
        return self._comparison()

    def _comparison(self) -> Node:
        position, left = self._token.position, self._total()
        sign = self._take(*_COMPARISONS)
        if not sign:
            return left
        if isinstance(left, _CONDITIONS):
            raise ExpressionRefused(position, "比较的两边应为数，而不是条件；是否类字段直接写字段名或 not 字段名")
        node = Compare(sign, left, self._number(self._total))
        if self._token.text in _COMPARISONS:
            raise ExpressionRefused(self._token.position, "比较不能连写，请用 and 连接两个比较")
        return node

    def _chain(self, read: Callable[[], Node], plus: str, minus: str) -> tuple[tuple[bool, Node], ...]:
        position, first = self._token.position, read()
        parts = [(False, first)]
        while sign := self._take(plus, minus):
            if isinstance(first, _CONDITIONS):
                raise ExpressionRefused(position, f"“{sign}”的两边应为数，而不是条件")
            parts.append((sign == minus, self._number(read)))
        return tuple(parts)

    def _total(self) -> Node:
        terms = self._chain(self._product, "+", "-")
        return terms[0][1] if len(terms) == 1 else Total(terms)

    def _product(self) -> Node:
        factors = self._chain(self._signed, "*", "/")
        return factors[0][1] if len(factors) == 1 else Product(factors)

    def _signed(self) -> Node:
        if self._take("-"):
            return Negative(self._deeper(lambda: self._number(self._signed)))
        return self._atom()

    def _atom(self) -> Node:
        token = self._token
        if token.kind == "number":
            self._next += 1
            if len(token.text) > _MOST_DIGITS:
                raise ExpressionRefused(token.position, f"数最多 {_MOST_DIGITS} 位")
            return Number(Fraction(token.text))
        if self._take("("):
            node = self._deeper(self._any)
            self._need(")")
            return node
        if token.kind != "name" or token.text in _WORDS:
            found = f"而这里是“{token.text}”" if token.text else "而表达式在这里结束了"
            raise ExpressionRefused(token.position, f"应为数、字段或括号，{found}")
        self._next += 1
        if self._take("("):
            node = self._deeper(lambda: self._call(token))
            self._need(")")
            return node
        return self._named(token)

    def _call(self, token: _Token) -> Node:
        if token.text not in _FUNCTIONS:
            raise ExpressionRefused(token.position, f"不认识的函数 {token.text}{_meant(token.text, _FUNCTIONS)}")
        if token.text == "rooms":
            return self._rooms()
        if token.text in _AGGREGATES:
            return self._aggregate(token)
        parts = [self._number(self._any)]
        while self._take(","):
            parts.append(self._number(self._any))
        if len(parts) < 2:
            raise ExpressionRefused(self._token.position, f"{token.text} 至少要两个数，用逗号隔开")
        return Extreme(token.text == "max", tuple(parts))

    def _aggregate(self, token: _Token) -> Node:
        if self._level is not Level.COUNTY:
            raise ExpressionRefused(token.position, f'{token.text} 汇总全县各校，只能用于 level = "county" 的项目')
        if self._is_inside:
            raise ExpressionRefused(token.position, f"{token.text} 不能写在另一个汇总里面")
        self._is_inside = True
        inner = self._number(self._any) if token.text == "sum" else self._condition(self._any)
        self._is_inside = False
        if token.text == "sum":
            return Sum(inner)
        return Count(inner) if token.text == "count" else Share(inner)

    def _rooms(self) -> Node:
        token = self._token
        kinds = [key for key, field in FIELD_BY_KEY.items() if field.kind is Kind.ROOMS]
        if token.text not in kinds:
            raise ExpressionRefused(token.position, f"rooms 的第一项应为 {' 或 '.join(kinds)}")
        self._school_only(token)
        self._next += 1
        self._need(",")
        least = self._token
        if least.kind != "number" or len(least.text) > _MOST_DIGITS:
            raise ExpressionRefused(least.position, "rooms 的第二项应为最小面积，例如 96")
        self._next += 1
        return Rooms(token.text, Fraction(least.text))

    def _named(self, token: _Token) -> Node:
        name = token.text
        if name == PUPILS:
            self._school_only(token)
            return Pupils()
        if name in COUNTY_ITEM_BY_CODE:
            return CountyValue(name)
        if name not in FIELD_BY_KEY:
            if name in _FUNCTIONS:
                raise ExpressionRefused(token.position, f"{name} 是函数，后面应为括号")
            known = [PUPILS, *COUNTY_ITEM_BY_CODE, *FIELD_BY_KEY, *_FUNCTIONS, *_WORDS]
            raise ExpressionRefused(token.position, f"不认识的字段 {name}{_meant(name, known)}")
        kind = FIELD_BY_KEY[name].kind
        if not kind.is_number and kind is not Kind.YES_NO:
            more = "，请写 rooms(字段, 最小面积)" if kind is Kind.ROOMS else "，表达式只能用数值和是否类字段"
            raise ExpressionRefused(token.position, f"{name}（{FIELD_BY_KEY[name].header}）不是数{more}")
        self._school_only(token)
        return YesNo(name) if kind is Kind.YES_NO else FieldValue(name)

    def _school_only(self, token: _Token) -> None:
        if self._level is Level.COUNTY and not self._is_inside:
            raise ExpressionRefused(
                token.position, f"{token.text} 是学校的数据，在县级项目中要放进 sum()、count() 或 share()"
            )


def _meant(name: str, known: list[str] | tuple[str, ...]) -> str:
    close = get_close_matches(name, known, 1)
    return f"，是不是 {close[0]}？" if close else ""


def keys_read(node: Node) -> tuple[str, ...]:
    """The catalogue keys and county codes a condition reads, in its order; the pupils of both stages for ``pupils``."""
    match node:
        case FieldValue(key) | YesNo(key) | Rooms(key):
            return (key,)
        case CountyValue(code):
            return (code,)
        case Pupils():
            return ("primary_enrollment", "junior_enrollment")
        case Total(signed) | Product(signed):
            inner: tuple[Node, ...] = tuple(part for _, part in signed)
        case Extreme(_, parts) | AllOf(parts) | AnyOf(parts):
            inner = parts
        case Compare(_, left, right):
            inner = (left, right)
        case Number():
            inner = ()
        case Negative(of) | Sum(of) | Count(of) | Share(of) | Not(of):
            inner = (of,)
    return tuple(dict.fromkeys(key for part in inner for key in keys_read(part)))


def in_words(node: Node) -> str:
    """The condition in Chinese, with the headers of the form in place of keys."""
    return _words(node, 0)


# How tightly a node holds together: what holds less tightly than its surroundings stands in brackets.
_OR, _AND, _COMPARE, _ADD, _TIMES, _SIGN, _ATOM = range(7)


def _words(node: Node, around: int) -> str:
    text, holds = _told(node)
    return f"（{text}）" if holds < around else text


def _told(node: Node) -> tuple[str, int]:
    match node:
        case Number(value):
            return plain(value), _ATOM
        case FieldValue(key):
            return FIELD_BY_KEY[key].header, _ATOM
        case CountyValue(code):
            return COUNTY_ITEM_BY_CODE[code].name, _ATOM
        case Pupils():
            return "义务教育在校生数", _ATOM
        case Rooms(key, least):
            return f"{FIELD_BY_KEY[key].header.partition('面积')[0]}中不小于 {plain(least)} ㎡的间数", _ATOM
        case Total(terms):
            signs = [" − " if is_minus else " + " for is_minus, _ in terms]
            # After a minus, terms of its own need their brackets.
            parts = [_words(term, _TIMES) for _, term in terms]
            return "".join(s + p for s, p in zip(["", *signs[1:]], parts, strict=True)), _ADD
        case Product(factors):
            signs = [" ÷ " if divides else " × " for divides, _ in factors]
            parts = [_words(factor, _SIGN) for _, factor in factors]
            return "".join(s + p for s, p in zip(["", *signs[1:]], parts, strict=True)), _TIMES
        case Negative(of):
            return f"−{_words(of, _ATOM)}", _SIGN
        case Extreme(is_largest, parts_of):
            listed = "、".join(_words(part, _ADD) for part in parts_of)
            return f"（{listed}）中{'最大' if is_largest else '最小'}的", _ATOM
        case Sum(of):
            return f"各校{_words(of, _ATOM)}的合计", _ATOM
        case Count(of):
            return f"{_quoted(of)}的学校数", _ATOM
        case Share(of):
            return f"{_quoted(of)}的学校所占比例", _ATOM
        case YesNo(key):
            return f"{FIELD_BY_KEY[key].header}填“是”", _COMPARE
        case Compare(sign, left, right):
            return f"{_words(left, _ADD)} {_COMPARISONS[sign]} {_words(right, _ADD)}", _COMPARE
        case Not(YesNo(key)):
            return f"{FIELD_BY_KEY[key].header}填“否”", _COMPARE
        case Not(of):
            return f"并非{_words(of, _ATOM)}", _COMPARE
        case AllOf(parts_of):
            return "，并且 ".join(_words(part, _COMPARE) for part in parts_of), _AND
        case AnyOf(parts_of):
            return "，或者 ".join(_words(part, _COMPARE) for part in parts_of), _OR


def _quoted(of: Node) -> str:
    return f"“{_words(of, _OR)}”"
