"""The tables of a public page as a file: the same objects the page is written from, one sheet for each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import pandas as pd

from reports import exporters
from reports.presenters.open_tables import Table


def frames(tables: Iterable[Table]) -> dict[str, pd.DataFrame]:
    """The tables of a page by the key of their sheet, in the order of the page. What has a group says it in a first
    column; what a reader can only do on the page is left out."""
    found = {}
    for key, some in groupby(tables, key=lambda table: table.key):
        same = list(some)
        kept = [place for place, column in enumerate(same[0].columns) if not column.is_act]
        heads = [same[0].columns[place].title for place in kept]
        header = same[0].group_header
        rows = [
            [*([table.group] if header else []), *(row[place].exported for place in kept)]
            for table in same
            for row in table.rows
        ]
        found[key] = pd.DataFrame(rows, columns=[*([header] if header else []), *heads], dtype=str)
    return found


def workbook(tables: Sequence[Table], about: Sequence[tuple[str, str]]) -> bytes:
    """All tables of a page as one .xlsx; numbers are numbers where the page has a column of figures."""
    found = frames(tables)
    names = {table.key: table.sheet for table in tables}
    figures = {table.key: {column.title for column in table.columns if column.is_number} for table in tables}
    sheets = [exporters.Sheet(names[key], frame, figures[key]) for key, frame in found.items()]
    return exporters.sheets_to_xlsx(sheets, about)


def comma_separated(tables: Sequence[Table], key: str) -> bytes | None:
    """One sheet as CSV, the first where none is named; None where there is none of that key."""
    found = frames(tables)
    frame = found.get(key or next(iter(found), ""))
    if frame is None:
        return None
    named = key or next(iter(found))
    figures = {column.title for table in tables if table.key == named for column in table.columns if column.is_number}
    return exporters.to_csv(frame, [name for name in frame.columns if name not in figures])
