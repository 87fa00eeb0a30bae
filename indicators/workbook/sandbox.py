"""Reading an uploaded file in a child process that cannot hurt its parent.

No spreadsheet library is safe inside a serving process: a two-kilobyte file can abort it. So the file is
checked and read by ``indicators.workbook.child`` under limits of memory and time, and only plain values come
back. Whatever happens to the child, the caller sees a ``Book`` or a ``FileRefused``.

    with start_reading(path, filename) as reading:
        import numpy  # the child works meanwhile
        book = reading.result()

The start of a process is a good part of the time a clerk waits. A worker that has nothing to do calls
``keep_one_ready``: the next file is then given to a process that waits for it, under the same limits from its first
moment, with nothing of ours but the end of a pipe, and still for this one file alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

TIMEOUT_SECONDS = 10.0
MAX_ANSWER = 64 * 1024 * 1024

_PROJECT = Path(__file__).resolve().parents[2]
_PIPE_SIZE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A cell that shows an error, such as ``#DIV/0!``; a number too large to be one is ``#NUM!``."""

    text: str


@dataclass(frozen=True, slots=True)
class DateValue:
    """A cell formatted as a date, a time or a duration: ``2024-09-01``, ``2024-09-01 08:00:00``, ``30:00:00``."""

    text: str


