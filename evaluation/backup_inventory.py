"""What a database holds, so that two can be compared: rows by table, the files and their hashes, the chain of events,
the version of the tables and the triggers that seal what was signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Self

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from evaluation.chain import ORIGIN, Broken, verify
from evaluation.events import link_of
from evaluation.models import ChainHead, Event
from indicators.models import StoredFile

#: A file may have twenty megabytes.
_FILES_AT_A_TIME = 4
_EVENTS_AT_A_TIME = 5_000
_MOST_NAMED = 5


@dataclass(frozen=True)
class Inventory:
    """What a database holds. ``files_sha256`` is the hash over the hashes of all contents, in the order of their keys;
    ``faults`` is what is wrong with it in itself, in words: a backup of what is broken is better than none, but
    says so."""

    tables: dict[str, int]
    files: int
    files_bytes: int
    files_sha256: str
    events: int
    head: str
    migrations: list[str]
    triggers: list[str]
    faults: list[str]

    def told(self) -> dict[str, Any]:
        """As a manifest tells it."""
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From a manifest. Raises KeyError or TypeError where it is not one."""
        return cls(**told)


def take_inventory(alias: str = "default") -> Inventory:
    """Count and hash everything; call where nothing changes meanwhile: in a snapshot, or on a copy."""
    connection = connections[alias]
    names = sorted(connection.introspection.table_names())
    with connection.cursor() as cursor:
        tables = {name: _count(cursor, connection.ops.quote_name(name)) for name in names}
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if connection.vendor == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        )
        triggers = sorted(name for (name,) in cursor.fetchall())
    files, size, over_all, wrong = _files(alias)
    head = ChainHead.objects.using(alias).filter(pk=1).values_list("number", "sha256").first() or (0, ORIGIN)
    faults = [f"文件 {sha256[:12]} 的内容与自己的散列值不符。" for sha256 in wrong[:_MOST_NAMED]]
    faults += [f"留痕链第 {each.number} 条：{each.words}" for each in islice(_broken(alias, head), _MOST_NAMED)]
    applied = MigrationRecorder(connection).applied_migrations()
    return Inventory(
        tables=tables,
        files=files,
        files_bytes=size,
        files_sha256=over_all,
        events=head[0],
        head=head[1],
        migrations=sorted(f"{app}.{name}" for app, name in applied),
        triggers=triggers,
        faults=faults,
    )


def _count(cursor: Any, quoted: str) -> int:
    # The name comes from the database and is quoted by Django.
    cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608
    return int(cursor.fetchone()[0])


def _files(alias: str) -> tuple[int, int, str, list[str]]:
    """How many, how large, the hash over all, and those whose content is not what their hash says."""
    over_all, wrong, count, size = hashlib.sha256(), [], 0, 0
    rows = StoredFile.objects.using(alias).order_by("pk").values_list("sha256", "content", "cleared_at")
    for key, content, cleared_at in rows.iterator(chunk_size=_FILES_AT_A_TIME):
        sha256 = hashlib.sha256(content).hexdigest()
        # Of a refused file whose time is over only the hash was kept.
        if sha256 != key and cleared_at is None:
            wrong.append(key)
        over_all.update(f"{key} {sha256}\n".encode())
        count, size = count + 1, size + len(content)
    return count, size, over_all.hexdigest(), wrong


def _broken(alias: str, head: tuple[int, str]) -> Iterator[Broken]:
    events = Event.objects.using(alias).order_by("number").iterator(_EVENTS_AT_A_TIME)
    return verify(((link_of(event), event.sha256) for event in events), head)


def differences(kept: Inventory, now: Inventory) -> Iterator[str]:
    """How what is there now differs from what a manifest tells, and what is wrong with it that the manifest does not
    tell; nothing where both are the same."""
    yield from (words for words in now.faults if words not in kept.faults)
    for name in sorted(kept.tables.keys() | now.tables.keys()):
        before, after = kept.tables.get(name), now.tables.get(name)
        if before != after:
            yield f"表 {name}：备份时 {_rows(before)}，现在 {_rows(after)}。"
    if (kept.files, kept.files_bytes) != (now.files, now.files_bytes):
        yield f"文件：备份时 {kept.files} 个 {kept.files_bytes} 字节，现在 {now.files} 个 {now.files_bytes} 字节。"
    elif kept.files_sha256 != now.files_sha256:
        yield "文件的散列值与备份时不同。"
    if (kept.events, kept.head) != (now.events, now.head):
        yield f"留痕链：备份时第 {kept.events} 条 {kept.head[:12]}，现在第 {now.events} 条 {now.head[:12]}。"
    for words, before_, after_ in (
        ("数据库迁移", kept.migrations, now.migrations),
        ("封存触发器", kept.triggers, now.triggers),
    ):
        if missing := sorted(set(before_) - set(after_)):
            yield f"{words}缺少 {len(missing)} 个：{'、'.join(missing[:_MOST_NAMED])}。"
        if added := sorted(set(after_) - set(before_)):
            yield f"{words}多出 {len(added)} 个：{'、'.join(added[:_MOST_NAMED])}。"


def _rows(count: int | None) -> str:
    return "没有这张表" if count is None else f"{count} 行"
