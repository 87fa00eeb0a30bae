"""The header row of 「学校数据」: where it stands, and which column holds which field. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from indicators.catalogue import ALL_FIELDS, FIELD_BY_KEY, FIELDS, Field
from indicators.workbook.notes import Notes, Place, letters_of
from indicators.workbook.sandbox import Sheet
from indicators.workbook.sandbox import Value as CellValue
from indicators.workbook.values import is_empty, shown

_ANCHOR = FIELDS[0].header


#: A row without the template's own header of the code is the header row where it holds so many known ones.
_FEWEST_HEADERS = 5
_LONGEST_HEADER = 60
#: Between the title above several columns and the header of one of them, where the header alone is not enough.
_UNDER = "／"
_SAMPLES = "前几行的数据："
_MOST_SAMPLES, _ROWS_LOOKED_AT, _LONGEST_SAMPLE = 3, 20, 30


@dataclass(frozen=True, slots=True)
class Alias:
    """A header that stands for the catalogue field ``key``; ``form`` names the form whose export writes it so. An empty
    ``key`` is a column that somebody said is not used: it is passed over without a word."""

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


_FIELD_BY_PLAIN: Mapping[str, Field] = {plain_form(field.header): field for field in ALL_FIELDS}
_FIELD_BY_STEM: Mapping[str, Field] = {plain_form(field.header).partition("(")[0]: field for field in ALL_FIELDS}


def find_school_header(sheet: Sheet, aliases: Aliases) -> int | None:
    """Position of the header row of 「学校数据」: with the template's header of the code, else with another name of it
    among several known headers, else with several known headers alone; None where there is none."""
    position = find_header_position(sheet, _ANCHOR)
    if position is not None or not aliases:
        return position
    without_code = None
    for position, (_, values) in enumerate(sheet.rows):
        plain = {plain_form(v) for v in values if isinstance(v, str) and len(v) <= _LONGEST_HEADER}
        keys = {
            aliases[p].key if p in aliases else _FIELD_BY_PLAIN[p].key
            for p in plain
            if p in aliases or p in _FIELD_BY_PLAIN
        } - {""}
        if len(keys) >= _FEWEST_HEADERS:
            if FIELDS[0].key in keys:
                return position
            # Its header of the code may be one nobody has told us: the page of mappings must be able to ask for it.
            without_code = position if without_code is None else without_code
    return without_code


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

    _name_by_titles_above(sheet, position, aliases, strange)
    _take_aliases(notes, Place(sheet.name, row), aliases, places, strange)
    columns: dict[str, int] = {}
    first = Place(sheet.name, row, next(i for i, c in enumerate(cells) if not is_empty(c)) + 1)
    for field in ALL_FIELDS:
        indexes = places.get(field.key, [])
        if len(indexes) == 1:
            columns[field.key] = indexes[0]
        elif indexes:
            _note_repetition(notes, Place(sheet.name, row), field, indexes)
        elif not field.is_extra:
            _note_absence(notes, first, field, strange)
    for index, text in strange.items():
        words = f"模板中没有“{text}”这一列，其中的数据不使用。{_samples(sheet, position, index)}"
        notes.add("header.unknown", words, Place(sheet.name, row, index + 1), header=text, found=text)
    return HeaderRow(position, row, columns, frozenset(f.key for f in FIELDS if f.key not in columns))


def _take_aliases(
    notes: Notes, row: Place, aliases: Aliases, places: dict[str, list[int]], strange: dict[int, str]
) -> None:
    """Move the headers that stand for a field not there under its own name from ``strange`` to ``places``, and those
    that are not used out of it."""
    found: dict[str, list[int]] = {}
    for index, text in list(strange.items()):
        alias = aliases.get(plain_form(text))
        if alias is None or alias.key in places:
            continue
        if not alias.key:
            del strange[index]
            continue
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


def _name_by_titles_above(sheet: Sheet, position: int, aliases: Aliases, strange: dict[int, str]) -> None:
    """Put the title of the row above before unknown headers that repeat, as 小学 does under 专任教师 and under 班级数.

    A merged title stands in its first cell only, so that where it ends cannot be seen: the name made here tells the
    columns apart for a person to decide about, and no field is ever guessed from it.
    """
    repeated = {plain for plain, count in Counter(map(plain_form, strange.values())).items() if count > 1}
    if not repeated or not position or sheet.rows[position - 1][0] != sheet.rows[position][0] - 1:
        return
    title = ""
    for index, cell in enumerate(sheet.rows[position - 1][1]):
        if not is_empty(cell):
            title = shown(cell).strip()[:_LONGEST_HEADER]
        text = strange.get(index, "")
        if title and plain_form(text) in repeated and plain_form(text) not in aliases:
            strange[index] = f"{title}{_UNDER}{text}"


def _samples(sheet: Sheet, position: int, index: int) -> str:
    """The first few values below a header, for whoever must say what the column is; empty where there are none."""
    below = (values[index] for _, values in sheet.rows[position + 1 : position + 1 + _ROWS_LOOKED_AT])
    texts = [shown(cell).strip()[:_LONGEST_SAMPLE] for cell in below if not is_empty(cell)][:_MOST_SAMPLES]
    return f"{_SAMPLES}{'、'.join(texts)}" if texts else ""


def samples_in(message: str) -> str:
    """The values that the message about an unknown header shows; empty where it shows none."""
    return message.rpartition(_SAMPLES)[2] if _SAMPLES in message else ""


#: Words for one unit, by how a header without white space and in half-width letters writes it.
_UNITS: Mapping[str, str] = {
    **{word: word for word in ("元", "百元", "千元", "万元", "亿元", "百人", "千人", "万人", "亩", "公顷")},
    **{word: word for word in ("万册", "平方公里")},
    **dict.fromkeys(("人", "名", "个", "班", "间", "台", "套", "册", "所"), "个"),
    **dict.fromkeys(("m2", "平方米", "平米", "㎡", "平方"), "㎡"),
    **dict.fromkeys(("万平方米", "万m2"), "万㎡"),
    **dict.fromkeys(("%", "百分比"), "%"),
}
_BRACKETS = re.compile(r"[(\[【〔{]([^()\[\]【】〔〕{}]*)[)\]】〕}]")
_ENDING_UNIT = re.compile(r"(?:单位[:：]?|[/,，、_:：-])?((?:百|千|万|亿)?元|万?平方米|万?m2|平方公里|公顷|亩)$")


def unit_against(header: str, field: Field) -> str:
    """The unit a header names where it contradicts the unit of ``field``, otherwise empty; what is no unit, such as
    (含高中), says nothing."""
    plain = plain_form(header)
    told = [re.sub(r"^(?:计量)?单位[:为]?", "", inside) for inside in _BRACKETS.findall(plain)]
    ending = _ENDING_UNIT.search(_BRACKETS.sub("", plain))
    words = [word for word in (*told, *(ending.groups() if ending else ())) if word in _UNITS]
    wanted = _UNITS.get(plain_form(field.unit), "")
    return next((word for word in words if _UNITS[word] != wanted), "")


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
