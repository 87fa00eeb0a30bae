"""Reads of national runs: how far one is, and what it found by province and by item. None grows with the counties but
the list of those that a table is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Substr

from evaluation.core.status import Status
from evaluation.models import Job, JobState, NationalRun, RunFinding, RunVerdict
from indicators.models import Submission
from schools.models import Division


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is: counties with a verdict, and its batches that wait, are being judged, are set aside."""

    judged: int
    waiting: int
    running: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Counties by outcome. ``complete`` are those of ``met`` of which nothing is left to judge."""

    met: int
    not_met: int
    unknown: int
    complete: int

    @property
    def all(self) -> int:
        return self.met + self.not_met + self.unknown


@dataclass(frozen=True, slots=True)
class Missing:
    """A county without a verdict, and the error its batch was set aside with."""

    code: str
    name: str
    error: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One county of a run as the table lists it: outcome, and the items (code, stage) that are not met or unknown."""

    code: str
    name: str
    province: str
    version: int
    passed: bool | None
    complete: bool
    not_met: tuple[tuple[str, str], ...]
    unknown: tuple[tuple[str, str], ...]


def standing_of(run: NationalRun) -> Standing:
    """How far a run is; two queries."""
    jobs = Job.objects.filter(batch__run=run).aggregate(
        waiting=Count("pk", filter=Q(state=JobState.WAITING)),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        set_aside=Count("pk", filter=Q(state=JobState.SET_ASIDE)),
    )
    return Standing(judged=RunVerdict.objects.filter(run=run).count(), **jobs)


def outcomes_by_province(run: NationalRun) -> list[tuple[str, Outcomes]]:
    """The counties of every province by outcome, in the order of codes."""
    names = dict(Division.objects.filter(parent=None).values_list("code", "name"))
    rows = RunVerdict.objects.filter(run=run).annotate(prefix=Substr("submission__county", 1, 2)).values("prefix")
    counted = rows.annotate(
        met=Count("pk", filter=Q(passed=True)),
        not_met=Count("pk", filter=Q(passed=False)),
        unknown=Count("pk", filter=Q(passed=None)),
        complete=Count("pk", filter=Q(passed=True, complete=True)),
    ).order_by("prefix")
    return [
        (names.get(f"{row['prefix']}0000", row["prefix"]), Outcomes(*(row[name] for name in Outcomes.__slots__)))
        for row in counted
    ]


def statuses_by_item(run: NationalRun) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """How many counties have which status, by code and stage of an item."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    rows = RunFinding.objects.filter(verdict__run=run).values_list("code", "stage", "status")
    for code, stage, status, counties in rows.annotate(counties=Count("pk")).order_by():
        found.setdefault((code, stage), {})[status] = counties
    return found


def failing_by_no_item(run: NationalRun) -> int:
    """Counties that are not met although none of their items is: by their schools, or by a composite."""
    by_item = RunFinding.objects.filter(verdict=OuterRef("pk"), status=Status.NOT_MET)
    return RunVerdict.objects.filter(~Exists(by_item), run=run, passed=False).count()


def missing_of(run: NationalRun) -> list[Missing]:
    """The counties whose batches were set aside, and why."""
    errors = {
        submission: job.error
        for job in Job.objects.filter(batch__run=run, state=JobState.SET_ASIDE).select_related("batch")
        for submission in job.batch.submissions
    }
    counties = Submission.objects.filter(pk__in=errors).order_by("county")
    rows = counties.values_list("pk", "county", "county__name")
    return [Missing(code, name, errors[pk]) for pk, code, name in rows]


def judged_counties(run: NationalRun) -> list[Judged]:
    """Every county of a run with what stands in its way, in the order of codes; three queries."""
    names = dict(Division.objects.filter(parent=None).values_list("code", "name"))
    lacking: dict[tuple[int, str], list[tuple[str, str]]] = {}
    rows = RunFinding.objects.filter(verdict__run=run, status__in=(Status.NOT_MET, Status.UNKNOWN)).order_by(
        "code", "stage"
    )
    for verdict, status, code, stage in rows.values_list("verdict", "status", "code", "stage").iterator(20_000):
        lacking.setdefault((verdict, status), []).append((code, stage))
    verdicts = RunVerdict.objects.filter(run=run).order_by("submission__county").annotate(
        county=F("submission__county"), name=F("submission__county__name"), version=F("submission__version")
    )  # fmt: skip
    return [
        Judged(
            code,
            name,
            names.get(f"{code[:2]}0000", ""),
            version,
            passed,
            complete,
            tuple(lacking.get((pk, Status.NOT_MET), ())),
            tuple(lacking.get((pk, Status.UNKNOWN), ())),
        )
        for pk, code, name, version, passed, complete in verdicts.values_list(
            "pk", "county", "name", "version", "passed", "complete"
        )
    ]
