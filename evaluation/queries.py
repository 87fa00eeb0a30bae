"""Reads of the judging that views, commands and tasks share. Every one that a person triggers takes that person."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from evaluation.core.decided import Decided, Grant, Judged, Supplied
from evaluation.event_words import PRIVATE
from evaluation.models import (
    Assignment,
    Evaluation,
    Event,
    Filing,
    ItemJudgement,
    Job,
    JobState,
    Recusal,
    RelaxationGrant,
    Standard,
    SuppliedResult,
    Verdict,
)
from evaluation.permissions import Person, can_see_trial
from indicators.models import PartialWorkbook, Submission
from schools.models import County, Division, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party

#: The standard a county is judged against unless another is asked for.
DEFAULT_STANDARD = "2017-quality"


def default_standard() -> Standard:
    """The loaded standard that counties are judged against."""
    return Standard.objects.get(pk=DEFAULT_STANDARD)


def submissions_visible_to(user: Person) -> QuerySet[Submission]:
    """The versions ``user`` may see, newest first: the county's desk all of its own, whoever reviews those that were
    signed and are theirs to review."""
    found = Submission.objects.select_related("county", "uploaded_by")
    if not isinstance(user, User) or user.place_id is None:
        return found.none()
    if can_see_trial(user, user.place_id):
        return found.filter(county_id=user.place_id)
    filed = Filing.objects.filter(evaluation__in=evaluations_visible_to(user).order_by().values("pk"))
    return found.filter(pk__in=filed.order_by().values("submission"))


def evaluations_visible_to(user: Person) -> QuerySet[Evaluation]:
    """The evaluations ``user`` may see: the same as ``permissions.can_see_evaluation``, for many."""
    found = Evaluation.objects.select_related("county__parent__parent", "standard", "filing")
    if not isinstance(user, User) or user.place_id is None or not user.is_active:
        return found.none()
    if user.party in (Party.CLERK, Party.SIGNER):
        return found.filter(county_id=user.place_id)
    filed = found.exclude(filing=None)
    if user.party == Party.CITY_REVIEWER:
        return filed.filter(county__parent_id=user.place_id)
    of_province = filed.filter(Q(county__parent_id=user.place_id) | Q(county__parent__parent_id=user.place_id))
    if user.party == Party.CHIEF:
        return of_province
    if user.party != Party.INSPECTOR:
        return found.none()
    mine = Assignment.objects.filter(
        inspector=user, county=OuterRef("county"), school_year=OuterRef("school_year"), ended_at=None
    )
    keeps_away = Recusal.objects.filter(inspector=user, county=OuterRef("county"))
    return of_province.filter(Exists(mine)).exclude(Exists(keeps_away))


def filings_visible_to(user: Person) -> QuerySet[Filing]:
    """The filings ``user`` may see: those of the evaluations they may see."""
    visible = evaluations_visible_to(user).order_by().values("pk")
    related = (
        "evaluation__county__parent__parent",
        "evaluation__filing",
        "submission",
        "verdict__standard",
        "signed_by",
    )
    return Filing.objects.filter(evaluation__in=visible).select_related(*related)


def events_visible_to(user: Person) -> QuerySet[Event]:
    """The events ``user`` may read, newest first: the county's desk all of its own county, whoever reviews those of the
    evaluations they may see. A steward reads none."""
    found = Event.objects.select_related("county__parent__parent").order_by("-number")
    if not isinstance(user, User) or user.place_id is None:
        return found.none()
    if can_see_trial(user, user.place_id):
        return found.filter(county_id=user.place_id).exclude(kind__in=PRIVATE)
    return found.filter(evaluation__in=evaluations_visible_to(user).order_by().values("pk"))


def evaluation_of(county: County, school_year: int) -> Evaluation | None:
    """The newest evaluation of a county and year by the default standard."""
    found = Evaluation.objects.filter(county=county, school_year=school_year, standard_id=DEFAULT_STANDARD)
    return found.order_by("-pk").first()


def partials_visible_to(user: Person) -> QuerySet[PartialWorkbook]:
    """The partial workbooks ``user`` may see, newest first: those of the versions they may see."""
    visible = submissions_visible_to(user).order_by().values("pk")
    return PartialWorkbook.objects.filter(base__in=visible).select_related("base__county", "uploaded_by", "decided_by")


def job_of(submission: Submission) -> Job | None:
    """The newest job of a version."""
    return submission.jobs.order_by("-pk").first()


def waiting_before(job: Job | None) -> int:
    """How many uploads wait in front of ``job``; 0 where it does not wait itself."""
    if job is None or job.state != JobState.WAITING:
        return 0
    before = Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, pk__lt=job.pk)
    return Job.objects.filter(before, state=JobState.WAITING, batch=None, document_order=None).count()


def verdict_of(submission: Submission) -> Verdict | None:
    """The verdict of a version against the default standard, None until it is there."""
    return submission.verdicts.filter(standard_id=DEFAULT_STANDARD).first()


def newest_judged(county: County, school_year: int) -> Submission | None:
    """The newest version of a county and year that could be judged."""
    versions = Submission.objects.filter(county=county, school_year=school_year, is_readable=True)
    return versions.order_by("-version").first()


def decided_about(county: County, school_year: int) -> Decided:
    """Everything decided about a county of one year beside its figures: the newest word on each item, and the
    relaxations that were not withdrawn. Whether a relaxation is valid on the day is the kernel's to say."""
    return decided_about_many([county.code], school_year)[0]


