"""The process that touches an uploaded file: ``python -m indicators.workbook.child [PATH FILENAME]``.

Prints one JSON object and ends. Without a path it waits for one line of standard input that names the file, and ends
with it: one process, one file. It limits its own memory and processor time before it opens the file, so the
worst a hostile file can do is end this process; ``sandbox`` turns that into a refusal. Nothing heavy is
imported here: the start of the process is a good part of the time a clerk waits.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from itertools import islice
from math import isfinite

from python_calamine import CalamineError, CalamineSheet, load_workbook

from indicators.workbook import package
from indicators.workbook.archive import Refused, damaged
from indicators.workbook.sheet_xml import MAX_COLUMNS, MAX_ROWS, SheetScan, prepare

MAX_MEMORY = 200 * 1024 * 1024
MAX_CPU_SECONDS = 4
LONGEST_TEXT = 4_000
CSV_SHEET = package.DATA_SHEETS[0]

Row = tuple[int, list[object]]

_ROWS_PER_PIECE = 200
_LONGEST_LINE = 1024 * 1024
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n"}


def main() -> None:
    """Read the file named on the command line or by standard input and print what it holds, or why it is refused."""
    limit_resources()
    # One short life, no cycles worth collecting.
    gc.disable()
    named = sys.argv[1:] or wait_for_a_file()
    if named is None:
        os._exit(0)
    path, filename = named
    try:
        pieces = read(path, filename)
    except Refused as refused:
        pieces = [_json({"refused": [refused.rule, refused.message]})]
    except BaseException as error:  # a panic of the reader is no Exception
        pieces = [_json({"stopped": type(error).__name__})]
    pieces[0] = b'{"peak":%d,' % peak_memory() + pieces[0][1:]
    sys.stdout.buffer.writelines(pieces)
    sys.stdout.buffer.flush()
    # Skips the interpreter's orderly farewell, which takes longer than it is worth.
    os._exit(0)


def wait_for_a_file() -> list[str] | None:
    """Path and name of the file that standard input tells, None where whoever started this process is gone."""
    prepare()
    line = sys.stdin.buffer.readline()
    return json.loads(line) if line else None


def limit_resources(memory: int = MAX_MEMORY, cpu_seconds: int = MAX_CPU_SECONDS) -> None:
    """Bind this process: memory, processor time, no core dump, no files written, no children."""
    for limit, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 16, 16),
        (resource.RLIMIT_NPROC, 0, 0),
    ):
        ceiling = resource.getrlimit(limit)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(limit, (soft, hard))


def peak_memory() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not tell.

    Not ``ru_maxrss``: a child starts with the peak of the process that spawned it.
    """
    try:
        with open("/proc/self/status", "rb") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(b"VmHWM:"))
    except (OSError, StopIteration):
        return 0


