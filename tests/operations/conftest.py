"""What the tests of running the portal share: real processes, and databases of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.conftest import ROOT
from tests.evaluation.test_celery import broker  # noqa: F401  (the fixture)

Manage = Callable[..., subprocess.CompletedProcess[str]]


def manage(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """`manage.py` in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def tools_of_postgresql() -> None:
    """pg_dump, pg_restore and psql, without which PostgreSQL cannot be backed up."""
    if connection.vendor != "postgresql":
        return
    missing = [name for name in ("pg_dump", "pg_restore", "psql", "createdb", "dropdb") if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing} must be there in CI")
    if missing:
        pytest.skip(f"NOT TESTED: {', '.join(missing)} MISSING (postgresql-client): backups of PostgreSQL")


@pytest.fixture
def elsewhere(worker_environment, tmp_path: Path, tools_of_postgresql) -> Iterator[dict[str, str]]:
    """The environment of a second portal of the same kind, its database empty; gone afterwards."""
    if connection.vendor == "sqlite":
        yield worker_environment | {"DATABASE_URL": f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"}
        return
    name = f"{connection.settings_dict['NAME']}_elsewhere"
    url = worker_environment["DATABASE_URL"].rpartition("/")[0]
    server = server_of(worker_environment)
    subprocess.run(["dropdb", "--if-exists", "--force", name], env=server, check=True, capture_output=True)
    subprocess.run(["createdb", name], env=server, check=True, capture_output=True)
    yield worker_environment | {"DATABASE_URL": f"{url}/{name}"}
    subprocess.run(["dropdb", "--if-exists", "--force", name], env=server, check=True, capture_output=True)


def server_of(environment: dict[str, str]) -> dict[str, str]:
    """How the programs of PostgreSQL reach the server of this test."""
    told = connection.settings_dict
    known = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    return environment | {name: str(told[key]) for name, key in known.items() if told[key]} | {"PGDATABASE": "postgres"}


def dropped(environment: dict[str, str]) -> None:
    """The database of a second portal thrown away, and an empty one in its place."""
    url = environment["DATABASE_URL"]
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:///"))
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()
        return
    name = url.rpartition("/")[2]
    server = server_of(environment)
    subprocess.run(["dropdb", "--force", name], env=server, check=True, capture_output=True)
    subprocess.run(["createdb", name], env=server, check=True, capture_output=True)
