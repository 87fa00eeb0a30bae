"""The bodies of a table as HTML. Written here and not by a template: the school table of a county has a thousand cells,
and a reader waits for the page that nobody has asked for yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from reports.presenters.figures import drawn_mark

if TYPE_CHECKING:
    from reports.presenters.open_tables.shape import Cell, Column, Table


def bodies(table: Table) -> SafeString:
    """Every ``tbody``. Whatever the cells say is text: nothing in it becomes markup."""
    written = []
    for body in table.bodies:
        rows = ("".join(_cell(column, cell, is_head) for column, cell, is_head in row) for row in body)
        written.append(f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody>")
    return mark_safe("\n".join(written))  # noqa: S308 - each part is escaped where it is written


def _cell(column: Column, cell: Cell, is_head: bool) -> str:
    if is_head:
        tag, opened = "th", f'th scope="{"rowgroup" if cell.rows > 1 else "row"}"'
    else:
        tag, opened = "td", 'td class="number"' if column.is_number else "td"
    over = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    small = f'<small class="under">{_lines(cell.small)}</small>' if cell.small else ""
    return f'<{opened}{over} data-label="{escape(column.title)}">{_said(column, cell)}{small}</{tag}>'


def _said(column: Column, cell: Cell) -> str:
    if cell.mark is not None:
        return drawn_mark(cell.mark)
    text = escape(cell.text)
    if cell.code:
        text = f'<span class="code">{escape(cell.code)}</span> {text}'
    if cell.link:
        return f'<a href="{escape(cell.link)}">{text}</a>'
    return str(text) if column.is_number else f"<span>{text}</span>"


def _lines(text: str) -> str:
    return "<br>".join(str(escape(line)) for line in text.splitlines())
