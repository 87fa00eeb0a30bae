"""Single cells of one worksheet part changed in its text; every other byte stays where it is. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from indicators.workbook.notes import letters_of, place_of
from indicators.workbook.parts import ATTRIBUTES, attribute, odd_file, with_attribute

#: Row and column, counted from 1.
At = tuple[int, int]

_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.\-]*+):)?worksheet(?=[\s>])%b>" % ATTRIBUTES)
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w:.\-]*+)(%b)(/?)>" % ATTRIBUTES)
#: Beyond so many merged areas notes stand at the cells themselves.
_MOST_MERGED_AREAS = 2_000
#: What may stand behind the drawings of a sheet, in the order of the format.
_BEHIND_LEGACY_DRAWING = (
    b"legacyDrawingHF", b"drawingHF", b"picture", b"oleObjects", b"controls", b"webPublishItems", b"tableParts",
    b"extLst",
)  # fmt: skip


class Cell(NamedTuple):
    """A cell as it is written: the attributes of its element without its address, and what stands inside, None for
    an empty element. ``style`` is the style it shows in, ``is_new`` says that it is not written at all yet."""

    attributes: bytes
    content: bytes | None
    style: int
    is_new: bool

    @property
    def has_formula(self) -> bool:
        return self.content is not None and re.search(rb"<(?:[\w.\-]+:)?f[\s/>]", self.content) is not None


class SheetText:
    """The text of a worksheet part. Raises ``CannotEdit`` where it is not written the plain way."""

    def __init__(self, text: bytes) -> None:
        root = _ROOT.search(text)
        declaration = text.find(b"?>") + 2 if text.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml") else 0
        # Comments, literal sections and instructions could hide anything that looks like a row.
        if root is None or text.find(b"<!") >= 0 or text.find(b"<?", declaration) >= 0:
            raise odd_file()
        self.text = text
        self.root = root[0]
        self.prefix = root[1] + b":" if root[1] else b""
        begin = re.compile(rb"<%bsheetData(?=[\s>/])%b(/?)>" % (self.prefix, ATTRIBUTES)).search(text, root.end())
        if begin is None:
            raise odd_file()
        self._begin = begin
        self._end = begin.end() if begin[1] else text.find(b"</%bsheetData" % self.prefix, begin.end())
        if self._end < 0:
            raise odd_file()
        self._row = re.compile(rb"<%brow(?=[\s>/])(%b)(/?)>" % (self.prefix, ATTRIBUTES))
        self._row_end = re.compile(rb"</%brow\s*+>" % self.prefix)
        cell = rb"<%bc(?=[\s>/])(%b)(?:/>|>(.*?)</%bc\s*+>)" % (self.prefix, ATTRIBUTES, self.prefix)
        self._cell = re.compile(cell, re.DOTALL)
        self._column_styles = self._styles_of_columns(text[root.end() : begin.start()])

    def _styles_of_columns(self, preamble: bytes) -> list[tuple[int, int, int]]:
        found = []
        for column in re.finditer(rb"<%bcol(?=[\s>/])(%b)/?>" % (self.prefix, ATTRIBUTES), preamble):
            low, high, style = (attribute(column[1], name) or b"0" for name in (b"min", b"max", b"style"))
            if low.isdigit() and high.isdigit() and style.isdigit():
                found.append((int(low), int(high), int(style)))
        return found

    def anchors(self) -> Callable[[At], At]:
        """Where something said about a cell is to be shown: the first cell of the merged area it lies in."""
        tail = self.text[self._end :]
        areas = []
        for merged in re.finditer(rb"<%bmergeCell(?=\s)(%b)/?>" % (self.prefix, ATTRIBUTES), tail):
            first, _, last = (attribute(merged[1], b"ref") or b"").decode("ascii", "replace").partition(":")
            (top, left), (bottom, right) = place_of(first), place_of(last)
            if top and bottom:
                areas.append((top, left, bottom, right))
        areas = sorted(areas[:_MOST_MERGED_AREAS])

        def anchor(at: At) -> At:
            for top, left, bottom, right in areas[: bisect_right(areas, (at[0] + 1,))]:
                if top <= at[0] <= bottom and left <= at[1] <= right:
                    return top, left
            return at

        return anchor

    def cells(self) -> Iterator[tuple[At, Cell]]:
        """Every cell that is written, with its place."""
        for number, found, stop in self._rows():
            for column, cell in self._cells_between(found.end(), stop, number):
                yield (number, column), self._told(cell, found)

    def edited(self, wanted: Mapping[At, Callable[[Cell], tuple[bytes, bytes | None]]]) -> bytes:
        """The text with some cells written anew: each is given as it stands and answered with its attributes and
        content. Cells and rows that are not there are made where they belong."""
        if not wanted:
            return self.text
        by_row: dict[int, dict[int, Callable[[Cell], tuple[bytes, bytes | None]]]] = {}
        for (row, column), change in wanted.items():
            by_row.setdefault(row, {})[column] = change
        missing = sorted(by_row, reverse=True)
        out: list[bytes] = []
        at = self._begin.start()
        if self._begin[1]:
            opening = self._begin[0].rstrip(b">").rstrip(b"/").rstrip() + b">"
            out.append(opening)
            out += [self._new_row(row, by_row[row]) for row in reversed(missing)]
            out.append(b"</%bsheetData>" % self.prefix)
            return self.text[:at] + b"".join(out) + self.text[self._begin.end() :]
        for number, found, stop in self._rows():
            while missing and missing[-1] < number:
                row = missing.pop()
                out += (self.text[at : found.start()], self._new_row(row, by_row[row]))
                at = found.start()
            if missing and missing[-1] == number:
                missing.pop()
                out += (self.text[at : found.start()], self._row_anew(number, found, stop, by_row[number]))
                at = found.end() if found[2] else self._row_end.match(self.text, stop).end()  # type: ignore[union-attr]
            if not missing:
                break
        else:
            out.append(self.text[at : self._end])
            at = self._end
            out += [self._new_row(row, by_row[row]) for row in reversed(missing)]
        return self.text[: self._begin.start()] + b"".join(out) + self.text[at:]

    def _rows(self) -> Iterator[tuple[int, re.Match[bytes], int]]:
        """Number, opening tag and end of content of every row."""
        number = 0
        at = self._begin.end()
        while found := self._row.search(self.text, at, self._end):
            written = attribute(found[1], b"r")
            number = int(written) if written is not None and written.isdigit() else number + 1
            if found[2]:
                stop = at = found.end()
            else:
                end = self._row_end.search(self.text, found.end(), self._end)
                if end is None:
                    raise odd_file()
                stop, at = end.start(), end.end()
            yield number, found, stop

    def _cells_between(self, start: int, stop: int, row: int) -> Iterator[tuple[int, re.Match[bytes]]]:
        column = 0
        for found in self._cell.finditer(self.text, start, stop):
            address = attribute(found[1], b"r")
            column = place_of(address.decode("ascii", "replace"))[1] if address is not None else column + 1
            yield column, found

    def _told(self, found: re.Match[bytes], row: re.Match[bytes]) -> Cell:
        style = attribute(found[1], b"s") or b""
        return Cell(with_attribute(found[1], b"r", None), found[2], int(style) if style.isdigit() else 0, False)

    def _row_anew(
        self,
        number: int,
        found: re.Match[bytes],
        stop: int,
        wanted: Mapping[int, Callable[[Cell], tuple[bytes, bytes | None]]],
    ) -> bytes:
        missing = sorted(wanted, reverse=True)
        out: list[bytes] = []
        at = found.end()
        is_wider = False
        for column, cell in [] if found[2] else self._cells_between(found.end(), stop, number):
            while missing and missing[-1] < column:
                out += (self.text[at : cell.start()], self._new_cell(number, missing.pop(), found[1], wanted))
                at, is_wider = cell.start(), True
            if missing and missing[-1] == column:
                missing.pop()
                out += (
                    self.text[at : cell.start()],
                    self._written(number, column, wanted[column](self._told(cell, found))),
                )
                at = cell.end()
        is_wider = is_wider or bool(missing)
        out.append(self.text[at:stop] if not found[2] else b"")
        out += [self._new_cell(number, column, found[1], wanted) for column in reversed(missing)]
        # The spans of a row are a hint for readers; a wrong hint is worse than none.
        attributes = with_attribute(found[1], b"spans", None) if is_wider else found[1]
        return b"<%brow%b>%b</%brow>" % (self.prefix, attributes.rstrip(), b"".join(out), self.prefix)

    def _new_row(self, number: int, wanted: Mapping[int, Callable[[Cell], tuple[bytes, bytes | None]]]) -> bytes:
        cells = [self._new_cell(number, column, b"", wanted) for column in sorted(wanted)]
        return b'<%brow r="%d">%b</%brow>' % (self.prefix, number, b"".join(cells), self.prefix)

    def _new_cell(
        self,
        row: int,
        column: int,
        row_attributes: bytes,
        wanted: Mapping[int, Callable[[Cell], tuple[bytes, bytes | None]]],
    ) -> bytes:
        style = (
            attribute(row_attributes, b"s") if attribute(row_attributes, b"customFormat") in (b"1", b"true") else None
        )
        if style is not None and style.isdigit():
            shown = int(style)
        else:
            shown = next((style for low, high, style in self._column_styles if low <= column <= high), 0)
        attributes = b' s="%d"' % shown if shown else b""
        return self._written(row, column, wanted[column](Cell(attributes, None, shown, True)))

    def _written(self, row: int, column: int, new: tuple[bytes, bytes | None]) -> bytes:
        attributes, content = new
        address = f"{letters_of(column)}{row}".encode()
        opening = b'<%bc r="%b"%b' % (self.prefix, address, attributes.rstrip())
        return opening + b"/>" if content is None else opening + b">%b</%bc>" % (content, self.prefix)


def legacy_drawing(text: bytes) -> bytes | None:
    """The id of the relation to the drawing that holds the boxes of a sheet's notes, None where it has none."""
    for name, attributes, _ in _children(text):
        if name == b"legacyDrawing":
            return attribute(attributes, rb"(?:[\w.\-]+:)?id")
    return None


