"""Two workers on one county give one verdict, and a county that nobody can judge does not stop the others.

Every guard has its control here: with it taken away the test sees the harm it prevents.
"""

from __future__ import annotations

import datetime
import threading

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import actions, jobs
from evaluation.models import Job, JobState, Verdict
from indicators.models import SchoolRecord
from schools.actions import appoint
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.evaluation.test_jobs import _race


def without_fence(monkeypatch) -> None:
    """Let whoever thinks to have a job finish it."""

    def finish_carelessly(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE, lease_until=None, finished_at=timezone.now())

    monkeypatch.setattr(jobs, "report_stage", lambda *args: None)
    monkeypatch.setattr(jobs, "finish", finish_carelessly)


def two_claims() -> tuple[Job, Job]:
    """A worker thought dead, and the one that took its job over."""
    slow = jobs.claim()
    Job.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    return slow, jobs.claim()


def test_of_two_workers_on_one_county_the_one_thought_dead_writes_nothing(uploaded):
    slow, quick = two_claims()
    actions.run_job(quick)
    before = list(Verdict.objects.values()), SchoolRecord.objects.count()
    actions.run_job(slow)
    assert (list(Verdict.objects.values()), SchoolRecord.objects.count()) == before
    job = uploaded.jobs.get()
    assert (job.state, job.error, job.attempts) == (JobState.DONE, "", 2)


def test_without_the_fence_the_second_would_write_too(uploaded, monkeypatch):
    slow, quick = two_claims()
    without_fence(monkeypatch)
    errors = []
    monkeypatch.setattr(jobs, "put_back", lambda job, error: errors.append(error))
    actions.run_job(quick)
    assert errors == []
    actions.run_job(slow)
    # The second attempt got as far as writing: only the constraints of the database stood in its way.
    [error] = errors
    assert "IntegrityError" in error


def test_without_the_fence_and_the_constraints_there_would_be_two_verdicts(uploaded, monkeypatch):
    slow, quick = two_claims()
    without_fence(monkeypatch)
    actions.run_job(quick)
    monkeypatch.setattr(actions, "save_report", lambda *args: None)
    actions.run_job(slow)
    assert sorted(uploaded.verdicts.values_list("number", flat=True)) == [1, 2]


def test_the_database_itself_refuses_a_second_set_of_figures(uploaded):
    actions.run_waiting_jobs()
    row = uploaded.records.first()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_many_workers_on_one_county_at_once_give_one_verdict(uploaded):
    assert sum(_race(4, actions.run_waiting_jobs)) == 1
    assert uploaded.verdicts.count() == 1
    assert uploaded.records.count() == 18


@pytest.mark.django_db(transaction=True)
def test_without_the_comparison_in_the_claim_many_would_get_the_same_job(uploaded, monkeypatch):
    # The control of the claim: read, then write without asking whether the row is still as it was read.
    readers = threading.Barrier(4)

    def claim_carelessly() -> int:
        job = Job.objects.get(state=JobState.WAITING)
        readers.wait(20)
        return Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, lease_until=timezone.now())

    assert sum(_race(4, claim_carelessly)) == 4


def test_a_county_that_cannot_be_judged_does_not_stop_the_others(
    standard, clerk, county, other_county, story_workbook, monkeypatch
):
    poisoned = actions.upload_workbook(clerk, county, 2026, "a.xlsx", story_workbook("passes"))
    neighbour = appoint("clerk2", "填报员乙", Party.CLERK, other_county, PASSWORD)
    healthy = actions.upload_workbook(neighbour, other_county, 2026, "b.xlsx", story_workbook("six_of_seven"))
    judge = actions.judge_report

    def judge_unless_poisoned(*args):
        if Job.objects.get(state=JobState.RUNNING).submission_id == poisoned.pk:
            raise FloatingPointError("overflow encountered")
        return judge(*args)

    monkeypatch.setattr(actions, "judge_report", judge_unless_poisoned)
    assert actions.run_waiting_jobs() == 2
    assert healthy.verdicts.count() == 1
    assert poisoned.jobs.get().state == JobState.WAITING
    for _ in range(jobs.MOST_ATTEMPTS):
        Job.objects.update(not_before=None)
        actions.run_waiting_jobs()
    job = poisoned.jobs.get()
    assert (job.state, job.attempts) == (JobState.SET_ASIDE, jobs.MOST_ATTEMPTS)
    assert "FloatingPointError" in job.error
    assert not poisoned.verdicts.exists()
    # And whoever comes after it is judged as ever.
    later = actions.upload_workbook(neighbour, other_county, 2026, "c.xlsx", story_workbook("one_school_short"))
    assert actions.run_waiting_jobs() == 1
    assert later.verdicts.count() == 1
