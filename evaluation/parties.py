"""The people behind the parties of an evaluation: who holds the ball, and who is told of a step."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from evaluation.models import Assignment, Evaluation, Recusal
from schools.models import User
from schools.vocabulary import DivisionLevel, Party


def people_of(evaluation: Evaluation, parties: Iterable[Party]) -> dict[Party, list[User]]:
    """The active people of each party for this evaluation: the inspector is who it is assigned to."""
    county, asked = evaluation.county, list(dict.fromkeys(parties))
    city = county.parent
    # A county unit of a prefecture city without counties stands directly under its province.
    province = city.parent_id if city is not None and city.level != DivisionLevel.PROVINCE else county.parent_id
    assigned = Assignment.objects.filter(county=county, school_year=evaluation.school_year, ended_at=None)
    away = Recusal.objects.filter(county=county)
    theirs = (
        Q(party__in=(Party.CLERK, Party.SIGNER), place_id=county.pk)
        | Q(party=Party.CITY_REVIEWER, place_id=county.parent_id)
        | (Q(party=Party.INSPECTOR, pk__in=assigned.values("inspector")) & ~Q(pk__in=away.values("inspector")))
        | Q(party=Party.CHIEF, place_id=province)
    )
    people = User.objects.filter(theirs, party__in=asked, is_active=True).order_by("pk")
    found: dict[Party, list[User]] = {party: [] for party in asked}
    for person in people:
        found[Party(person.party)].append(person)
    return found


def party_words(party: Party, people: Iterable[User]) -> str:
    """A party and the names of its people: 市级复核 张三、李四."""
    names = "、".join(str(person) for person in people)
    return f"{party.label} {names}" if names else f"{party.label}（还没有人员）"
