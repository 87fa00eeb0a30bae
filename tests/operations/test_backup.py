"""Backup, drop, restore: row counts, file hashes and the chain of events are the same; what was changed is found."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone

from evaluation import backup, jobs
from evaluation.backup import BackupRefused, make_backup, opened, read_backup
from evaluation.backup_inventory import differences, take_inventory
from evaluation.backup_restore import restore
from evaluation.models import Event, WorkerPulse
from indicators.models import StoredFile
from tests.evaluation import standing, walk
from tests.frozen import without_triggers
from tests.operations.conftest import dropped, manage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tools_of_postgresql")]
on_sqlite = pytest.mark.skipif("not _is_sqlite()", reason="opens the copy of SQLite itself")


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


@pytest.fixture
def published(standard, county, clerk, signer):
    """A county walked to its publication: files, decisions, a certificate, events of every step."""
    return standing.stands(county, walk.people_of_county(county, clerk, signer))


@pytest.fixture(autouse=True)
def _copies_may_be_opened(monkeypatch):
    # Django lets a test open the databases of the settings alone; a backup of SQLite has an alias of its own.
    def ensure_connection(self: DatabaseWrapper) -> None:
        if self.alias != "backup":
            BaseDatabaseWrapper.ensure_connection(self)
        elif self.connection is None:
            self.connect()

    monkeypatch.setattr(DatabaseWrapper, "ensure_connection", ensure_connection, raising=False)


@pytest.fixture
def signed(standard, county, clerk, signer):
    """A county that has signed: less of the same, quicker."""
    return walk.signed(county, clerk, signer)


@pytest.fixture
def kept(signed, tmp_path) -> Path:
    make_backup(tmp_path / "kept")
    return tmp_path / "kept"


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / backup.MANIFEST).read_text(encoding="utf-8"))


def with_manifest(folder: Path, change: Callable[[dict], None]) -> None:
    told = manifest_of(folder)
    change(told)
    (folder / backup.MANIFEST).write_text(json.dumps(told), encoding="utf-8")


def test_the_drill_backup_drop_restore_and_everything_is_the_same(published, worker_environment, elsewhere, tmp_path):
    made = manage(worker_environment, "backup", tmp_path / "first.tar")
    assert made.returncode == 0, made.stderr
    restored = manage(elsewhere, "restore", tmp_path / "first.tar")
    assert restored.returncode == 0, restored.stderr
    again = manage(elsewhere, "backup", tmp_path / "second")
    assert again.returncode == 0, again.stderr

    dropped(elsewhere)
    assert "不能备份" in manage(elsewhere, "backup", tmp_path / "of-nothing").stderr
    restored = manage(elsewhere, "restore", tmp_path / "second")
    assert restored.returncode == 0, restored.stderr
    assert manage(elsewhere, "backup", tmp_path / "third").returncode == 0

    with opened(tmp_path / "first.tar") as first:
        before = first.inventory
    after = read_backup(tmp_path / "third").inventory
    assert before == after
    assert before.tables["indicators_schoolrecord"] == 18
    assert before.tables["evaluation_certificate"] == 1
    assert before.files == StoredFile.objects.count() > 1
    assert (before.events, before.head) == Event.objects.order_by("-number").values_list("number", "sha256")[0]
    assert len(before.triggers) > 30
    # And by the portal's own means: every link, every signed verdict computed again, to the byte.
    assert f"共 {before.events} 条" in manage(elsewhere, "verify_events").stdout
    recomputed = manage(elsewhere, "recompute", "--check")
    assert recomputed.returncode == 0, recomputed.stdout + recomputed.stderr
    assert "0 次不同" in recomputed.stdout


def test_what_was_restored_is_sealed_as_before(kept, worker_environment, elsewhere):
    assert manage(elsewhere, "restore", kept).returncode == 0
    script = "from evaluation.models import Filing; Filing.objects.update(signer_name='别人')"
    changed = manage(elsewhere, "shell", "-v", "0", "-c", script)
    assert changed.returncode != 0
    assert "已封存" in changed.stderr


def test_a_backup_says_what_it_holds_and_only_its_owner_may_read_it(kept):
    told = manifest_of(kept)
    assert told["holds"]["tables"]["evaluation_event"] == Event.objects.count()
    assert told["vendor"] == connection.vendor
    assert told["made_at"].startswith(f"{timezone.localdate()}")
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {0o600}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_a_backup_never_takes_the_place_of_another(kept, capsys):
    with pytest.raises(CommandError, match="已存在"):
        call_command("backup", kept)
    call_command("backup", kept, verify=True)
    said = capsys.readouterr().out
    assert "备份完整" in said
    assert re.search(r"清单散列值 [0-9a-f]{64}", said)


def test_a_backup_that_failed_leaves_nothing_behind(signed, tmp_path, monkeypatch):
    def fail(target: Path) -> None:
        target.write_bytes(b"half")
        raise BackupRefused("磁盘已满")

    monkeypatch.setattr(backup, "_copy_sqlite", fail)
    monkeypatch.setattr(backup, "_dump_postgresql", fail)
    with pytest.raises(BackupRefused):
        make_backup(tmp_path / "never")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_holds_something_is_not_replaced_unless_that_is_said(kept, elsewhere):
    assert manage(elsewhere, "restore", kept).returncode == 0
    refused = manage(elsewhere, "restore", kept)
    assert refused.returncode != 0
    assert "--replace" in refused.stderr
    replaced = manage(elsewhere, "restore", kept, "--replace")
    assert replaced.returncode == 0, replaced.stderr
    assert "逐项核对一致" in replaced.stdout


def test_nothing_is_replaced_while_a_worker_uses_the_database(kept):
    now = timezone.now()
    WorkerPulse.objects.create(worker=jobs.worker_name(), started_at=now, seen_at=now)
    with opened(kept) as found, pytest.raises(BackupRefused, match="先停止"):
        restore(found, replace=True)


def test_what_happened_after_the_backup_is_gone_and_the_rest_is_there(kept):
    events = Event.objects.count()
    StoredFile.objects.create(sha256="0" * 64, content=b"", size=0, cleared_at=timezone.now())
    with opened(kept) as found:
        assert restore(found, replace=True) == []
    assert Event.objects.count() == events
    assert not StoredFile.objects.filter(sha256="0" * 64).exists()
    call_command("verify_events")


def test_a_dump_with_a_changed_byte_is_refused_and_nothing_is_touched(kept):
    dump = kept / backup.DUMP
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    events = Event.objects.count()
    for arguments in (("backup", kept, "--verify"), ("restore", kept, "--replace")):
        with pytest.raises(CommandError, match="散列值与清单不符"):
            call_command(*map(str, arguments))
    assert Event.objects.count() == events


def test_a_dump_that_was_cut_short_is_refused(kept):
    dump = kept / backup.DUMP
    dump.write_bytes(dump.read_bytes()[:-1000])
    with pytest.raises(CommandError, match="不完整"):
        call_command("restore", str(kept), replace=True)


def test_a_manifest_that_is_none_is_refused(kept, tmp_path):
    for text in ("", "{}", "[]", '{"format": 1}', "null"):
        (kept / backup.MANIFEST).write_text(text, encoding="utf-8")
        with pytest.raises(BackupRefused, match="不是备份"):
            read_backup(kept)
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CommandError, match="不是备份"):
            call_command("restore", str(path))


def test_a_manifest_other_than_the_one_whose_hash_was_kept_is_refused(kept):
    sha256 = read_backup(kept).sha256
    with_manifest(kept, lambda told: told.update(made_at="2020-01-01T00:00:00+08:00"))
    with pytest.raises(CommandError, match="不是当时那一份"):
        call_command("restore", str(kept), replace=True, manifest=sha256)


def test_rows_that_are_missing_from_the_dump_are_found_and_nothing_is_touched(kept):
    # As if a row had been taken out of dump and hash alike: the count of the manifest still tells.
    def one_more(told: dict) -> None:
        told["holds"]["tables"]["evaluation_event"] += 1

    with_manifest(kept, one_more)
    before = take_inventory()
    with pytest.raises(CommandError, match="evaluation_event"):
        call_command("restore", str(kept), replace=True)
    connection.close()
    assert list(differences(before, take_inventory())) == []


def test_a_backup_of_newer_tables_or_of_another_database_is_refused(kept):
    with_manifest(kept, lambda told: told["holds"]["migrations"].append("evaluation.9999_later"))
    with pytest.raises(CommandError, match="更新的版本"):
        call_command("restore", str(kept), replace=True)
    with_manifest(kept, lambda told: told.update(vendor="oracle"))
    with pytest.raises(CommandError, match="不能互相恢复"):
        call_command("restore", str(kept), replace=True)
    with_manifest(kept, lambda told: told.update(format=2))
    with pytest.raises(CommandError, match="格式"):
        call_command("restore", str(kept), replace=True)


def test_an_event_or_a_file_that_was_changed_before_the_backup_is_told_by_it(signed, tmp_path):
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number=1).update(reason="改过")
        StoredFile.objects.filter(pk=StoredFile.objects.order_by("pk")[0].pk).update(content=b"other")
    with pytest.raises(CommandError) as refused:
        call_command("backup", str(tmp_path / "kept"))
    assert "留痕链第 1 条" in str(refused.value)
    assert "内容与自己的散列值不符" in str(refused.value)
    # Still a backup, and the best there is: what was wrong before is told again, not held against it.
    with opened(tmp_path / "kept") as found:
        assert len(found.inventory.faults) == 2
        assert restore(found, replace=True) == []


@on_sqlite
def test_a_copy_whose_rows_and_hash_were_both_changed_is_found_by_its_chain_and_files(kept):
    with contextlib.closing(sqlite3.connect(kept / backup.DUMP)) as copy:
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {name}")
        copy.execute("UPDATE evaluation_event SET reason = '改过' WHERE number = 1")
        copy.execute("UPDATE indicators_storedfile SET content = x'00'")
        copy.commit()
    dump = kept / backup.DUMP
    with_manifest(kept, lambda told: told.update(dump={"bytes": dump.stat().st_size, "sha256": backup.sha256_of(dump)}))
    events = Event.objects.count()
    for arguments in (("backup", kept, "--verify"), ("restore", kept, "--replace")):
        with pytest.raises(CommandError) as refused:
            call_command(*map(str, arguments))
        for words in ("留痕链第 1 条", "内容与自己的散列值不符", "封存触发器缺少"):
            assert words in str(refused.value)
    assert Event.objects.count() == events
    call_command("verify_events")


def test_a_tar_holds_the_two_files_alone_and_another_tar_is_no_backup(signed, tmp_path):
    make_backup(tmp_path / "kept.tar")
    with tarfile.open(tmp_path / "kept.tar") as packed:
        assert packed.getnames() == [backup.MANIFEST, backup.DUMP]
    assert stat.S_IMODE((tmp_path / "kept.tar").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "other.tar", "w") as packed:
        packed.add(__file__, "evil.py")
    with pytest.raises(BackupRefused, match="不是备份"), opened(tmp_path / "other.tar"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.tar", "other.tar"]


@pytest.mark.skipif("_is_sqlite()", reason="SQLite needs no programs")
def test_programs_that_are_missing_or_too_old_are_told_by_name(signed, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "which", lambda name: None)
        with pytest.raises(BackupRefused, match="postgresql-client"):
            make_backup(tmp_path / "kept")
    monkeypatch.setattr(connections["default"], "pg_version", 99_00_00)
    with pytest.raises(BackupRefused, match="postgresql-client-99"):
        make_backup(tmp_path / "kept")


def test_every_difference_is_told_in_words(signed):
    now = take_inventory()
    assert list(differences(now, now)) == []
    other = type(now).of(
        now.told()
        | {
            "tables": now.tables | {"evaluation_event": 7, "gone": 2},
            "files_sha256": "0" * 64,
            "head": "0" * 64,
            "migrations": [*now.migrations, "evaluation.later"],
            "triggers": now.triggers[1:],
        }
    )
    told = "\n".join(differences(other, now))
    for words in ("表 evaluation_event：备份时 7 行", "没有这张表", "文件的散列值", "留痕链", "缺少 1 个", "多出 1 个"):
        assert words in told
