"""One cell of the workbook: how a value is written so that it stays what it is, what the clerk is told about it,
what Excel and WPS let in, and how it looks. Pure.

Unit, help, choices and limits all come from the catalogue entry, so that no message of the workbook can say
something else than the checks do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from copy import copy
from decimal import Decimal
from typing import Any

from openpyxl.comments import Comment  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # type: ignore[import-untyped]
from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]
from openpyxl.worksheet.properties import PageSetupProperties  # type: ignore[import-untyped]

from indicators.catalogue import FIELD_BY_KEY, GRADES, CountyItem, Field, Kind
from indicators.report import Value
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

#: openpyxl carries no types; the name says what is meant (a cell, or a column's default look).
Cell = Any

#: What is kept as text whatever it looks like.
TEXT_KINDS = frozenset({Kind.CODE, Kind.TEXT, Kind.ROOMS})
INK = "262626"
_FONT = "微软雅黑"
_BORDER = Border(**{edge: Side(style="thin", color="BFBFBF") for edge in ("left", "right", "top", "bottom")})
_SPONSOR_CHOICES = FIELD_BY_KEY["sponsor_type"].choices
_EARLIEST_YEAR = 1_000
#: A spreadsheet keeps a number as a double: more significant digits than this it cannot give back.
_EXACT_DIGITS = 15


def clean(text: str) -> str:
    """The text without control characters and code points that XML cannot carry."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in "\ufffe\uffff")


def put_text(cell: Cell, text: str) -> None:
    """Write text that stays text: never a formula, an error value or a number, also after a clerk edits the cell."""
    cell.value = text or None
    if cell.value is not None:
        cell.data_type = "s"
        if cell.value[0] in "=+-@":
            # A style may be shared by the whole column: only this cell carries the mark.
            cell._style = copy(cell._style)
            cell.quotePrefix = True


def put(cell: Cell, value: str | int | Decimal | None) -> None:
    """Write a value into a cell as what it is: text never becomes a formula."""
    if isinstance(value, str):
        put_text(cell, value)
    elif value is not None:
        number = Decimal(value)
        if not number.is_finite() or len(number.normalize().as_tuple().digits) > _EXACT_DIGITS:
            raise ValueError(f"{value} cannot be held exactly by a spreadsheet cell ({cell.coordinate})")
        cell.value = value


def cell_value(value: Value) -> str | int | Decimal | None:
    """What stands in the cell for a typed value: labels for choices, 是/否, one text for all rooms."""
    match value:
        case None | ():
            return None
        case bool():
            return "是" if value else "否"
        case SponsorType():
            return value.choice
        case SchoolType() | UrbanRural():
            return value.label
        case tuple():
            return ";".join(format(area.normalize(), "f") for area in value)
        case str():
            return clean(value)
        case _:
            return value


def _number_format(entry: Field | CountyItem) -> str:
    if entry.kind in TEXT_KINDS:
        return "@"
    if not entry.kind.is_number:
        return "General"
    # Beyond two places digits show only where there are any; a bare 0.###### would print "12.".
    return "0" + ("." + "0" * min(entry.places, 2) + "#" * (entry.places - 2) if entry.places else "")


def form(entry: Field | CountyItem) -> str:
    """The form of the value in a few characters, without its unit."""
    match entry.kind:
        case Kind.CODE:
            return "10位数字，文本"
        case Kind.TEXT:
            return "文本"
        case Kind.CHOICE | Kind.GRADE:
            return "下拉选择"
        case Kind.YES_NO:
            return "是 / 否"
        case Kind.YEAR:
            return "四位年份"
        case Kind.COUNT:
            return "整数"
        case Kind.ROOMS:
            return "每间一个数"
    return "两位小数" if entry.places == 2 else f"最多{entry.places}位小数"


def _help_lines(entry: Field | CountyItem) -> Iterator[str]:
    """Unit, form, source and help of one entry, a line each, as its note and its prompt show them."""
    if entry.unit:
        yield f"单位：{entry.unit}"
    yield f"填法：{form(entry)}"
    if isinstance(entry, Field):
        yield f"来源：{entry.source}"
    yield f"说明：{entry.help}"
    if isinstance(entry, Field) and entry.stage is not None:
        yield f"没有{entry.stage.label}的学校空着，不填 0。"


