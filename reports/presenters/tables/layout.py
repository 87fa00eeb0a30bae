"""What an official table is made of: one structure of cells that the workbook and the page are both written from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evaluation.core.status import UNKNOWN_TEXT

#: A figure nobody reported. It is never printed as 0.
NOT_REPORTED = "未填报"
#: Stands before what a province adds to the national form.
PROVINCIAL = "【省级】"
#: Where the national form has nothing to fill in.
NO_FIGURE = "——"
#: Characters across that still stand comfortably in half a window.
_WIDE = 150
_NUMBER = re.compile(r"[0-9]+(?:\.([0-9]+))?", re.ASCII)


class Align(StrEnum):
    """Where a text stands in its cell."""

    CENTER = "center"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it is printed. ``rows`` and ``columns`` are what it spans; ``is_number`` a text that is a number,
    with the places it is shown with; ``is_short`` a figure that misses its limit; ``is_unknown`` one that cannot be
    computed; ``scope`` the direction of a header cell ("col", "row", "colgroup"), empty for all others."""

    text: str
    rows: int = 1
    columns: int = 1
    align: Align = Align.CENTER
    scope: str = ""
    is_number: bool = False
    is_short: bool = False
    is_unknown: bool = False

    @property
    def number_format(self) -> str:
        """The format a spreadsheet shows the number with: as many places as the text has. "@" for a text."""
        found = _NUMBER.fullmatch(self.text) if self.is_number else None
        if found is None:
            return "@"
        return f"0.{'0' * len(found[1])}" if found[1] else "0"

    @property
    def tag(self) -> str:
        """The element of the cell on the page."""
        return "th" if self.scope else "td"

    @property
    def css(self) -> str:
        """The classes of the cell on the page."""
        words = [f"official-{self.align}"] if self.align is not Align.CENTER else []
        words += ["official-short"] if self.is_short else []
        words += ["official-unknown"] if self.is_unknown else []
        return " ".join(words)


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One official table. ``name`` is its sheet, ``widths`` its columns in characters; ``head`` is repeated on every
    printed page, ``frozen`` columns stay in sight where a sheet is scrolled. Cells stand row by row as in HTML: what a
    span covers is left out."""

    name: str
    key: str
    title: str
    widths: tuple[float, ...]
    head: tuple[Row, ...]
    body: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    is_portrait: bool = False
    frozen: int = 0

    @property
    def shares(self) -> tuple[str, ...]:
        """The width of each column in percent of the table."""
        total = sum(self.widths)
        return tuple(f"{width * 100 / total:.2f}" for width in self.widths)

    @property
    def is_wide(self) -> bool:
        """Whether its columns need the whole of a large window."""
        return sum(self.widths) > _WIDE


def figure_cell(text: str, *, is_short: bool = False) -> Cell:
    """A printed figure: a number where the text is one, words where there is no number to print."""
    is_number = _NUMBER.fullmatch(text) is not None
    return Cell(text, is_number=is_number, is_short=is_short, is_unknown=text == UNKNOWN_TEXT)


def column_head(text: str, rows: int = 1, columns: int = 1) -> Cell:
    """A header cell over ``columns`` columns."""
    return Cell(text, rows, columns, scope="col" if columns == 1 else "colgroup")


def row_head(text: str, rows: int = 1, align: Align = Align.CENTER) -> Cell:
    """A header cell beside ``rows`` rows."""
    return Cell(text, rows, align=align, scope="row" if rows == 1 else "rowgroup")


def wide(text: str, columns: int, *, is_head: bool = False) -> Row:
    """A row of one cell across the table."""
    return (Cell(text, columns=columns, align=Align.LEFT, scope="colgroup" if is_head else ""),)


def numbered_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Notes as a form prints them: 注：1.… 2.…"""
    if len(notes) < 2:
        return tuple(f"注：{note}" for note in notes)
    return tuple(f"{'注：' if number == 1 else ''}{number}. {note}" for number, note in enumerate(notes, start=1))


def placed(rows: Iterable[Row]) -> Iterator[tuple[int, int, Cell]]:
    """Each cell with its row and column, counted from 0, as a browser would place it."""
    taken = set[tuple[int, int]]()
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while (number, column) in taken:
                column += 1
            if cell.rows > 1:
                taken |= {(number + r, column + c) for r in range(1, cell.rows) for c in range(cell.columns)}
            yield number, column, cell
            column += cell.columns
