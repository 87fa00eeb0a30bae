"""A package as a ZIP file: the same published state gives the same bytes. Tables are written row by row, so that a
nation needs no more memory than a county."""

from __future__ import annotations

import csv
import datetime
import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from evaluation.open_data.rows import Row, Value
from evaluation.open_data.tables import OpenTable

#: What a spreadsheet would run begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Characters that no file of texts should hold; line ends and tabs may.
_UNSEEN = dict.fromkeys({*range(32), 127} - {9, 10, 13})
_FILE_MODE = 0o644 << 16
_UNIX = 3
_CHUNK = 1024 * 1024


class TableFile:
    """One table being written. ``rows`` counts them."""

    def __init__(self, folder: Path, table: OpenTable) -> None:
        self.table, self.path, self.rows = table, folder / table.filename, 0
        self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow([field.header for field in table.fields])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *what: object) -> None:
        self._file.close()

    def write(self, row: Row) -> None:
        """Add a row. Raises ValueError where it has other columns than the table."""
        if len(row) != len(self.table.fields):
            raise ValueError(f"{self.table.name} has {len(self.table.fields)} columns, not {len(row)}")
        self._writer.writerow([_text(value) for value in row])
        self.rows += 1


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        clean = value.translate(_UNSEEN)
        return f"'{clean}" if clean.startswith(_FORMULA_STARTS) else clean
    return repr(value)


def sha256_of_file(path: Path) -> str:
    """The hash of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Small files beside the tables."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def describe(folder: Path, names: Iterable[str]) -> list[dict[str, Any]]:
    """Name, size and hash of files, for the manifest."""
    return [
        {"name": name, "bytes": (folder / name).stat().st_size, "sha256": sha256_of_file(folder / name)}
        for name in names
    ]


def pack(folder: Path, target: Path, as_of: datetime.datetime) -> None:
    """Write SHA256SUMS and pack everything in a folder, in the order of the names, each file dated ``as_of``."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted([*names, "SHA256SUMS"]):
            entry = zipfile.ZipInfo(name, as_of.timetuple()[:6])
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _FILE_MODE, _UNIX
            with (folder / name).open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
                shutil.copyfileobj(source, packed, _CHUNK)
