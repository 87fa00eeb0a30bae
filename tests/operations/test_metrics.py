"""Figures for monitoring: to whoever brings the token, over all web processes, and true."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from evaluation import jobs
from evaluation.models import Job, JobState, OutboxEntry, WorkerPulse
from tests.conftest import ROOT
from tests.evaluation import walk

TOKEN = "only-for-these-tests"


def figures(client: Client, settings) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return parsed(answer.content.decode())


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


@pytest.mark.parametrize("token", ["", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer "])
def test_without_the_token_there_is_no_such_page(db, client, settings, token):
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"authorization": token}).status_code == 404


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer None"])
def test_where_no_token_is_set_nobody_has_it(db, client, settings, token):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": token}).status_code == 404


def test_requests_are_counted_by_route_and_status_and_timed(db, client, settings):
    answered = of("portal_requests_total", method="GET", route="login", status="200")
    unmatched = of("portal_requests_total", method="GET", route="unmatched", status="404")
    odd = of("portal_requests_total", method="OTHER", route="login", status="405")
    before = figures(client, settings)
    client.get("/accounts/login/")
    client.get("/accounts/login/")
    client.get("/not/a/page/0123/")
    client.generic("BREW", "/accounts/login/")
    after = figures(client, settings)
    assert after[answered] - before.get(answered, 0) == 2
    assert after[unmatched] - before.get(unmatched, 0) == 1
    assert after[odd] - before.get(odd, 0) == 1
    timed = of("portal_request_seconds_count", route="login")
    assert after[timed] - before.get(timed, 0) == 3
    assert not any("0123" in str(key) for key in after)


def test_jobs_outbox_workers_and_evaluations_are_told_as_they_are(standard, county, clerk, signer, client, settings):
    walk.signed(county, clerk, signer)
    now = timezone.now()
    WorkerPulse.objects.create(worker=jobs.worker_name(), started_at=now, seen_at=now, progressed_at=now)
    OutboxEntry.objects.all().delete()
    for state in ("waiting", "set_aside"):
        OutboxEntry.objects.create(
            kind="email", target="a@example.com", body={}, state=state, not_before=now - datetime.timedelta(minutes=10)
        )
    told = figures(client, settings)
    assert told[of("portal_jobs", kind="submission", state="done")] == 1
    assert told[of("portal_jobs", kind="submission", state="waiting")] == 0
    assert told[of("portal_job_attempts", kind="submission", state="done")] == 1
    assert told[of("portal_evaluations", state="city_review")] == 1
    assert told[of("portal_evaluations", state="published")] == 0
    assert told[of("portal_outbox_entries", state="set_aside")] == 1
    assert 600 <= told[of("portal_outbox_oldest_due_seconds")] < 660
    assert told[of("portal_workers", pulse="alive")] == 1
    assert told[of("portal_events")] == signer_events()
    assert told[of("portal_database_up")] == 1


def signer_events() -> int:
    from evaluation.models import Event

    return Event.objects.count()


def test_set_aside_and_aging_jobs_are_told(standard, county, clerk, client, settings):
    walk.uploaded(county, clerk)
    now = timezone.now()
    Job.objects.update(
        state=JobState.WAITING, finished_at=None, created_at=now - datetime.timedelta(seconds=90), attempts=3
    )
    told = figures(client, settings)
    assert 90 <= told[of("portal_job_oldest_seconds", kind="submission", state="waiting")] < 150
    assert told[of("portal_job_attempts", kind="submission", state="waiting")] == 3
    Job.objects.update(state=JobState.SET_ASIDE, finished_at=now)
    assert figures(client, settings)[of("portal_jobs", kind="submission", state="set_aside")] == 1


def test_the_time_from_upload_to_verdict_is_a_histogram(standard, county, clerk, client, settings):
    walk.uploaded(county, clerk)
    job = Job.objects.get()
    Job.objects.update(finished_at=job.created_at + datetime.timedelta(seconds=7))
    told = figures(client, settings)
    assert told[of("portal_verdict_seconds_count")] == 1
    assert told[of("portal_verdict_seconds_sum")] == 7
    assert told[of("portal_verdict_seconds_bucket", le="5.0")] == 0
    assert told[of("portal_verdict_seconds_bucket", le="10.0")] == 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetched(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_count_is_over_all_web_processes_and_survives_their_renewal(worker_environment):
    port = free_port()
    # Each process ends after two requests, and another takes its place.
    command = ["-c", "config/gunicorn.py", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    site = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command, "--max-requests", "2", "--max-requests-jitter", "0"],
        cwd=ROOT,
        env=worker_environment | {"METRICS_TOKEN": TOKEN},
        stderr=subprocess.PIPE,
    )
    url, asked = f"http://127.0.0.1:{port}", 0
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if fetched(f"{url}/healthz/live")[0] == 200:
                    break
            except OSError:
                time.sleep(0.2)
        for _ in range(9):
            asked += until_answered(f"{url}/accounts/login/")[0]
        told = parsed(until_answered(f"{url}/metrics")[1])
        counted = told[of("portal_requests_total", method="GET", route="login", status="200")]
        # Each process counted two at most; one that met a process on its way out may have been counted or not.
        assert 9 <= counted <= asked
    finally:
        site.send_signal(signal.SIGTERM)
        _, errors = site.communicate(timeout=30)
    assert site.returncode == 0, errors
    assert b"Traceback" not in errors


def until_answered(url: str) -> tuple[int, str]:
    """How often it had to be asked, and the answer; a connection that met a process on its way out is made anew."""
    for times in range(1, 31):
        try:
            status, text = fetched(url, Authorization=f"Bearer {TOKEN}")
        except OSError:
            time.sleep(0.2)
            continue
        assert status == 200, text
        return times, text
    raise AssertionError(f"{url} never answered")


def test_a_database_that_is_away_is_told_as_a_figure(db, client, settings, monkeypatch):
    from django.db import OperationalError

    from evaluation import metrics

    def away():
        raise OperationalError

    monkeypatch.setattr(metrics, "_of_jobs", away)
    told = figures(client, settings)
    assert told[of("portal_database_up")] == 0
    assert of("portal_events") not in told
    assert os.environ.get("PROMETHEUS_MULTIPROC_DIR") is None