def note(entry: Field | CountyItem) -> Any:
    """The help of a field as a cell note."""
    text = "\n".join(_help_lines(entry))
    height = 20 + 18 * sum(line_count(line, 38) for line in text.split("\n"))
    return Comment(text, "填报模板", width=280, height=height)


def validation(entry: Field | CountyItem, title: str, cells: str, lists: Mapping[tuple[str, ...], str]) -> Any:
    """The rule Excel and WPS hold a typed value to, with the prompt beside the cell and the words of its refusal."""
    kind, style, expected = entry.kind, "stop", ""
    rule: dict[str, str | int] = {}
    if kind is Kind.CODE:
        rule = {"type": "textLength", "operator": "equal", "formula1": 10}
        expected = "应为 10 位数字，开头的 0 要保留。"
    elif kind in (Kind.CHOICE, Kind.YES_NO, Kind.GRADE):
        choices = entry.choices if isinstance(entry, Field) else GRADES
        rule = {"type": "list", "formula1": lists[choices]}
        expected = "请从下拉列表中选择一项。"
        if choices == _SPONSOR_CHOICES:
            # The bare code is a good answer too: the list warns and lets it pass.
            style, expected = "warning", "请从下拉列表中选择一项；如果填的是代码 1 至 10，请选“是”继续。"
    elif kind is Kind.YEAR:
        rule = {"type": "whole", "formula1": _EARLIEST_YEAR, "formula2": entry.greatest}
        expected = "应为四位数字的年份，例如 2008。"
    elif kind is Kind.COUNT:
        rule = {"type": "whole", "formula1": 0, "formula2": entry.greatest}
        expected = f"应为 0 至 {entry.greatest} 的整数，只填数字，不写单位。"
    elif kind.is_number:
        rule = {"type": "decimal", "formula1": 0, "formula2": entry.greatest}
        unit = f"，单位是{entry.unit}" if entry.unit else ""
        expected = f"应为 0 至 {entry.greatest} 的数{unit}，只填数字，不写单位。"
    return DataValidation(
        sqref=cells,
        allow_blank=True,
        showInputMessage=True,
        promptTitle=title,
        prompt="\n".join(_help_lines(entry)),
        showErrorMessage=bool(rule),
        errorStyle=style,
        errorTitle=f"{title}有误" if rule else None,
        error=expected or None,
        **rule,
    )


def dress(
    cell: Cell,
    *,
    size: float = 10,
    bold: bool = False,
    ink: str = INK,
    fill: str = "",
    ruled: bool = False,
    horizontal: str = "left",
    vertical: str = "center",
    wrap: bool = False,
    shrink: bool = False,
    indent: int = 0,
    number_format: str = "General",
) -> None:
    """Give a cell its look."""
    cell.font = Font(name=_FONT, size=size, bold=bold, color=ink)
    cell.alignment = Alignment(
        horizontal=horizontal, vertical=vertical, wrap_text=wrap, shrink_to_fit=shrink, indent=indent
    )
    cell.number_format = number_format
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    if ruled:
        cell.border = _BORDER


def dress_value(cell: Cell, entry: Field | CountyItem, *, ruled: bool, ink: str = INK) -> None:
    """The look of the cells a value is typed into: numbers to the right, names to the left, choices in the middle."""
    horizontal = "right" if entry.kind.is_number else "left" if entry.kind is Kind.TEXT else "center"
    dress(cell, ruled=ruled, ink=ink, horizontal=horizontal, shrink=True, number_format=_number_format(entry))


def protect(sheet: Any) -> None:
    """Let nobody type into a sheet by accident; no password, for nothing on it is secret. Widths may be changed."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False


def lay_on_paper(sheet: Any, pages_wide: int, title_rows: str) -> None:
    """A4 landscape, so many pages wide, the head on each."""
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
    sheet.print_title_rows = title_rows


def half_widths(text: str) -> int:
    """Width of the text in half-width characters: a Chinese one takes two."""
    return sum(1 if unicodedata.east_asian_width(c) in ("Na", "H", "N") else 2 for c in text)


def line_count(text: str, width: float) -> int:
    """How many lines the text takes in a cell of that many half-width characters."""
    return max(1, -(-half_widths(text) // int(width)))
