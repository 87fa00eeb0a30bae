"""Rows that were signed, changed all the same: for tests that tamper, and for emptying the database between tests.
The portal has no such way round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


def triggers() -> dict[str, str]:
    """The triggers of the portal by name; on SQLite with what makes them again."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname, '' FROM pg_trigger WHERE NOT tgisinternal")
        return dict(cursor.fetchall())


@contextmanager
def without_triggers() -> Iterator[None]:
    """Write past the triggers (on PostgreSQL past foreign keys, too); call inside a transaction."""
    found = triggers()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            for name in found:
                cursor.execute(f"DROP TRIGGER {name}")
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")
        else:
            for made in found.values():
                cursor.execute(made)


def let_sqlite_be_emptied() -> None:
    """Between transactional tests SQLite is emptied row by row, PostgreSQL by TRUNCATE, which no trigger sees."""
    if connection.vendor != "sqlite":
        return
    operations = type(connection.ops)
    plain = operations.sql_flush

    def sql_flush(self: Any, *args: Any, **options: Any) -> list[str]:
        found = triggers()
        return [*(f"DROP TRIGGER {name}" for name in found), *plain(self, *args, **options), *found.values()]

    operations.sql_flush = sql_flush
