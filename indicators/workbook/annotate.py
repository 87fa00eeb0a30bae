"""A county's own file back, with what is wrong marked in it: coloured cells, and a note at each. Pure.

Nothing of the file is read and written anew. Only the parts that carry marks change, and in them only what a mark
needs: a style cloned from the cell's own with another fill, the cells that were not written at all, the notes of the
sheet and the boxes they are shown in. Formulas, values, hidden rows, widths, validations, conditional formats, names,
properties, pictures and notes already there stay as they are; a note at a cell that has one is appended to it.
Colours of conditional formats lie over the marks, as they lie over any fill.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indicators.problem import Severity
from indicators.workbook.notes import letters_of, place_of
from indicators.workbook.parts import (
    STRANGE,
    CannotEdit,
    Element,
    Package,
    SheetPart,
    attribute,
    elements,
    escaped,
    odd_file,
    with_attribute,
    with_last_child,
)
from indicators.workbook.sheet_edit import At, Cell, SheetText, legacy_drawing, with_legacy_drawing

#: Cells marked in one file; a file with more is better told about by the list of problems.
MOST_MARKED_CELLS = 20_000
#: Problems written out in one note; the rest are counted.
MOST_IN_ONE_NOTE = 8
AUTHOR = "数据检查"
#: Fills a clerk knows from 好、差、适中: red must be put right, amber must be explained, blue is advice.
FILLS: Mapping[Severity, str] = {Severity.ERROR: "FFFFC7CE", Severity.EXPLAIN: "FFFFE699", Severity.WARNING: "FFDDEBF7"}

_GRAVITY = tuple(FILLS)
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument."
_LONGEST_MESSAGE = 600
_SHAPE_TYPE = (
    b'<v:shapetype xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    '<v:shape xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel" id="_x0000_s{id}" type="#_x0000_t202"'
    ' style="position:absolute;margin-left:60pt;margin-top:2pt;width:{width}pt;height:{height}pt;z-index:{z};'
    'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
    '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{left},15,{top},2,{right},31,{bottom},1</x:Anchor><x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_VML = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    '<o:idmap v:ext="edit" data="{blocks}"/></o:shapelayout></xml>'
)
#: Shape numbers are given out in blocks of this size; the first block is the application's own.
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to say at one cell. Without a cell it is said at the first cell of the sheet, without such a sheet
    on the first visible sheet; ``fix`` is what may be put there instead, where there is one safe repair."""

    severity: Severity
    message: str
    sheet: str = ""
    cell: str = ""
    fix: str = ""


def annotate(content: bytes, marks: Sequence[Mark]) -> bytes:
    """The same workbook with every marked cell coloured and given a note that says all its problems, the gravest
    first. Raises ``CannotEdit`` where that is not possible without touching more than the marks."""
    if not marks:
        return content
    try:
        return _annotated(content, marks)
    except STRANGE:
        raise odd_file() from None


def _annotated(content: bytes, marks: Sequence[Mark]) -> bytes:
    package = Package(content)
    places = _places(package, marks)
    if sum(map(len, places.values())) > MOST_MARKED_CELLS:
        raise CannotEdit(f"要标注的单元格超过 {MOST_MARKED_CELLS} 个，请改用问题清单。")
    styles = _Styles(package)
    for sheet, cells in places.items():
        _mark_sheet(package, sheet, cells, styles)
    styles.save()
    return package.finished()


def _places(package: Package, marks: Sequence[Mark]) -> dict[SheetPart, dict[At, list[Mark]]]:
    """The marks by sheet and cell, each cell's in order of gravity."""
    sheets = [sheet for sheet in package.sheets() if sheet.part]
    if not sheets:
        raise odd_file()
    by_name = {sheet.name: sheet for sheet in reversed(sheets)}
    first = next((sheet for sheet in sheets if not sheet.is_hidden), sheets[0])
    anchors: dict[SheetPart, Callable[[At], At]] = {}
    places: dict[SheetPart, dict[At, list[Mark]]] = {}
    for mark in sorted(marks, key=lambda mark: _GRAVITY.index(mark.severity)):
        sheet = by_name.get(mark.sheet, first)
        if sheet not in anchors:
            anchors[sheet] = SheetText(package.read(sheet.part)).anchors()
        at = place_of(mark.cell) if sheet.name == mark.sheet else (0, 0)
        at = anchors[sheet](at if all(at) else (1, 1))
        places.setdefault(sheet, {}).setdefault(at, []).append(mark)
    return places


def _mark_sheet(package: Package, sheet: SheetPart, cells: Mapping[At, Sequence[Mark]], styles: _Styles) -> None:
    def coloured(severity: Severity) -> Callable[[Cell], tuple[bytes, bytes | None]]:
        return lambda cell: (
            with_attribute(cell.attributes, b"s", b"%d" % styles.marked(cell.style, severity)),
            cell.content,
        )

    text = SheetText(package.read(sheet.part)).edited({at: coloured(here[0].severity) for at, here in cells.items()})
    unboxed = _add_notes(package, sheet.part, cells)
    if unboxed:
        text = _add_boxes(package, sheet.part, text, {at: cells[at] for at in unboxed})
    package.write(sheet.part, text)


