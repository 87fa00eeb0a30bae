"""Reading a workbook in the sandbox against calamine alone, which reads the same file unprotected.

    python benchmarks/reading.py

300 schools × 68 columns. calamine stands here twice: in this process, warm, which no serving process may do,
and as a process of its own. All are taken in turns, medians. Then the files that are made to hurt: time and
peak of resident memory of the child.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import xlsxwriter  # noqa: E402
from python_calamine import CalamineWorkbook  # noqa: E402

from indicators.workbook.sandbox import FileRefused, start_reading  # noqa: E402
from tests.indicators import hostile  # noqa: E402

SCHOOLS, COLUMNS = 300, 68
ROUNDS = 21
MIB = 1024 * 1024


def write_ordinary(path: Path) -> Path:
    """Texts, whole numbers and decimals in bordered cells, as the template has them."""
    source = random.Random(1)
    book = xlsxwriter.Workbook(path)
    sheet, style = book.add_worksheet("学校数据"), book.add_format({"border": 1})
    for row in range(SCHOOLS + 1):
        for column in range(COLUMNS):
            if row == 0 or column < 8:
                sheet.write_string(row, column, f"第{row}行第{column}列", style)
            elif column % 5 == 0:
                sheet.write_blank(row, column, None, style)
            else:
                value = source.randrange(2000) if column % 3 else round(source.random() * 9999, 2)
                sheet.write_number(row, column, value, style)
    book.add_worksheet("县级数据").write_row(0, 0, ["代码", "项目", "数值", "单位"])
    book.close()
    return path


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def read_alone(path: Path) -> None:
    book = CalamineWorkbook.from_path(path)
    for name in ("学校数据", "县级数据"):
        book.get_sheet_by_name(name).to_python()


def read_alone_in_a_process(path: Path) -> None:
    script = (
        "import sys; from python_calamine import CalamineWorkbook as W; book = W.from_path(sys.argv[1]);"
        "[book.get_sheet_by_name(name).to_python() for name in ('学校数据', '县级数据')]"
    )
    subprocess.run([sys.executable, "-E", "-s", "-c", script, str(path)], check=True)


def read_in_the_sandbox(path: Path) -> tuple[str, int]:
    """What came of it, and the child's peak of memory in bytes."""
    with start_reading(path) as reading:
        try:
            rows = sum(len(sheet.rows) for sheet in reading.result().sheets)
            return f"{rows} rows", reading.peak_memory or 0
        except FileRefused as refused:
            return refused.rule, reading.peak_memory or 0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_ordinary(Path(folder) / "ordinary.xlsx")
        ways: dict[str, Callable[[], object]] = {
            "calamine alone, in this process": lambda: read_alone(path),
            "calamine alone, in a process of its own": lambda: read_alone_in_a_process(path),
            "sandbox: child, pre-check, calamine, values": lambda: read_in_the_sandbox(path),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, call in ways.items():
                taken[name].append(seconds(call))
        print(f"{SCHOOLS} schools × {COLUMNS} columns, median of {ROUNDS}")
        for name, times in taken.items():
            print(f"  {name:45}{statistics.median(times) * 1000:8.1f} ms")
        print(f"  {'peak memory of the child':45}{read_in_the_sandbox(path)[1] / MIB:8.0f} MiB")

        print("files made to hurt")
        built: list[tuple[str, Callable[[Path], Path]]] = [
            ("200 MB zip bomb", hostile.bomb_in_the_sheet),
            ("two cells at the far corners", hostile.far_corners),
            ("300 MB of formatting", hostile.bomb_of_formatting),
            ("5,000 copies of a long text", hostile.bomb_of_one_long_text),
            *(
                (f"a million empty rows, {style}", lambda path, style=style: hostile.million_empty_rows(path, style))
                for style in hostile.EMPTY_ROWS
            ),
        ]
        for name, build in built:
            path = build(Path(folder) / "hurt.xlsx")
            started = time.perf_counter()
            outcome, peak = read_in_the_sandbox(path)
            size = f"{peak / MIB:4.0f} MiB" if peak else "    lost"
            print(f"  {name:45}{(time.perf_counter() - started) * 1000:8.0f} ms  {size}  {outcome}")


if __name__ == "__main__":
    main()
