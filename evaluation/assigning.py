"""The only writers of who answers for which county: shared out by the number of schools, given by hand, ended by a
recusal. Each is a row of its own with one event; at most one inspector answers for a county in a school year."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from evaluation.events import record_event
from evaluation.models import Assignment, Event, Message, Recusal
from evaluation.permissions import Refused, why_not_assign, why_not_recuse
from evaluation.queries import counties_of
from evaluation.sharing import Load, Share, share_out
from schools.models import County, Posting, School, User
from schools.queries import current_school_year
from schools.vocabulary import Party

_LONGEST_REASON = 300
_LONGEST_LINE = 500
_DAYS_OF_YEAR = 365.25
_OVERTAKEN = "刚刚有人分配过这些县，您的操作没有生效，请刷新后再看。"


@dataclass(frozen=True, slots=True)
class Line:
    """One county of the list: how many schools, who answers for it, why, and who must keep away."""

    county: County
    schools: int
    assignment: Assignment | None
    words: str
    keeps_away: tuple[tuple[User, str], ...]


@dataclass(frozen=True, slots=True)
class Burden:
    """What an inspector answers for."""

    inspector: User
    load: Load


def inspectors_of(chief: User) -> QuerySet[User]:
    """The inspectors of a chief's province."""
    found = User.objects.filter(party=Party.INSPECTOR, place_id=chief.place_id, is_active=True)
    return found.order_by("pk")


def barred_pairs(inspectors: Sequence[User], counties: Sequence[County]) -> dict[tuple[int, str], str]:
    """Which inspector must keep away from which county, and why: what was declared, and posts held in the county or its
    city within FORMER_POST_YEARS. Two queries whatever their number."""
    barred: dict[tuple[int, str], str] = {}
    since = timezone.now() - datetime.timedelta(days=settings.FORMER_POST_YEARS * _DAYS_OF_YEAR)
    places: dict[str, list[County]] = {}
    for county in counties:
        places.setdefault(county.pk, []).append(county)
        places.setdefault(county.parent_id or "", []).append(county)
    province_wide = {inspector.place_id for inspector in inspectors}
    lasted = Q(held_until=None) | Q(held_until__gte=since)
    for post in Posting.objects.filter(lasted, person__in=inspectors, place__in=places).select_related("place"):
        # A post for the whole province is no tie to one county, even where the county hangs directly under it.
        if post.place_id in province_wide:
            continue
        for county in places[post.place_id]:
            barred[post.person_id, county.pk] = f"曾任{post.place.name}{post.get_party_display()}"
    for recusal in Recusal.objects.filter(inspector__in=inspectors, county__in=counties):
        words = f"已申报回避：{recusal.get_ground_display()}"
        barred[recusal.inspector_id, recusal.county_id] = words
    return barred


def schools_of(counties: Sequence[County]) -> dict[str, int]:
    """How many open schools the register has in each county."""
    told = School.objects.filter(county__in=counties, closed_on=None).order_by().values_list("county")
    return {county.pk: 0 for county in counties} | dict(told.annotate(Count("pk")))


def loads_of(inspectors: Sequence[User], school_year: int) -> dict[int, Load]:
    """What each inspector answers for in a school year."""
    live = Assignment.objects.filter(inspector__in=inspectors, school_year=school_year, ended_at=None)
    rows = list(live.select_related("county"))
    schools = schools_of([row.county for row in rows])
    loads = {inspector.pk: Load() for inspector in inspectors}
    for row in rows:
        before = loads[row.inspector_id]
        loads[row.inspector_id] = Load(before.schools + schools[row.county_id], before.counties + 1)
    return loads


def assignment_lines(chief: User, school_year: int) -> tuple[list[Line], list[Burden]]:
    """The counties of a chief's province in a school year, and what each inspector answers for."""
    counties = list(counties_of(chief).select_related("parent").order_by("code"))
    inspectors = list(inspectors_of(chief))
    schools, barred = schools_of(counties), barred_pairs(inspectors, counties)
    live = Assignment.objects.filter(county__in=counties, school_year=school_year, ended_at=None)
    by_county = {row.county_id: row for row in live.select_related("inspector", "assigned_by")}
    reasons: dict[str, str] = {}
    for event in Event.objects.filter(kind="assign", county__in=by_county).order_by("number"):
        reasons[event.county_id or ""] = event.reason
    lines = [
        Line(
            county,
            schools[county.pk],
            by_county.get(county.pk),
            reasons.get(county.pk, "") if county.pk in by_county else "",
            tuple((i, barred[i.pk, county.pk]) for i in inspectors if (i.pk, county.pk) in barred),
        )
        for county in counties
    ]
    loads = loads_of(inspectors, school_year)
    return lines, [Burden(inspector, loads[inspector.pk]) for inspector in inspectors]


