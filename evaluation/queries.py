"""Reads of the judging that views, commands and tasks share. Every one that a person triggers takes that person."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from evaluation.models import Job, Standard, Verdict
from evaluation.permissions import Person, can_see_trial
from indicators.models import Submission
from schools.models import County, User
from schools.vocabulary import DivisionLevel

#: The standard a county is judged against unless another is asked for.
DEFAULT_STANDARD = "2017-quality"


def default_standard() -> Standard:
    """The loaded standard that counties are judged against."""
    return Standard.objects.get(pk=DEFAULT_STANDARD)


def submissions_visible_to(user: Person) -> QuerySet[Submission]:
    """The versions ``user`` may see, newest first."""
    if not isinstance(user, User) or user.place_id is None or not can_see_trial(user, user.place_id):
        return Submission.objects.none()
    return Submission.objects.filter(county_id=user.place_id).select_related("county", "uploaded_by")


def job_of(submission: Submission) -> Job | None:
    """The newest job of a version."""
    return submission.jobs.order_by("-pk").first()


def verdict_of(submission: Submission) -> Verdict | None:
    """The verdict of a version against the default standard, None until it is there."""
    return submission.verdicts.filter(standard_id=DEFAULT_STANDARD).first()


def counties_of(user: User) -> QuerySet[County]:
    """The counties within the place of an official."""
    if user.place is None:
        return County.objects.none()
    if user.place.level == DivisionLevel.COUNTY:
        return County.objects.filter(pk=user.place_id)
    if user.place.level == DivisionLevel.CITY:
        return County.objects.filter(parent_id=user.place_id)
    # County units of a prefecture city without counties stand directly under their province.
    return County.objects.filter(Q(parent__parent_id=user.place_id) | Q(parent_id=user.place_id))
