"""The doctor says in words what is wrong, and what to do; every check is made to fail once."""

from __future__ import annotations

import datetime
import json
import sqlite3
import subprocess
import sys
from collections import namedtuple
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from evaluation import health, jobs
from evaluation.core.working_days import parse_year
from evaluation.doctor import CHECKS, Level, examine, machinery, records
from evaluation.models import ChainHead, Event, Finding, Job, JobState, OutboxEntry, Standard, WorkerPulse
from evaluation.working_calendar import working_calendar
from schools.models import County
from tests.evaluation import walk
from tests.frozen import without_triggers
from tests.operations.conftest import manage

pytestmark = pytest.mark.django_db


def said(check: str) -> list[tuple[Level, str, str]]:
    """What one check says."""
    return [(each.level, each.words, each.remedy) for each in examine({check: CHECKS[check]}, database_answers=True)]


def is_found(check: str, level: Level, words: str) -> bool:
    """Whether a check found just this, and says what to do."""
    found = said(check)
    assert all(remedy for _, _, remedy in found), found
    assert [each for each, _, _ in found] == [level], found
    assert words in found[0][1], found
    return True


def is_well(check: str) -> bool:
    found = said(check)
    assert [level for level, _, _ in found] == [Level.GOOD], found
    return True


@pytest.fixture
def deployment(settings):
    """Settings as in a deployment that is as it should be."""
    settings.IS_EMBEDDED = False
    settings.HTTPS = settings.REQUIRE_SECOND_FACTOR = True
    settings.DEBUG = False
    settings.SECRET_KEY = "q8Zr1vN5xK0tYc7LmW3pJd9GhS2fBa6EuRo4iXTnCw"
    settings.SITE_URL = "https://portal.example.cn"
    settings.ALLOWED_HOSTS = ["portal.example.cn"]
    return settings


def pulse(**ago: float) -> WorkerPulse:
    now = timezone.now()
    told = {name: now - datetime.timedelta(seconds=seconds) for name, seconds in ago.items()}
    return WorkerPulse.objects.create(
        **{"worker": jobs.worker_name(), "started_at": now, "seen_at": now, "progressed_at": now} | told
    )


def test_tracebacks_in_the_browser(deployment):
    assert is_well("调试模式")
    deployment.DEBUG = True
    assert is_found("调试模式", Level.BAD, "DEBUG=1")
    deployment.IS_EMBEDDED = True
    assert is_found("调试模式", Level.NOTICE, "DEBUG=1")


@pytest.mark.parametrize("key", ["x", "a" * 50, "django-insecure-q8Zr1vN5xK0tYc7LmW3pJd9GhS2fBa6EuRo4iXTnCw"])
def test_a_key_that_can_be_guessed(deployment, tmp_path, key):
    deployment.VAR_DIR = tmp_path
    assert is_well("密钥")
    deployment.SECRET_KEY = key
    assert is_found("密钥", Level.BAD, "SECRET_KEY")


def test_a_key_that_others_on_the_machine_can_read(deployment, tmp_path):
    deployment.VAR_DIR = tmp_path
    path = tmp_path / "secret_key"
    path.write_text("x")
    path.chmod(0o600)
    assert is_well("密钥")
    path.chmod(0o640)
    assert is_found("密钥", Level.BAD, "其他用户")


def test_a_deployment_without_tls(deployment):
    assert is_well("HTTPS")
    deployment.SITE_URL = "http://portal.example.cn"
    assert is_found("HTTPS", Level.NOTICE, "SITE_URL")
    deployment.HTTPS = False
    assert is_found("HTTPS", Level.BAD, "没有启用 HTTPS")
    deployment.IS_EMBEDDED = True
    assert is_well("HTTPS")


def test_a_deployment_without_a_second_factor(deployment):
    assert is_well("两步验证")
    deployment.REQUIRE_SECOND_FACTOR = False
    assert is_found("两步验证", Level.NOTICE, "两步验证")


def test_addresses_that_lead_nowhere_or_everywhere(deployment):
    assert is_well("对外地址")
    deployment.ALLOWED_HOSTS = ["*"]
    assert is_found("对外地址", Level.NOTICE, "ALLOWED_HOSTS")
    deployment.ALLOWED_HOSTS = ["portal.example.cn"]
    deployment.SITE_URL = "http://127.0.0.1:8000"
    assert is_found("对外地址", Level.NOTICE, "SITE_URL")


