"""All counties at once: the same findings as one by one, however the work is shared and whatever dies in between."""

from __future__ import annotations

import pytest

from evaluation import jobs, national, run_states
from evaluation.actions import load_standard, run_job
from evaluation.decisions import supply_survey
from evaluation.event_words import kind_label
from evaluation.models import (
    Event,
    Job,
    JobState,
    NationalRun,
    RunFinding,
    RunState,
    RunVerdict,
)
from evaluation.national_batches import Version, cut, versions_in_question
from evaluation.permissions import Refused
from evaluation.signing import withdraw
from indicators.models import Submission
from schools.actions import appoint
from schools.models import County, Division
from schools.vocabulary import Party
from tests.conftest import PASSWORD, ROOT
from tests.evaluation.nation import (
    DAY,
    ONE_EACH,
    YEAR,
    assert_as_alone,
    finish,
    started,
    store,
    store_counties,
    stored_findings,
)
from tests.evaluation.test_decisions import FILE, SURVEY, TODAY, grant
from tests.evaluation.test_decisions import school as _school_of_64
from tests.evaluation.walk import signed

school = _school_of_64


@pytest.fixture
def steward(county):
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def chief(county):
    return appoint("chief", "审定人甲", Party.CHIEF, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def nation(standard, clerk) -> list[Submission]:
    return store_counties(clerk)


# ── The same as one by one ────────────────────────────────────────────────────────────────────


def test_every_county_of_a_run_has_the_findings_of_its_own_verdict(nation, standard):
    run = finish(started(standard))
    assert (run.state, run.submissions) == (RunState.DONE, len(nation))
    assert run.finished_at is not None
    assert_as_alone(run, nation)
    assert {verdict.passed for verdict in RunVerdict.objects.all()} >= {False, None}


def test_what_was_decided_about_a_county_is_in_the_run(nation, standard, uploaded, chief, school):
    finish_uploads()
    grant(chief, school, valid_from=DAY)
    supply_survey(chief, uploaded.county, YEAR, SURVEY, "省级调查", TODAY, FILE)
    run = finish(started(standard))
    assert_as_alone(run, [*nation, uploaded])
    own = stored_findings(run)[uploaded.pk]
    assert ("S1", "met") in {(code, status) for code, _, status, _ in own}


def finish_uploads() -> None:
    while (job := jobs.claim()) is not None:
        run_job(job)


def test_the_standard_of_2012_is_run_as_one_county_is_judged_by_it(nation):
    basic, _ = load_standard((ROOT / "fixtures/standards/2012-basic.toml").read_bytes())
    run = finish(started(basic))
    assert_as_alone(run, nation)


@pytest.mark.parametrize("sizes", [{"most_counties": 1}, {"most_counties": 3}, {"most_rows": 30}])
def test_however_the_counties_are_cut_into_batches_the_digest_is_the_same(nation, standard, sizes):
    whole, parts = finish(started(standard)), finish(started(standard, **sizes))
    assert parts.batches.count() > whole.batches.count() == 2
    assert national.run_digest(whole) == national.run_digest(parts)
    assert stored_findings(whole) == stored_findings(parts)


def test_the_digest_tells_another_result_and_another_version(nation, standard, clerk):
    before = national.run_digest(finish(started(standard)))
    later = NationalRun.objects.get()
    RunFinding.objects.filter(verdict__run=later).update(value=1.0)
    assert national.run_digest(later) == before
    verdict = RunVerdict.objects.first()
    RunVerdict.objects.filter(pk=verdict.pk).update(sha256="0" * 64)
    assert national.run_digest(later) != before
    store(clerk, nation[0].county, 55)
    assert national.run_digest(finish(started(standard))) != before


def test_batches_keep_to_provinces_and_to_both_limits():
    versions = [Version(f"{10 + n % 3}0000", n, 40 if n == 7 else 10) for n in range(30)]
    batches = list(cut(versions, 4, 35))
    assert sorted(version for batch in batches for version in batch) == sorted(versions)
    assert all(len({version.province for version in batch}) == 1 for batch in batches)
    assert all(len(batch) <= 4 for batch in batches)
    assert all(sum(v.rows for v in batch) <= 35 or [v.submission for v in batch] == [7] for batch in batches)
    assert len(list(cut(versions))) == 3


# ── Which versions ────────────────────────────────────────────────────────────────────────────


def test_a_run_takes_the_newest_version_that_could_be_judged(nation, standard, clerk):
    newer = store(clerk, nation[0].county, 55)
    unread = store(clerk, nation[1].county, 56)
    Submission.objects.filter(pk=unread.pk).update(is_readable=False)
    chosen = {version.submission for version in versions_in_question(YEAR)}
    assert chosen == {newer.pk, *(version.pk for version in nation[1:])}
    assert versions_in_question(YEAR - 1) == []


def test_a_run_takes_what_was_signed_while_it_stands(standard, county, clerk, signer):
    evaluation = signed(county, clerk, signer)
    filed, year = evaluation.filing.submission_id, evaluation.school_year
    newer = store(clerk, county, 55, year)
    assert [version.submission for version in versions_in_question(year)] == [filed]
    withdraw(signer, evaluation, evaluation.version, "补充材料。")
    assert [version.submission for version in versions_in_question(year)] == [newer.pk]


# ── Who starts, and when not ──────────────────────────────────────────────────────────────────


def test_only_the_steward_takes_a_step_over_the_nation(nation, standard, steward, clerk, signer, inspector, chief):
    run = national.start_run(steward, standard, YEAR, DAY)
    for person in (clerk, signer, inspector, chief):
        with pytest.raises(Refused, match="管理员"):
            national.start_run(person, standard, YEAR - 1, DAY)
        for step in (national.pause, national.resume, national.cancel):
            with pytest.raises(Refused, match="管理员"):
                step(person, run)
    run.refresh_from_db()
    assert (run.state, run.requested_by) == (RunState.RUNNING, steward)


def test_nothing_to_judge_and_a_run_under_way_are_refused_in_words(nation, standard, steward):
    with pytest.raises(Refused, match="2019 学年还没有可以核算的县"):
        national.start_run(steward, standard, 2019, DAY)
    first = national.start_run(steward, standard, YEAR, DAY)
    national.pause(steward, first)
    with pytest.raises(Refused, match=f"第 {first.pk} 号，已暂停"):
        national.start_run(steward, standard, YEAR, DAY)
    basic, _ = load_standard((ROOT / "fixtures/standards/2012-basic.toml").read_bytes())
    national.start_run(steward, basic, YEAR, DAY)
    national.cancel(steward, first)
    national.start_run(steward, standard, YEAR, DAY)
    assert NationalRun.objects.count() == 3


def test_every_step_over_a_run_is_one_event(nation, standard, steward):
    run = national.start_run(steward, standard, YEAR, DAY)
    national.pause(steward, run)
    national.resume(steward, run)
    national.cancel(steward, run)
    events = Event.objects.filter(kind__startswith="national_run").order_by("number")
    kinds = [kind_label(event.kind) for event in events]
    assert kinds == ["发起全国核算", "暂停全国核算", "继续全国核算", "取消全国核算"]
    assert {event.actor for event in events} == {steward}
    for step, words in ((national.pause, "已取消"), (national.resume, "已取消"), (national.cancel, "已取消")):
        with pytest.raises(Refused, match=words):
            step(steward, run)
    assert Event.objects.filter(kind__startswith="national_run").count() == len(events)


# ── Pause, resume, cancel ─────────────────────────────────────────────────────────────────────


def test_a_paused_run_finishes_what_is_being_judged_and_takes_nothing_new(nation, standard, steward):
    run = started(standard, **ONE_EACH)
    job = jobs.claim()
    national.pause(steward, run)
    run_job(job)
    assert RunVerdict.objects.filter(run=run).count() == 1
    assert jobs.claim() is None
    national.resume(steward, run)
    assert finish(run).state == RunState.DONE
    assert_as_alone(run, nation)


def test_a_run_whose_last_batch_ends_while_it_rests_is_done(nation, standard, steward):
    run = started(standard)
    claimed = [jobs.claim(), jobs.claim()]
    national.pause(steward, run)
    for job in claimed:
        run_job(job)
    run.refresh_from_db()
    assert (run.state, RunVerdict.objects.count()) == (RunState.DONE, len(nation))


def cancelled_while_a_batch_is_judged(monkeypatch, run: NationalRun) -> Job:
    """A batch whose figures were read and judged when the run was cancelled, then brought to its end."""
    before = national.judged

    def judged(*args):
        judgement = before(*args)
        national.cancel(None, run)
        return judgement

    monkeypatch.setattr(national, "judged", judged)
    job = jobs.claim()
    run_job(job)
    job.refresh_from_db()
    return job


def test_a_batch_of_a_cancelled_run_writes_nothing(nation, standard, monkeypatch):
    run = started(standard)
    job = cancelled_while_a_batch_is_judged(monkeypatch, run)
    assert not RunVerdict.objects.exists()
    assert not RunFinding.objects.exists()
    assert (job.state, job.error) == (JobState.WAITING, "这次全国核算已取消。")
    assert jobs.claim() is None
    run.refresh_from_db()
    assert (run.state, run.finished_at is None) == (RunState.CANCELLED, False)


def test_without_the_look_at_the_run_the_batch_of_a_cancelled_run_would_be_written(nation, standard, monkeypatch):
    run = started(standard)
    monkeypatch.setattr(run_states, "hold", lambda run_id: NationalRun(state=RunState.RUNNING))
    cancelled_while_a_batch_is_judged(monkeypatch, run)
    assert RunVerdict.objects.exists()


def test_what_was_judged_before_the_cancelling_stays(nation, standard, steward):
    run = started(standard, **ONE_EACH)
    run_job(jobs.claim())
    national.cancel(steward, run)
    assert RunVerdict.objects.filter(run=run).count() == 1


def test_the_number_of_queries_of_a_batch_does_not_grow_with_its_counties(
    nation, standard, django_assert_max_num_queries
):
    run = started(standard)
    for job in (jobs.claim(), jobs.claim()):
        with django_assert_max_num_queries(30):
            run_job(job)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    assert County.objects.filter(submissions__in=nation).count() == len(nation)
