"""Told to stop, everything stops in time: what is at hand is finished or given back, and no job waits for a lease."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evaluation import jobs, stopping
from evaluation.models import Job, JobStage, JobState, Verdict, WorkerPulse
from tests.conftest import ROOT
from tests.evaluation.test_celery import REDIS_URL
from tests.operations.test_metrics import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def uploaded(standard, clerk, county):
    """A good workbook, taken in and waiting to be judged."""
    from evaluation.actions import upload_workbook
    from evaluation.demo import demo_county
    from evaluation.management.commands.demo import workbook_of

    told = demo_county(county.code, county.name, "passes")
    return upload_workbook(clerk, county, 2026, "望棠区.xlsx", workbook_of(told, county, 2026))


@contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_at(job: Job, stage: JobStage) -> bool:
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, stage=stage).exists()


def told_to_stop(process: subprocess.Popen[bytes], seconds: float) -> float:
    """Seconds until the process ended after SIGTERM."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(seconds)
    return time.monotonic() - began


#: The real commands, but that a job takes its time as it announces that it computes.
SLOW = (
    "import os, sys, time\n"
    "import django; django.setup()\n"
    "from evaluation import jobs\n"
    "announce = jobs.report_stage\n"
    "def slow(job, stage, *rest, **more):\n"
    "    announce(job, stage, *rest, **more)\n"
    "    if stage == 'computing': time.sleep(float(os.environ['SLOW_SECONDS']))\n"
    "jobs.report_stage = slow\n"
)
SLOW_WORK = SLOW + "from django.core.management import call_command\ncall_command('work')\n"


@pytest.mark.parametrize("command", [["manage.py", "work"]])
def test_an_idle_worker_ends_at_once_and_is_not_missed(worker_environment, tmp_path, command):
    with started(command, worker_environment, tmp_path / "log") as worker:
        wait_for(WorkerPulse.objects.exists)
        assert told_to_stop(worker, 20) < 8
        assert worker.returncode == 0
    assert not WorkerPulse.objects.exists()


def test_a_worker_finishes_the_job_at_hand_where_there_is_time(uploaded, worker_environment, tmp_path):
    job = uploaded.jobs.get()
    environment = worker_environment | {"SLOW_SECONDS": "2", "STOP_WITHIN": "30"}
    with started(["-c", SLOW_WORK], environment, tmp_path / "log") as worker:
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        told_to_stop(worker, 40)
        assert worker.returncode == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert Verdict.objects.count() == 1


def test_a_worker_gives_the_job_back_where_there_is_not(uploaded, worker_environment, tmp_path):
    job = uploaded.jobs.get()
    environment = worker_environment | {"SLOW_SECONDS": "120", "STOP_WITHIN": "1"}
    with started(["-c", SLOW_WORK], environment, tmp_path / "log") as worker:
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        assert told_to_stop(worker, 30) < 15
        assert worker.returncode == 0
    job.refresh_from_db()
    # As if it had never been claimed: nobody waits for a lease, and the attempt does not count against it.
    assert (job.state, job.lease_until, job.worker, job.attempts) == (JobState.WAITING, None, "", 0)
    assert not Verdict.objects.exists()
    with started(["manage.py", "work", "--until-empty"], worker_environment, tmp_path / "next") as following:
        following.wait(60)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert Verdict.objects.count() == 1


def test_without_giving_back_the_job_would_wait_for_its_lease(uploaded, worker_environment, tmp_path):
    # The control: a worker that is killed in the same place leaves the job to its lease.
    job = uploaded.jobs.get()
    environment = worker_environment | {"SLOW_SECONDS": "120"}
    with started(["-c", SLOW_WORK], environment, tmp_path / "log") as worker:
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        worker.kill()
        worker.wait()
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert job.lease_until is not None


def test_only_what_the_workers_that_stop_hold_is_given_back(uploaded):
    held = jobs.claim()
    assert stopping.give_back(["elsewhere:1"]) == 0
    assert stopping.give_back([held.worker, "elsewhere:1"]) == 1
    assert stopping.give_back([held.worker]) == 0
    with pytest.raises(jobs.LeaseLost):
        jobs.report_stage(held, JobStage.STORING)
    again = jobs.claim()
    assert again.attempts == 1


