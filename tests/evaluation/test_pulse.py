"""Workers are watched by their progress: one that lives without getting on is noticed, told and replaced."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.utils import timezone

from evaluation import actions, jobs, pulse, working
from evaluation.models import Job, JobStage, JobState, Standard, WorkerPulse
from tests.conftest import ROOT

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _nothing_done_yet(monkeypatch):
    monkeypatch.setattr(jobs, "doing", jobs.Doing())


def living(progressed_ago: datetime.timedelta, seen_ago: datetime.timedelta = datetime.timedelta(0)) -> WorkerPulse:
    now = timezone.now()
    return WorkerPulse.objects.create(
        worker=jobs.worker_name(),
        started_at=now - 9 * MINUTE,
        seen_at=now - seen_ago,
        progressed_at=now - progressed_ago,
    )


def wait_long() -> None:
    Job.objects.update(created_at=timezone.now() - 5 * MINUTE)


def until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def test_a_report_tells_that_the_process_lives_and_what_it_got_done(uploaded):
    pulse.report()
    told = WorkerPulse.objects.get()
    assert (told.progressed_at, told.jobs_done, told.jobs_failed) == (None, 0, 0)
    actions.run_waiting_jobs()
    jobs.doing.done += 1
    pulse.report()
    later = WorkerPulse.objects.get()
    assert later.started_at == told.started_at
    assert later.seen_at > told.seen_at
    assert later.progressed_at > told.started_at
    assert later.jobs_done == 1


@pytest.mark.django_db(transaction=True)
def test_jobs_done_and_failed_are_counted(uploaded, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_read", lambda submission: 1 / 0)
        working.work_on()
    assert (jobs.doing.done, jobs.doing.failed, jobs.doing.job_id) == (0, 1, None)
    Job.objects.update(not_before=None)
    working.work_on()
    assert (jobs.doing.done, jobs.doing.failed) == (1, 1)


def test_processes_that_ended_long_ago_are_forgotten(db):
    WorkerPulse.objects.create(worker="x:1", started_at=timezone.now(), seen_at=timezone.now() - 11 * MINUTE)
    WorkerPulse.objects.create(worker="x:2", started_at=timezone.now(), seen_at=timezone.now() - 9 * MINUTE)
    pulse.report()
    assert set(WorkerPulse.objects.values_list("worker", flat=True)) == {"x:2", jobs.worker_name()}
    pulse.leave()
    assert set(WorkerPulse.objects.values_list("worker", flat=True)) == {"x:2"}


def test_a_worker_that_lives_without_progress_while_work_waits_is_told(uploaded):
    living(progressed_ago=2 * MINUTE)
    assert pulse.stalled() == []
    wait_long()
    [words] = pulse.stalled()
    assert jobs.worker_name() in words
    assert "没有进展" in words


@pytest.mark.parametrize("progressed_ago", [datetime.timedelta(0), MINUTE / 2])
def test_a_worker_that_gets_on_is_not_told(uploaded, progressed_ago):
    living(progressed_ago)
    wait_long()
    assert pulse.stalled() == []


def test_a_worker_at_a_long_job_is_told_only_when_its_lease_is_over(uploaded, clerk, other_county):
    living(progressed_ago=2 * MINUTE)
    held = jobs.claim()
    actions.upload_workbook(clerk, uploaded.county, 2026, "b.xlsx", b"another")
    wait_long()
    assert pulse.stalled() == []
    Job.objects.filter(pk=held.pk).update(lease_until=timezone.now() - MINUTE)
    assert len(pulse.stalled()) == 1


def test_waiting_work_without_any_worker_is_told(uploaded):
    wait_long()
    living(progressed_ago=2 * MINUTE, seen_ago=2 * MINUTE)
    [words] = pulse.stalled()
    assert "没有工作进程报到" in words


def test_an_idle_worker_gets_on_by_looking_for_work(db):
    assert not working.work_on()
    pulse.report()
    assert WorkerPulse.objects.get().progressed_at > timezone.now() - MINUTE


class TestWatch:
    @pytest.fixture
    def clock(self, monkeypatch):
        now = [1000.0]
        monkeypatch.setattr(pulse, "monotonic", lambda: now[0])
        return now

    def look_twice(self, clock, pid: int) -> list[int]:
        watch = pulse.Watch()
        assert watch.overdue([pid]) == [], "one look may fall into an outage"
        clock[0] += 11
        return watch.overdue([pid])

    def test_a_silent_worker_is_overdue(self, db, clock):
        living(datetime.timedelta(0), seen_ago=2 * MINUTE)
        assert self.look_twice(clock, os.getpid()) == [os.getpid()]

    def test_a_worker_that_stands_still_while_work_waits_is_overdue(self, uploaded, clock):
        living(2 * MINUTE)
        assert self.look_twice(clock, os.getpid()) == []
        wait_long()
        assert self.look_twice(clock, os.getpid()) == [os.getpid()]

    def test_a_worker_that_recovers_between_two_looks_is_left_alone(self, uploaded, clock):
        living(2 * MINUTE)
        wait_long()
        watch = pulse.Watch()
        watch.overdue([os.getpid()])
        clock[0] += 11
        WorkerPulse.objects.update(progressed_at=timezone.now())
        assert watch.overdue([os.getpid()]) == []
        WorkerPulse.objects.update(progressed_at=timezone.now() - 2 * MINUTE)
        assert watch.overdue([os.getpid()]) == []

    def test_a_process_that_never_reports_is_overdue_in_the_end(self, db, clock):
        watch = pulse.Watch()
        assert watch.overdue([1]) == []
        clock[0] += 61
        assert watch.overdue([1]) == []
        clock[0] += 11
        assert watch.overdue([1]) == [1]


class TestOneStage:
    @pytest.fixture
    def clock(self, monkeypatch):
        now = [1000.0]
        monkeypatch.setattr(jobs, "monotonic", lambda: now[0])
        return now

    def test_a_job_that_only_says_the_same_stage_again_is_taken_from_its_worker(self, uploaded, clock):
        job = jobs.claim()
        jobs.report_stage(job, JobStage.READING)
        clock[0] += 170
        jobs.report_stage(job, JobStage.READING)
        clock[0] += 11
        with pytest.raises(jobs.Stuck):
            jobs.report_stage(job, JobStage.READING)

    def test_a_job_that_passes_stages_may_take_as_long_in_all(self, uploaded, clock):
        job = jobs.claim()
        for stage in (JobStage.READING, JobStage.CHECKING, JobStage.COMPUTING, JobStage.STORING):
            jobs.report_stage(job, stage)
            clock[0] += 170
        jobs.report_stage(job, JobStage.STORING)

    def test_a_stuck_job_is_put_back_with_words(self, uploaded, clock, monkeypatch):
        def hang(submission):
            clock[0] += 200
            jobs.report_stage(job, JobStage.READING)

        monkeypatch.setattr(actions, "_read", hang)
        job = jobs.claim()
        actions.run_job(job)
        job.refresh_from_db()
        assert job.state == JobState.WAITING
        assert job.error.startswith("Stuck: “读取工作簿”超过 180 秒")

    def test_what_looks_at_the_nation_has_a_longer_lease(self):
        assert jobs.lease_of(Job(laboratory_run_id=1)) == jobs.lease_of(Job(radar_scan_id=1)) == jobs.LONG_LEASE
        assert jobs.lease_of(Job(submission_id=1)) == jobs.lease_of(Job(batch_id=1)) == jobs.LEASE


def test_a_failure_that_could_not_be_written_is_written_when_the_database_is_back(uploaded, monkeypatch):
    def away(*args):
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(actions, "_read", away)
        patched.setattr(jobs, "put_back", away)
        with pytest.raises(OperationalError):
            working.work_on()
    assert uploaded.jobs.get().state == JobState.RUNNING
    assert not working.work_on()
    assert uploaded.jobs.get().state == JobState.WAITING
    Job.objects.update(not_before=None)
    assert working.work_on()
    assert uploaded.verdicts.count() == 1


def _hold_on(reporting: str) -> str:
    """A worker that claims a job and then hangs; ``reporting`` begins its pulse."""
    return (
        "import datetime, time, django; django.setup()\n"
        "from evaluation import jobs, pulse\n"
        "jobs.LEASE = datetime.timedelta(seconds=1)\n"
        "pulse.REPORT_SECONDS, pulse._LEASE_GRACE_SECONDS = 0.2, 0.5\n"
        f"{reporting}\n"
        "job = jobs.claim()\n"
        "print('here', flush=True)\n"
        "time.sleep(4)\n"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("reporting", "code"), [("pulse.start()", 70), ("", 0)])
def test_a_process_whose_job_outlived_its_lease_ends_itself(uploaded, worker_environment, reporting, code):
    # The second case is the control: without its pulse the same process would hold on.
    worker = subprocess.run(
        [sys.executable, "-c", _hold_on(reporting)],
        cwd=ROOT,
        env=worker_environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (worker.stdout, worker.returncode) == (b"here\n", code), worker.stderr
    assert jobs.claim().attempts == 2


@pytest.mark.django_db(transaction=True)
def test_serve_replaces_a_worker_that_stands_still(uploaded, worker_environment, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "import datetime, django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from evaluation import pulse\n"
        "from evaluation.management.commands import serve\n"
        "pulse.STALLED_AFTER, pulse._LOOK_AGAIN_SECONDS = datetime.timedelta(seconds=8), 1\n"
        "serve._WATCH_SECONDS = 1\n"
        f"call_command('serve', port={port})\n"
    )
    Job.objects.all().delete()
    site = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=worker_environment | {"VAR_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert until(WorkerPulse.objects.exists, 30)
        first = WorkerPulse.objects.get().worker
        os.kill(int(first.rpartition(":")[2]), signal.SIGSTOP)
        jobs.enqueue(uploaded, Standard.objects.get().pk)
        assert until(lambda: uploaded.verdicts.exists(), 45)
        assert uploaded.jobs.get().worker != first
    finally:
        site.terminate()
        site.wait(40)