def decided_about_many(counties: Sequence[str], school_year: int) -> list[Decided]:
    """The same for many counties by their codes, in their order; three queries whatever their number."""
    judged: dict[str, dict[str, Judged]] = {}
    for row in ItemJudgement.objects.filter(county__in=counties, school_year=school_year).order_by("pk"):
        judged.setdefault(row.county_id, {})[row.criterion] = Judged(row.is_met, row.opinion)
    supplied: dict[str, dict[str, Supplied]] = {}
    for result in SuppliedResult.objects.filter(county__in=counties, school_year=school_year).order_by("pk"):
        words = f"{result.document}（{result.issued_on}）"
        supplied.setdefault(result.county_id, {})[result.criterion] = Supplied(result.figures, words)
    grants: dict[str, list[Grant]] = {}
    for g in RelaxationGrant.objects.filter(county__in=counties, withdrawn_at=None):
        grants.setdefault(g.county_id, []).append(Grant(g.relaxation, g.school_id, g.valid_from, g.valid_until))
    return [
        Decided(tuple(sorted(grants.get(code, ()))), judged.get(code, {}), supplied.get(code, {})) for code in counties
    ]


def counties_of(user: User) -> QuerySet[County]:
    """The counties an official answers for: those within their place; for an inspector those assigned this school year,
    without any they keep away from."""
    found = counties_in(user.place)
    if user.party != Party.INSPECTOR:
        return found
    mine = Assignment.objects.filter(
        inspector=user, county=OuterRef("pk"), school_year=current_school_year(), ended_at=None
    )
    keeps_away = Recusal.objects.filter(inspector=user, county=OuterRef("pk"))
    return found.filter(Exists(mine)).exclude(Exists(keeps_away))


def counties_in(place: Division | None) -> QuerySet[County]:
    """The counties within a division, itself where it is one."""
    if place is None:
        return County.objects.none()
    if place.level == DivisionLevel.COUNTY:
        return County.objects.filter(pk=place.pk)
    if place.level == DivisionLevel.CITY:
        return County.objects.filter(parent_id=place.pk)
    # County units of a prefecture city without counties stand directly under their province.
    return County.objects.filter(Q(parent__parent_id=place.pk) | Q(parent_id=place.pk))
