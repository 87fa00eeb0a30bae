"""A backup put back. What is there is replaced whole or not at all: in one transaction, which is undone where a table
does not hold as many rows as the manifest tells. Afterwards everything is counted and hashed once more."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from evaluation.backup import Backup, BackupRefused, check_content, check_tools, tool_environment
from evaluation.backup_inventory import Inventory, differences, take_inventory
from evaluation.models import WorkerPulse
from evaluation.pulse import SILENT_AFTER

_MOST_LINES = 10


def restore(backup: Backup, *, replace: bool) -> list[str]:
    """Put a backup back into this portal's database; returns how what is there then differs from the manifest: nothing,
    if all is well. Raises BackupRefused, leaving everything as it was, where the database is not empty and ``replace``
    was not said, where somebody works on it, or where the backup does not fit or is not sound."""
    _check_fits(backup)
    if tables := connection.introspection.table_names():
        if not replace:
            raise BackupRefused(
                f"数据库不是空的（{len(tables)} 张表，{_events()} 条留痕）。"
                "确认要用备份替换全部内容时，加上 --replace。"
            )
        _check_nobody_works()
    if faults := check_content(backup):
        raise BackupRefused("备份与清单不符，没有恢复：\n" + "\n".join(faults[:_MOST_LINES]))
    if backup.vendor == "postgresql":
        check_tools()
        _replace_postgresql(backup)
    else:
        _replace_sqlite(backup.dump)
    # New tables behind the old names: what the connection remembers of them is wrong.
    connection.close()
    # In a transaction: outside of one PostgreSQL would first copy all files aside for the cursor.
    with transaction.atomic():
        return list(differences(backup.inventory, take_inventory()))


def _check_fits(backup: Backup) -> None:
    if backup.vendor != connection.vendor:
        raise BackupRefused(f"备份来自 {backup.vendor}，这里的数据库是 {connection.vendor}，不能互相恢复。")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    if unknown := sorted(set(backup.inventory.migrations) - known):
        raise BackupRefused(f"备份来自更新的版本（{unknown[0]} 等 {len(unknown)} 个迁移本版本没有），请先升级程序。")


def missing_migrations(inventory: Inventory) -> list[str]:
    """Migrations of this version that a backup was made before; run them after restoring."""
    nodes = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
    return sorted({f"{app}.{name}" for app, name in nodes} - set(inventory.migrations))


def _events() -> int | str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM evaluation_event")
            return int(cursor.fetchone()[0])
    except DatabaseError:
        return 0


def _check_nobody_works() -> None:
    try:
        living = WorkerPulse.objects.filter(seen_at__gte=timezone.now() - SILENT_AFTER).count()
    except DatabaseError:
        # Tables of another version, or of something else: nobody of ours works on them.
        return
    if living:
        raise BackupRefused(f"还有 {living} 个工作进程在使用这个数据库：先停止网站和工作进程，半分钟后再恢复。")


def _replace_sqlite(dump: Path) -> None:
    """By the online backup the other way round: one transaction, and whoever has the file open sees the new content."""
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(f"file:{dump}?mode=ro&immutable=1", uri=True)) as source:
        source.backup(connection.connection)


def _replace_postgresql(backup: Backup) -> None:
    """Feed psql what pg_restore reads from the dump. Only after all of it was read well is COMMIT said."""
    reader = subprocess.Popen(
        ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(backup.dump)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=tool_environment(),
    )  # fmt: skip
    writer = subprocess.Popen(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=tool_environment(),
    )  # fmt: skip
    if reader.stdout is None or reader.stderr is None or writer.stdin is None or writer.stderr is None:
        raise BackupRefused("无法启动 pg_restore 和 psql。")
    try:
        with contextlib.suppress(BrokenPipeError):
            writer.stdin.write(_BEGIN)
            shutil.copyfileobj(reader.stdout, writer.stdin)
            if reader.wait() == 0:
                writer.stdin.write("".join(_counted(backup.inventory)).encode())
                writer.stdin.write(b"COMMIT;\n")
        with contextlib.suppress(BrokenPipeError):
            writer.stdin.close()
        said = writer.stderr.read().decode(errors="replace")
        if writer.wait() or reader.wait():
            said += reader.stderr.read().decode(errors="replace")
            raise BackupRefused(f"恢复失败，数据库保持原样：{said.strip()[-500:]}")
    finally:
        for process in (reader, writer):
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


_BEGIN = b"""BEGIN;
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""


def _counted(inventory: Inventory) -> Iterator[str]:
    """Statements that fail where a table does not hold as many rows as the manifest tells."""
    for name, count in inventory.tables.items():
        table = connection.ops.quote_name(name)
        # Names come from the catalogue of the database that was dumped, quoted; numbers are numbers.
        yield (
            f"DO $$ BEGIN IF (SELECT COUNT(*) FROM public.{table}) <> {int(count)} THEN"  # noqa: S608
            f" RAISE EXCEPTION '% 的行数与清单不符', '{name.replace(chr(39), '')}'; END IF; END $$;\n"
        )
