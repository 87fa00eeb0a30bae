"""The radar over all counties of a year: started by the steward, scanned by a worker, its hits stored in one go.

It looks where the laboratory looks: at the newest version of every county that could be judged, trial versions
included, and at the newest of the year before. A scan changes nothing else; the next one is another scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluation import jobs
from evaluation.context import thresholds_of
from evaluation.core.columns import IntArray
from evaluation.core.radar.figures import YearFigures
from evaluation.core.radar.rules import RadarRule, parse_rules
from evaluation.core.radar.scan import scan_figures
from evaluation.laboratory import counties_of_year
from evaluation.models import Job, JobStage, JobState, RadarScan
from evaluation.permissions import Refused, why_not_scan
from evaluation.queries import default_standard
from evaluation.radar_store import store_hits
from evaluation.standards import parsed_standard
from indicators.models import Submission
from schools.models import User

RULES_PATH = settings.BASE_DIR / "fixtures/radar/rules.toml"


@lru_cache(maxsize=1)
def radar_rules() -> Mapping[str, RadarRule]:
    """The rules and thresholds of fixtures/radar/rules.toml, read once a process."""
    return parse_rules(RULES_PATH.read_bytes())


@dataclass(frozen=True, slots=True)
class ScannedYear:
    """The figures of a year and the version each county's come from, in the order of the county index."""

    figures: YearFigures
    submissions: IntArray


def start_scan(user: User | None, school_year: int) -> RadarScan:
    """Queue a scan of a school year; returns at once. ``user`` is None where the command line asks. Raises Refused."""
    if user is not None and (reason := why_not_scan(user)):
        raise Refused(reason)
    if not Submission.objects.filter(school_year=school_year, is_readable=True).exists():
        raise Refused(f"{school_year}—{school_year + 1} 学年还没有可以核算的数据，没有什么可扫描。")
    under_way = RadarScan.objects.filter(
        school_year=school_year, finished_at=None, job__state__in=(JobState.WAITING, JobState.RUNNING)
    )
    if under_way.exists():
        raise Refused(f"{school_year}—{school_year + 1} 学年正在扫描，请等这一次完成。")
    with transaction.atomic():
        started = RadarScan.objects.create(school_year=school_year, requested_by=user)
        jobs.enqueue_radar_scan(started, default_standard())
    return started


def scan(job: Job) -> None:
    """Run every rule over the year and the year before and store what they point at. Raises jobs.LeaseLost, storing
    nothing, where another worker has taken the scan over."""
    started = job.radar_scan
    jobs.report_stage(job, JobStage.READING)
    now = figures_of_year(started.school_year)
    before = figures_of_year(started.school_year - 1)
    jobs.report_stage(job, JobStage.COMPUTING, len(now.figures))
    found = scan_figures(
        now.figures,
        before.figures if len(before.submissions) else None,
        radar_rules(),
        thresholds_of(parsed_standard(job.standard)),
    )
    jobs.report_stage(job, JobStage.STORING)
    with transaction.atomic():
        # The fence comes first: a worker that lost its lease writes nothing at all.
        jobs.finish(job)
        store_hits(started, found, now, before)
        started.submissions, started.rows = len(now.submissions), len(now.figures)
        started.finished_at = timezone.now()
        started.save(update_fields=["submissions", "rows", "finished_at"])


def figures_of_year(school_year: int) -> ScannedYear:
    """The newest version of every county of a year, as the rules see it."""
    stored = counties_of_year(school_year, has_rooms=False)
    keys = stored.submissions.tolist()
    counties = dict(Submission.objects.filter(pk__in=keys).values_list("pk", "county_id"))
    codes = np.array([int(counties[key]) for key in keys], np.int64)
    certain = stored.figures.is_population_certain
    return ScannedYear(YearFigures(stored.schools, codes, stored.code, stored.row, certain), stored.submissions)