def test_letters_that_go_nowhere(deployment):
    deployment.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert is_found("邮件", Level.NOTICE, "没有设置邮件服务器")
    deployment.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    deployment.EMAIL_HOST, deployment.EMAIL_PORT = "127.0.0.1", 1
    assert is_found("邮件", Level.BAD, "连接不上")
    deployment.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert is_well("邮件")


def test_bots_that_cannot_be_told(deployment):
    bot = {"name": "省厅", "kind": "plain", "url": "https://bots.example.cn/", "secret": "s" * 20, "place": ""}
    deployment.WEBHOOKS = [bot]
    assert is_well("机器人通知")
    deployment.WEBHOOKS = [bot | {"url": "http://bots.example.cn/"}]
    assert is_found("机器人通知", Level.NOTICE, "https")
    deployment.WEBHOOKS = [bot | {"kind": "pigeon"}]
    assert is_found("机器人通知", Level.BAD, "WEBHOOKS")


def test_pages_without_style(deployment, tmp_path):
    deployment.STATIC_ROOT = tmp_path
    assert is_found("静态文件", Level.BAD, "静态文件")
    (tmp_path / "staticfiles.json").write_text("{}")
    assert is_well("静态文件")


def test_a_database_that_does_not_answer_is_told_and_what_needs_it_is_not_passed_over(worker_environment):
    url = "postgres://nobody:tellnobody@127.0.0.1:1/none"
    done = manage(worker_environment | {"DATABASE_URL": url}, "doctor")
    assert done.returncode == 2, done.stderr
    assert "有问题  数据库：数据库没有应答" in done.stdout
    assert "核对 DATABASE_URL" in done.stdout
    assert done.stdout.count("未能检查") == sum(asks for _, asks in CHECKS.values())
    assert "tellnobody" not in done.stdout + done.stderr


def test_a_database_that_answers_nonsense(monkeypatch):
    assert is_well("数据库")
    monkeypatch.setattr(health, "database", lambda: "数据库的应答不对。")
    assert is_found("数据库", Level.BAD, "应答不对")


def test_a_database_that_is_too_old(monkeypatch):
    assert is_well("数据库版本")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 30, 0))
    monkeypatch.setattr(machinery, "_OLDEST_POSTGRESQL", 99_00_00)
    assert is_found("数据库版本", Level.BAD, "太旧")


def test_a_database_that_may_lose_what_it_acknowledged():
    assert is_well("写入安全")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Not changed inside a transaction: asked for otherwise.
            real, machinery._NEEDED_PRAGMAS["foreign_keys"] = machinery._NEEDED_PRAGMAS["foreign_keys"], (0, "OFF")
            try:
                assert is_found("写入安全", Level.BAD, "foreign_keys")
            finally:
                machinery._NEEDED_PRAGMAS["foreign_keys"] = real
        else:
            cursor.execute("SET LOCAL synchronous_commit = off")
            assert is_found("写入安全", Level.BAD, "synchronous_commit 是 off")


def test_tables_of_an_older_version(monkeypatch):
    assert is_well("数据库迁移")
    known = health._known_migrations() | {("evaluation", "9999_not_there")}
    monkeypatch.setattr(health, "_known_migrations", lambda: known)
    assert is_found("数据库迁移", Level.BAD, "evaluation.9999_not_there")


def test_a_seal_that_was_taken_away():
    assert is_well("封存触发器")
    on = " ON evaluation_filing" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER frozen_evaluation_filing_update{on}")
    assert is_found("封存触发器", Level.BAD, "frozen_evaluation_filing_update")


@pytest.mark.skipif("__import__('django').db.connection.vendor == 'sqlite'", reason="SQLite cannot disable a trigger")
def test_a_seal_that_was_disabled():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE evaluation_filing DISABLE TRIGGER frozen_evaluation_filing_update")
    assert is_found("封存触发器", Level.BAD, "frozen_evaluation_filing_update")


def test_a_broker_that_is_away(settings):
    settings.REDIS_URL = ""
    assert is_well("消息队列")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert is_found("消息队列", Level.BAD, "Redis 没有应答")


