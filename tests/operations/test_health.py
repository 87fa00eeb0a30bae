"""Whoever asks whether the portal works is told so in time, part by part, and nothing else."""

from __future__ import annotations

import datetime
import threading
import time

import pytest
from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone

from evaluation import health, jobs
from evaluation.models import ChainHead, Event, Job, OutboxEntry, WorkerPulse
from tests.evaluation import walk
from tests.frozen import without_triggers

pytestmark = pytest.mark.django_db(transaction=True)

PARTS = {"database", "migrations", "worker", "outbox", "jobs", "chain", "broker", "disk"}


@pytest.fixture(autouse=True)
def _asked_anew(settings):
    settings.REDIS_URL = ""
    health._LANES.clear()
    health._failed.clear()
    yield
    for lanes in health._LANES.values():
        for lane in lanes:
            thread = lane.ask()
            if thread is not None:
                thread.join(10)
    health._LANES.clear()


def beat(seconds_ago: float = 0, progressed_ago: float = 0) -> WorkerPulse:
    now = timezone.now()
    return WorkerPulse.objects.create(
        worker=jobs.worker_name(),
        started_at=now - datetime.timedelta(hours=1),
        seen_at=now - datetime.timedelta(seconds=seconds_ago),
        progressed_at=now - datetime.timedelta(seconds=progressed_ago),
    )


def asked(path: str = "/healthz") -> tuple[int, dict[str, str]]:
    health._LANES.clear()
    answer = Client().get(path)
    return answer.status_code, answer.json().get("checks", {})


def failing(checks: dict[str, str]) -> set[str]:
    return {name for name, state in checks.items() if state == "failing"}


def test_a_portal_with_a_worker_is_well_part_by_part():
    beat()
    status, checks = asked()
    assert (status, set(checks), failing(checks)) == (200, PARTS, set())


def test_the_public_answer_tells_ok_or_failing_and_nothing_else():
    told = Client().get("/healthz").json()
    assert set(told) == {"status", "checks"}
    assert set(told["checks"].values()) | {told["status"]} == {"ok", "failing"}


def test_without_a_worker_monitoring_is_told_but_the_pages_stay_in_service():
    assert failing(asked()[1]) == {"worker"}
    assert asked()[0] == 503
    assert asked("/healthz/ready") == (200, {"database": "ok", "migrations": "ok"})


def test_a_worker_that_no_longer_reports_is_missed():
    beat(seconds_ago=health.SILENT_AFTER.seconds + 5)
    assert failing(asked()[1]) == {"worker"}


def test_a_worker_that_lives_but_does_not_get_on_while_work_waits_is_missed(uploaded_waiting):
    pulse = beat(progressed_ago=600)
    Job.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=4))
    assert failing(asked()[1]) == {"worker"}
    WorkerPulse.objects.filter(pk=pulse.pk).update(progressed_at=timezone.now())
    assert failing(asked()[1]) == set()


@pytest.fixture
def uploaded_waiting(standard, county, clerk, monkeypatch):
    monkeypatch.setattr(walk, "run_waiting_jobs", lambda: 0)
    return walk.uploaded(county, clerk)


def test_an_upload_that_nobody_judges_is_an_alarm(uploaded_waiting):
    beat()
    assert failing(asked()[1]) == set()
    Job.objects.update(created_at=timezone.now() - health.JOB_LATE - datetime.timedelta(seconds=1))
    assert "jobs" in failing(asked()[1])


def test_a_job_that_waits_for_its_next_attempt_is_not_late(uploaded_waiting):
    beat()
    Job.objects.update(
        created_at=timezone.now() - datetime.timedelta(hours=1), not_before=timezone.now() + datetime.timedelta(hours=1)
    )
    assert "jobs" not in failing(asked()[1])


