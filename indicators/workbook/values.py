"""Typing of single cells: what a cell holds, held against what the form asks for. Pure.

A cell either has the value the form asks for, or it is refused with a rule and words that say how to put it
right. Nothing is ever converted by guess: text that looks like a number is refused, and the number that is
probably meant stands in the message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from indicators.catalogue import DECIMAL_PLACES, GRADES, Kind
from indicators.report import Value
from indicators.workbook.asked import Asked
from indicators.workbook.sandbox import DateValue, ErrorValue
from indicators.workbook.sandbox import Value as CellValue

EARLIEST_YEAR = 1900
LATEST_YEAR = 2100
LONGEST_NAME = 100
CODE_DIGITS = 10
_LONGEST_FOUND = 60
_SMALLEST_STEP = Decimal(1).scaleb(-DECIMAL_PLACES)

#: What clerks write where there is nothing to report.
PLACEHOLDERS = frozenset(
    (
        "-", "--", "---", "—", "——", "–", "－", "―", "/", "／", "\\", "、", ".", "。", "*", "×", "x", "X", "?", "？",
        "无", "没有", "暂无", "空", "不适用", "不涉及", "未知",
        "N/A", "n/a", "NA", "na", "null", "NULL", "None", "none",
    )
)  # fmt: skip
TEN_DIGITS = re.compile(r"[0-9]{10}")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]*)?[eE]\+?[0-9]+")
_NUMERAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_MEANT = re.compile(r"\+?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(\.[0-9]{1,9})?([^0-9.,+-]{0,4})")
_AREA = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,15})?")
_PLAIN_ROOMS = re.compile(r"[1-9][0-9]{0,5}(?:\.[0-9]{1,2})?(?:;[1-9][0-9]{0,5}(?:\.[0-9]{1,2})?)*")
#: Signs that stand in a cell without being seen.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_NOTHING_VISIBLE = dict.fromkeys(map(ord, _INVISIBLE))


class Fault(NamedTuple):
    """A rule that speaks about a cell, in words. Whether the value stands is the rule's severity; ``fix`` is what
    may be put there instead, where there is one safe repair."""

    rule: str
    message: str
    fix: str = ""


class Typed(NamedTuple):
    """A cell read: its value, and what is to be said about it, if anything."""

    value: Value
    fault: Fault | None = None


def shown(cell: CellValue) -> str:
    """The cell as the clerk sees it: 12 and not 12.0; long texts are cut."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        text = f"{_exact(cell):f}"
        return "0" if text == "-0" else text
    text = cell.text if isinstance(cell, ErrorValue | DateValue) else cell
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"


def is_empty(cell: CellValue) -> bool:
    """Nothing in it, or nothing that can be seen."""
    return cell is None or (isinstance(cell, str) and not _trimmed(cell))


def read_column(asked: Asked, cells: Sequence[CellValue]) -> tuple[list[Value], list[tuple[int, Fault]]]:
    """The typed values of a column, and what is to be said about which position.

    Whole columns at once, because nearly every cell is a plain number or one of a few words: those take a
    short way, and only what is left is looked at closely.
    """
    kind = asked.kind
    if kind in (Kind.COUNT, Kind.YEAR):
        values, left = _quick_whole(asked, cells)
    elif kind.is_scaled:
        values, left = _quick_decimal(asked, cells)
    elif asked.accepted:
        values, left = _quick_choice(asked, cells)
    elif kind is Kind.ROOMS:
        values, left = _quick_rooms(asked, cells)
    else:
        values, left = [None] * len(cells), list(range(len(cells)))
    faults: list[tuple[int, Fault]] = []
    read = _READERS[kind]
    for position in left:
        cell = cells[position]
        typed = read(asked, None if is_empty(cell) else cell)
        values[position] = typed.value
        if typed.fault is not None:
            faults.append((position, typed.fault))
    return values, faults


def read_cell(asked: Asked, cell: CellValue) -> Typed:
    """One cell, for what does not come in columns."""
    values, faults = read_column(asked, [cell])
    return Typed(values[0], faults[0][1] if faults else None)


def with_numerals(cells: Sequence[CellValue]) -> list[CellValue]:
    """A column of a CSV file, where everything is text: plain numerals become numbers."""
    return [float(c) if isinstance(c, str) and _NUMERAL.fullmatch(c) else c for c in cells]