def test_no_worker_one_that_stopped_and_one_that_does_not_get_on(standard, county, clerk, monkeypatch):
    assert is_found("工作进程", Level.BAD, "没有工作进程在运行，")
    pulse(seen_at=600)
    assert is_found("工作进程", Level.BAD, "没有工作进程在运行（最近一次是")
    WorkerPulse.objects.all().delete()
    pulse(progressed_at=600, started_at=3600)
    assert is_well("工作进程")
    monkeypatch.setattr(walk, "run_waiting_jobs", lambda: 0)
    walk.uploaded(county, clerk)
    Job.objects.update(created_at=timezone.now() - datetime.timedelta(hours=1))
    assert is_found("工作进程", Level.BAD, "没有进展")


def test_a_disk_that_is_nearly_full(settings, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: usage(2**40, 0, 501 * 2**20))
    assert is_well("磁盘")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: usage(2**40, 0, 499 * 2**20))
    assert is_found("磁盘", Level.BAD, "499 MiB")


def test_a_clock_that_was_put_back_and_a_zone_of_elsewhere(standard, county, clerk, signer, settings):
    walk.signed(county, clerk, signer)
    assert is_well("时钟")
    last = Event.objects.order_by("-number")[0]
    with transaction.atomic(), without_triggers():
        Event.objects.filter(pk=last.pk).update(at=timezone.now() + datetime.timedelta(hours=2))
    assert is_found("时钟", Level.BAD, "时钟被调回过")
    with transaction.atomic(), without_triggers():
        Event.objects.filter(pk=last.pk).update(at=last.at)
    settings.TIME_ZONE = "UTC"
    assert is_found("时钟", Level.NOTICE, "时区是 UTC")


def test_a_database_whose_clock_differs(monkeypatch):
    monkeypatch.setattr(machinery, "connection", SimpleNamespace(vendor="postgresql"))
    monkeypatch.setattr(machinery, "_ask", lambda question: timezone.now() + datetime.timedelta(seconds=2))
    assert is_well("时钟")
    monkeypatch.setattr(machinery, "_ask", lambda question: timezone.now() - datetime.timedelta(seconds=90))
    assert is_found("时钟", Level.BAD, "相差 90 秒")


def test_certificates_that_cannot_be_printed(monkeypatch):
    def with_fonts(listed: str) -> None:
        found = subprocess.CompletedProcess([], 0, listed, "")
        monkeypatch.setattr(machinery.subprocess, "run", lambda *args, **options: found)

    monkeypatch.setattr(machinery.shutil, "which", lambda name: name)
    with_fonts("Noto Serif CJK SC\n")
    monkeypatch.setitem(sys.modules, "weasyprint", object())
    assert is_well("打印")
    with_fonts("\n")
    assert is_found("打印", Level.BAD, "没有中文字体")
    monkeypatch.setattr(machinery.shutil, "which", lambda name: None)
    assert is_found("打印", Level.NOTICE, "fc-list")
    with_fonts("Noto Serif CJK SC\n")
    monkeypatch.setattr(machinery.shutil, "which", lambda name: name)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert is_found("打印", Level.BAD, "不能生成证书 PDF")


def test_documents_that_cannot_be_printed(monkeypatch):
    monkeypatch.setattr("reports.documents.printing.shutil.which", lambda name: "")
    assert is_found("文书", Level.NOTICE, "只能下载 Word 文档")
    monkeypatch.setattr("reports.documents.printing.shutil.which", lambda name: f"/usr/bin/{name}")
    assert is_well("文书")


def test_standards_that_are_missing_or_not_those_of_this_version():
    found = said("评估标准")
    assert {level for level, _, _ in found} == {Level.BAD}
    assert len(found) == 3
    call_command("load_standard", verbosity=0)
    assert is_well("评估标准")
    loaded = Standard.objects.get(pk="2017-quality")
    Standard.objects.filter(pk=loaded.pk).update(document=loaded.document + "\n# changed")
    found = said("评估标准")
    assert [level for level, _, _ in found] == [Level.BAD, Level.BAD]
    assert "与 2017-quality.toml 不同" in found[0][1]
    assert "与自己的散列值不符" in found[1][1]


def test_counties_that_are_missing_or_named_otherwise():
    assert is_found("行政区划", Level.BAD, "缺少")
    call_command("load_register", verbosity=0)
    assert is_well("行政区划")
    County.objects.filter(pk=County.objects.order_by("pk")[0].pk).update(name="别名县")
    assert is_found("行政区划", Level.NOTICE, "名称与本版本的名录不同")


