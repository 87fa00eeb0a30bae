"""What scans found, counted: by rule and province, and version by version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr

from evaluation.models import RadarHit, RadarScan
from schools.models import Division
from schools.vocabulary import DivisionLevel

#: Rules of the radar itself begin so; the others are the intake's.
OWN_RULES = "radar."


@dataclass(frozen=True, slots=True)
class CountedHits:
    """Of one rule and province: places found, how many of them are only counted, and counties."""

    rule: str
    province: str
    hits: int
    left_out: int
    counties: int


def counted_hits(scan: RadarScan) -> list[CountedHits]:
    """What a scan found by rule and province (by name), no county named; three queries."""
    hits = scan.hits.order_by().annotate(province=Substr("submission__county_id", 1, 2))
    more: Counter[tuple[str, str]] = Counter()
    for rule, province, left_out in hits.filter(told__has_key="left_out").values_list(
        "rule", "province", "told__left_out"
    ):
        more[rule, province] += left_out
    names = dict(Division.objects.filter(level=DivisionLevel.PROVINCE).values_list("code", "name"))
    counts = hits.values("rule", "province").annotate(n=Count("pk"), counties=Count("submission", distinct=True))
    return [
        CountedHits(
            each["rule"],
            names.get(f"{each['province']}0000", each["province"]),
            each["n"] + more[each["rule"], each["province"]],
            more[each["rule"], each["province"]],
            each["counties"],
        )
        for each in counts.order_by("province", "rule")
    ]


def newest_hits(submissions: Collection[int]) -> QuerySet[RadarHit]:
    """The radar's own hits of some versions, of the newest finished scan of each version's year."""
    finished = RadarScan.objects.filter(
        school_year=OuterRef("submission__school_year"), finished_at__isnull=False
    ).order_by("-pk")
    return RadarHit.objects.filter(
        Q(scan=Subquery(finished.values("pk")[:1])), submission__in=submissions, rule__startswith=OWN_RULES
    ).order_by()


def hits_of_versions(submissions: Collection[int]) -> Mapping[int, int]:
    """How many places the newest scan points at in each version; one query."""
    return dict(newest_hits(submissions).values("submission").annotate(n=Count("pk")).values_list("submission", "n"))
