"""Jobs are not lost and nothing is done twice, whatever dies in between."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from evaluation import actions, jobs, judging
from evaluation.models import Finding, Job, JobStage, JobState, Verdict
from evaluation.permissions import Refused
from indicators.models import CountyFigure, ReportedProblem, SchoolRecord
from indicators.workbook.sandbox import FileRefused
from tests.conftest import ROOT


def nothing_is_stored() -> bool:
    tables = (Verdict, Finding, SchoolRecord, CountyFigure, ReportedProblem)
    return not any(table.objects.exists() for table in tables)


def test_an_upload_waits_as_a_row_until_a_worker_claims_it(uploaded):
    job = uploaded.jobs.get()
    assert (job.state, job.attempts, job.lease_until) == (JobState.WAITING, 0, None)
    claimed = jobs.claim()
    assert claimed is not None
    assert (claimed.pk, claimed.state, claimed.attempts) == (job.pk, JobState.RUNNING, 1)
    assert jobs.claim() is None


def test_running_a_job_stores_figures_verdict_and_findings_and_ends_it(uploaded):
    assert actions.run_waiting_jobs() == 1
    job = uploaded.jobs.get()
    verdict = uploaded.verdicts.get()
    assert (job.state, job.error, job.lease_until) == (JobState.DONE, "", None)
    assert verdict.passed is True
    assert verdict.complete is False
    assert verdict.findings.filter(stage="PRIMARY").count() == 7
    assert uploaded.records.count() == 18
    assert uploaded.figures.count() == 39


def test_a_lease_that_ran_out_is_taken_up_by_the_next_worker(uploaded):
    first = jobs.claim()
    Job.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    second = jobs.claim()
    assert second is not None
    assert second.attempts == 2
    with pytest.raises(jobs.LeaseLost):
        jobs.report_stage(first, JobStage.READING)


def test_a_worker_that_lost_its_lease_writes_nothing(uploaded):
    slow = jobs.claim()
    Job.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    quick = jobs.claim()
    actions.run_job(slow)
    assert nothing_is_stored()
    actions.run_job(quick)
    assert Verdict.objects.count() == 1
    actions.run_job(slow)
    assert Verdict.objects.count() == 1


def test_an_error_in_the_middle_leaves_no_half_verdict_and_is_tried_again_later(uploaded, monkeypatch):
    def fail(*args):
        raise RuntimeError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(judging, "findings_of", fail)
        actions.run_job(jobs.claim())
    job = uploaded.jobs.get()
    assert nothing_is_stored()
    assert (job.state, job.error) == (JobState.WAITING, "RuntimeError: disk full")
    assert job.not_before > timezone.now()
    assert jobs.claim() is None
    Job.objects.update(not_before=None)
    assert actions.run_waiting_jobs() == 1
    assert uploaded.verdicts.count() == 1


def test_a_reading_process_lost_once_is_tried_again_and_lost_twice_refuses_the_file(uploaded, monkeypatch):
    def lose(submission):
        raise FileRefused("file.reader_stopped", "读取文件的进程中断。")

    monkeypatch.setattr(actions, "_read", lose)
    actions.run_job(jobs.claim())
    assert uploaded.jobs.get().state == JobState.WAITING
    assert nothing_is_stored()
    Job.objects.update(not_before=None)
    actions.run_job(jobs.claim())
    assert uploaded.jobs.get().state == JobState.DONE
    assert uploaded.problems.get().rule == "file.reader_stopped"


def test_a_machine_that_cannot_start_a_reading_process_is_never_the_files_fault(uploaded, monkeypatch):
    def fail(submission):
        raise FileRefused("file.reader_unavailable", "暂时无法读取。")

    monkeypatch.setattr(actions, "_read", fail)
    for _ in range(jobs.MOST_ATTEMPTS):
        Job.objects.update(not_before=None)
        assert actions.run_waiting_jobs() == 1
    assert uploaded.jobs.get().state == JobState.SET_ASIDE
    assert nothing_is_stored()


def test_after_five_attempts_a_job_is_set_aside_and_its_clerk_can_revive_it(uploaded, clerk, other_clerk, monkeypatch):
    monkeypatch.setattr(actions, "_read", lambda submission: 1 / 0)
    for _ in range(jobs.MOST_ATTEMPTS):
        Job.objects.update(not_before=None)
        assert actions.run_waiting_jobs() == 1
    job = uploaded.jobs.get()
    assert (job.state, job.attempts) == (JobState.SET_ASIDE, jobs.MOST_ATTEMPTS)
    assert "ZeroDivisionError" in job.error
    assert jobs.claim() is None
    with pytest.raises(Refused):
        actions.retry_job(other_clerk, job)
    monkeypatch.undo()
    actions.retry_job(clerk, job)
    with pytest.raises(Refused):
        actions.retry_job(clerk, job)
    assert actions.run_waiting_jobs() == 1
    assert uploaded.verdicts.count() == 1


def test_a_job_whose_workers_always_die_is_set_aside_too(uploaded):
    for _ in range(jobs.MOST_ATTEMPTS):
        assert jobs.claim() is not None
        Job.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    assert jobs.claim() is None
    assert uploaded.jobs.get().state == JobState.SET_ASIDE


def test_a_forged_late_or_repeated_message_changes_nothing(uploaded):
    from evaluation.tasks import judge

    judge(987654321)
    judge(uploaded.jobs.get().pk)
    assert Verdict.objects.count() == 1
    before = uploaded.verdicts.get()
    judge(uploaded.jobs.get().pk)
    assert Verdict.objects.count() == 1
    assert uploaded.verdicts.get().computed_at == before.computed_at


def test_the_doorbell_rings_again_only_for_jobs_nobody_took(uploaded, monkeypatch):
    rung = []
    monkeypatch.setattr(jobs, "ring", lambda job_id: rung.append(job_id) or True)
    monkeypatch.setattr(jobs, "_messages_waiting", lambda: 0)
    assert jobs.ring_waiting() == 0
    Job.objects.update(created_at=timezone.now() - 2 * jobs.RING_AGAIN_AFTER)
    assert jobs.ring_waiting() == 1
    assert rung == [uploaded.jobs.get().pk]
    actions.run_waiting_jobs()
    assert jobs.ring_waiting() == 0


def _race(count: int, work) -> list:
    results: list = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_claim_at_once_exactly_one_wins(uploaded):
    for _ in range(10):
        Job.objects.update(state=JobState.WAITING, lease_until=None, attempts=0)
        won = [job for job in _race(8, jobs.claim) if job is not None]
        assert len(won) == 1


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_get_two_numbers_and_a_double_click_one(standard, clerk, county, story_workbook):
    content = story_workbook("passes")
    same = _race(4, lambda: actions.upload_workbook(clerk, county, 2026, "a.xlsx", content).version)
    assert same == [1, 1, 1, 1]
    others = [story_workbook("one_school_short"), story_workbook("six_of_seven"), story_workbook("fails_widely")]
    versions = _race(3, lambda: actions.upload_workbook(clerk, county, 2026, "b.xlsx", others.pop()).version)
    assert sorted(versions) == [2, 3, 4]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stage", [JobStage.READING, JobStage.COMPUTING, JobStage.STORING])
def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_job_is_done_after_restart(
    uploaded, worker_environment, stage
):
    # A real process is killed with SIGKILL while it holds the claim, as it announces each stage.
    script = (
        "import django, time; django.setup()\n"
        "from evaluation import actions, jobs\n"
        "announce = jobs.report_stage\n"
        "def stop_at(job, stage, *rest):\n"
        "    announce(job, stage, *rest)\n"
        f"    if stage == {str(stage)!r}: print('here', flush=True); time.sleep(60)\n"
        "jobs.report_stage = stop_at\n"
        "actions.run_job(jobs.claim())\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=worker_environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "here\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert uploaded.jobs.get().state == JobState.RUNNING
    assert nothing_is_stored()

    restarted = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, env=worker_environment)
    try:
        deadline = time.monotonic() + 30
        while uploaded.jobs.get().state != JobState.DONE and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        restarted.terminate()
        restarted.wait(20)
    assert uploaded.jobs.get().state == JobState.DONE
    assert uploaded.jobs.get().attempts == 2
    assert Verdict.objects.count() == 1
    assert restarted.returncode == 0
