"""``manage.py judge_nation``: what it prints, its exit codes, and the same digest from one process and from several."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from evaluation import jobs, national
from evaluation.actions import load_standard
from evaluation.models import Event, Job, NationalRun, RunState, RunVerdict
from schools.actions import add_division, appoint
from schools.models import County
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD, ROOT, STANDARD_PATH
from tests.evaluation.nation import DAY, YEAR, finish, store_counties, stored_findings

SEEDS = (4, 6, 20, 40, 41, 42, 43, 44)


@pytest.fixture
def nation(standard, clerk):
    return store_counties(clerk, SEEDS)


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("judge_nation", *arguments, stdout=out)
    return out.getvalue()


def test_it_judges_here_and_prints_progress_outcomes_and_the_digest(nation, standard):
    said = told("--year", str(YEAR), "--standard", "2017-quality")
    run = NationalRun.objects.get()
    assert (run.state, run.requested_by) == (RunState.DONE, None)
    assert "8 个县" in said
    assert "已核算 8 / 8 个县" in said
    assert "已完成：8 / 8 个县" in said
    assert f"摘要 {national.run_digest(run)}" in said
    assert told("--digest", str(run.pk)).strip() == national.run_digest(run)
    assert Event.objects.filter(kind="national_run_started", actor=None).count() == 1


def test_what_cannot_be_done_ends_with_two_and_a_sentence(nation, standard):
    run = national.start_run(None, standard, YEAR, DAY)
    for arguments, words in (
        (("--year", "2019"), "还没有可以核算的县"),
        (("--year", str(YEAR)), "正在进行"),
        (("--standard", "none"), "没有载入标准 none"),
        (("--resume", str(run.pk)), "正在核算"),
        (("--pause", "999"), "没有第 999 号核算"),
    ):
        with pytest.raises(CommandError, match=words) as refused:
            told(*arguments)
        assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="1 至 64"):
        told("--workers", "0")


def test_a_run_is_paused_resumed_joined_and_cancelled_from_the_command_line(nation, standard):
    run = national.start_run(None, standard, YEAR, DAY)
    assert "已暂停" in told("--pause", str(run.pk))
    assert jobs.claim() is None
    assert "正在核算" in told("--resume", str(run.pk))
    told("--join", str(run.pk))
    run.refresh_from_db()
    assert (run.state, RunVerdict.objects.count()) == (RunState.DONE, len(nation))
    again = national.start_run(None, standard, YEAR, DAY)
    assert "已取消" in told("--cancel", str(again.pk))
    assert "已取消" in told("--join", str(again.pk))


def test_a_run_with_a_county_nobody_can_judge_ends_with_one_and_names_it(nation, standard, monkeypatch):
    read = national.stored_counties

    def stored_counties(keys):
        if nation[3].pk in keys:
            raise ValueError("broken")
        return read(keys)

    claim = jobs.claim

    def claim_at_once(job_id=None):
        Job.objects.update(not_before=None)
        return claim(job_id)

    monkeypatch.setattr(national, "stored_counties", stored_counties)
    monkeypatch.setattr(jobs, "claim", claim_at_once)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("judge_nation", "--year", str(YEAR), stdout=out)
    assert ended.value.code == 1
    assert f"没有结论的版本 {nation[3].pk}：ValueError: broken" in out.getvalue()
    assert "7 / 8 个县" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_two_worker_processes_find_what_one_process_finds(worker_environment):
    load_standard(STANDARD_PATH.read_bytes())
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990101", "望棠区", DivisionLevel.COUNTY, "990100")
    clerk = appoint("clerk", "填报员甲", Party.CLERK, County.objects.get(pk="990101"), PASSWORD)
    store_counties(clerk, SEEDS)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "judge_nation", "--year", str(YEAR), "--workers", "2"],
        env=worker_environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    several = NationalRun.objects.get()
    standard = several.standard
    alone = finish(national.start_run(None, standard, YEAR, several.as_of, most_counties=1))
    assert f"摘要 {national.run_digest(alone)}" in done.stdout
    assert stored_findings(several) == stored_findings(alone)
