"""Ten thousand real workbooks, spoiled at random from fixed seeds: no crash, and every planted fault is told at its
own cell.

Half of them have faults planted into their cells, half are damaged in their zip file and its parts. The reader runs in
this process, for the speed; one in two hundred is read as a worker reads it as well, and must come to the same. With
``MUTATED_WORKBOOKS=100000`` in the environment more are tried.
"""

from __future__ import annotations

import json
import os
import random
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from indicators.catalogue import COUNTY_ITEMS, COUNTY_SHEET, FIELDS, SCHOOL_SHEET, Field, Kind
from indicators.problem import Severity
from indicators.workbook import child, sandbox
from indicators.workbook.archive import Refused
from indicators.workbook.read import ReadReport, read_report
from indicators.workbook.sandbox import Book, FileRefused
from tests.builders import KEYS, book_of, cell_of, figure_cell, good_figures, good_rows
from tests.indicators.planting import A_DAY, ROW, TARGETS, Cell, Parts, good_parts, number, packed, text, with_cells

WORKBOOKS = int(os.environ.get("MUTATED_WORKBOOKS", "10000"))
CHUNKS = 10
EACH = max(WORKBOOKS // (2 * CHUNKS), 1)
#: One in so many is read by the process of its own as well.
SAMPLE = 200


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """The parts of a good workbook of six schools."""
    return good_parts(tmp_path_factory.mktemp("good"))


def read_here(content: bytes, path: Path) -> Book:
    """What the child makes of a file, in this process. Raises ``Refused``, and nothing else."""
    path.write_bytes(content)
    answer = b"".join(child.read(str(path), path.name))
    return sandbox._book(json.loads(answer, object_hook=sandbox._decoded, parse_constant=sandbox._no_number))


def outcome(read: Callable[[], Book]) -> Book | str:
    """The content of a file, or the rule and the words it is refused by."""
    try:
        return read()
    except (Refused, FileRefused) as error:
        refused = error
    assert re.search("[\u4e00-\u9fff].*请", refused.message)
    return f"{refused.rule} {refused.message}"


def for_each_of(count: int, start: int, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    """Hold ``check`` against ``count`` examples that are the same on every machine and every day."""
    wanted = settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    seed(start)(wanted(given(strategy)(check)))()


# Faults planted into cells


_ISO_DAY: Cell = (' t="d"', "<v>2024-09-01</v>")
_TRUE: Cell = (' t="b"', "<v>1</v>")
_REF: Cell = (' t="e"', "<v>#REF!</v>")
_ODD: tuple[Cell, ...] = (
    A_DAY, _ISO_DAY, _TRUE, _REF, (' t="e"', "<f>1/0</f><v>#DIV/0!</v>"), (' t="str"', "<f>A1</f><v>甲乙丙</v>"),
    ("", "<f>1+1</f>"), ("", "<f>1+1</f><v></v>"), number("NaN"), number("1e308"), number("-1e308"), number("1e999"),
    text("\u202e12"), text("😀"), text("\u0645\u0631\u062d\u0628\u0627"), text("长" * 32_767), text("=1+1"),
    text("+1+1"), text("-1+1"), text("@SUM(1)"), text("<script>alert(1)</script>"), text("{{ 7 }}"),
)  # fmt: skip
_NEVER_A_NUMBER = (
    *_ODD,
    *(text(v) for v in ("abc", "１２", "1,200", "12人", "-", "无", "#REF!", "9" * 400, " 7 7 ", "12")),
    *(number(v) for v in ("-1", "-0.5", "1e12")),
)
_NEVER_A_CHOICE = (*_ODD, text("不详"), text("小 学 校"), number("99"), text("0"))
_NEVER_A_CODE = (
    *_ODD, text("12345"), text("3.1E+09"), text("31420000０1"), number("314200000"), text("甲" * 10)
)  # fmt: skip
_NEVER_ROOMS = (*_ODD, text("96;甲"), text("96、98"), number("-96"), text("0"), text("96;;-1"))
_NEVER_A_FIGURE = (A_DAY, _TRUE, _REF, text("abc"), number("-1"), number("1e300"), ("", "<f>1+1</f>"))


def faults_for(field: Field) -> tuple[Cell, ...]:
    """What can never stand in a cell of this field."""
    if field.kind is Kind.CODE:
        return _NEVER_A_CODE
    if field.kind in (Kind.CHOICE, Kind.YES_NO):
        return _NEVER_A_CHOICE
    if field.kind is Kind.ROOMS:
        return _NEVER_ROOMS
    return (*_NEVER_A_NUMBER, number("2.5")) if field.kind is Kind.COUNT else _NEVER_A_NUMBER


#: Every fault at every place where it can never stand: sheet, address, cell.
_SCHOOL_FAULTS = [
    (SCHOOL_SHEET, cell_of(field.key, position), cell)
    for field in FIELDS
    if field.kind is not Kind.TEXT
    for position in range(len(good_rows()))
    for cell in faults_for(field)
]
_FIGURE_FAULTS = [(COUNTY_SHEET, figure_cell(item.code), cell) for item in COUNTY_ITEMS for cell in _NEVER_A_FIGURE]
_GOOD_CODES = [row["code"] for row in good_rows()]
_CODES = [cell_of("code", position) for position in range(len(good_rows()))]
#: A 学校标识码 given twice: two rows, both with the code of the first.
_TWICE = [(one, other) for one in _CODES for other in _CODES if one != other]
FAULTS = st.tuples(
    st.lists(st.sampled_from(_SCHOOL_FAULTS), min_size=1, max_size=4),
    st.lists(st.sampled_from(_FIGURE_FAULTS), max_size=1),
    st.sampled_from([None] * 60 + _TWICE),
)


Planted = list[tuple[str, str, Cell]]


def plant(
    parts: Parts, schools: Planted, figures: Planted, twice: tuple[str, str] | None
) -> tuple[bytes, set[tuple[str, str]]]:
    """A workbook with faults, and the cells at which they stand."""
    cells: dict[str, dict[str, Cell]] = {SCHOOL_SHEET: {}, COUNTY_SHEET: {}}
    for sheet, address, cell in (*schools, *figures):
        cells[sheet][address] = cell
    if twice is not None and not cells[SCHOOL_SHEET].keys() & set(twice):
        code = _GOOD_CODES[_CODES.index(twice[0])]
        cells[SCHOOL_SHEET] |= {address: text(code) for address in twice}
    changed = {target: with_cells(parts[target], cells[sheet]) for sheet, target in TARGETS.items()}
    return packed(parts | changed), {(sheet, address) for sheet, found in cells.items() for address in found}


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_planted_fault_is_told_at_its_own_cell(chunk: int, parts: Parts, tmp_path: Path) -> None:
    turns = [0]

    def check(drawn: tuple[Planted, Planted, tuple[str, str] | None]) -> None:
        content, places = plant(parts, *drawn)
        book = read_here(content, tmp_path / "a.xlsx")
        errors = {(p.sheet, p.cell) for p in read_report(book).problems if p.severity is Severity.ERROR}
        assert places <= errors, places - errors
        turns[0] += 1
        if turns[0] % SAMPLE == 0:
            assert sandbox.read_book(tmp_path / "a.xlsx") == book

    for_each_of(EACH, chunk, FAULTS, check)
    assert turns[0] >= EACH


def test_a_workbook_nobody_spoiled_has_nothing_to_be_told(parts: Parts, tmp_path: Path) -> None:
    found = read_report(read_here(packed(parts), tmp_path / "a.xlsx"))
    assert (found.is_judgeable, found.problems) == (True, ())


# Damage to the file and its parts

Damage = Callable[[Parts, random.Random], None]
_JUNK = (
    b"<", b">", b"&", b"&foo;", b"&#0;", b"&#x110000;", b"\x00", b"\xff\xfe", b"]]>", b"<![CDATA[", b"<!--", b"-->",
    b"<?pi?>", b"<!DOCTYPE x>", b'<!ENTITY a "b">', b"\xed\xa0\x80", b'"', b"'", b"-0", b"1e999", b"9" * 30, b"</row>",
    b'<row r="1048577">', b'<c r="XFD1048576"><v>1</v></c>', b"</sheetData>", b"<x:c/>", b"<mergeCell ref='A1:Z9'/>",
)  # fmt: skip
_NAMES = ("", "r", "s", "t", "spans", "x:y", "xmlns", "ht", "customFormat")
_VALUES = ("", "0", "1", "-1", "A1", "ZZZ99999999", "s", "b", "e", "d", "n", "str", "inlineStr", "99999", "&lt;", "1 2")


def _some_part(parts: Parts, chance: random.Random) -> str:
    """Mostly one of the parts that the reader looks into."""
    looked_into = [name for name in parts if "theme" not in name and "docProps/app" not in name]
    return chance.choice([*TARGETS.values(), *looked_into] if all(t in parts for t in TARGETS.values()) else [*parts])


def junk_in_a_part(parts: Parts, chance: random.Random) -> None:
    name = _some_part(parts, chance)
    at = chance.randint(0, len(parts[name]))
    parts[name] = parts[name][:at] + chance.choice(_JUNK) + parts[name][at + chance.choice((0, 0, 1, 9)) :]


def part_cut(parts: Parts, chance: random.Random) -> None:
    name = _some_part(parts, chance)
    parts[name] = parts[name][: chance.randint(0, len(parts[name]))]


def part_missing(parts: Parts, chance: random.Random) -> None:
    if len(parts) > 1:
        del parts[_some_part(parts, chance)]


def part_renamed(parts: Parts, chance: random.Random) -> None:
    name = _some_part(parts, chance)
    change = chance.choice(
        (str.upper, str.swapcase, lambda n: n.replace("/", "\\"), lambda n: f"../{n}", lambda n: n[1:])
    )
    parts[change(name) or "x"] = parts.pop(name)


def parts_swapped(parts: Parts, chance: random.Random) -> None:
    one, other = _some_part(parts, chance), _some_part(parts, chance)
    parts[one], parts[other] = parts[other], parts[one]


def _change_matches(
    parts: Parts, chance: random.Random, name: str, pattern: bytes, change: Callable[[bytes], bytes]
) -> None:
    """Change one of the places where ``pattern`` is found in a part."""
    found = list(re.finditer(pattern, parts.get(name, b"")))
    if found:
        one = chance.choice(found)
        parts[name] = parts[name][: one.start()] + change(one[0]) + parts[name][one.end() :]


def attribute_added(parts: Parts, chance: random.Random) -> None:
    added = f' {chance.choice(_NAMES)}="{chance.choice(_VALUES)}"'.encode()
    _change_matches(parts, chance, _some_part(parts, chance), rb"<[a-zA-Z:]+", lambda tag: tag + added)


def attribute_changed(parts: Parts, chance: random.Random) -> None:
    value = f'="{chance.choice(_VALUES)}"'.encode()
    _change_matches(parts, chance, _some_part(parts, chance), rb'="[^"]*"', lambda _: value)


def tag_lost(parts: Parts, chance: random.Random) -> None:
    _change_matches(parts, chance, _some_part(parts, chance), rb"<[^>]*>", lambda _: b"")


def tag_twice(parts: Parts, chance: random.Random) -> None:
    _change_matches(parts, chance, _some_part(parts, chance), rb"<[^>]*>", lambda tag: tag * 2)


def value_changed(parts: Parts, chance: random.Random) -> None:
    value = chance.choice(
        (b"", b"-0", b"1e308", b"1e-320", b"nan", b"inf", b"9" * 40, b"0x10", b" 1 ", b"1_0", b"&lt;")
    )
    name = chance.choice([*TARGETS.values()])
    _change_matches(parts, chance, name, rb"<v>[^<]*</v>", lambda _: b"<v>" + value + b"</v>")


def rows_shuffled(parts: Parts, chance: random.Random) -> None:
    name = chance.choice([*TARGETS.values()])
    rows = ROW.findall(parts.get(name, b""))
    if len(rows) > 1:
        one, other = chance.sample(range(len(rows)), 2)
        rows[one], rows[other] = rows[other], rows[one]
        start = parts[name].index(b"<row ")
        end = parts[name].rindex(b"</row>") + len(b"</row>")
        parts[name] = parts[name][:start] + b"".join(rows) + parts[name][end:]


def row_elsewhere(parts: Parts, chance: random.Random) -> None:
    to = chance.choice((0, 1, 3, 20_001, 1_048_576, 1_048_577, 10**12))
    name = chance.choice([*TARGETS.values()])
    _change_matches(parts, chance, name, rb'<row r="[0-9]+"', lambda _: b'<row r="%d"' % to)


def cell_elsewhere(parts: Parts, chance: random.Random) -> None:
    to = chance.choice(("A1", "C3", "XFD1048576", "IW5", "a3", "A", "3", "AAAA1", "A0", "$A$3"))
    name = chance.choice([*TARGETS.values()])
    _change_matches(parts, chance, name, rb'<c r="[A-Z]+[0-9]+"', lambda _: f'<c r="{to}"'.encode())


def dimension_changed(parts: Parts, chance: random.Random) -> None:
    to = chance.choice(("A1", "A1:XFD1048576", "", "x", "B2:A1", "A1:A1"))
    name = chance.choice([*TARGETS.values()])
    _change_matches(parts, chance, name, rb'<dimension ref="[^"]*"', lambda _: f'<dimension ref="{to}"'.encode())


def header_merged(parts: Parts, chance: random.Random) -> None:
    area = chance.choice((b"A1:C2", b"A2:D2", b"A2:A5", b"A1:XFD1048576"))
    name = chance.choice([*TARGETS.values()])
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="%b"/></mergeCells>' % area
    parts[name] = parts.get(name, b"").replace(b"</sheetData>", merged, 1)


def relation_changed(parts: Parts, chance: random.Random) -> None:
    name = "xl/_rels/workbook.xml.rels"
    to = chance.choice((b"/xl/worksheets/sheet1.xml", b"worksheets/sheet3.xml", b"styles.xml", b"../../..", b"", b"xl"))
    pattern, change = chance.choice(
        (
            (rb'Target="[^"]*"', lambda _: b'Target="%b"' % to),
            (rb'Id="[^"]*"', lambda _: b'Id="rId1"'),
            (rb"relationships/worksheet", lambda _: b"relationships/xlMacrosheet"),
            (rb"relationships/sharedStrings", lambda _: b"relationships/styles"),
        )
    )
    _change_matches(parts, chance, name, pattern, change)


def sheet_hidden_or_renamed(parts: Parts, chance: random.Random) -> None:
    to = chance.choice(("学校数据", " 县级数据 ", "", "Sheet1", "=1+1", "<script>".replace("<", "&lt;"), "表" * 300))
    pattern, change = chance.choice(
        (
            (rb'<sheet [^>]*name="[^"]*"', lambda tag: re.sub(rb'name="[^"]*"', f'name="{to}"'.encode(), tag)),
            (rb'state="visible"', lambda _: b'state="veryHidden"'),
        )
    )
    _change_matches(parts, chance, "xl/workbook.xml", pattern, change)


TO_PARTS: tuple[Damage, ...] = (
    junk_in_a_part, part_cut, part_missing, part_renamed, parts_swapped, attribute_added, attribute_changed, tag_lost,
    tag_twice, value_changed, rows_shuffled, row_elsewhere, cell_elsewhere, dimension_changed, header_merged,
    relation_changed, sheet_hidden_or_renamed,
)  # fmt: skip


def bytes_flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def directory_flipped(content: bytes, chance: random.Random) -> bytes:
    """Bytes of the list of parts, which tells where each begins and how long it is."""
    changed = bytearray(content)
    start = content.find(b"PK\x01\x02")
    for _ in range(chance.choice((1, 1, 3))):
        changed[chance.randrange(max(start, 0), len(changed))] = chance.choice((0, 1, 0x7F, 0xFF))
    return bytes(changed)


def truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def middle_lost(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.choice((1, 64, 5000)) :]


def slice_repeated(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at : at + chance.choice((1, 40, 3000))] + content[at:]


def entry_twice(content: bytes, chance: random.Random) -> bytes:
    target = BytesIO(content)
    with zipfile.ZipFile(target, "a") as archive:
        name = chance.choice([*TARGETS.values(), "xl/workbook.xml", "[Content_Types].xml"])
        archive.writestr(chance.choice((name.upper(), f"./{name}", f"{name} ")), b"<x/>")
    return target.getvalue()


def junk_before_and_behind(content: bytes, chance: random.Random) -> bytes:
    return (
        chance.choice((b"", b"\x00" * 7, b"<html>", b"PK\x03\x04"))
        + content
        + chance.choice((b"", b"\x00" * 99, content))
    )


TO_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    bytes_flipped, directory_flipped, truncated, middle_lost, slice_repeated, entry_twice, junk_before_and_behind,
)  # fmt: skip

#: What is done to the parts, then to the bytes, and the seed of where exactly.
DAMAGE = st.tuples(
    st.lists(st.sampled_from(TO_PARTS), max_size=3),
    st.one_of(st.none(), st.none(), st.sampled_from(TO_BYTES)),
    st.integers(0, 2**32 - 1),
)
Drawn = tuple[list[Damage], Callable[[bytes, random.Random], bytes] | None, int]


def damaged(parts: Parts, drawn: Drawn) -> bytes:
    to_parts, to_bytes, where = drawn
    chance, changed = random.Random(where), dict(parts)
    for damage in to_parts:
        damage(changed, chance)
    content = packed(changed)
    return content if to_bytes is None or not content else to_bytes(content, chance)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_however_a_file_is_damaged_it_is_read_or_refused_in_words(chunk: int, parts: Parts, tmp_path: Path) -> None:
    seen = {"read": 0, "refused": 0}

    def check(drawn: Drawn) -> None:
        found = outcome(lambda: read_here(damaged(parts, drawn), tmp_path / "a.xlsx"))
        seen["refused" if isinstance(found, str) else "read"] += 1
        if isinstance(found, Book):
            report = read_report(found)
            assert isinstance(report, ReadReport)
            assert all(problem.message for problem in report.problems)
        if sum(seen.values()) % SAMPLE == 0:
            assert outcome(lambda: sandbox.read_book(tmp_path / "a.xlsx")) == found

    for_each_of(EACH, 1000 + chunk, DAMAGE, check)
    # Damage that always or never ruins the file would prove little.
    assert EACH < 100 or min(seen.values()) > EACH // 10


@pytest.mark.parametrize("chunk", range(4))
def test_whatever_stands_in_the_cells_reading_ends_with_an_answer(chunk: int) -> None:
    chance = random.Random(f"anything-{chunk}")
    anything: tuple[Any, ...] = (
        "abc", "１２", "1,200", "-", "#REF!", "9" * 400, True, sandbox.ErrorValue("#DIV/0!"),
        sandbox.DateValue("2024-09-01"), -1.0, 1e300, "96;甲", "96;;-1", None, "", 0.0, -0.0, 0.1 + 0.2, 1e-300, "合计",
    )  # fmt: skip
    for _ in range(250):
        rows, figures = good_rows(), good_figures()
        for _ in range(chance.randint(5, 120)):
            rows[chance.randrange(len(rows))][chance.choice(KEYS)] = chance.choice(anything)
        for _ in range(chance.randint(0, 20)):
            figures[chance.choice(COUNTY_ITEMS).code] = chance.choice(anything)
        found = read_report(book_of(rows, figures))
        assert len(found.report.schools) <= len(rows)
        assert all(problem.message for problem in found.problems)
