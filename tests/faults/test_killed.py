"""Whatever is killed in the middle of a national run: no county is lost, none judged twice, none otherwise."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest

from benchmarks import deployment, faults
from tests.conftest import ROOT

COUNTIES, KILLS = 285, 5


def test_kills_at_random_moments_of_a_national_run_lose_and_double_nothing():
    # A tenth of what `benchmarks/faults.py` does without arguments: its own PostgreSQL, Redis and Celery workers.
    if missing := deployment.missing_programs():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{', '.join(missing)} must be there in CI")
        pytest.skip(f"NOT ON THIS MACHINE: {', '.join(missing)}. Kills in a national run are not tested here")
    command = [sys.executable, "benchmarks/faults.py", "--json", "--counties", str(COUNTIES), "--schools", "8500"]
    done = subprocess.run(
        [*command, "--kills", str(KILLS), "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr[-6000:]
    told = json.loads(done.stdout.splitlines()[-1])
    # All of it happened, and in the middle: something had to be taken up a second time.
    assert (told["counties"], told["kills"], told["happened"]["flush"]) == (COUNTIES, KILLS, 2), told
    assert set(told["happened"]) == {*faults.MIX, "flush"}
    assert told["batches"] >= KILLS * faults.BATCHES_A_KILL
    assert told["uploads"] == 2 * KILLS
    assert told["taken_more_than_once"] > 0, told
    assert faults.is_whole(told), (told, done.stderr[-6000:])
    assert done.returncode == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"lost": 1},
        {"doubled": 1},
        {"is_equal": False},
        {"state": "running"},
        {"uploads_lost": 1},
        {"uploads_doubled": 1},
        {"uploads_different": 1},
        {"jobs_open": 1},
    ],
)
def test_one_fault_alone_is_enough_to_fail(fault):
    nothing = dict.fromkeys(("lost", "doubled", "uploads_lost", "uploads_doubled", "uploads_different", "jobs_open"), 0)
    whole = nothing | {"is_equal": True, "state": "done"}
    assert faults.is_whole(whole)
    assert not faults.is_whole(whole | fault)


def test_a_plan_kills_everything_at_least_once_and_flushes_twice():
    for kills in (5, 50):
        plan = faults.plan_of(kills, random.Random(1))
        assert set(plan) == {*faults.MIX, "flush"}
        assert (len(plan), plan.count("flush")) == (kills + 2, 2)
        assert plan == faults.plan_of(kills, random.Random(1))
        assert plan != faults.plan_of(kills, random.Random(2))
