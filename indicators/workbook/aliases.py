"""Headers as older exports write them: a table that is data, under ``fixtures/aliases``. Pure.

Only spellings that leave no doubt stand in it: 万元 is never guessed where a header does not say so. Nothing is read
at import time; whoever reads workbooks asks once for ``known_aliases`` and hands them to the reader.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from indicators.catalogue import ALL_FIELDS, FIELD_BY_KEY
from indicators.workbook.headers import Alias, Aliases, plain_form

ALIAS_FOLDER = Path(__file__).resolve().parents[2] / "fixtures/aliases"
_COLUMNS = ["表头", "字段", "来源"]


class AliasesRefused(ValueError):
    """An alias table cannot be used; the message names the line and what is wrong."""


def parse_aliases(tables: Iterable[tuple[str, str]]) -> Aliases:
    """The aliases of some CSV texts, each with its name. Raises AliasesRefused for a field that the catalogue does
    not know, a header of the template itself, and a header given twice."""
    own = {plain_form(field.header) for field in ALL_FIELDS}
    found: dict[str, Alias] = {}
    for name, text in tables:
        rows = csv.reader(StringIO(text.removeprefix("\ufeff")))
        if next(rows, None) != _COLUMNS:
            raise AliasesRefused(f"{name}：列应为 {'、'.join(_COLUMNS)}")
        for number, row in enumerate(rows, 2):
            if len(row) != len(_COLUMNS) or not all(cell.strip() for cell in row):
                raise AliasesRefused(f"{name} 第 {number} 行：应有 {len(_COLUMNS)} 栏，都要填写")
            alias = Alias(*(cell.strip() for cell in row))
            plain = plain_form(alias.header)
            if alias.key not in FIELD_BY_KEY:
                raise AliasesRefused(f"{name} 第 {number} 行：没有字段 {alias.key}")
            if plain in own or plain in found:
                raise AliasesRefused(f"{name} 第 {number} 行：表头“{alias.header}”重复，或就是模板的表头")
            found[plain] = alias
    return MappingProxyType(found)


@cache
def known_aliases(folder: Path = ALIAS_FOLDER) -> Aliases:
    """The aliases of every table in the folder, read once. Raises AliasesRefused."""
    return parse_aliases((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.csv")))