def _quick_whole(asked: Asked, cells: Sequence[CellValue]) -> tuple[list[Value], list[int]]:
    least, greatest = EARLIEST_YEAR if asked.kind is Kind.YEAR else 0, asked.greatest
    values: list[Value] = [None] * len(cells)
    left: list[int] = []
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if type(cell) is float and least <= cell <= greatest:
            whole = int(cell)
            if whole == cell:
                values[position] = whole
                continue
        left.append(position)
    return values, left


def _quick_decimal(asked: Asked, cells: Sequence[CellValue]) -> tuple[list[Value], list[int]]:
    greatest, places = asked.greatest, asked.places
    values: list[Value] = [None] * len(cells)
    left: list[int] = []
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if type(cell) is float and 0 <= cell <= greatest:
            whole = int(cell)
            if whole == cell:
                values[position] = Decimal(whole)
                continue
            if round(cell, places) == cell:
                values[position] = Decimal(repr(cell))
                continue
        left.append(position)
    return values, left


def _quick_choice(asked: Asked, cells: Sequence[CellValue]) -> tuple[list[Value], list[int]]:
    accepted = asked.accepted
    values: list[Value] = [None] * len(cells)
    left: list[int] = []
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        # True would be found as the number 1.
        value = accepted.get(cell) if type(cell) is str or type(cell) is float else None
        if value is None:
            left.append(position)
        else:
            values[position] = value
    return values, left


def _quick_rooms(asked: Asked, cells: Sequence[CellValue]) -> tuple[list[Value], list[int]]:
    """Lists such as 96;98.5, of which many schools have the same."""
    known: dict[str, tuple[Decimal, ...] | None] = {}
    values: list[Value] = [()] * len(cells)
    left: list[int] = []
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        areas = None
        if type(cell) is str and _PLAIN_ROOMS.fullmatch(cell):
            if cell not in known:
                found = tuple(map(Decimal, cell.split(";")))
                known[cell] = found if max(found) <= asked.greatest else None
            areas = known[cell]
        if areas is None:
            left.append(position)
        else:
            values[position] = areas
    return values, left


def _read_whole(asked: Asked, cell: CellValue) -> Typed:
    number = _number(asked, cell)
    if not isinstance(number, Decimal):
        return Typed(None, number)
    if asked.kind is Kind.YEAR:
        if number != int(number) or not EARLIEST_YEAR <= number <= LATEST_YEAR:
            words = f"“{shown(cell)}”不是有效的年份，请填写四位数字的年份，例如 2008。"
            return Typed(None, Fault("cell.year", words))
        return Typed(int(number))
    if (fault := _out_of_bounds(asked, cell, number)) is not None:
        return Typed(None, fault)
    if number != int(number):
        return Typed(None, Fault("cell.fraction", f"{shown(cell)} 不是整数，本栏应填整数（单位：{asked.unit}）。"))
    return Typed(int(number))


def _read_decimal(asked: Asked, cell: CellValue) -> Typed:
    number = _number(asked, cell)
    if not isinstance(number, Decimal):
        return Typed(None, number)
    if (fault := _out_of_bounds(asked, cell, number)) is not None:
        return Typed(None, fault)
    return _to_places(asked, number)


def _to_places(asked: Asked, number: Decimal) -> Typed:
    """The number with at most six decimals, half up; said where it has more than the form asks for."""
    kept = number.normalize()
    places = -int(kept.as_tuple().exponent)
    if places <= asked.places:
        return Typed(abs(number))
    if places > DECIMAL_PLACES:
        kept = number.quantize(_SMALLEST_STEP, ROUND_HALF_UP)
        words = f"小数超过 {DECIMAL_PLACES} 位，按四舍五入保留 {DECIMAL_PLACES} 位，取 {kept:f}。"
        return Typed(kept, Fault("cell.rounded", words))
    words = f"本栏要求 {asked.places} 位小数，这里有 {places} 位，按原数 {kept:f} 计算。"
    return Typed(kept, Fault("cell.decimals", words))


def _exact(number: float) -> Decimal:
    """A number as the 15 digits that a spreadsheet keeps."""
    return Decimal(f"{number:.15g}")


def _number(asked: Asked, cell: CellValue) -> Decimal | Fault | None:
    """The number in a cell, or why there is none; None for an empty cell."""
    if cell is None:
        return None
    return _exact(cell) if isinstance(cell, float) else _not_a_number(asked, cell)


