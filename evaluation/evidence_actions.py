"""Evidence and the tasks of the checklist: whether somebody may, then the writer of the room below."""

from __future__ import annotations

import datetime

from django.db import transaction

from evaluation.evidence_queries import evidence_visible_to, item_of
from evaluation.freezing import check_open, lock_county
from evaluation.permissions import Refused, check_evidence
from evaluation.queries import default_standard
from indicators import evidence as writers
from indicators.evidence_files import EvidenceRefused
from indicators.models import ChecklistTask, Evidence
from schools.models import County, User


def attach_evidence(
    user: User,
    county: County,
    school_year: int,
    criterion: str,
    filename: str,
    content: bytes,
    issued_by: str,
    issued_on: datetime.date,
    proof_page: str,
    note: str = "",
) -> tuple[Evidence, bool]:
    """Attach a file to an item that rests on evidence; and whether it is new. Raises Refused with the reason."""
    check_evidence(user, county)
    item = item_of(default_standard(), criterion)
    if item is None or not item.rests_on_evidence:
        raise Refused("这一项不需要佐证材料，由填报数据核算。")
    about = {"issued_by": issued_by, "issued_on": issued_on, "proof_page": proof_page, "note": note}
    with transaction.atomic():
        lock_county(county.pk)
        check_open(county.pk, school_year)
        try:
            return writers.record_evidence(user, county, school_year, criterion, filename, content, **about)
        except EvidenceRefused as refusal:
            raise Refused(str(refusal)) from refusal


def withdraw_evidence(user: User, evidence: Evidence) -> None:
    """Withdraw a file that was attached: it no longer counts, and stays on record. Raises Refused."""
    if not evidence_visible_to(user).filter(pk=evidence.pk).exists():
        raise Refused("只有本县人员可以看到和撤回佐证材料。")
    check_evidence(user, evidence.county)
    with transaction.atomic():
        lock_county(evidence.county_id)
        check_open(evidence.county_id, evidence.school_year)
        if not writers.record_withdrawal(user, evidence):
            raise Refused("这份材料已经撤回。")


def set_task(
    user: User, county: County, school_year: int, item: str, person: str, due_on: datetime.date | None
) -> ChecklistTask:
    """Say who prepares an item of the filing and by when. Raises Refused."""
    check_evidence(user, county)
    if item_of(default_standard(), item) is None:
        raise Refused("材料清单里没有这一项。")
    try:
        return writers.record_task(user, county, school_year, item, person, due_on)
    except EvidenceRefused as refusal:
        raise Refused(str(refusal)) from refusal