# ── Styles ────────────────────────────────────────────────────────────────────────────────────


class _Styles:
    """The styles of the workbook, and those added for marks."""

    def __init__(self, package: Package) -> None:
        self._package = package
        main = package.main_part()
        self._part = next((r.target for r in package.relations(main).values() if r.kind == "styles"), "")
        if not self._part or self._part not in package:
            self._part = "xl/styles.xml" if "xl/styles.xml" not in package else package.free_name("xl/styles{}.xml")
            package.write(self._part, _PLAIN_STYLES)
            package.relate(main, "styles", self._part)
            package.declare(f"{_TYPE}spreadsheetml.styles+xml", part=self._part)
        self._text = package.read(self._part)
        if b"<!" in self._text:
            raise odd_file()
        root = re.search(rb"<((?:[\w.\-]+:)?)styleSheet(?=[\s>])", self._text)
        if root is None:
            raise odd_file()
        self._prefix = root[1]
        formats = self._section(b"cellXfs").content or b""
        self._formats = [(each.attributes, each.content) for each in elements(formats, self._prefix + b"xf")]
        fills = self._section(b"fills").content or b""
        self._fills = sum(1 for _ in elements(fills, self._prefix + b"fill"))
        if not self._formats:
            raise odd_file()
        self._fill_of: dict[Severity, int] = {}
        self._added: dict[tuple[int, Severity], int] = {}

    def _section(self, name: bytes) -> Element:
        found = next(elements(self._text, self._prefix + name), None)
        if found is None:
            raise odd_file()
        return found

    def marked(self, style: int, severity: Severity) -> int:
        """The number of a style that is like ``style`` but for the fill of a severity."""
        style = style if style < len(self._formats) else 0
        if severity not in self._fill_of:
            self._fill_of[severity] = self._fills + len(self._fill_of)
        return self._added.setdefault((style, severity), len(self._formats) + len(self._added))

    def save(self) -> None:
        """Write the added styles into the package."""
        p = self._prefix
        fills = b"".join(
            b'<%bfill><%bpatternFill patternType="solid"><%bfgColor rgb="%b"/><%bbgColor indexed="64"/>'
            b"</%bpatternFill></%bfill>" % (p, p, p, FILLS[severity].encode(), p, p, p)
            for severity in self._fill_of
        )
        formats = []
        for style, severity in self._added:
            attributes, content = self._formats[style]
            attributes = with_attribute(attributes, b"fillId", b"%d" % self._fill_of[severity])
            attributes = with_attribute(attributes, b"applyFill", b"1")
            opening = b"<%bxf%b" % (p, attributes.rstrip())
            formats.append(opening + (b"/>" if content is None else b">%b</%bxf>" % (content, p)))
        self._extend(b"cellXfs", b"".join(formats), len(self._formats) + len(self._added))
        self._extend(b"fills", fills, self._fills + len(self._fill_of))
        self._package.write(self._part, self._text)

    def _extend(self, name: bytes, more: bytes, count: int) -> None:
        found = self._section(name)
        opening = self._prefix + name + with_attribute(found.attributes, b"count", b"%d" % count).rstrip()
        whole = b"<%b>%b%b</%b%b>" % (opening, found.content or b"", more, self._prefix, name)
        self._text = self._text[: found.start] + whole + self._text[found.end :]


_PLAIN_STYLES = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="%b">'
    b'<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    b'<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    b'</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    b'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    b'<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>' % _MAIN
)


# ── Notes ─────────────────────────────────────────────────────────────────────────────────────


def _paragraphs(marks: Sequence[Mark]) -> list[tuple[str, str]]:
    """What the note of a cell says: severity and words, one pair a problem."""
    told = []
    for mark in marks[:MOST_IN_ONE_NOTE]:
        message = mark.message if len(mark.message) <= _LONGEST_MESSAGE else mark.message[: _LONGEST_MESSAGE - 1] + "…"
        told.append((f"【{mark.severity.label}】", message + (f"\n建议填入：{mark.fix}" if mark.fix else "")))
    if len(marks) > MOST_IN_ONE_NOTE:
        told.append(("【其余】", f"这里还有 {len(marks) - MOST_IN_ONE_NOTE} 个问题，见问题清单。"))
    return told


def _runs(prefix: bytes, marks: Sequence[Mark], begin: str = "") -> bytes:
    def run(text: str, is_bold: bool) -> bytes:
        bold = b"<%bb/>" % prefix if is_bold else b""
        return b'<%br><%brPr>%b<%bsz val="10"/></%brPr><%bt xml:space="preserve">%b</%bt></%br>' % (
            prefix, prefix, bold, prefix, prefix, prefix, escaped(text), prefix, prefix,
        )  # fmt: skip

    out = []
    for number, (label, words) in enumerate(_paragraphs(marks)):
        out += [run(("\n" if number else begin) + label, True), run(words, False)]
    return b"".join(out)