def _out_of_bounds(asked: Asked, cell: CellValue, number: Decimal) -> Fault | None:
    if number < 0:
        return Fault("cell.negative", f"{shown(cell)} 是负数，本栏不能小于 0，请核对。")
    if number > asked.greatest:
        return Fault("cell.too_large", f"{shown(cell)} 大于可信的最大值 {asked.greatest}，{asked.when_large}")
    return None


def _not_a_number(asked: Asked, cell: CellValue) -> Fault:
    """Why a cell without a number is refused, and what to write instead."""
    if (fault := _not_plain(cell, "数字")) is not None:
        return fault
    found, text = f"“{shown(cell)}”", _trimmed(str(cell))
    if text in PLACEHOLDERS and asked.kind is not Kind.YEAR:
        return Fault("cell.placeholder", f"{found}不能代替数字。{asked.when_none}")
    meant, unit = _meant_number(text)
    if not meant:
        if asked.kind is Kind.YEAR:
            words = f"{found}不是年份，请填写四位数字的年份，例如 2008；不清楚的请留空。"
            return Fault("cell.year", words)
        unit_words = f"（单位：{asked.unit}）" if asked.unit else ""
        return Fault("cell.text", f"{found}是文本，不是数字。请只填数字{unit_words}。")
    if unit == "%":
        remedy = f"请改为小数 {Decimal(meant).scaleb(-2).normalize():f}，不写百分号。"
    elif unit and asked.kind.is_scaled and unit != unicodedata.normalize("NFKC", asked.unit):
        remedy = f"请按本栏的单位（{asked.unit}）换算后只填数字。"
    else:
        remedy = f"请改为数字 {meant}" + ("，不写单位。" if unit else "（先把单元格格式改为“常规”，再重新输入）。")
    return Fault("cell.text_number", f"{found}是文本，不是数字。{remedy}", _safe_number(asked, text, meant, unit))


def _safe_number(asked: Asked, text: str, meant: str, unit: str) -> str:
    """The number a text stands for, where nothing has to be guessed: it is one number, the unit is the column's own,
    and the number would be taken as it is."""
    plain = unicodedata.normalize("NFKC", text)
    if re.search(r"[0-9]\s+[0-9]", plain) and not re.match(r"[0-9]{1,3}(?:\s[0-9]{3})+(?![0-9])", plain):
        return ""
    number = Decimal(meant)
    if unit == "%" and asked.kind is Kind.DECIMAL and not asked.unit:
        number = number.scaleb(-2)
    elif unit and unit != unicodedata.normalize("NFKC", asked.unit):
        return ""
    fix = f"{number.normalize():f}"
    return "" if (fault := read_cell(asked, float(fix)).fault) is not None and fault.rule != "cell.decimals" else fix


def _not_plain(cell: CellValue, expected: str) -> Fault | None:
    """The fault of a cell that is an error value, a date or a truth value, where ``expected`` is asked for."""
    if isinstance(cell, ErrorValue):
        return Fault("cell.error_value", f"单元格是错误值 {shown(cell)}，请修正公式，或直接填写{expected}。")
    if isinstance(cell, DateValue):
        words = f"单元格是日期或时间 {shown(cell)}，不是{expected}。请把单元格格式改为“常规”，再重新填写。"
        return Fault("cell.date", words)
    if isinstance(cell, bool):
        return Fault("cell.boolean", f"单元格是逻辑值 {shown(cell)}，不是{expected}，请重新填写。")
    return None


def _meant_number(text: str) -> tuple[str, str]:
    """The number that a text probably means, and the unit written behind it; two empty strings if none."""
    found = _MEANT.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", "").lstrip("'"))
    if found is None:
        return "", ""
    return f"{Decimal(found[1].replace(',', '') + (found[2] or '')):f}", found[3]


def _read_choice(asked: Asked, cell: CellValue) -> Typed:
    if cell is None:
        return Typed(None)
    allowed = "、".join(asked.choices)
    if (fault := _not_plain(cell, "下拉列表中的选项")) is not None:
        return Typed(None, Fault(fault.rule, f"{fault.message}可选：{allowed}。"))
    if isinstance(cell, str) and (value := asked.accepted.get(_trimmed(cell))) is not None:
        return Typed(value)
    words = f"“{shown(cell)}”不在可选范围内，请填写其中之一：{allowed}。"
    return Typed(None, Fault("cell.choice", words, _squeezed_choice(asked, cell)))


