"""What keeps the site running, and what looks at all counties at once: the steward's rooms."""

from __future__ import annotations

from typing import Any

from evaluation import national
from evaluation.models import Job, JobState, NationalRun, Standard
from tests.permissions.askers import EVERY_STEWARD, Asker
from tests.permissions.row import ONCE, Of, Row, nothing
from tests.permissions.rules import done_by, seen_by
from tests.permissions.world import Case, World

A = Asker
#: A superuser tends accounts and jobs, and judges nothing.
NATIONAL = frozenset({A.STEWARD, A.OTHER_STEWARD})
_TENDS = frozenset({A.STEWARD, A.SUPERUSER})


def common(name: str) -> Of:
    """A thing that belongs to no county."""
    return lambda world, case: (world.things[name].pk,)


def _set_aside(world: World, case: Case) -> None:
    Job.objects.filter(submission__county=case.county).update(state=JobState.SET_ASIDE, error="OperationalError")


def _job(world: World, case: Case) -> tuple[Any, ...]:
    return (Job.objects.filter(submission__county=case.county).order_by("pk").first().pk,)


def _of_year(world: World, case: Case) -> dict[str, Any]:
    return {"standard": Standard.objects.get().pk, "school_year": case.trial.school_year}


def _paused(world: World, case: Case) -> None:
    national.pause(None, NationalRun.objects.get(pk=world.things["running"].pk))


def _cancelled(world: World, case: Case) -> None:
    national.cancel(None, NationalRun.objects.get(pk=world.things["running"].pk))


_JOBS = [
    Row("dead_letters", nothing, seen_by(EVERY_STEWARD), cases=ONCE),
    Row("job_revive", _job, post=done_by(_TENDS, EVERY_STEWARD), before=_set_aside),
    Row(
        "jobs_revive", lambda world, case: ("submission",), post=done_by(_TENDS, EVERY_STEWARD), before=_set_aside,
        cases=ONCE,
    ),
    Row("outbox_again", common("letter"), post=done_by(_TENDS, EVERY_STEWARD), cases=ONCE),
    Row("outbox_all_again", nothing, post=done_by(_TENDS, EVERY_STEWARD), cases=ONCE),
]  # fmt: skip

_NATIONAL = [
    Row(
        "national_runs", nothing, seen_by(NATIONAL), done_by(NATIONAL), send=_of_year, before=_cancelled, cases=ONCE
    ),
    Row("national_run", common("judged"), seen_by(NATIONAL), cases=ONCE),
    Row(
        "national_run_progress", common("running"), seen_by(NATIONAL), cases=ONCE, headers={"HX-Request": "true"}
    ),
    Row("national_run_export", common("judged"), seen_by(NATIONAL), cases=ONCE),
    Row("national_run_pause", common("running"), post=done_by(NATIONAL), cases=ONCE),
    Row("national_run_resume", common("running"), post=done_by(NATIONAL), before=_paused, cases=ONCE),
    Row("national_run_cancel", common("running"), post=done_by(NATIONAL), cases=ONCE),
    Row("radar", nothing, seen_by(NATIONAL), done_by(NATIONAL), send=_of_year, cases=ONCE),
    Row("radar_scan", common("scan"), seen_by(NATIONAL), cases=ONCE),
    Row("radar_export", common("scan"), seen_by(NATIONAL), cases=ONCE),
]  # fmt: skip

ROWS = [*_JOBS, *_NATIONAL]
