"""What an inspector sees of the radar on the page of an evaluation: the newest scan's hits for the signed version.

The county itself does not see them before an inspector asks: the radar shows where to look, it accuses nobody. Another
county is named only to those who may see what it signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from evaluation.models import Evaluation, RadarHit, RadarScan
from evaluation.permissions import Person, can_see_radar_hits
from evaluation.queries import submissions_visible_to
from evaluation.radar import radar_rules
from evaluation.radar_queries import OWN_RULES
from evaluation.standards import parsed_standard
from indicators.models import SchoolRecord, Submission
from reports.presenters.radar import ANOTHER_COUNTY, ANOTHER_SCHOOL, OTHER, IndicatorWords, sentence


@dataclass(frozen=True, slots=True)
class Pointed:
    """One hit as a sentence: of which school (empty for the county), what stands before and after the other one."""

    school: str
    address: str
    before: str
    other: str
    other_address: str
    after: str
    figure_address: str
    left_out: int


@dataclass(frozen=True, slots=True)
class PointedRule:
    """The hits of one rule, and why a reviewer wants them."""

    name: str
    why: str
    lines: tuple[Pointed, ...]
    left_out: int


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The context of templates/evaluation/sections/radar.html; ``may_see`` is False for everybody else."""
    if evaluation.filing is None or not can_see_radar_hits(user, evaluation):
        return {"may_see": False}
    finished = RadarScan.objects.filter(school_year=evaluation.school_year, finished_at__isnull=False)
    scan = finished.order_by("-pk").first()
    if scan is None:
        return {"may_see": True, "scan": None}
    version = evaluation.filing.submission
    hits = list(scan.hits.filter(submission=version).order_by("-weight", "row", "key", "pk"))
    own = [hit for hit in hits if hit.rule.startswith(OWN_RULES)]
    return {
        "may_see": True,
        "scan": scan,
        "rules": _by_rule(user, evaluation, version, own),
        "hits": len(own),
        "left_out": sum(hit.told.get("left_out", 0) for hit in own),
        "of_intake": sum(1 + hit.told.get("left_out", 0) for hit in hits if not hit.rule.startswith(OWN_RULES)),
        "is_of_another_version": not hits and _looked_at(scan, version) != version.pk,
    }


def _looked_at(scan: RadarScan, version: Submission) -> int | None:
    """The version of the county that was the newest when the scan was done, if there was one."""
    read = Submission.objects.filter(
        county=version.county_id, school_year=version.school_year, is_readable=True, read_at__lt=scan.requested_at
    )
    return read.order_by("-version").values_list("pk", flat=True).first()


def _by_rule(
    user: Person, evaluation: Evaluation, version: Submission, hits: Sequence[RadarHit]
) -> tuple[PointedRule, ...]:
    visible = _visible(user, hits)
    schools = _schools(hits, {version.pk, *visible})
    standard = parsed_standard(evaluation.standard)
    words = {each.code: IndicatorWords(each.name, each.unit) for each in standard.indicators}
    rules, found = radar_rules(), []
    for code, rule in rules.items():
        mine = [hit for hit in hits if hit.rule == code]
        if mine:
            lines = tuple(_pointed(hit, version, visible, schools, words) for hit in mine)
            found.append(PointedRule(rule.name, rule.why, lines, sum(line.left_out for line in lines)))
    return tuple(found)


def _visible(user: Person, hits: Sequence[RadarHit]) -> dict[int, str]:
    """The other versions the reader may see, with the names of their counties."""
    others = {hit.other_id for hit in hits if hit.other_id is not None}
    if not others:
        return {}
    return dict(submissions_visible_to(user).filter(pk__in=others).values_list("pk", "county__name"))


def _schools(hits: Sequence[RadarHit], versions: set[int]) -> dict[tuple[int, int], tuple[str, str]]:
    """Name and code of the schools that may be named, by version and row."""
    rows = {hit.row for hit in hits} | {hit.other_row for hit in hits}
    records = SchoolRecord.objects.filter(submission__in=versions, row__in=rows)
    found = records.values_list("submission_id", "row", "name", "code")
    return {(version, row): (name or "名称不详", code or "") for version, row, name, code in found}


def _pointed(
    hit: RadarHit,
    version: Submission,
    visible: dict[int, str],
    schools: dict[tuple[int, int], tuple[str, str]],
    words: dict[str, IndicatorWords],
) -> Pointed:
    name, code = schools.get((version.pk, hit.row), ("", "")) if hit.row else ("", "")
    before, has_other, after = sentence(hit.rule, hit.key, hit.told, words).partition(OTHER)
    other, other_address = _other(hit, version, visible, schools) if has_other else ("", "")
    figure = ""
    if "indicator" in hit.told and not hit.row:
        figure = reverse("coefficient", args=[version.pk, hit.told["stage"], hit.told["indicator"]])
    address = reverse("school", args=[version.pk, code]) if code else ""
    left_out = int(hit.told.get("left_out", 0))
    return Pointed(name, address, before, other, other_address, after, figure, left_out)


def _other(
    hit: RadarHit, version: Submission, visible: dict[int, str], schools: dict[tuple[int, int], tuple[str, str]]
) -> tuple[str, str]:
    """How the other one is named, and where it is seen."""
    is_own = hit.other_id == version.pk
    if not is_own and hit.other_id not in visible:
        return (ANOTHER_SCHOOL if hit.other_row else ANOTHER_COUNTY), ""
    county = "" if is_own else visible[hit.other_id]
    if not hit.other_row:
        return county, reverse("submission", args=[hit.other_id])
    name, code = schools.get((hit.other_id, hit.other_row), ("一所学校", ""))
    return f"{county}{name}", reverse("school", args=[hit.other_id, code]) if code else ""