def test_a_calendar_that_ends_before_the_terms_do(monkeypatch):
    known = working_calendar()
    published = [year for year, told in known.years.items() if not told.is_provisional]

    def today_is(*day: int) -> None:
        monkeypatch.setattr(records.timezone, "localdate", lambda *moment: datetime.date(*day))

    today_is(max(published), 3, 1)
    assert is_well("工作日历")
    today_is(max(known.years), 12, 1)
    assert is_found("工作日历", Level.BAD, f"cn-{max(known.years) + 1}.toml")
    provisional = parse_year(b'year = 2031\nprovisional = true\ndocument = "-"\n[days_off]\n[days_worked]\n')
    monkeypatch.setattr(records, "working_calendar", lambda: type(known)({2031: provisional}))
    today_is(2031, 3, 1)
    assert is_found("工作日历", Level.NOTICE, "尚未公布")


def test_a_chain_whose_end_was_cut(standard, county, clerk, signer):
    walk.signed(county, clerk, signer)
    assert is_well("留痕链")
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number=ChainHead.objects.get().number).delete()
    assert is_found("留痕链", Level.BAD, "链头却另有所指")


def test_a_signed_figure_that_was_changed(standard, county, clerk, signer):
    filing = walk.signed(county, clerk, signer).filing
    assert is_well("已签报的数据")
    with transaction.atomic(), without_triggers():
        Finding.objects.filter(verdict=filing.verdict, code="L1").update(value=0.001)
    found = said("已签报的数据")
    assert found
    assert all(level is Level.BAD and filing.number in words for level, words, _ in found)


def test_jobs_that_were_set_aside(standard, county, clerk):
    walk.uploaded(county, clerk)
    assert is_well("搁置的任务")
    Job.objects.update(state=JobState.SET_ASIDE, error="MemoryError: x")
    assert is_found("搁置的任务", Level.NOTICE, "MemoryError")


def test_jobs_that_nobody_takes(standard, county, clerk):
    walk.uploaded(county, clerk)
    assert is_well("等待的任务")
    Job.objects.update(
        state=JobState.WAITING, finished_at=None, created_at=timezone.now() - datetime.timedelta(hours=1)
    )
    assert is_found("等待的任务", Level.BAD, "起等待处理")


def test_letters_that_wait_or_were_set_aside():
    assert is_well("待发通知")
    entry = OutboxEntry.objects.create(
        kind="email", target="a@example.com", body={}, not_before=timezone.now() - datetime.timedelta(hours=1)
    )
    assert is_found("待发通知", Level.BAD, "没有发出")
    OutboxEntry.objects.filter(pk=entry.pk).update(state=OutboxEntry.State.SET_ASIDE)
    assert is_found("待发通知", Level.NOTICE, "1 条通知已搁置")


def test_a_check_that_cannot_be_made_is_bad_and_the_others_go_on(monkeypatch):
    def fail():
        raise RuntimeError("broken")
        yield

    found = list(examine({"一": (fail, False), "磁盘": CHECKS["磁盘"]}, database_answers=True))
    assert [each.level for each in found] == [Level.BAD, Level.GOOD]
    assert "RuntimeError：broken" in found[0].words


@pytest.mark.parametrize(
    ("states", "code"), [((), 0), ((Level.NOTICE,), 1), ((Level.NOTICE, Level.BAD), 2), ((Level.BAD,), 2)]
)
def test_the_worst_that_was_found_is_the_exit_code(states, code, monkeypatch, capsys):
    from evaluation.doctor.opinion import Advice
    from evaluation.management.commands import doctor

    checks = {str(state): (lambda state=state: iter([Advice(state, "甲", "乙")]), False) for state in states}
    well = {"好的": (lambda: iter(()), False)}
    monkeypatch.setattr(doctor, "CHECKS", checks | well)
    monkeypatch.setattr(doctor.connection, "close", lambda: None)
    for options in ({}, {"json": True}):
        if code:
            with pytest.raises(SystemExit) as left:
                call_command("doctor", **options)
            assert left.value.code == code
        else:
            call_command("doctor", **options)
        told = capsys.readouterr().out
    assert json.loads(told)["level"] == ("good", "notice", "bad")[code]
    assert {each["level"] for each in json.loads(told)["checks"]} == {"good", *(s.name.lower() for s in states)}


def test_every_check_is_made_to_fail_by_a_test_here():
    from pathlib import Path

    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in CHECKS if f'is_found("{name}"' not in text and f'said("{name}")' not in text] == []