def read(path: str, filename: str) -> list[bytes]:
    """The content of a file as the pieces of one JSON object. Raises ``Refused``."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > package.MAX_FILE:
                raise Refused(
                    "file.too_large",
                    f"文件超过 {package.MAX_FILE // 1024 // 1024} MB。请删除图片和与填报无关的工作表后再上传。",
                )
            data = file.read(package.MAX_FILE)
    except OSError:
        raise Refused("file.unreadable", "系统没有读到上传的文件。请重新上传；如再次出现，请联系管理员。") from None
    kind = package.identify(data, filename)
    if kind == "csv":
        version, sheets = None, _sheet(CSV_SHEET, False, csv_rows(data))
    else:
        checked = package.check(data)
        del data
        version, sheets = checked.template_version, _sheets(checked)
    return [_json({"kind": kind, "template_version": version})[:-1], b',"sheets":[', *sheets, b"]}"]


def _sheets(checked: package.Checked) -> Iterator[bytes]:
    try:
        book = load_workbook(BytesIO(checked.clean)) if checked.clean else None
        for number, sheet in enumerate(checked.sheets):
            if number:
                yield b","
            if book is None or sheet.scan is None:
                yield from _sheet(sheet.name, sheet.hidden, iter(()))
            else:
                rows = _value_rows(book.get_sheet_by_index(sheet.position), sheet.scan.errors)
                yield from _sheet(sheet.name, sheet.hidden, rows, sheet.scan)
    except (CalamineError, ArithmeticError, LookupError, ValueError):
        raise damaged("表格内容无法读取") from None


def _sheet(name: str, hidden: bool, rows: Iterator[Row], scan: SheetScan | None = None) -> Iterator[bytes]:
    """One sheet as pieces of JSON, so that its rows never exist twice."""
    facts = {
        "name": name,
        "hidden": hidden,
        "formulas": scan.formulas if scan else [],
        "formula_count": scan.formula_count if scan else 0,
    }
    yield _json(facts)[:-1] + b',"rows":['
    separator = b""
    while block := list(islice(rows, _ROWS_PER_PIECE)):
        yield separator + _json(block)[1:-1]
        separator = b","
    yield b"]}"


def _value_rows(sheet: CalamineSheet, errors: dict[int, dict[int, str]]) -> Iterator[Row]:
    """The rows that hold something, with their true numbers, every list starting at column A."""
    if sheet.start is None:
        return
    # The iterator begins at row 1 whatever the sheet's start, but at the first used column.
    before: list[object] = [None] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if cells.count("") == len(cells):
            continue
        row = before + [
            cell if type(cell) is float and isfinite(cell) else None if cell == "" else _ENCODERS[type(cell)](cell)
            for cell in cells
        ]
        for index, text in errors.get(number, {}).items():
            row[index] = {"error": text}
        if any(cell is not None for cell in row):
            yield number, row


def _number(value: float) -> object:
    return float(value) if isfinite(value) else {"error": "#NUM!"}


def _duration(value: timedelta) -> object:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return {"date": f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"}


# How JSON says a value, by what the reader gives; empty text is no value.
_ENCODERS: dict[type, Callable[..., object]] = {
    str: lambda text: clean_text(text) or None,
    bool: lambda value: value,
    int: _number,
    float: _number,
    date: lambda value: {"date": value.isoformat()},
    time: lambda value: {"date": value.isoformat("seconds")},
    datetime: lambda value: {"date": value.isoformat(" ", "seconds")},
    timedelta: _duration,
}


def clean_text(text: str) -> str:
    """Text as it may be stored and shown: line ends are one character, no control characters, a bounded length."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def csv_rows(data: bytes) -> Iterator[Row]:
    """The rows of a plain export that hold something; every value is text or None.

    Raises ``Refused`` for text in no known encoding, for broken quoting and beyond the limits of a sheet.
    """
    # Only here, for it costs every workbook a millisecond.
    import csv

    text = _decoded(data)
    reader = csv.reader(_lines(text), delimiter=_delimiter(text))
    width = filled = 0
    rows: list[tuple[int, list[object]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            row: list[object] = [clean_text(cell) or None for cell in cells]
            while row and row[-1] is None:
                row.pop()
            if not row:
                continue
            width, filled = max(width, len(row)), filled + 1
            if width > MAX_COLUMNS:
                raise Refused(
                    "file.too_many_cells",
                    f"CSV 文件第 {number} 行有 {len(row)} 列，超过 {MAX_COLUMNS} 列的上限。请删除多余的列后再上传。",
                )
            if filled > MAX_ROWS:
                raise Refused(
                    "file.too_many_rows",
                    f"CSV 文件第 {number} 行超出了 {MAX_ROWS:,} 行数据的上限。请删除多余的行后再上传。",
                )
            rows.append((number, row))
    except csv.Error:
        raise Refused(
            "file.csv_malformed",
            f"CSV 文件第 {reader.line_num} 行附近的引号不成对或内容过长。"
            "请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。",
        ) from None
    for number, row in rows:
        yield number, row + [None] * (width - len(row))


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(StringIO(text, newline=""), start=1):
        if len(line) > _LONGEST_LINE:
            raise Refused(
                "file.csv_malformed",
                f"CSV 文件第 {number} 行过长，不像一行数据。请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。",
            )
        yield line


def _decoded(data: bytes) -> str:
    if b"\x00" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise Refused(
        "file.csv_encoding",
        "CSV 文件的编码无法识别。请在 Excel 或 WPS 中另存为“CSV UTF-8（逗号分隔）”或 .xlsx 后再上传。",
    )


def _delimiter(text: str) -> str:
    """Comma, tab or semicolon: what stands most often in the header line, or in the first line that is not blank."""
    lines = [line for line in text[:65_536].splitlines() if line.strip()] or [""]
    header = next((line for line in lines if "学校标识码" in line), lines[0])
    return max(",\t;", key=header.count)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
