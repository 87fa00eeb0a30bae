"""The standard laboratory: two standards over all counties of a year, before anything is put in force.

A run writes nothing but its own result. It looks at the newest version of every county, trial versions included:
only the steward, who tends the standards and takes no step of any evaluation, starts and reads one.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from evaluation import jobs
from evaluation.core.resources import LOST, OPEN, PASSED
from evaluation.core.standard import Standard as ParsedStandard
from evaluation.core.standard import StandardRefused, parse_standard
from evaluation.core.standards_compared import StandardsCompared, compare_standards
from evaluation.core.verdict import judge
from evaluation.models import LaboratoryRun, Standard
from evaluation.permissions import Refused, why_not_laboratory
from evaluation.queries import decided_about_many
from evaluation.standards import parsed_standard
from evaluation.stored_columns import StoredCounties, decided_columns, stored_counties
from indicators.models import Submission
from schools.models import Division, User

#: How outcomes are written in a result.
WORDS = {PASSED: "met", LOST: "not_met", OPEN: "unknown"}


def start_run(user: User, before: Standard, content: bytes, school_year: int) -> LaboratoryRun:
    """Queue the comparison of a loaded standard with a document that need not be loaded; returns at once. Raises
    Refused, with the line and the item where the document cannot be used."""
    if reason := why_not_laboratory(user):
        raise Refused(reason)
    try:
        tried = parse_draft(content)
    except StandardRefused as refusal:
        raise Refused(str(refusal)) from refusal
    with transaction.atomic():
        run = LaboratoryRun.objects.create(
            before=before,
            code=tried.code,
            name=tried.name,
            document=content.decode("utf-8"),
            school_year=school_year,
            requested_by=user,
        )
        jobs.enqueue_laboratory_run(run)
    return run


def parse_draft(content: bytes) -> ParsedStandard:
    """A document as it would be loaded, beside the documents that are. Raises StandardRefused."""
    loaded = Standard.objects.values_list("code", "document")
    return parse_standard(content, {code: document.encode("utf-8") for code, document in loaded})


def counties_of_year(school_year: int, *, has_rooms: bool = True) -> StoredCounties:
    """The newest version of every county of a year that could be judged, as columns."""
    newest = Submission.objects.filter(county=OuterRef("county"), school_year=school_year, is_readable=True)
    versions = Submission.objects.filter(school_year=school_year, is_readable=True).annotate(
        newest=Subquery(newest.order_by("-version").values("version")[:1])
    )
    newest_ones = list(versions.filter(version=F("newest")).values_list("pk", flat=True))
    return stored_counties(newest_ones, has_rooms=has_rooms)


def compared(stored: StoredCounties, run: LaboratoryRun, day: datetime.date) -> dict[str, Any]:
    """What a run found, as plain values."""
    tried = parse_draft(run.document.encode("utf-8"))
    return result_of(stored, parsed_standard(run.before), tried, run.school_year, day)


def result_of(
    stored: StoredCounties, before: ParsedStandard, after: ParsedStandard, school_year: int, day: datetime.date
) -> dict[str, Any]:
    """Two standards over stored counties: how many counties move from which outcome to which, how many fail each item,
    and every county whose verdict changes with the items that do it."""
    counties = _counties(stored)
    about = decided_about_many([county["code"] for county in counties], school_year)
    decided, figures = decided_columns(stored, about, day)
    found = compare_standards(*(judge(stored.schools, figures, standard, day, decided) for standard in (before, after)))
    return {
        "counties": len(counties),
        "schools": len(stored.schools),
        "moves": [
            {"before": WORDS[old], "after": WORDS[new], "counties": count}
            for (old, new), count in found.moves().items()
            if count
        ],
        "items": [
            {"item": item, "before": counts[0], "after": counts[1]}
            for item, counts in found.counts().items()
            if any(counts)
        ],
        "changed": [_changed(counties[int(i)], found, int(i)) for i in found.changed],
    }


def _counties(stored: StoredCounties) -> list[dict[str, Any]]:
    """Code, name and province of each county, in the order of the county index."""
    names = dict(Division.objects.values_list("code", "name"))
    about = {
        pk: {"code": code, "name": names[code], "province": names.get(f"{code[:2]}0000", "")}
        for pk, code in Submission.objects.filter(pk__in=stored.submissions.tolist()).values_list("pk", "county_id")
    }
    return [about[pk] for pk in stored.submissions.tolist()]


def _changed(county: dict[str, Any], found: StandardsCompared, position: int) -> dict[str, Any]:
    return {
        "code": county["code"],
        "name": county["name"],
        "province": county["province"],
        "before": WORDS[int(found.before[position])],
        "after": WORDS[int(found.after[position])],
        "newly": list(found.newly_failing(position)),
        "no_longer": list(found.no_longer_failing(position)),
    }


def save_result(run: LaboratoryRun, result: dict[str, Any]) -> None:
    """Keep what a run found; call inside the transaction that ends its job."""
    run.result = result
    run.finished_at = timezone.now()
    run.save(update_fields=["result", "finished_at"])
