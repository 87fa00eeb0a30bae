"""What a table of a public page is: columns, rows of cells, and the sheet of a workbook it goes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString

from reports.presenters.figures import Mark
from reports.presenters.open_tables.written import bodies

#: A table with more rows scrolls under its own header.
_LONG = 20
#: What stands where a page has nothing to say; a file says nothing there.
EMPTY = "—"

#: A row as the page writes it.
Row = list[tuple["Column", "Cell", bool]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. The unit stands in the header, on the page and in the file. ``link`` leads from the header, ``is_act``
    holds what a reader of the page can do, which no file needs."""

    header: str
    unit: str = ""
    is_number: bool = False
    link: str = ""
    is_act: bool = False

    @property
    def title(self) -> str:
        """The header with its unit."""
        return f"{self.header}（{self.unit}）" if self.unit else self.header


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``code`` stands before the text, ``small`` under it; ``rows`` is over how many rows it reaches, 0 where
    the one above reaches over it: in a file every row says all."""

    text: str
    code: str = ""
    small: str = ""
    link: str = ""
    mark: Mark | None = None
    rows: int = 1

    @property
    def exported(self) -> str:
        """The text of the cell in a file."""
        text = " ".join(filter(None, (self.code, "" if self.text == EMPTY else self.text)))
        return "\n".join(filter(None, (text, self.small)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Tables with the same ``key`` are one sheet of a workbook and one CSV file, told apart there by a first
    column: ``group`` under the header ``group_header``. ``note`` is what a heading says of the group,
    ``drawing`` the same figures as a picture beside the table."""

    key: str
    sheet: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    group_header: str = ""
    group: str = ""
    note: str = ""
    drawing: str = ""
    style: str = "cards"
    is_caption_shown: bool = True

    @property
    def anchor(self) -> str:
        """What its caption is found by on the page."""
        return "-".join(f"{self.key} {self.group}".split())

    @property
    def is_long(self) -> bool:
        """Whether it scrolls under its own header."""
        return len(self.rows) > _LONG

    @property
    def bodies(self) -> Iterator[list[Row]]:
        """The rows as the page writes them: each cell with its column and whether it is the head of its row, without
        those another reaches over. Rows under one head are one body."""
        body: list[Row] = []
        for row in self.rows:
            if row[0].rows > 1 and body:
                yield body
                body = []
            cells = zip(self.columns, row, strict=True)
            body.append([(column, cell, cell is row[0]) for column, cell in cells if cell.rows])
        yield body

    @property
    def written(self) -> SafeString:
        """The bodies as the page writes them."""
        return bodies(self)


def texts(*said: object) -> tuple[Cell, ...]:
    """Cells of plain texts; what is empty is shown as a dash."""
    return tuple(Cell(str(each) if each not in ("", None) else EMPTY) for each in said)


def marked(mark: Mark, small: str = "") -> Cell:
    """A cell that says a status."""
    return Cell(mark.label, mark=mark, small=small)


def code_cell(code: str, name: str, link: str = "", small: str = "", rows: int = 1) -> Cell:
    """A name with its code before it."""
    return Cell(name, code=code, link=link, small=small, rows=rows)


def numbers(*titles: str) -> tuple[Column, ...]:
    """Columns of figures."""
    return tuple(Column(title, is_number=True) for title in titles)


def columns(*titles: str) -> tuple[Column, ...]:
    """Columns of texts."""
    return tuple(Column(title) for title in titles)