Value = None | float | str | bool | ErrorValue | DateValue


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, its name without surrounding spaces.

    ``rows`` are the rows that hold something: their number in the sheet, 1-based, and their values from column A
    on, all lists of a sheet equally long. Only the data sheets (``package.DATA_SHEETS``) have rows; of any other only
    name and hiddenness are known. ``formulas_without_value`` are the A1 addresses of the first thousand formulas
    that no program ever calculated, ``formulas_without_value_count`` counts all; such cells are empty in ``rows``.
    """

    name: str
    hidden: bool
    rows: list[tuple[int, list[Value]]]
    formulas_without_value: tuple[str, ...] = ()
    formulas_without_value_count: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """What a file holds. ``template_version`` is the custom document property 模板版本, else template_version."""

    kind: str
    template_version: str | None
    sheets: tuple[Sheet, ...]


class FileRefused(Exception):
    """The file cannot be read. ``rule`` is a stable code, ``message`` tells a clerk in Chinese the cause and the way
    on, ``detail`` tells an operator how a child was lost, else it is empty."""

    def __init__(self, rule: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.detail = detail


class Reading:
    """A file being read. Use it as a context manager, or call ``close`` when the result is no longer wanted."""

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        self._process = process
        self._outcome: Book | FileRefused | None = None
        self.peak_memory: int | None = None
        """The child's peak of resident memory in bytes, known after ``result`` unless the child was lost."""

    def result(self) -> Book:
        """Wait for the content of the file, at most ``TIMEOUT_SECONDS``. Raises ``FileRefused``."""
        if self._outcome is None:
            try:
                self._outcome = self._received()
            except FileRefused as refused:
                self._outcome = refused
            finally:
                self.close()
        if isinstance(self._outcome, FileRefused):
            raise self._outcome
        return self._outcome

    def close(self) -> None:
        """End the child if it still runs, and leave nothing of it behind. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _received(self) -> Book:
        process = self._process
        if process is None:
            raise FileRefused("file.reader_unavailable", "系统繁忙，暂时无法读取文件。请稍后重新上传。", "no child")
        deadline = monotonic() + TIMEOUT_SECONDS
        answer = _read_all(process, deadline)
        try:
            status = process.wait(max(0.0, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            raise _lost("timeout") from None
        if status != 0:
            raise _lost(f"status {status}")
        try:
            told = json.loads(answer, object_hook=_decoded, parse_constant=_no_number)
            self.peak_memory = told["peak"] or None
            if "stopped" in told:
                raise _lost(str(told["stopped"]))
            if "refused" in told:
                rule, message = told["refused"]
                raise FileRefused(str(rule), str(message))
            return _book(told)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _lost(f"answer {type(error).__name__}") from None


def start_reading(path: Path, filename: str = "") -> Reading:
    """Start to read a file and return at once.

    ``filename`` is the name the file was uploaded under; its ending tells a .csv from other text. Without it the
    ending of ``path`` counts.
    """
    words = [os.path.abspath(path), filename or path.name]
    process = _take_ready(words) or _started(words)
    return Reading(process)


def keep_one_ready() -> None:
    """Let a process wait for the next file of this process, unless one does already. It ends with this process."""
    if _ready and _ready[0].poll() is None:
        return
    forget_ready()
    process = _started([])
    if process is not None:
        _ready.append(process)


def forget_ready() -> None:
    """End the waiting process, if there is one."""
    while _ready:
        Reading(_ready.pop()).close()


_ready: list[subprocess.Popen[bytes]] = []


def _leave_to_parent() -> None:
    """In a fork of this process: the waiting process is not ours, and our copy of its pipe must not keep it alive."""
    while _ready:
        process = _ready.pop()
        process.returncode = 0
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


os.register_at_fork(after_in_child=_leave_to_parent)


def _take_ready(words: list[str]) -> subprocess.Popen[bytes] | None:
    """The waiting process, told its file; None where there is none or it is gone."""
    if not _ready:
        return None
    process = _ready.pop()
    try:
        if process.stdin is not None and process.poll() is None:
            with process.stdin:
                process.stdin.write(json.dumps(words).encode() + b"\n")
            return process
    except OSError:
        pass
    Reading(process).close()
    return None


def _started(words: list[str]) -> subprocess.Popen[bytes] | None:
    """A new process for the file that ``words`` name, or one that waits for its file; None where none can be had."""
    # The child gets none of our environment: it has no business with our secrets.
    environment = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    command = [sys.executable, "-E", "-s", "-X", "utf8", "-m", "indicators.workbook.child"]
    try:
        process = subprocess.Popen(
            [*command, *words],
            stdin=subprocess.DEVNULL if words else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
            env=environment,
        )
    except (OSError, ValueError):
        return None
    if process.stdout is not None:
        # Room for the whole answer of an ordinary workbook, so that the child need not wait for us.
        with contextlib.suppress(OSError):
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    return process


def read_book(path: Path, filename: str = "") -> Book:
    """Read a file and wait for its content. Raises ``FileRefused``."""
    with start_reading(path, filename) as reading:
        return reading.result()


def _lost(detail: str) -> FileRefused:
    return FileRefused(
        "file.reader_stopped",
        "系统读取这个文件时中止了：文件内容异常，或需要的时间、内存超过上限。请下载空白模板，把数据复制（只粘贴数值）进去后再上传。",
        detail,
    )


def _read_all(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Everything the child prints, up to its end. Raises ``FileRefused`` when that takes too long or is too much."""
    if process.stdout is None:
        raise _lost("no pipe")
    pipe = process.stdout.fileno()
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    answer = bytearray()
    while poll.poll(max(0.0, deadline - monotonic()) * 1000):
        chunk = os.read(pipe, _PIPE_SIZE)
        if not chunk:
            return bytes(answer)
        answer += chunk
        if len(answer) > MAX_ANSWER:
            raise _lost("answer too long")
    raise _lost("timeout")


def _decoded(told: dict[str, Any]) -> Any:
    if len(told) == 1:
        if "error" in told:
            return ErrorValue(str(told["error"]))
        if "date" in told:
            return DateValue(str(told["date"]))
    return told


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _book(told: dict[str, Any]) -> Book:
    version = told["template_version"]
    return Book(
        kind=str(told["kind"]),
        template_version=None if version is None else str(version),
        sheets=tuple(
            Sheet(
                name=str(sheet["name"]),
                hidden=bool(sheet["hidden"]),
                rows=[_row(number, values) for number, values in sheet["rows"]],
                formulas_without_value=tuple(map(str, sheet["formulas"])),
                formulas_without_value_count=int(sheet["formula_count"]),
            )
            for sheet in told["sheets"]
        ),
    )


_VALUE_TYPES = frozenset((type(None), float, str, bool, ErrorValue, DateValue))


def _row(number: Any, values: Any) -> tuple[int, list[Value]]:
    """One row as the child told it, which is not believed unseen."""
    if type(number) is not int or type(values) is not list or not _VALUE_TYPES.issuperset(map(type, values)):
        raise ValueError("row")
    if not all(map(isfinite, [value for value in values if type(value) is float])):
        raise ValueError("number")
    return number, values
