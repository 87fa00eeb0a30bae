"""Default templates as .docx, written from their texts: A4, the layout of official papers (GB/T 9704), real styles for
headings, header rows that repeat, page numbers by fields."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from evaluation.document_making import DocumentKind
from reports.documents.template_text import Block, Paragraph, Tag, TemplateText, TextRow, TextTable, read_text

_TEXTS = Path(__file__).resolve().parents[2] / "fixtures" / "documents"
_LATIN = "Times New Roman"
_SONG, _FANGSONG, _HEI, _KAI = "宋体", "仿宋", "黑体", "楷体"
_EPOCH = datetime(2000, 1, 1)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_TWIPS_A_CM = 567
_KEPT = ("Normal Table", "Table Grid", "No List", "Default Paragraph Font")
_UNUSED = (
    *(f"Heading {n}" for n in range(3, 10)), *(f"List{words}" for words in ("", " 2", " 3")),
    *(f"List {words}{n}" for words in ("Bullet", "Number", "Continue") for n in ("", " 2", " 3")),
    "Body Text", "Body Text 2", "Body Text 3", "macro", "Quote", "Intense Quote", "TOC Heading", "No Spacing",
    "List Paragraph", "Caption",
)  # fmt: skip
_GREY = RGBColor(0x55, 0x55, 0x55)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes in points and centimetres: those of official papers, or smaller ones for a form."""

    body: float
    line: float
    title: float
    table: float
    margins: tuple[float, float, float, float]

    @property
    def width(self) -> float:
        return 21.0 - self.margins[1] - self.margins[3]


_OFFICIAL = _Layout(16, 28, 22, 10.5, (3.5, 2.6, 3.2, 2.6))
_COMPACT = _Layout(12, 20, 18, 10, (2.4, 2.0, 2.2, 2.0))


@lru_cache(maxsize=len(DocumentKind))
def default_template(kind: DocumentKind) -> bytes:
    """The default template of a document: the same bytes every time."""
    return _written(read_text((_TEXTS / f"{kind.value}.txt").read_text(encoding="utf-8")))


def _written(text: TemplateText) -> bytes:
    layout = _COMPACT if text.is_compact else _OFFICIAL
    document = Document()
    _page(document, layout)
    _styles(document, layout)
    _drop_what_nobody_uses(document)
    for part in text.parts:
        if isinstance(part, Paragraph):
            _paragraph(document, part.style, part.parts)
        elif isinstance(part, Tag):
            document.add_paragraph(f"{{%p {part.words} %}}", style="Tag")
        elif isinstance(part, TextTable):
            _table(document, part, layout)
        else:
            _BLOCKS[part.kind](document, part, layout)
    _header_and_footer(document)
    about = document.core_properties
    about.title, about.author, about.comments, about.language = "", "", "", "zh-CN"
    about.created = about.modified = _EPOCH
    return _repacked(document)


def _repacked(document: Any) -> bytes:
    """Without the picture of another document that the library's own template brings, and with a fixed time."""
    package = document.part.package
    for key in [key for key, rel in package.rels.items() if rel.reltype.endswith("/thumbnail")]:
        del package.rels[key]
    saved, target = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            packed.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), source.read(name), zipfile.ZIP_DEFLATED)
    return target.getvalue()


# ── Page and styles ───────────────────────────────────────────────────────────────────────────


def _page(document: Any, layout: _Layout) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    top, right, bottom, left = layout.margins
    section.top_margin, section.bottom_margin = Cm(top), Cm(bottom)
    section.left_margin, section.right_margin = Cm(left), Cm(right)
    section.header_distance, section.footer_distance = Cm(1.3), Cm(1.5)