def test_the_command_that_serves_stops_site_and_worker_and_gives_the_job_back(uploaded, worker_environment, tmp_path):
    port = free_port()
    job = uploaded.jobs.get()
    log = tmp_path / "log"
    # The worker is a process of its own: it is made slow by a file that the interpreter reads when it starts.
    (tmp_path / "sitecustomize.py").write_text(_SLOW_WHEN_LOADED, encoding="utf-8")
    environment = worker_environment | {
        "SLOW_SECONDS": "120", "STOP_WITHIN": "1", "PYTHONPATH": str(tmp_path),
    }  # fmt: skip
    with started(["manage.py", "serve", "--port", str(port)], environment, log) as serving:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz/live"))
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        assert told_to_stop(serving, 40) < 25
        assert serving.returncode == 0, log.read_text()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert not answers(f"http://127.0.0.1:{port}/healthz/live")


_SLOW_WHEN_LOADED = """
import os, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "evaluation.working":
            sys.meta_path.remove(self)
            from evaluation import jobs
            announce = jobs.report_stage
            def slow(job, stage, *rest, **more):
                announce(job, stage, *rest, **more)
                if stage == "computing":
                    time.sleep(float(os.environ["SLOW_SECONDS"]))
            jobs.report_stage = slow
        return None
sys.meta_path.insert(0, Slow())
"""


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.usefixtures("broker")
def test_a_celery_worker_gives_the_jobs_of_its_pool_back(uploaded, worker_environment, tmp_path):
    job = uploaded.jobs.get()
    (tmp_path / "sitecustomize.py").write_text(_SLOW_WHEN_LOADED, encoding="utf-8")
    environment = worker_environment | {
        "SLOW_SECONDS": "120", "STOP_WITHIN": "1", "PYTHONPATH": str(tmp_path), "REDIS_URL": REDIS_URL,
    }  # fmt: skip
    log = tmp_path / "log"
    with started(["-m", "celery", "-A", "config.celery", "worker", "--concurrency", "1"], environment, log) as worker:
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        assert told_to_stop(worker, 60) < 30, log.read_text()
    job.refresh_from_db()
    assert (job.state, job.lease_until, job.attempts) == (JobState.WAITING, None, 0), log.read_text()
    assert not WorkerPulse.objects.exists()
    assert not Verdict.objects.exists()


@pytest.mark.usefixtures("broker")
def test_a_celery_worker_finishes_the_job_at_hand_where_there_is_time(uploaded, worker_environment, tmp_path):
    job = uploaded.jobs.get()
    (tmp_path / "sitecustomize.py").write_text(_SLOW_WHEN_LOADED, encoding="utf-8")
    environment = worker_environment | {
        "SLOW_SECONDS": "3", "STOP_WITHIN": "45", "PYTHONPATH": str(tmp_path), "REDIS_URL": REDIS_URL,
        "LOG_FORMAT": "json",
    }  # fmt: skip
    log = tmp_path / "log"
    with started(["-m", "celery", "-A", "config.celery", "worker", "--concurrency", "1"], environment, log) as worker:
        wait_for(lambda: is_at(job, JobStage.COMPUTING))
        assert told_to_stop(worker, 60) < 50, log.read_text()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1), log.read_text()


def test_the_site_answers_the_request_at_hand_before_it_ends(worker_environment, tmp_path):
    port = free_port()
    (tmp_path / "slow_site.py").write_text(
        "import os, time\n"
        "from config.wsgi import application as site\n"
        "def application(environ, start_response):\n"
        "    if environ['PATH_INFO'] == '/accounts/login/':\n"
        "        open(os.environ['AT_HAND'], 'w').close()\n"
        "        time.sleep(3)\n"
        "    return site(environ, start_response)\n",
        encoding="utf-8",
    )
    command = ["-m", "gunicorn", "-c", "config/gunicorn.py", "slow_site", "--bind", f"127.0.0.1:{port}"]
    environment = worker_environment | {"PYTHONPATH": str(tmp_path), "AT_HAND": str(tmp_path / "at-hand")}
    with started([*command, "--workers", "1"], environment, tmp_path / "log") as site:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz/live"))
        asking = subprocess.Popen(
            [sys.executable, "-c", _ASK, f"http://127.0.0.1:{port}/accounts/login/"], stdout=subprocess.PIPE, text=True
        )
        wait_for((tmp_path / "at-hand").exists)
        assert told_to_stop(site, 30) < 20
        assert asking.communicate(timeout=60)[0].strip() == "200"
        assert site.returncode == 0


_ASK = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1], timeout=60).status)"
