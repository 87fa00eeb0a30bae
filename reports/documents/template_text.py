"""The default templates as texts that people can read and compare: ``fixtures/documents/*.txt``. Pure.

One line is one paragraph; what it is stands at its beginning::

    题 …  副题 …  称呼 …      title, subtitle, whom it is addressed to
    # …   ## …                headings
    表题 … 图题 … 注 …        captions and notes
    — …                       an item of a list; **…** is bold
    % for …  % endfor         a paragraph, or inside a table a row, that stands for a tag of the template
    [表 12 30< 20]            a table by the widths of its columns, ``<`` aligned left; ! header row, | row, [完]
    [图 名称]  [落款 …]  [签字 …|…]  [查验]
    紧凑                      smaller letters and margins
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_STYLES = {
    "题": "title", "副题": "subtitle", "称呼": "address", "#": "heading-1", "##": "heading-2", "表题": "caption",
    "图题": "caption-below", "注": "note", "—": "list",
}  # fmt: skip
_BLOCK = re.compile(r"\[(表|图|落款|签字|查验)\s*(.*)\]")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


class TextRefused(Exception):
    """A line that means nothing, by its number."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: its style, and its text in parts that are bold or not."""

    style: str
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the template language: for, if, else, endif, endfor."""

    words: str


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row of a table; a header row is repeated on every page."""

    cells: tuple[str, ...]
    is_header: bool


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table: relative widths, which columns stand left, rows and tags."""

    widths: tuple[int, ...]
    is_left: tuple[bool, ...]
    rows: list[TextRow | Tag] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """A picture, a place for a stamp, signatures, the block that tells how to verify: kind and text."""

    kind: str
    text: str


Part = Paragraph | Tag | TextTable | Block


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A default template: its parts in their order."""

    is_compact: bool
    parts: tuple[Part, ...]


def read_text(text: str) -> TemplateText:
    """The parts of a template's text. Raises TextRefused."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_compact = lines[:1] == ["紧凑"]
    return TemplateText(is_compact, tuple(_parts(lines[is_compact:])))


def _parts(lines: Sequence[str]) -> Iterator[Part]:
    table: TextTable | None = None
    for number, line in enumerate(lines, start=1):
        block = _BLOCK.fullmatch(line)
        if table is not None:
            if line == "[完]":
                yield table
                table = None
            else:
                table.rows.append(_row(line, len(table.widths), number))
        elif block is not None and block[1] == "表":
            table = _table(block[2].split())
        elif block is not None:
            yield Block(block[1], block[2])
        elif line.startswith("% "):
            yield Tag(line[2:])
        else:
            yield _paragraph(line)
    if table is not None:
        raise TextRefused("表没有结束")


def _table(widths: Sequence[str]) -> TextTable:
    return TextTable(
        tuple(int(width.removesuffix("<")) for width in widths), tuple(width.endswith("<") for width in widths)
    )


def _row(line: str, columns: int, number: int) -> TextRow | Tag:
    if line.startswith("% "):
        return Tag(line[2:])
    cells = tuple(cell.strip() for cell in line[1:].split("|"))
    if line[0] not in "!|" or len(cells) != columns:
        raise TextRefused(f"第 {number} 行：{line}")
    return TextRow(cells, line[0] == "!")


def _paragraph(line: str) -> Paragraph:
    word, _, rest = line.partition(" ")
    style = _STYLES.get(word)
    text = line if style is None else rest
    bold = set(_BOLD.findall(text))
    parts = tuple((part, part in bold) for part in _BOLD.split(text) if part)
    return Paragraph(style or "body", parts)