def _styles(document: Any, layout: _Layout) -> None:
    body, line = layout.body, layout.line
    normal = document.styles["Normal"]
    _look(normal, _FANGSONG, body)
    _space(normal, line)
    for name, font, size, bold in (
        ("Title", _SONG, layout.title, True), ("Subtitle", _KAI, body, False),
        ("Heading 1", _HEI, body, False), ("Heading 2", _KAI, body, True),
    ):  # fmt: skip
        style = document.styles[name]
        _look(style, font, size, bold=bold)
        _space(style, max(line, size * 1.5), before=line * 0.3 if "Heading" in name else 0, after=line * 0.1)
        style.paragraph_format.keep_with_next = True
        for border in style.element.findall(f".//{qn('w:pBdr')}"):
            border.getparent().remove(border)
    for name in ("Title", "Subtitle"):
        document.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.styles["Title"].paragraph_format.space_before = Pt(line * 0.4)
    document.styles["Subtitle"].paragraph_format.space_after = Pt(line * 0.5)
    for name in ("Heading 1", "Heading 2"):
        _indent(document.styles[name], body)
    _own(document, "Body", body, line, indent=True, align=WD_ALIGN_PARAGRAPH.JUSTIFY)
    _own(document, "List Item", body, line, indent=True)
    _own(document, "Address", body, line)
    _own(document, "Caption Above", layout.table + 0.5, 20, font=_HEI, before=6, after=3, align="center", keep=True)
    _own(document, "Caption Below", layout.table + 0.5, 20, font=_HEI, after=6, align="center")
    _own(document, "Table Note", layout.table - 1, 15, font=_SONG, before=3, after=6)
    _own(document, "Picture", body, 0, before=6, align="center", keep=True)
    _own(document, "Cell", layout.table, 0, font=_SONG, align="center")
    _own(document, "Cell Left", layout.table, 0, font=_SONG)
    _own(document, "Cell Head", layout.table, 0, font=_HEI, align="center", keep=True)
    _own(document, "Stamp", body, line, before=line, align=WD_ALIGN_PARAGRAPH.RIGHT, keep=True)
    _own(document, "Seal Text", 9, 14, font=_SONG)
    _own(document, "Tag", 8, 0, font=_SONG, colour=_GREY)


def _own(
    document: Any, name: str, size: float, line: float, *, font: str = _FANGSONG, before: float = 0, after: float = 0,
    align: Any = None, indent: bool = False, keep: bool = False, colour: RGBColor | None = None,
) -> None:  # fmt: skip
    """A style of our own."""
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style, style.quick_style = document.styles["Normal"], True
    _look(style, font, size)
    _space(style, line, before=before, after=after)
    if align is not None:
        style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER if align == "center" else align
    if indent:
        _indent(style, size)
    style.paragraph_format.keep_with_next = keep
    if colour is not None:
        style.font.color.rgb = colour


def _drop_what_nobody_uses(document: Any) -> None:
    """The library's own template brings a hundred styles of tables and lists: every file would carry them."""
    for style in list(document.styles):
        is_a_kind_of_its_own = style.type is not WD_STYLE_TYPE.PARAGRAPH or style.name in _UNUSED
        if is_a_kind_of_its_own and style.name not in _KEPT:
            style.element.getparent().remove(style.element)
    relations = document.part.rels
    for key in [key for key, rel in relations.items() if rel.reltype.endswith(("stylesWithEffects", "/customXml"))]:
        del relations[key]


def _look(style: Any, font: str, size: float, *, bold: bool = False) -> None:
    """Font by its family name, for Chinese letters as well: the library only knows of Latin ones."""
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.name = _LATIN
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in [key for key in fonts.attrib if key.endswith("Theme")]:
        del fonts.attrib[key]
    for key in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(key), _LATIN)
    fonts.set(qn("w:eastAsia"), font)
    properties = style.element.get_or_add_rPr()
    for tag in ("w:spacing", "w:kern"):
        for each in properties.findall(qn(tag)):
            properties.remove(each)
    language = OxmlElement("w:lang")
    # Letters and numbers by English rules, or a number may be broken between two of its digits.
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def _space(style: Any, line: float, *, before: float = 0, after: float = 0) -> None:
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.widow_control = True
    if line:
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    else:
        layout.line_spacing = 1.0


