"""Safe repairs of single cells, derived from the problems: proposed, never applied without a person. Pure.

The reader and the checks put a ``fix`` to a problem only where nothing has to be guessed. Here it is told what kind of
repair that is, so that a clerk can accept all of a kind, and which cells it changes: two columns that were changed over
are two cells.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Protocol

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, FIELD_BY_HEADER, FIELD_BY_KEY, FIELDS, SCHOOL_SHEET, Field
from indicators.workbook.notes import letters_of, place_of
from indicators.workbook.revise import NewValue


class RepairKind(StrEnum):
    """What is put right; the label stands on the button that accepts all of a kind."""

    FULL_WIDTH = "full_width"
    SPACES = "spaces"
    SEPARATORS = "separators"
    UNIT = "unit"
    TEXT_NUMBER = "text_number"
    PERCENT = "percent"
    ROOMS = "rooms"
    CODE_AS_NUMBER = "code_as_number"
    LEADING_ZERO = "leading_zero"
    SCIENTIFIC = "scientific"
    YUAN = "yuan"
    SWAPPED = "swapped"
    HEADER = "header"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    RepairKind.FULL_WIDTH: "全角字符改半角",
    RepairKind.SPACES: "去掉空格和看不见的字符",
    RepairKind.SEPARATORS: "去掉千分位逗号",
    RepairKind.UNIT: "去掉数字后的单位",
    RepairKind.TEXT_NUMBER: "文本改为数字",
    RepairKind.PERCENT: "百分数改为小数",
    RepairKind.ROOMS: "各间面积改用分号隔开",
    RepairKind.CODE_AS_NUMBER: "标识码改为文本",
    RepairKind.LEADING_ZERO: "补回标识码开头的 0",
    RepairKind.SCIENTIFIC: "科学计数法还原为标识码",
    RepairKind.YUAN: "元换算为万元",
    RepairKind.SWAPPED: "填反的两栏对调",
    RepairKind.HEADER: "表头改为与模板一致",
    RepairKind.OTHER: "其他建议",
}
_KIND_OF_RULE = {
    "code.number": RepairKind.CODE_AS_NUMBER,
    "code.leading_zero": RepairKind.LEADING_ZERO,
    "code.scientific": RepairKind.SCIENTIFIC,
    "code.outer_space": RepairKind.SPACES,
    "cell.rooms": RepairKind.ROOMS,
    "money.looks_like_yuan": RepairKind.YUAN,
    "teachers.backbone": RepairKind.SWAPPED,
    "areas.indoor_sports": RepairKind.SWAPPED,
    "funds.training": RepairKind.SWAPPED,
    "header.spelling": RepairKind.HEADER,
    "header.alias": RepairKind.HEADER,
}
#: Columns that are changed over with each other: header of the one that is told about, and key of the other.
_PARTNERS = {
    FIELD_BY_KEY[one].header: other
    for one, other in (
        ("primary_backbone_teachers", "primary_full_time_teachers"),
        ("junior_backbone_teachers", "junior_full_time_teachers"),
        ("indoor_sports_area", "teaching_area"),
        ("training_budget", "funds_budget"),
    )
}
_COUNTY_KINDS = {item.name: item.kind for item in COUNTY_ITEMS}


class Told(Protocol):
    """A problem as it was told, from the reader or from the database."""

    @property
    def rule(self) -> str: ...
    @property
    def sheet(self) -> str: ...
    @property
    def cell(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def fix(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Repair:
    """One cell to be changed from ``before`` to ``after``; ``header`` names its column or item. ``words`` say so."""

    sheet: str
    cell: str
    kind: RepairKind
    before: str
    after: str
    header: str

    @property
    def words(self) -> str:
        return f"{self.cell} 由“{self.before}”改为“{self.after}”（{self.kind.label}）"


def kind_of(problem: Told) -> RepairKind | None:
    """What kind of repair a problem proposes, None where it proposes none."""
    if not problem.fix or not problem.cell:
        return None
    if problem.rule in _KIND_OF_RULE:
        return _KIND_OF_RULE[problem.rule]
    found = problem.found
    plain = unicodedata.normalize("NFKC", found)
    without_spaces = re.sub(r"[\s\u200b\u200c\u200d\u2060\ufeff'’]", "", plain)
    if plain.rstrip().endswith("%"):
        return RepairKind.PERCENT
    if re.search(r"[0-9][^0-9.,]+$", without_spaces) and problem.rule == "cell.text_number":
        return RepairKind.UNIT
    if "," in plain:
        return RepairKind.SEPARATORS
    if re.search("[\uff01-\uff5e\u3000]", found):
        return RepairKind.FULL_WIDTH
    if without_spaces != plain:
        return RepairKind.SPACES
    return RepairKind.TEXT_NUMBER if problem.rule == "cell.text_number" else RepairKind.OTHER


def repairs_of(problem: Told, columns: Mapping[str, str]) -> tuple[Repair, ...]:
    """The cells that accepting a problem's proposal changes; ``columns`` gives the letters of the catalogue's keys."""
    kind = kind_of(problem)
    if kind is None:
        return ()
    first = Repair(problem.sheet, problem.cell, kind, problem.found, problem.fix, problem.header)
    if kind is not RepairKind.SWAPPED:
        return (first,)
    key = _PARTNERS.get(problem.header, "")
    if key not in columns:
        return ()
    other = next(field for field in FIELDS if field.key == key)
    cell = f"{columns[key]}{place_of(problem.cell)[0]}"
    return first, Repair(problem.sheet, cell, kind, problem.fix, problem.found, other.header)


def all_repairs(problems: Iterable[Told], columns: Mapping[str, str]) -> dict[tuple[str, str], Repair]:
    """Every proposed repair by sheet and cell; a cell for which two different contents are proposed has none."""
    found: dict[tuple[str, str], Repair] = {}
    disputed = set()
    for problem in problems:
        for repair in repairs_of(problem, columns):
            place = (repair.sheet, repair.cell)
            if found.setdefault(place, repair).after != repair.after:
                disputed.add(place)
    return {place: repair for place, repair in found.items() if place not in disputed}


def new_value(sheet: str, header: str, typed: str) -> NewValue:
    """What is put into a cell under a header: a number where the form asks for one and one is typed, else the text."""
    if not typed:
        return None
    entry = FIELD_BY_HEADER.get(header) if sheet != "" else None
    kind = entry.kind if isinstance(entry, Field) and sheet == SCHOOL_SHEET else _COUNTY_KINDS.get(header)
    if kind is None or not kind.is_number or not re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", typed):
        return typed
    try:
        return Decimal(typed)
    except InvalidOperation:
        return typed


def header_at(cell: str, columns: Mapping[str, str]) -> Field | None:
    """The column of 「学校数据」 that an address lies in, None where it is not read."""
    letters = letters_of(place_of(cell)[1])
    return next((field for field in ALL_FIELDS if columns.get(field.key) == letters), None)