def _squeezed_choice(asked: Asked, cell: CellValue) -> str:
    """The option that is meant, where only spaces or full-width signs are in the way."""
    if not isinstance(cell, str) or len(cell) > _LONGEST_FOUND:
        return ""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", cell.translate(_NOTHING_VISIBLE)))
    return plain if plain in asked.accepted else ""


def _read_grade(asked: Asked, cell: CellValue) -> Typed:
    if cell is None:
        return Typed(None)
    if (fault := _not_plain(cell, "监测等级")) is not None:
        return Typed(None, fault)
    if isinstance(cell, str):
        # The Roman signs Ⅰ to Ⅴ fall apart into Latin letters.
        value = asked.accepted.get(unicodedata.normalize("NFKC", _trimmed(cell)).upper())
        if value is not None:
            return Typed(value)
    words = f"“{shown(cell)}”不是有效的监测等级，请填写 {'、'.join(GRADES)} 之一；{asked.when_none}"
    return Typed(None, Fault("cell.grade", words))


def _read_text(asked: Asked, cell: CellValue) -> Typed:
    if cell is None:
        return Typed(None)
    if (fault := _not_plain(cell, "学校名称")) is not None:
        return Typed(None, fault)
    if not isinstance(cell, str):
        return Typed(None, Fault("cell.not_text", f"{shown(cell)} 是数字，不是学校名称，请填写与公章一致的全称。"))
    text = "".join(c for c in _trimmed(cell) if unicodedata.category(c) not in ("Cc", "Cs"))
    if len(text) > LONGEST_NAME:
        return Typed(None, Fault("cell.too_long", f"文字有 {len(text)} 个字，最多 {LONGEST_NAME} 个字，请核对。"))
    return Typed(text or None)


def _read_rooms(asked: Asked, cell: CellValue) -> Typed:
    """Areas of rooms: one number, or several separated by ; or ；. Empty means that there is no such room."""
    if cell is None:
        return Typed(())
    if (fault := _not_plain(cell, "每间的面积")) is not None:
        return Typed(None, fault)
    text = _trimmed(shown(cell) if isinstance(cell, float) else str(cell))
    if text in PLACEHOLDERS:
        return Typed(None, Fault("cell.placeholder", f"“{shown(cell)}”不是面积。{asked.when_none}"))
    parts = [part.strip() for part in re.split("[;；]", text)]
    if len(parts) > 1 and parts[-1] == "":
        parts.pop()
    areas: list[Decimal] = []
    said: Fault | None = None
    for number, part in enumerate(parts, 1):
        if not _AREA.fullmatch(part):
            return Typed(None, Fault("cell.rooms", _room_words(asked, text, number, part), _meant_rooms(asked, text)))
        typed = _to_places(asked, Decimal(part))
        area = typed.value
        if not isinstance(area, Decimal) or area <= 0:
            return Typed(None, Fault("cell.rooms", f"第 {number} 间的面积“{part}”应大于 0。{asked.when_none}"))
        if area > asked.greatest:
            words = f"第 {number} 间的面积 {part} 大于可信的最大值 {asked.greatest}，请核对是否漏了分号。"
            return Typed(None, Fault("cell.too_large", words))
        areas.append(area)
        if typed.fault is not None and (said is None or said.rule == "cell.decimals"):
            said = Fault(typed.fault.rule, f"第 {number} 间：{typed.fault.message}")
    return Typed(tuple(areas), said)


def _room_words(asked: Asked, text: str, number: int, part: str) -> str:
    """Which part of a list of areas cannot be read, and the list that is probably meant."""
    words = f"第 {number} 间的面积“{shown(part)}”不是大于 0 的数字。" if part else f"第 {number} 间的面积是空的。"
    plain = unicodedata.normalize("NFKC", text).replace("m2", "").replace("平方米", "")
    meant = [piece for piece in re.split(r"[;,、\s/+]+", plain) if piece]
    if len(text) <= _LONGEST_FOUND and meant and all(_AREA.fullmatch(piece) for piece in meant):
        return f"{words}每间一个数，用分号隔开，请改为 {';'.join(meant)}。"
    return f"{words}每间一个数，用分号隔开，例如 96;98.5。{asked.when_none}"