def _indent(style: Any, size: float) -> None:
    """Two letters, as every paragraph begins; in letters too, so that it stays so where the size is changed."""
    style.paragraph_format.first_line_indent = Pt(size * 2)
    style.element.get_or_add_pPr().get_or_add_ind().set(qn("w:firstLineChars"), "200")


# ── Parts ─────────────────────────────────────────────────────────────────────────────────────

_STYLE_NAMES = {
    "title": "Title", "subtitle": "Subtitle", "address": "Address", "heading-1": "Heading 1",
    "heading-2": "Heading 2", "caption": "Caption Above", "caption-below": "Caption Below", "note": "Table Note",
    "list": "List Item", "body": "Body",
}  # fmt: skip


def _paragraph(document: Any, style: str, parts: Sequence[tuple[str, bool]]) -> None:
    made = document.add_paragraph(style=_STYLE_NAMES[style])
    for text, is_bold in parts:
        # A line of a title ends where the text says so.
        for position, line in enumerate(text.split("｜")):
            run = made.add_run()
            if position:
                run.add_break()
            run.add_text(line)
            run.bold = True if is_bold else None


def _table(document: Any, table: TextTable, layout: _Layout) -> None:
    total = sum(table.widths)
    widths = [round(width * layout.width * _TWIPS_A_CM / total) for width in table.widths]
    made = _empty_table(document, widths)
    for row in table.rows:
        cells = [f"{{%tr {row.words} %}}"] if isinstance(row, Tag) else list(row.cells)
        cells += [""] * (len(widths) - len(cells))
        _row(made, cells, widths, table.is_left, row)


def _empty_table(document: Any, widths: Sequence[int], style: str = "Table Grid") -> Any:
    made = document.add_table(rows=0, cols=len(widths), style=style)
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(made._tbl.tblGrid.findall(qn("w:gridCol")), widths, strict=True):
        column.set(qn("w:w"), str(width))
    whole = made._tbl.tblPr.find(qn("w:tblW"))
    whole.set(qn("w:w"), str(sum(widths)))
    whole.set(qn("w:type"), "dxa")
    margins = OxmlElement("w:tblCellMar")
    for side, width in (("top", 40), ("left", 60), ("bottom", 40), ("right", 60)):
        each = OxmlElement(f"w:{side}")
        each.set(qn("w:w"), str(width))
        each.set(qn("w:type"), "dxa")
        margins.append(each)
    # The order of these elements is fixed: margins stand before what says how the table looks.
    look = made._tbl.tblPr.find(qn("w:tblLook"))
    made._tbl.tblPr.append(margins) if look is None else look.addprevious(margins)
    return made


def _row(made: Any, cells: Sequence[str], widths: Sequence[int], is_left: Sequence[bool], told: TextRow | Tag) -> None:
    is_header = isinstance(told, TextRow) and told.is_header
    line = OxmlElement("w:tr")
    about = OxmlElement("w:trPr")
    about.append(OxmlElement("w:cantSplit"))
    if is_header:
        about.append(OxmlElement("w:tblHeader"))
    line.append(about)
    for text, width, left in zip(cells, widths, is_left, strict=True):
        style = "CellHead" if is_header else "Tag" if isinstance(told, Tag) else "CellLeft" if left else "Cell"
        line.append(_cell(text, width, style, shade="EDEDED" if is_header else ""))
    made._tbl.append(line)


