"""A deployment: real Celery workers on a real Redis, killed and flushed; the rows decide."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from evaluation import jobs
from evaluation.models import Job, JobState, Standard, Verdict, WorkerPulse
from tests.conftest import ROOT

_DATABASE = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = f"redis://127.0.0.1:6379/{_DATABASE}"


@pytest.fixture
def broker() -> redis.Redis:
    client = redis.Redis.from_url(REDIS_URL, socket_connect_timeout=1)
    try:
        client.flushdb()
    except redis.ConnectionError:
        if os.environ.get("CI") == "true":
            pytest.fail("Redis must run in CI")
        pytest.skip("REDIS IS NOT RUNNING on 127.0.0.1:6379: the Celery path is not tested here")
    return client


@contextlib.contextmanager
def celery_worker(
    environment: dict[str, str], *options: str, broker_url: str = REDIS_URL, app: str = "config.celery"
) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        app,
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "1",
    ]
    worker = subprocess.Popen(
        [*command, "--loglevel", "WARNING", *options],
        cwd=ROOT,
        env=environment | {"REDIS_URL": broker_url},
        start_new_session=True,
    )
    try:
        yield worker
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def ring(environment: dict[str, str], job_id: int) -> None:
    script = f"import django; django.setup()\nfrom evaluation import jobs\njobs.ring({job_id})"
    subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment | {"REDIS_URL": REDIS_URL}, check=True, timeout=30
    )


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait for something to come true; whether it did."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def wait_until_done(uploaded, seconds: float) -> str:
    until(lambda: uploaded.jobs.get().state == JobState.DONE, seconds)
    return uploaded.jobs.get().state


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_brings_a_celery_worker_to_the_job(broker, uploaded, worker_environment):
    ring(worker_environment, uploaded.jobs.get().pk)
    ring(worker_environment, uploaded.jobs.get().pk)
    with celery_worker(worker_environment):
        assert wait_until_done(uploaded, 40) == JobState.DONE
    assert uploaded.jobs.get().attempts == 1
    assert Verdict.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_message_was_lost_is_rung_for_again(broker, uploaded, worker_environment, tmp_path):
    ring(worker_environment, uploaded.jobs.get().pk)
    broker.flushdb()
    with celery_worker(worker_environment, "-B", "-s", str(tmp_path / "beat")):
        assert wait_until_done(uploaded, 60) == JobState.DONE
    assert Verdict.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_any_broker_a_celery_worker_finds_its_jobs_and_reports_its_pulse(uploaded, worker_environment):
    # Nobody rings, nobody sweeps: the worker looks for itself, every few seconds.
    with celery_worker(worker_environment, broker_url="redis://127.0.0.1:1/0"):
        assert wait_until_done(uploaded, 40) == JobState.DONE
        assert until(lambda: WorkerPulse.objects.filter(jobs_done=1).exists(), 20)
    assert uploaded.jobs.get().attempts == 1
    assert Verdict.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_looking_for_itself_a_worker_whose_broker_is_gone_would_do_nothing(
    uploaded, worker_environment, tmp_path
):
    # The control of the test above: the same worker that only waits to be rung for.
    (tmp_path / "deaf.py").write_text(
        "from celery.signals import worker_process_init\n"
        "from config.celery import app, begin_to_work\n"
        "worker_process_init.disconnect(begin_to_work)\n"
        "@worker_process_init.connect(weak=False)\n"
        "def report(**told):\n"
        "    from evaluation import pulse\n"
        "    pulse.start()\n"
    )
    deaf = worker_environment | {"PYTHONPATH": str(tmp_path)}
    with celery_worker(deaf, broker_url="redis://127.0.0.1:1/0", app="deaf"):
        assert until(WorkerPulse.objects.exists, 40)
        assert wait_until_done(uploaded, 10) == JobState.WAITING


@pytest.mark.django_db(transaction=True)
def test_a_pool_process_that_stands_still_is_replaced_by_its_parent(broker, uploaded, worker_environment, tmp_path):
    # The same limits as ever, but shorter; the process is stopped, so that it cannot even end itself.
    (tmp_path / "quick.py").write_text(
        "import datetime\n"
        "from celery.signals import worker_ready\n"
        "from config import celery as portal\n"
        "from config.celery import app\n"
        "portal._WATCH_SECONDS = 1\n"
        "@worker_ready.connect(weak=False)\n"
        "def hurry(**told):\n"
        "    from evaluation import pulse\n"
        "    pulse.STALLED_AFTER, pulse._LOOK_AGAIN_SECONDS = datetime.timedelta(seconds=8), 1\n"
    )
    Job.objects.all().delete()
    with celery_worker(worker_environment | {"PYTHONPATH": str(tmp_path)}, app="quick"):
        assert until(WorkerPulse.objects.exists, 40)
        first = WorkerPulse.objects.get().worker
        os.kill(int(first.rpartition(":")[2]), signal.SIGSTOP)
        jobs.enqueue(uploaded, Standard.objects.get().pk)
        assert wait_until_done(uploaded, 60) == JobState.DONE
    assert uploaded.jobs.get().worker != first


def test_an_upload_is_taken_in_while_the_broker_is_down(uploaded, worker_environment):
    job_id = uploaded.jobs.get().pk
    script = f"import django; django.setup()\nfrom evaluation import jobs\njobs.ring({job_id})\nprint('went on')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=worker_environment | {"REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "went on\n", done.stderr
    assert uploaded.jobs.get().state == JobState.WAITING
