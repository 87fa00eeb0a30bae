"""Real workbooks with single cells, or single parts, written anew: what no spreadsheet program would let one type."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.utils import column_index_from_string

from indicators.catalogue import COUNTY_SHEET, GUIDE_SHEET, SCHOOL_SHEET
from tests.builders import write_workbook

Parts = dict[str, bytes]
#: A cell as XML: its attributes but the address, and what stands inside.
Cell = tuple[str, str]

SCHOOLS, COUNTY = "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"
TARGETS = {SCHOOL_SHEET: SCHOOLS, COUNTY_SHEET: COUNTY}
ROW = re.compile(rb"<row .*?</row>", re.DOTALL)
_CELL = re.compile(rb'<c r="([A-Z]+)([0-9]+)"[^>]*?(?:/>|>.*?</c>)')


def text(value: str) -> Cell:
    """A text typed into a cell."""
    return ' t="inlineStr"', f'<is><t xml:space="preserve">{escape(value)}</t></is>'


def number(value: str) -> Cell:
    """A number, written as it is."""
    return "", f"<v>{value}</v>"


#: Style 1 of these workbooks is that of a day.
A_DAY: Cell = (' s="1"', "<v>45536</v>")


def good_parts(folder: Path, edit: Callable[[Workbook], object] | None = None) -> Parts:
    """The parts of the good workbook of six schools."""

    def edited(book: Workbook) -> None:
        book[GUIDE_SHEET]["A2"] = date(2024, 9, 1)
        if edit is not None:
            edit(book)

    with zipfile.ZipFile(write_workbook(folder / "good.xlsx", edit=edited)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    """The parts as a file."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_cells(sheet: bytes, cells: Mapping[str, Cell]) -> bytes:
    """A sheet with some of its cells written anew, in the order of the columns."""
    by_row: dict[int, dict[str, str]] = {}
    for address in cells:
        letters = address.rstrip("0123456789")
        by_row.setdefault(int(address[len(letters) :]), {})[letters] = address

    def rewritten(row: re.Match[bytes]) -> bytes:
        here = int(re.search(rb' r="([0-9]+)"', row[0])[1])  # type: ignore[index]
        if here not in by_row:
            return row[0]
        found: dict[str, Any] = {each[1].decode(): each[0] for each in _CELL.finditer(row[0])}
        for letters, address in by_row[here].items():
            attributes, inside = cells[address]
            found[letters] = f'<c r="{address}"{attributes}>{inside}</c>'.encode()
        in_order = sorted(found, key=column_index_from_string)
        return b'<row r="%d">%b</row>' % (here, b"".join(found[letters] for letters in in_order))

    return ROW.sub(rewritten, sheet) if by_row else sheet