def _cell(text: str, width: int, style: str, shade: str = "") -> Any:
    cell, about = OxmlElement("w:tc"), OxmlElement("w:tcPr")
    size = OxmlElement("w:tcW")
    size.set(qn("w:w"), str(width))
    size.set(qn("w:type"), "dxa")
    about.append(size)
    if shade:
        shading = OxmlElement("w:shd")
        for key, value in (("val", "clear"), ("color", "auto"), ("fill", shade)):
            shading.set(qn(f"w:{key}"), value)
        about.append(shading)
    middle = OxmlElement("w:vAlign")
    middle.set(qn("w:val"), "center")
    about.append(middle)
    cell.append(about)
    paragraph, properties, named = OxmlElement("w:p"), OxmlElement("w:pPr"), OxmlElement("w:pStyle")
    named.set(qn("w:val"), style)
    properties.append(named)
    paragraph.append(properties)
    if text:
        run, words = OxmlElement("w:r"), OxmlElement("w:t")
        words.text = text
        words.set(qn("xml:space"), "preserve")
        run.append(words)
        paragraph.append(run)
    cell.append(paragraph)
    return cell


def _picture(document: Any, block: Block, layout: _Layout) -> None:
    document.add_paragraph(f"{{{{ {block.text} }}}}", style="Picture")


def _stamp(document: Any, block: Block, layout: _Layout) -> None:
    document.add_paragraph(block.text, style="Stamp")
    last = document.add_paragraph("年　　月　　日", style="Stamp")
    last.paragraph_format.space_before = Pt(0)


def _signatures(document: Any, block: Block, layout: _Layout) -> None:
    texts = block.text.split("|")
    widths = [round(layout.width * _TWIPS_A_CM / len(texts))] * len(texts)
    made = _empty_table(document, widths, "Normal Table")
    _row(made, texts, widths, [True] * len(texts), TextRow(tuple(texts), is_header=False))


def _verification(document: Any, block: Block, layout: _Layout) -> None:
    """Number, hash and address of the document, the address also as a QR code; kept together on one page."""
    document.add_paragraph(style="Seal Text").paragraph_format.keep_with_next = True
    left = 2 * round(1.4 * _TWIPS_A_CM)
    widths = [left, round(layout.width * _TWIPS_A_CM) - left]
    made = _empty_table(document, widths)
    texts = ["{{ 查验二维码 }}", "文书名称：{{ 文书名称 }}"]
    _row(made, texts, widths, [False, True], TextRow(tuple(texts), is_header=False))
    cell = made.rows[0].cells[1]
    cell.paragraphs[0].style = document.styles["Seal Text"]
    for text in (
        "文号：{{ 文号 }}",
        "校验码（SHA-256）：{{ 完整校验码 }}",
        "查验地址：{{ 查验地址 }}",
        "扫描二维码或打开查验地址，可核对本文书是否由督导评估平台生成、内容是否被改动。",
    ):
        cell.add_paragraph(text, style="Seal Text")


_BLOCKS = {"图": _picture, "落款": _stamp, "签字": _signatures, "查验": _verification}


# ── Header and footer ─────────────────────────────────────────────────────────────────────────


def _header_and_footer(document: Any) -> None:
    section = document.sections[0]
    header = section.header.paragraphs[0]
    header.style = document.styles["Seal Text"]
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    header.add_run("文号 {{ 文号 }}　校验码 {{ 校验码 }}")
    footer = section.footer.paragraphs[0]
    footer.style = document.styles["Seal Text"]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text, field in (("第 ", "PAGE"), (" 页　共 ", "NUMPAGES"), (" 页", "")):
        footer.add_run(text).font.size = Pt(10.5)
        if field:
            _field(footer, field)


def _field(paragraph: Any, code: str) -> None:
    for kind in ("begin", "code", "separate", "shown", "end"):
        run = paragraph.add_run()
        run.font.size = Pt(10.5)
        if kind == "shown":
            run.text = "1"
            continue
        element = OxmlElement("w:instrText" if kind == "code" else "w:fldChar")
        if kind == "code":
            element.text = f" {code} "
            element.set(qn("xml:space"), "preserve")
        else:
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)