def assign_all(user: User) -> list[Share]:
    """Share all counties of the province nobody answers for this school year out among its inspectors, balanced by the
    number of schools; returns what each was given and why. Raises Refused."""
    year, counties = current_school_year(), list(counties_of(user).select_related("parent"))
    if not counties:
        raise Refused("本省没有可以分配的县（市、区）。")
    _check(why_not_assign(user, counties[0]))
    inspectors = list(inspectors_of(user))
    if not inspectors:
        raise Refused("本省还没有督学账号，请先由管理员邀请。")
    barred = barred_pairs(inspectors, counties)
    schools = schools_of(counties)
    taken = Assignment.objects.filter(county__in=counties, school_year=year, ended_at=None)
    with_somebody = set(taken.values_list("county", flat=True))
    open_ones = [(county.pk, schools[county.pk]) for county in counties if county.pk not in with_somebody]
    if not open_ones:
        raise Refused("本学年所有县（市、区）都已有督学，没有需要分配的。")
    shares = share_out(open_ones, loads_of(inspectors, year), barred)
    people, places = {each.pk: each for each in inspectors}, {county.pk: county for county in counties}
    try:
        with transaction.atomic():
            # Rows before events, in the order of the counties: whoever adds an event holds the chain until the end,
            # and must not wait for a row of somebody who waits for the chain.
            given = [
                (_row(user, places[share.county], year, people[share.inspector]), f"自动分配：{share.words}")
                for share in sorted(shares, key=lambda share: share.county)
                if share.inspector is not None
            ]
            _tell([row for row, _ in given])
            for row, words in given:
                _record_given(user, row, words)
    except IntegrityError:
        raise Refused(_OVERTAKEN) from None
    return shares


def assign(user: User, county: County, inspector: User, reason: str, seen: int | None) -> Assignment:
    """Give a county of this school year to an inspector of the province; whoever had it before is relieved. ``seen`` is
    the assignment the person looked at, None for none. Raises Refused."""
    _check(why_not_assign(user, county))
    if not inspectors_of(user).filter(pk=inspector.pk).exists():
        raise Refused("只能分配给本省在岗的督学。")
    year, said = current_school_year(), _reason(reason)
    if words := barred_pairs([inspector], [county]).get((inspector.pk, county.pk)):
        raise Refused(f"{inspector}须回避{county.name}：{words}。")
    live = Assignment.objects.filter(county=county, school_year=year, ended_at=None).select_related("inspector")
    before = live.first()
    if (before.pk if before else None) != seen:
        raise Refused(_OVERTAKEN)
    if before is not None and before.inspector_id == inspector.pk:
        raise Refused(f"{county.name}现在就由{inspector}负责，没有变化。")
    try:
        with transaction.atomic():
            if before is not None and not live.filter(pk=before.pk).update(
                ended_at=timezone.now(), ended_because=f"改由{inspector}负责：{said}"[:_LONGEST_REASON]
            ):
                raise Refused(_OVERTAKEN)
            given = _row(user, county, year, inspector)
            _tell([given], before)
            _record_given(user, given, said, before)
            return given
    except IntegrityError:
        raise Refused(_OVERTAKEN) from None


def recuse(user: User, inspector: User, county: County, ground: str, words: str) -> Recusal:
    """Declare that an inspector keeps away from a county; what they answer for there ends at once. Raises Refused."""
    _check(why_not_recuse(user, inspector, county))
    said = words.strip()
    if ground not in Recusal.Ground.values:
        raise Refused("请选择回避事由。")
    if ground == Recusal.Ground.OTHER and not said:
        raise Refused("其他利害关系请写明是什么关系。")
    if len(said) > _LONGEST_REASON:
        raise Refused(f"说明有 {len(said)} 个字，最多 {_LONGEST_REASON} 个字。")
    try:
        with transaction.atomic():
            recusal = Recusal.objects.create(
                inspector=inspector, county=county, ground=ground, words=said, declared_by=user
            )
            live = Assignment.objects.filter(inspector=inspector, county=county, ended_at=None)
            why = f"回避：{recusal.get_ground_display()}"
            ended = live.update(ended_at=timezone.now(), ended_because=why)
            told = {"inspector": inspector.pk, "name": str(inspector), "ground": ground, "assignments_ended": ended}
            record_event("recuse", user, county=county, reason=said or recusal.get_ground_display(), payload=told)
    except IntegrityError:
        raise Refused(f"{inspector}对{county.name}的回避已经申报过。") from None
    return recusal


def _row(user: User, county: County, year: int, inspector: User) -> Assignment:
    return Assignment.objects.create(county=county, school_year=year, inspector=inspector, assigned_by=user)


def _tell(given: Sequence[Assignment], before: Assignment | None = None) -> None:
    """A line in the inbox of whoever answers for counties from now on, and of whoever no longer does."""
    counties: dict[int, list[str]] = {}
    for row in given:
        counties.setdefault(row.inspector_id, []).append(row.county.name)
    link = reverse("recusals")
    lines = [
        Message(
            person_id=person,
            text=f"分配给您 {len(names)} 个县（市、区）：{'、'.join(names)}"[:_LONGEST_LINE],
            link=link,
        )
        for person, names in counties.items()
    ]
    if before is not None:
        lines.append(
            Message(person=before.inspector, text=f"{given[0].county.name}改由{given[0].inspector}负责。", link=link)
        )
    Message.objects.bulk_create(lines)


def _record_given(user: User, given: Assignment, reason: str, before: Assignment | None = None) -> None:
    told = {
        "school_year": given.school_year,
        "inspector": given.inspector_id,
        "name": str(given.inspector),
        "before": str(before.inspector) if before is not None else "",
    }
    record_event("assign", user, county=given.county, reason=reason, payload=told)


def _reason(words: str) -> str:
    said = words.strip()
    if not said:
        raise Refused("请写明分配或改派的理由。")
    if len(said) > _LONGEST_REASON - 50:
        raise Refused(f"理由有 {len(said)} 个字，最多 {_LONGEST_REASON - 50} 个字。")
    return said


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)
