"""Whatever dies between, no county of a run is lost, none is stored twice, and the run comes to its end."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from evaluation import jobs, national, run_states
from evaluation.actions import load_standard, run_job
from evaluation.models import Job, JobState, NationalRun, RunBatch, RunFinding, RunState, RunVerdict
from indicators.models import Submission
from tests.conftest import STANDARD_PATH
from tests.evaluation.nation import ONE_EACH, assert_as_alone, finish, started, store_counties

_EXPIRED = timezone.make_aware(timezone.datetime(2020, 1, 1))


@pytest.fixture
def nation(standard, clerk) -> list[Submission]:
    return store_counties(clerk)


# ── Whatever dies ─────────────────────────────────────────────────────────────────────────────


def test_two_workers_on_one_batch_give_one_verdict(nation, standard):
    run = started(standard, **ONE_EACH)
    first = jobs.claim()
    Job.objects.filter(pk=first.pk).update(lease_until=_EXPIRED)
    second = jobs.claim(first.pk)
    run_job(second)
    run_job(first)
    [version] = first.batch.submissions
    assert RunVerdict.objects.filter(run=run, submission=version).count() == 1
    run_job(second)
    assert RunVerdict.objects.filter(run=run).count() == 1
    finish(run)
    assert_as_alone(run, nation)


def test_the_late_worker_of_a_batch_that_was_cut_writes_nothing(nation, standard):
    run = started(standard)
    first = jobs.claim()
    Job.objects.filter(pk=first.pk).update(lease_until=_EXPIRED)
    second = jobs.claim(first.pk)
    run_job(second)
    run_job(first)
    assert not RunVerdict.objects.exists()
    finish(run)
    assert_as_alone(run, nation)


@pytest.mark.parametrize("moment", ["judged", "save_verdicts", "close_if_over"])
def test_a_worker_that_dies_anywhere_in_between_loses_nothing(nation, standard, monkeypatch, moment):
    class Died(BaseException):
        """Nothing catches it, like a kill."""

    def die(*args):
        raise Died

    place = run_states if moment == "close_if_over" else national
    run = started(standard)
    job = jobs.claim()
    with monkeypatch.context() as patch:
        patch.setattr(place, moment, die)
        with pytest.raises(Died):
            run_job(job)
    assert not RunVerdict.objects.exists()
    assert not RunFinding.objects.exists()
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=_EXPIRED)
    assert finish(run).state == RunState.DONE
    assert_as_alone(run, nation)


def test_a_county_that_nobody_can_judge_ends_alone_and_all_others_have_their_verdict(nation, standard, monkeypatch):
    poisoned = nation[5]
    read = national.stored_counties

    def stored_counties(keys):
        if poisoned.pk in keys:
            raise MemoryError("too much")
        return read(keys)

    monkeypatch.setattr(national, "stored_counties", stored_counties)
    run = finish(started(standard))
    assert run.state == RunState.DONE
    [left] = Job.objects.filter(state=JobState.SET_ASIDE)
    assert left.batch.submissions == [poisoned.pk]
    assert left.error == "MemoryError: too much"
    assert left.attempts == jobs.MOST_ATTEMPTS
    monkeypatch.undo()
    assert_as_alone(run, [version for version in nation if version != poisoned])


def test_a_county_that_kills_its_worker_ends_alone_too_and_the_run_is_closed(nation, standard):
    poisoned = nation[5].pk
    run = started(standard)
    while (job := jobs.claim()) is not None:
        is_deadly = job.attempts == 1 or len(job.batch.submissions) == 1
        if poisoned in job.batch.submissions and is_deadly:
            Job.objects.filter(pk=job.pk).update(lease_until=_EXPIRED)
        else:
            run_job(job)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    [left] = Job.objects.filter(state=JobState.SET_ASIDE)
    assert left.batch.submissions == [poisoned]
    assert "处理中断" in left.error
    assert RunVerdict.objects.filter(run=run).count() == len(nation) - 1


def test_a_batch_that_was_cut_stays_as_an_empty_trace_and_no_county_is_lost(nation, standard):
    run = started(standard)
    job = jobs.claim()
    jobs.put_back(job, "ConnectionError: gone")
    Job.objects.update(not_before=None)
    batch, keys = job.batch, job.batch.submissions
    run_job(jobs.claim(job.pk))
    batch.refresh_from_db()
    assert (batch.submissions, batch.rows) == ([], 0)
    pieces = RunBatch.objects.filter(run=run, pk__gt=batch.pk).order_by("-pk")[:2]
    assert sorted(pieces[0].submissions + pieces[1].submissions) == keys
    assert abs(len(pieces[0].submissions) - len(pieces[1].submissions)) <= 1
    assert sum(each.rows for each in RunBatch.objects.filter(run=run)) == run.rows


# ── The end of a run, seen by two at once ─────────────────────────────────────────────────────


def last_two_batches_at_once(monkeypatch, run: NationalRun, meet_before_holding: bool) -> NationalRun:
    """The last two batches of a run, each stored and not committed when the other looks whether all is over."""
    while Job.objects.filter(batch__run=run, state=JobState.WAITING).count() > 2:
        run_job(jobs.claim())
    last = [jobs.claim(), jobs.claim()]
    barrier, hold = threading.Barrier(2, timeout=30), run_states.hold

    def meeting(run_id):
        if meet_before_holding:
            if not getattr(here, "met", False):
                here.met = True
                barrier.wait()
            return hold(run_id)
        return NationalRun.objects.get(pk=run_id)

    def close_then_meet(run_id):
        closed = close(run_id)
        barrier.wait()
        return closed

    here, close = threading.local(), run_states.close_if_over
    monkeypatch.setattr(run_states, "hold", meeting)
    if not meet_before_holding:
        monkeypatch.setattr(run_states, "close_if_over", close_then_meet)

    def work(job):
        try:
            run_job(job)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(job,)) for job in last]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    run.refresh_from_db()
    return run


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite 只有一个写者，两个批次不能同时结束")
@pytest.mark.django_db(transaction=True)
def test_of_two_last_batches_that_end_at_once_one_closes_the_run(county, clerk, monkeypatch):
    standard, _ = load_standard(STANDARD_PATH.read_bytes())
    store_counties(clerk, (4, 6, 20))
    run = last_two_batches_at_once(monkeypatch, started(standard, **ONE_EACH), True)
    assert (run.state, RunVerdict.objects.count()) == (RunState.DONE, 3)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite 只有一个写者，两个批次不能同时结束")
@pytest.mark.django_db(transaction=True)
def test_without_holding_the_run_nobody_would_close_it(county, clerk, monkeypatch):
    standard, _ = load_standard(STANDARD_PATH.read_bytes())
    store_counties(clerk, (4, 6, 20))
    run = last_two_batches_at_once(monkeypatch, started(standard, **ONE_EACH), False)
    assert (run.state, RunVerdict.objects.count()) == (RunState.RUNNING, 3)
