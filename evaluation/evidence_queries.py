"""Reads of the filing: its items, the evidence on them, and who is on which."""

from __future__ import annotations

from django.db.models import QuerySet

from evaluation.core.filing import FilingItem, filing_items
from evaluation.models import Standard
from evaluation.permissions import Person, can_see_evidence
from evaluation.standards import parsed_standard
from indicators.models import ChecklistTask, Evidence
from schools.models import User


def items_of(standard: Standard) -> tuple[FilingItem, ...]:
    """Every item of a filing against a loaded standard."""
    return filing_items(parsed_standard(standard))


def item_of(standard: Standard, code: str) -> FilingItem | None:
    """The item with this code, None where the standard has no such item."""
    return next((item for item in items_of(standard) if item.code == code), None)


def evidence_visible_to(user: Person) -> QuerySet[Evidence]:
    """The evidence ``user`` may see, withdrawn files too; without the bytes of the files."""
    if not isinstance(user, User) or user.place_id is None or not can_see_evidence(user, user.place_id):
        return Evidence.objects.none()
    return Evidence.objects.filter(county_id=user.place_id).select_related("county", "uploaded_by", "withdrawn_by")


def tasks_visible_to(user: Person) -> QuerySet[ChecklistTask]:
    """Who is on which item of the filing of the county ``user`` belongs to."""
    if not isinstance(user, User) or user.place_id is None or not can_see_evidence(user, user.place_id):
        return ChecklistTask.objects.none()
    return ChecklistTask.objects.filter(county_id=user.place_id)
