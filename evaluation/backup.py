"""A backup: the whole database at one moment, and beside it a manifest of what it holds.

PostgreSQL is dumped by its own pg_dump, in the snapshot in which the manifest is counted; SQLite is copied by its
online backup. Nobody has to stop working. A backup is a folder, or the same as one .tar file; it is written under
another name first, so that one that was interrupted is never taken for whole. It holds everything, personal data too:
only its owner may read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from evaluation.backup_inventory import Inventory, differences, take_inventory

FORMAT = 1
MANIFEST, DUMP = "manifest.json", "database.dump"
_CHUNK = 1024 * 1024


class BackupRefused(Exception):
    """A backup cannot be made, is not whole, or does not fit here; the message is meant for whoever asked."""


@dataclass(frozen=True)
class Backup:
    """A backup as it lies on the disk: its dump, what its manifest tells, and the hash of the manifest itself."""

    dump: Path
    vendor: str
    made_at: str
    inventory: Inventory
    sha256: str


def make_backup(target: Path) -> Backup:
    """Back the database up into a new folder, or a new .tar file. Raises BackupRefused."""
    if target.exists():
        raise BackupRefused(f"{target} 已存在，不覆盖：请换一个名字。")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        write = _dump_postgresql if connection.vendor == "postgresql" else _copy_sqlite
        inventory = write(folder / DUMP)
        told = {
            "format": FORMAT,
            "made_at": timezone.localtime().isoformat(timespec="seconds"),
            "vendor": connection.vendor,
            "dump": {"bytes": (folder / DUMP).stat().st_size, "sha256": sha256_of(folder / DUMP)},
            "holds": inventory.told(),
        }
        (folder / MANIFEST).write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o600)
        made = read_backup(folder)
        if target.suffix == ".tar":
            _pack(folder, target)
        else:
            folder.rename(target)
        return made
    except DatabaseError as error:
        raise BackupRefused(f"这个数据库不能备份，可能没有平台的表（{str(error).splitlines()[0]}）。") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(folder: Path, target: Path) -> None:
    partial = folder / "packed"
    with tarfile.open(partial, "w") as packed:
        for name in (MANIFEST, DUMP):
            packed.add(folder / name, name)
    partial.chmod(0o600)
    partial.rename(target)


@contextlib.contextmanager
def opened(source: Path) -> Iterator[Backup]:
    """A backup, unpacked where it is a .tar file. Raises BackupRefused where it is not whole."""
    if source.is_dir():
        yield read_backup(source)
        return
    # Beside it, where there is room for one: /tmp may be memory.
    beside = source.parent if os.access(source.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        try:
            with tarfile.open(source) as packed:
                for name in (MANIFEST, DUMP):
                    member = packed.extractfile(name)
                    if member is None:
                        raise KeyError(name)
                    with member, (Path(folder) / name).open("wb") as file:
                        shutil.copyfileobj(member, file, _CHUNK)
        except (OSError, KeyError, tarfile.TarError) as error:
            raise BackupRefused(f"{source} 不是备份，或不完整（{error}）。") from error
        yield read_backup(Path(folder))


def read_backup(folder: Path) -> Backup:
    """A backup from its folder. Raises BackupRefused where manifest and dump do not belong together."""
    try:
        text = (folder / MANIFEST).read_bytes()
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise BackupRefused(f"备份的格式是 {told['format']}，本版本只认识 {FORMAT}。")
        dump, size, sha256 = folder / DUMP, told["dump"]["bytes"], told["dump"]["sha256"]
        found = Backup(
            dump, told["vendor"], told["made_at"], Inventory.of(told["holds"]), hashlib.sha256(text).hexdigest()
        )
        if dump.stat().st_size != size:
            raise BackupRefused(f"备份不完整：{DUMP} 应有 {size} 字节，只有 {dump.stat().st_size} 字节。")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{folder} 不是备份，或清单已损坏（{type(error).__name__}：{error}）。") from error
    if sha256_of(dump) != sha256:
        raise BackupRefused(f"备份已损坏或被改动：{DUMP} 的散列值与清单不符。")
    return found


def check_content(backup: Backup) -> list[str]:
    """What of a backup is not as its manifest tells; empty where all is. A dump of PostgreSQL is read to its end, but
    only a restored one can be counted: the drill is what proves it."""
    if backup.vendor == "sqlite":
        with as_database(backup.dump) as alias:
            return list(differences(backup.inventory, take_inventory(alias)))
    listed = run_tool("pg_restore", "--list", str(backup.dump)).stdout
    named = {words[-2] for words in map(str.split, listed.splitlines()) if "TABLE DATA" in " ".join(words)}
    missing = sorted(backup.inventory.tables.keys() - named)
    run_tool("pg_restore", "--file", os.devnull, str(backup.dump))
    return [f"备份中没有表 {name} 的数据。" for name in missing]


# ── SQLite ──


def _copy_sqlite(target: Path) -> Inventory:
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)
    with as_database(target) as alias:
        [state] = connections[alias].cursor().execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise BackupRefused(f"数据库文件已损坏：{state}")
        return take_inventory(alias)


@contextlib.contextmanager
def as_database(path: Path) -> Iterator[str]:
    """A copy of an SQLite database, opened to be read only, under an alias of its own."""
    alias = "backup"
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    own = {"NAME": uri, "OPTIONS": {}, "CONN_MAX_AGE": 0}
    connections.databases[alias] = {**connections["default"].settings_dict, **own}
    try:
        yield alias
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"备份中的数据库无法读取（{error}）。") from error
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]


# ── PostgreSQL ──


def _dump_postgresql(target: Path) -> Inventory:
    check_tools()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # This session only keeps the snapshot while pg_dump works.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        run_tool(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"
        )
        return take_inventory()


def check_tools() -> None:
    """Raise BackupRefused where the programs of PostgreSQL are missing or older than the server."""
    for name in ("pg_dump", "pg_restore", "psql"):
        if shutil.which(name) is None:
            raise BackupRefused(f"没有找到 {name}：请安装与数据库同版本的 postgresql-client。")
    connection.ensure_connection()
    server = connection.pg_version // 10000
    words = run_tool("pg_dump", "--version").stdout.split()
    client = int(words[2].split(".")[0])
    if client < server:
        raise BackupRefused(f"pg_dump 是 {client} 版，数据库是 {server} 版：请安装 postgresql-client-{server}。")


def tool_environment() -> dict[str, str]:
    """Where the programs of PostgreSQL find the database. Not in their arguments, which the whole machine sees."""
    told = connection.settings_dict
    known = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    return os.environ | {name: str(told[key]) for name, key in known.items() if told.get(key)}


def run_tool(name: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL. Raises BackupRefused with what it says."""
    done = subprocess.run(
        [name, *arguments], capture_output=True, text=True, check=False, env=tool_environment(), **options
    )
    if done.returncode:
        raise BackupRefused(f"{name} 失败：{done.stderr.strip()[-500:]}")
    return done


def sha256_of(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
