"""The header row of 「学校数据」: where it stands, and which column holds which field. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from indicators.catalogue import FIELD_BY_KEY, FIELDS, Field
from indicators.workbook.notes import Notes, Place, letters_of
from indicators.workbook.sandbox import Sheet
from indicators.workbook.sandbox import Value as CellValue
from indicators.workbook.values import is_empty, shown

_ANCHOR = FIELDS[0].header


#: A row without the template's own header of the code is the header row where it holds so many known ones.
_FEWEST_HEADERS = 5
_LONGEST_HEADER = 60


@dataclass(frozen=True, slots=True)
class Alias:
    """A header that stands for the catalogue field ``key``; ``form`` names the form whose export writes it so."""

    header: str
    key: str
    form: str


#: By the plain form of the header.
Aliases = Mapping[str, Alias]
NO_ALIASES: Aliases = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """``position`` counts the rows of the sheet's data from 0, ``row`` is the sheet row. ``columns`` maps keys to
    column indexes (0 = A); ``unusable`` are the keys whose column is missing or not certain."""

    position: int
    row: int
    columns: Mapping[str, int]
    unusable: frozenset[str]


def plain_form(text: str) -> str:
    """A header without white space, with half-width brackets and letters: what is left must be equal."""
    return re.sub(r"[\s\u200b\ufeff]", "", unicodedata.normalize("NFKC", text))


def find_header_position(sheet: Sheet, anchor: str) -> int | None:
    """Position of the first row that holds the header ``anchor``, or None."""
    wanted = plain_form(anchor)
    for position, (_, values) in enumerate(sheet.rows):
        # Texts as long as a header: a page of instructions above need not be normalised.
        if any(isinstance(v, str) and len(v) <= len(anchor) + 10 and plain_form(v) == wanted for v in values):
            return position
    return None


_FIELD_BY_PLAIN: Mapping[str, Field] = {plain_form(field.header): field for field in FIELDS}
_FIELD_BY_STEM: Mapping[str, Field] = {plain_form(field.header).partition("(")[0]: field for field in FIELDS}


def find_school_header(sheet: Sheet, aliases: Aliases) -> int | None:
    """Position of the header row of 「学校数据」: with the template's header of the code, else with another name of it
    among several known headers; None where there is none."""
    position = find_header_position(sheet, _ANCHOR)
    if position is not None or not aliases:
        return position
    for position, (_, values) in enumerate(sheet.rows):
        plain = {plain_form(v) for v in values if isinstance(v, str) and len(v) <= _LONGEST_HEADER}
        keys = {
            aliases[p].key if p in aliases else _FIELD_BY_PLAIN[p].key
            for p in plain
            if p in aliases or p in _FIELD_BY_PLAIN
        }
        if FIELDS[0].key in keys and len(keys) >= _FEWEST_HEADERS:
            return position
    return None


def read_header_row(
    sheet: Sheet, notes: Notes, has_values: Sequence[bool], aliases: Aliases = NO_ALIASES
) -> HeaderRow | None:
    """Match the header row with the catalogue and note what does not fit; None where there is no header row.

    ``has_values`` says per column whether anything stands below: a column without a header only
    matters if something does. A header of ``aliases`` is read where the template's own is not there.
    """
    position = find_school_header(sheet, aliases)
    if position is None:
        return None
    row, cells = sheet.rows[position]
    places: dict[str, list[int]] = {}
    strange: dict[int, str] = {}
    for index, cell in enumerate(cells):
        text = shown(cell) if not is_empty(cell) else ""
        field = _FIELD_BY_PLAIN.get(plain_form(text))
        if field is not None:
            places.setdefault(field.key, []).append(index)
            _note_spelling(notes, Place(sheet.name, row, index + 1), field, cell)
        elif text:
            strange[index] = text
        elif index < len(has_values) and has_values[index]:
            words = f"{letters_of(index + 1)} 列没有表头，其中的数据不使用。如需使用，请补上模板中的表头。"
            notes.add("header.unknown", words, Place(sheet.name, row, index + 1))

    _take_aliases(notes, Place(sheet.name, row), aliases, places, strange)
    columns: dict[str, int] = {}
    first = Place(sheet.name, row, next(i for i, c in enumerate(cells) if not is_empty(c)) + 1)
    for field in FIELDS:
        indexes = places.get(field.key, [])
        if len(indexes) == 1:
            columns[field.key] = indexes[0]
        elif indexes:
            _note_repetition(notes, Place(sheet.name, row), field, indexes)
        else:
            _note_absence(notes, first, field, strange)
    for index, text in strange.items():
        words = f"模板中没有“{text}”这一列，其中的数据不使用。"
        notes.add("header.unknown", words, Place(sheet.name, row, index + 1), header=text, found=text)
    return HeaderRow(position, row, columns, frozenset(f.key for f in FIELDS if f.key not in columns))


def _take_aliases(
    notes: Notes, row: Place, aliases: Aliases, places: dict[str, list[int]], strange: dict[int, str]
) -> None:
    """Move the headers that stand for a field not there under its own name from ``strange`` to ``places``."""
    found: dict[str, list[int]] = {}
    for index, text in strange.items():
        alias = aliases.get(plain_form(text))
        if alias is not None and alias.key not in places:
            found.setdefault(alias.key, []).append(index)
    for key, indexes in found.items():
        places[key] = indexes
        for index in indexes:
            text = strange.pop(index)
            if len(indexes) > 1:
                continue
            header, form = FIELD_BY_KEY[key].header, aliases[plain_form(text)].form
            words = f"表头“{text}”不是模板的写法，已按“{header}”读取（来源：{form}）。请核对含义和单位是否相同。"
            notes.add(
                "header.alias", words, Place(row.sheet, row.row, index + 1), header=header, found=text, fix=header
            )


def _note_spelling(notes: Notes, place: Place, field: Field, cell: CellValue) -> None:
    """Line breaks and spaces around are how a header is laid out; other differences are pointed out."""
    text = str(cell).replace("\r", "").replace("\n", "").strip()
    if text != field.header:
        words = (
            f"表头“{text}”与模板的“{field.header}”写法略有不同（空格、括号或符号），已按模板读取，请改为与模板一致。"
        )
        notes.add("header.spelling", words, place, header=field.header, found=text, fix=field.header)


def _note_repetition(notes: Notes, row: Place, field: Field, indexes: Sequence[int]) -> None:
    for index in indexes:
        others = "、".join(f"{letters_of(i + 1)}{row.row}" for i in indexes if i != index)
        words = f"表头“{field.header}”在 {others} 也出现了，无法确定用哪一列，都没有读取。请只保留一列。"
        notes.add(
            "header.twice", words, Place(row.sheet, row.row, index + 1),
            header=field.header, found=field.header, rejects=(field.key,),
        )  # fmt: skip


def _note_absence(notes: Notes, first: Place, field: Field, strange: dict[int, str]) -> None:
    """Note a missing column: at the column that only has another unit, else at the start of the header row.

    A column with another unit is taken out of ``strange``: it has been spoken of.
    """
    for index, text in strange.items():
        if _FIELD_BY_STEM.get(plain_form(text).partition("(")[0]) is field:
            words = (
                f"表头“{text}”括号内的单位或说明与模板的“{field.header}”不一致，本列没有读取。"
                f"请核对数据的单位，必要时换算，并把表头改为“{field.header}”。"
            )
            notes.add(
                "header.unit", words, Place(first.sheet, first.row, index + 1),
                header=field.header, found=text, rejects=(field.key,),
            )  # fmt: skip
            del strange[index]
            return
    words = f"缺少“{field.header}”这一列，各校都缺这一项数据。请按模板补上这一列，表头须与模板完全一致。"
    close = get_close_matches(field.header, strange.values(), n=1, cutoff=0.75)
    if close:
        index = next(i for i, text in strange.items() if text == close[0])
        words += f"如果 {letters_of(index + 1)}{first.row} 的“{close[0]}”就是这一列，请改正表头。"
    notes.add("header.missing", words, first, header=field.header, rejects=(field.key,))
