"""What the portal runs on: database, broker, workers, disk, clock, what prints certificates."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.utils import timezone

from evaluation import health
from evaluation.doctor.opinion import Advice, Check, bad, notice
from evaluation.document_making import maker
from evaluation.models import Event, WorkerPulse
from evaluation.pulse import SILENT_AFTER, stalled

_OLDEST_POSTGRESQL = 14_00_00
_OLDEST_SQLITE = (3, 37, 0)
_CLOCK_SECONDS = 5
_NEEDED_SETTINGS = {"synchronous_commit": ("on", "remote_apply", "remote_write", "local"), "fsync": ("on",)}
_NEEDED_PRAGMAS = {"journal_mode": ("wal", "WAL"), "synchronous": (2, "FULL"), "foreign_keys": (1, "ON")}


def database_answers() -> Iterator[Advice]:
    """Whether there is a database at all."""
    try:
        words = health.database()
    except Exception as error:
        words = f"数据库没有应答：{str(error).strip().splitlines()[0] if str(error) else type(error).__name__}"
    if words:
        yield bad(words, "核对 DATABASE_URL，确认数据库在运行、网络可达、密码正确。")


def database_version() -> Iterator[Advice]:
    """Whether the database is one the portal was tried on."""
    if connection.vendor == "sqlite":
        import sqlite3

        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            yield bad(f"SQLite {sqlite3.sqlite_version} 太旧。", "使用 3.37 以上的版本。")
        return
    version = int(_ask("SHOW server_version_num"))
    if version < _OLDEST_POSTGRESQL:
        yield bad(f"PostgreSQL {version // 10000} 太旧。", "升级到 14 以上的版本。")


def safe_writing() -> Iterator[Advice]:
    """Whether what was acknowledged survives a crash."""
    if connection.vendor == "sqlite":
        for pragma, (needed, name) in _NEEDED_PRAGMAS.items():
            if (value := _ask(f"PRAGMA {pragma}")) != needed:
                yield bad(
                    f"SQLite 的 {pragma} 是 {value}，应是 {name}：断电或多人同时写入时可能丢失数据。",
                    "不要改动 config/settings.py 中的 init_command；确认数据库不在网络盘上。",
                )
        return
    for name, allowed in _NEEDED_SETTINGS.items():
        if (value := _ask(f"SHOW {name}")) not in allowed:
            yield bad(
                f"PostgreSQL 的 {name} 是 {value}：数据库崩溃时会丢失已确认的数据。",
                f"在 postgresql.conf 中设置 {name} = on 并重新载入。",
            )


def _ask(question: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def tables() -> Iterator[Advice]:
    """Whether the tables are those of this version."""
    if words := health.migrations():
        yield bad(words, "先备份，再执行 manage.py migrate。")


def expected_triggers() -> frozenset[str]:
    """The names of the triggers that seal what was signed."""
    sealing = import_module("evaluation.migrations.0006_frozen_rows")
    return frozenset(f"frozen_{table}_{event.lower()}" for table, event, _ in sealing.REFUSED)


def active_triggers() -> frozenset[str]:
    """The names of the triggers that are there and fire."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        return frozenset(name for (name,) in cursor.fetchall())


def seals() -> Iterator[Advice]:
    """Whether the database refuses to change what was signed."""
    if missing := sorted(expected_triggers() - active_triggers()):
        yield bad(
            f"缺少 {len(missing)} 个封存触发器（{missing[0]} 等）：已签报的数据可能被改动而不被拒绝。",
            "查明是谁删除或停用的；执行 manage.py recompute --check 和 verify_events 核对，再从备份恢复或重做迁移。",
        )


def broker() -> Iterator[Advice]:
    """Redis, where there should be one."""
    if words := health.broker():
        yield bad(words, "核对 REDIS_URL，确认 Redis 在运行。任务在数据库中，不会丢失，但会处理得晚一些。")


def workers() -> Iterator[Advice]:
    """Whether somebody does the jobs, and gets on."""
    seen = WorkerPulse.objects.order_by("-seen_at").first()
    if seen is None or seen.seen_at < timezone.now() - SILENT_AFTER:
        since = f"（最近一次是 {timezone.localtime(seen.seen_at):%Y-%m-%d %H:%M:%S}）" if seen else ""
        yield bad(
            f"没有工作进程在运行{since}，上传的数据不会被核算。",
            "启动工作进程：manage.py work，或 docker compose up -d worker。",
        )
        return
    for words in stalled():
        yield bad(words, "查看工作进程的日志，必要时重新启动它；它手上的任务会由别的进程接着做。")


def disk() -> Iterator[Advice]:
    """Room to write."""
    if words := health.disk():
        yield bad(words, "清理或扩大磁盘；数据库写满后任何人都不能提交。")


def clock() -> Iterator[Advice]:
    """Deadlines and the chain of events rest on the clock."""
    now = timezone.now()
    if settings.TIME_ZONE != "Asia/Shanghai" or timezone.get_current_timezone() != ZoneInfo("Asia/Shanghai"):
        yield notice(
            f"时区是 {settings.TIME_ZONE}，不是 Asia/Shanghai：期限会按别处的日子计算。", "改回 Asia/Shanghai。"
        )
    if connection.vendor == "postgresql":
        off = abs((_ask("SELECT clock_timestamp()") - timezone.now()).total_seconds())  # type: ignore[operator]
        if off > _CLOCK_SECONDS:
            yield bad(f"本机与数据库的时钟相差 {off:.0f} 秒。", "在两台机器上启用时间同步（chrony 或 ntp）。")
    last = Event.objects.order_by("-number").values_list("at", flat=True).first()
    if last is not None and last > now + datetime.timedelta(seconds=_CLOCK_SECONDS):
        yield bad(
            f"最后一条留痕的时间 {timezone.localtime(last):%Y-%m-%d %H:%M:%S} 晚于现在：时钟被调回过。",
            "校准时钟；在此之前不要办理有期限的事项。",
        )


def printing() -> Iterator[Advice]:
    """What certificates are printed with, and the fonts of everything printed."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:
        yield bad(
            f"不能生成证书 PDF：{str(error).splitlines()[0]}",
            "安装 libpango-1.0-0、libpangoft2-1.0-0 和 libharfbuzz-subset0。",
        )
    if shutil.which("fc-list") is None:
        yield notice("没有 fc-list，无法确认有没有中文字体。", "安装 fontconfig 和 fonts-noto-cjk。")
        return
    fonts = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    if not fonts.stdout.strip():
        yield bad("没有中文字体，证书和文书上的字会是空框。", "安装 fonts-noto-cjk。")


def documents() -> Iterator[Advice]:
    """What documents are printed with: without it they are given as .docx alone."""
    if not maker().can_print():
        yield notice("没有 LibreOffice，文书只能下载 Word 文档，不能生成 PDF。", "安装 libreoffice-writer。")


MACHINERY: dict[str, tuple[Check, bool]] = {
    "数据库": (database_answers, False),
    "数据库版本": (database_version, True),
    "写入安全": (safe_writing, True),
    "数据库迁移": (tables, True),
    "封存触发器": (seals, True),
    "消息队列": (broker, False),
    "工作进程": (workers, True),
    "磁盘": (disk, False),
    "时钟": (clock, True),
    "打印": (printing, False),
    "文书": (documents, False),
}
