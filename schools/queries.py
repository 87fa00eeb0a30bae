"""Reads of the register that every room above shares."""

from __future__ import annotations

import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from schools.models import Division, Invitation, User
from schools.vocabulary import DivisionLevel, Party

#: The school year begins on 1 September; annual figures are taken on that day.
_FIRST_MONTH = 9


def school_year_of(day: datetime.date) -> int:
    """The school year ``day`` falls into, named by the calendar year it began in."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def current_school_year() -> int:
    """The school year counties fill in now."""
    return school_year_of(timezone.localdate())


def is_steward(user: object) -> bool:
    """Whether this person tends accounts and the register; a superuser does, for the whole country."""
    return isinstance(user, User) and user.is_active and (user.is_superuser or user.party == Party.STEWARD)


def within(place_code: str, field: str = "place") -> Q:
    """Rows whose place (the relation ``field``, "" for the divisions themselves) is a division or lies within it."""
    names = ("pk", "parent", "parent__parent") if not field else (field, f"{field}__parent", f"{field}__parent__parent")
    return Q(**{names[0]: place_code}) | Q(**{names[1]: place_code}) | Q(**{names[2]: place_code})


def people_visible_to(user: object) -> QuerySet[User]:
    """The accounts a steward tends: of their own province, without superusers; a superuser tends all."""
    found = User.objects.select_related("place__parent__parent")
    if not isinstance(user, User) or not is_steward(user):
        return found.none()
    return found if user.is_superuser else found.filter(within(user.place_id or ""), is_superuser=False)


def invitations_visible_to(user: object) -> QuerySet[Invitation]:
    """The invitations to places a steward tends."""
    found = Invitation.objects.select_related("place__parent__parent", "invited_by", "takes_over_from", "accepted_by")
    if not isinstance(user, User) or not is_steward(user):
        return found.none()
    return found if user.is_superuser else found.filter(within(user.place_id or ""))


def places_visible_to(user: object) -> QuerySet[Division]:
    """The divisions a steward may give posts in."""
    found = Division.objects.select_related("parent__parent").order_by("code")
    if not isinstance(user, User) or not is_steward(user):
        return found.none()
    return found if user.is_superuser else found.filter(within(user.place_id or "", ""))


def provinces() -> QuerySet[Division]:
    """Every province of the register, in the order of the codes."""
    return Division.objects.filter(level=DivisionLevel.PROVINCE).order_by("pk")