def _meant_rooms(asked: Asked, text: str) -> str:
    """The list of areas with its separators put right, where no comma could be one of thousands."""
    plain = unicodedata.normalize("NFKC", text).replace("m2", "").replace("平方米", "")
    if len(text) > _LONGEST_FOUND or re.search(r"[0-9],[0-9]{3}(?![0-9])", plain):
        return ""
    fix = ";".join(piece for piece in re.split(r"[;,、\s]+", plain) if piece)
    if not fix or not all(map(_AREA.fullmatch, fix.split(";"))):
        return ""
    return fix if read_cell(asked, fix).fault is None else ""


def _read_code(asked: Asked, cell: CellValue) -> Typed:
    """学校标识码: ten digits, kept as text."""
    if cell is None:
        return Typed(None)
    if (fault := _not_plain(cell, "10 位数字的学校标识码")) is not None:
        return Typed(None, fault)
    if isinstance(cell, float):
        return _code_of_number(cell)
    text = str(cell)
    if TEN_DIGITS.fullmatch(text):
        return Typed(text)
    if TEN_DIGITS.fullmatch(text.strip()):
        words = "学校标识码前后有空格，已按去掉空格后的 10 位数字读取，请删除空格。"
        return Typed(text.strip(), Fault("code.outer_space", words, text.strip()))
    found = f"“{shown(cell)}”"
    if _SCIENTIFIC.fullmatch(text.strip()):
        words = f"{found}是科学计数法，后几位数字可能已经丢失。请把本列格式改为“文本”，按学校代码库重新填写 10 位数字。"
        return Typed(None, Fault("code.scientific", words, _whole_code(text.strip())))
    clean = re.sub(r"[\s'’]", "", unicodedata.normalize("NFKC", text).translate(dict.fromkeys(map(ord, _INVISIBLE))))
    if TEN_DIGITS.fullmatch(clean):
        words = f"{found}夹有空格、全角数字或其他字符，请改为 {clean}。"
        return Typed(None, Fault("code.characters", words, clean))
    if clean.isascii() and clean.isdigit() and len(clean) == CODE_DIGITS - 1:
        words = f"{found}只有 {len(clean)} 位，可能丢失了开头的 0。请按学校代码库重新填写 10 位数字，格式为文本。"
        return Typed(None, Fault("code.leading_zero", words, f"0{clean}"))
    digits = f"有 {len(clean)} 位，" if clean.isascii() and clean.isdigit() else ""
    words = f"{found}{digits}不是 10 位数字，请按学校代码库填写学校标识码；不是学校的行请删除。"
    return Typed(None, Fault("code.not_ten_digits", words))


def _whole_code(text: str) -> str:
    """The code behind scientific notation, where it still holds all ten digits."""
    mantissa = text.lower().partition("e")[0].replace(".", "")
    if len(mantissa) != CODE_DIGITS:
        return ""
    code = f"{Decimal(text):f}"
    return code if TEN_DIGITS.fullmatch(code) else ""


def _code_of_number(cell: float) -> Typed:
    text = shown(cell)
    if TEN_DIGITS.fullmatch(text):
        words = f"学校标识码存成了数字，已按 {text} 读取。请把本列格式改为“文本”，以免丢失开头的 0。"
        return Typed(text, Fault("code.number", words, text))
    if text.isdigit() and len(text) < CODE_DIGITS:
        words = (
            f"{text} 只有 {len(text)} 位：标识码存成数字后，开头的 0 会丢失。"
            "请把本列格式改为“文本”，按学校代码库重新填写 10 位数字。"
        )
        fix = f"0{text}" if len(text) == CODE_DIGITS - 1 else ""
        return Typed(None, Fault("code.leading_zero", words, fix))
    return Typed(None, Fault("code.not_ten_digits", f"“{text}”不是 10 位数字，请按学校代码库填写学校标识码。"))


def _trimmed(text: str) -> str:
    return text.strip().strip(_INVISIBLE).strip()


_READERS: Mapping[Kind, Callable[[Asked, CellValue], Typed]] = {
    Kind.CODE: _read_code,
    Kind.TEXT: _read_text,
    Kind.CHOICE: _read_choice,
    Kind.YES_NO: _read_choice,
    Kind.YEAR: _read_whole,
    Kind.COUNT: _read_whole,
    Kind.AREA: _read_decimal,
    Kind.MONEY: _read_decimal,
    Kind.DECIMAL: _read_decimal,
    Kind.ROOMS: _read_rooms,
    Kind.GRADE: _read_grade,
}
