"""Reads of the filing: its items, the evidence on them, and who is on which."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from evaluation.core.filing import FilingItem, filing_items
from evaluation.models import Filing, Standard
from evaluation.permissions import Person, can_see_evidence
from evaluation.queries import evaluations_visible_to
from evaluation.standards import parsed_standard
from indicators.models import ChecklistTask, Evidence
from schools.models import User


def items_of(standard: Standard) -> tuple[FilingItem, ...]:
    """Every item of a filing against a loaded standard."""
    return filing_items(parsed_standard(standard))


def item_of(standard: Standard, code: str) -> FilingItem | None:
    """The item with this code, None where the standard has no such item."""
    return next((item for item in items_of(standard) if item.code == code), None)


def next_without_evidence(county_code: str, school_year: int, standard: Standard, after: str) -> FilingItem | None:
    """The next item that needs evidence and has none, in the order of the filing after an item and then from the
    beginning; None where every other one has some."""
    items = items_of(standard)
    filed = set(
        Evidence.objects.filter(county=county_code, school_year=school_year, withdrawn_at=None).values_list(
            "criterion", flat=True
        )
    )
    begin = next((place for place, item in enumerate(items) if item.code == after), -1) + 1
    ordered = (*items[begin:], *items[:begin])
    return next((each for each in ordered if each.needs_evidence and each.code not in filed | {after}), None)


def evidence_visible_to(user: Person) -> QuerySet[Evidence]:
    """The evidence ``user`` may see, without the bytes of the files: the county's desk all of its own, withdrawn files
    too; whoever reviews what stood when a filing was signed that they may see."""
    found = Evidence.objects.select_related("county", "uploaded_by", "withdrawn_by")
    if not isinstance(user, User) or user.place_id is None:
        return found.none()
    if can_see_evidence(user, user.place_id):
        return found.filter(county_id=user.place_id)
    filings = Filing.objects.filter(
        evaluation__in=evaluations_visible_to(user).order_by().values("pk"),
        evaluation__county=OuterRef("county"),
        evaluation__school_year=OuterRef("school_year"),
        signed_at__gte=OuterRef("uploaded_at"),
    )
    stood = filings.filter(signed_at__lt=OuterRef("withdrawn_at"))
    return found.filter(Q(Exists(filings), withdrawn_at=None) | Q(Exists(stood)))


def evidence_of(filing: Filing) -> QuerySet[Evidence]:
    """The evidence that stood when a filing was signed."""
    evaluation, at = filing.evaluation, filing.signed_at
    rows = Evidence.objects.filter(county_id=evaluation.county_id, school_year=evaluation.school_year)
    return rows.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at), uploaded_at__lte=at)


def tasks_visible_to(user: Person) -> QuerySet[ChecklistTask]:
    """Who is on which item of the filing of the county ``user`` belongs to."""
    if not isinstance(user, User) or user.place_id is None or not can_see_evidence(user, user.place_id):
        return ChecklistTask.objects.none()
    return ChecklistTask.objects.filter(county_id=user.place_id)