def with_legacy_drawing(text: bytes, relation_id: str) -> bytes:
    """The text of a worksheet with a reference to such a drawing, where the format wants it."""
    sheet = SheetText(text)
    place = next((at for name, _, at in _children(text) if name in _BEHIND_LEGACY_DRAWING), -1)
    if place < 0:
        place = text.rfind(b"</%bworksheet" % sheet.prefix)
    if place < 0:
        raise odd_file()
    space = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    declared = re.search(rb"""\sxmlns:([\w.\-]+)\s*=\s*["']%b["']""" % re.escape(space), sheet.root)
    if declared is not None:
        attributes = b' %b:id="%b"' % (declared[1], relation_id.encode())
    else:
        attributes = b' xmlns:r="%b" r:id="%b"' % (space, relation_id.encode())
    return text[:place] + b"<%blegacyDrawing%b/>" % (sheet.prefix, attributes) + text[place:]


def _children(text: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Local name, attributes and place of the elements that stand behind the rows, directly under the root."""
    start = max(text.rfind(b"sheetData>"), text.rfind(b"sheetData/>"), 0)
    begin = text.find(b">", start) + 1
    depth = 0
    for tag in _TAG.finditer(text, begin):
        if tag[1]:
            depth -= 1
            continue
        if depth == 0:
            yield tag[2].rpartition(b":")[2], tag[3], tag.start()
        depth += not tag[4]