def test_a_letter_that_was_due_long_ago_is_an_alarm():
    beat()
    entry = OutboxEntry.objects.create(kind="email", target="a@example.com", body={})
    assert failing(asked()[1]) == set()
    OutboxEntry.objects.filter(pk=entry.pk).update(
        not_before=timezone.now() - health.OUTBOX_LATE - datetime.timedelta(1)
    )
    assert failing(asked()[1]) == {"outbox"}
    OutboxEntry.objects.update(state=OutboxEntry.State.SENT)
    assert failing(asked()[1]) == set()


def test_a_chain_that_does_not_end_in_its_head_is_an_alarm(standard, county, clerk, signer):
    beat()
    walk.signed(county, clerk, signer)
    assert failing(asked()[1]) == set()
    with transaction.atomic(), without_triggers():
        ChainHead.objects.update(sha256="f" * 64)
    assert failing(asked()[1]) == {"chain"}


def test_a_last_event_that_was_changed_is_an_alarm(standard, county, clerk, signer):
    beat()
    walk.signed(county, clerk, signer)
    last = Event.objects.order_by("-number").first()
    with transaction.atomic(), without_triggers():
        Event.objects.filter(pk=last.pk).update(reason="改过")
    assert failing(asked()[1]) == {"chain"}


def test_tables_of_another_version_are_an_alarm(monkeypatch):
    beat()
    known = health._known_migrations() | {("evaluation", "9999_not_there")}
    monkeypatch.setattr(health, "_known_migrations", lambda: known)
    assert failing(asked()[1]) == {"migrations"}
    assert asked("/healthz/ready")[0] == 503


def test_a_full_disk_is_an_alarm(settings):
    beat()
    settings.DISK_FREE_MIB = 10**12
    assert failing(asked()[1]) == {"disk"}


def test_a_broker_that_should_be_there_and_is_not_is_an_alarm(settings):
    beat()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert failing(asked()[1]) == {"broker"}


def test_a_database_that_is_away_fails_every_part_that_needs_it_and_no_other(monkeypatch):
    def away() -> None:
        raise OperationalError("could not connect to server at db.internal")

    monkeypatch.setattr(BaseDatabaseWrapper, "cursor", lambda *args, **options: away())
    health._LANES.clear()
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert failing(answer.json()["checks"]) == PARTS - {"broker", "disk"}
    assert "internal" not in answer.content.decode()


def test_whatever_hangs_the_answer_comes_in_time_and_threads_do_not_pile_up(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(health, "worker", lambda: str(let_go.wait(30) or ""))
    try:
        before = threading.active_count()
        began = time.monotonic()
        health._LANES.clear()
        checks = Client().get("/healthz").json()["checks"]
        assert time.monotonic() - began < 3
        assert {"database", "migrations"}.isdisjoint(failing(checks))
        assert {"worker", "outbox", "jobs", "chain"} <= failing(checks)
        # It hung before: nobody waits for it a second time, and nobody joins it.
        began = time.monotonic()
        for _ in range(5):
            assert "worker" in failing(Client().get("/healthz").json()["checks"])
        assert time.monotonic() - began < 2
        assert threading.active_count() <= before + 2
    finally:
        let_go.set()


def test_what_fails_is_logged_when_it_begins_and_when_it_ends_not_at_every_question(caplog):
    health._failed.clear()
    with caplog.at_level("WARNING"):
        for _ in range(3):
            asked()
        beat()
        for _ in range(3):
            asked()
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["ERROR", "WARNING"]
    assert told[0][1].startswith("health: worker fails: ")
    assert told[1][1] == "health: worker is well again"


def test_many_who_ask_at_once_ask_the_database_once(monkeypatch):
    asked_database = []
    monkeypatch.setattr(health, "database", lambda: asked_database.append(1) or "")
    health._LANES.clear()
    for _ in range(20):
        Client().get("/healthz/ready")
    assert len(asked_database) <= 3


def test_machines_ask_without_a_session_in_plain_http_under_any_host_name(settings, django_assert_num_queries):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/healthz/live", headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    assert Client().get("/", headers={"host": "10.1.2.3:8000"}).status_code == 400
    assert Client().post("/healthz").status_code == 405