def _add_notes(package: Package, sheet: str, cells: Mapping[At, Sequence[Mark]]) -> list[At]:
    """Write the notes of a sheet; returns the cells that had none before and have no box yet."""
    part = next((r.target for r in package.relations(sheet).values() if r.kind == "comments"), "")
    if not part or part not in package:
        part = package.free_name("xl/commentsMark{}.xml")
        package.write(
            part,
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            b'<comments xmlns="%b"><authors></authors><commentList></commentList></comments>' % _MAIN,
        )
        package.relate(sheet, "comments", part)
        package.declare(f"{_TYPE}spreadsheetml.comments+xml", part=part)
    text = package.read(part)
    root = re.search(rb"<((?:[\w.\-]+:)?)comments(?=[\s>])", text)
    if root is None or b"<!" in text:
        raise odd_file()
    p = root[1]
    left = dict(cells)
    out: list[bytes] = []
    at = 0
    for note in elements(text, p + b"comment"):
        place = place_of((attribute(note.attributes, b"ref") or b"").decode("ascii", "replace"))
        here = left.pop(place, None)
        if here is not None:
            longer = _longer(p, note.content or b"", here)
            out += (text[at : note.start], b"<%bcomment%b>%b</%bcomment>" % (p, note.attributes, longer, p))
            at = note.end
    text = b"".join((*out, text[at:]))
    authors = next(elements(text, p + b"authors"), None)
    if authors is None:
        raise odd_file()
    names = authors.content or b""
    known = len(re.findall(rb"<%bauthor(?=[\s>/])" % p, names))
    listed = b"<%bauthors>%b<%bauthor>%b</%bauthor></%bauthors>" % (p, names, p, escaped(AUTHOR), p, p)
    text = text[: authors.start] + listed + text[authors.end :]
    new = b"".join(
        b'<%bcomment ref="%b" authorId="%d"><%btext>%b</%btext></%bcomment>'
        % (p, f"{letters_of(at[1])}{at[0]}".encode(), known, p, _runs(p, here), p, p)
        for at, here in sorted(left.items())
    )
    package.write(part, with_last_child(text, b"commentList", lambda _: new))
    return sorted(left)


def _longer(prefix: bytes, content: bytes, marks: Sequence[Mark]) -> bytes:
    """The content of a note that was there before, with ours behind it."""
    p = prefix
    found = next(elements(content, p + b"text"), None)
    if found is None:
        raise odd_file()
    old = found.content or b""
    if re.search(rb"<%br[\s>]" % p, old) is None:
        # A plain text becomes the first run, so that ours can follow it.
        old = b"<%br>%b</%br>" % (p, old, p) if old.strip() else b""
    behind = re.search(rb"<%b(?:rPh|phoneticPr)(?=[\s>/])" % p, old)
    cut = behind.start() if behind else len(old)
    new = old[:cut] + _runs(p, marks, begin="\n" if old else "") + old[cut:]
    return content[: found.start] + b"<%btext>%b</%btext>" % (p, new, p) + content[found.end :]


def _add_boxes(package: Package, sheet: str, text: bytes, cells: Mapping[At, Sequence[Mark]]) -> bytes:
    """Draw the boxes that notes open in; returns the text of the sheet, which names their drawing."""
    relation_id = legacy_drawing(text)
    if relation_id is not None:
        relation = package.relations(sheet).get(relation_id.decode("utf-8", "replace"))
        if relation is None or relation.target not in package:
            raise odd_file()
        part = relation.target
    else:
        part = package.free_name("xl/drawings/vmlDrawingMark{}.vml")
        blocks = ",".join(map(str, range(1, 2 + len(cells) // _BLOCK)))
        package.write(part, _VML.format(blocks=blocks).encode())
        package.declare(f"{_TYPE}vmlDrawing", extension="vml")
        text = with_legacy_drawing(text, package.relate(sheet, "vmlDrawing", part))
    drawing = package.read(part)
    taken = [int(number) for number in re.findall(rb"_x0000_s([0-9]{1,8})", drawing)]
    first = max([_BLOCK, *taken]) + 1
    end = drawing.rfind(b"</xml")
    if end < 0:
        raise odd_file()
    kind = b"" if b'"_x0000_t202"' in drawing or b"'_x0000_t202'" in drawing else _SHAPE_TYPE
    shapes = (_shape(first + number, at, here) for number, (at, here) in enumerate(cells.items()))
    package.write(part, drawing[:end] + kind + "".join(shapes).encode() + drawing[end:])
    return text


def _shape(number: int, at: At, marks: Sequence[Mark]) -> str:
    """The box of a note beside its cell, large enough for its words."""
    words = "\n".join(label + text for label, text in _paragraphs(marks))
    lines = sum(1 + len(line) // 22 for line in words.split("\n"))
    row, column = at[0] - 1, at[1] - 1
    return _SHAPE.format(
        id=number, z=number - _BLOCK, row=row, column=column, width=240, height=16 * lines + 10,
        left=column + 1, right=column + 4, top=max(row - 1, 0), bottom=max(row - 1, 0) + lines + 1,
    )  # fmt: skip
