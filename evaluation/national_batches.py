"""Which version of every county a national run judges, and the batches they are cut into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, F, OuterRef, Subquery

from evaluation.models import Evaluation
from evaluation.queries import DEFAULT_STANDARD
from evaluation.workflow import State
from indicators.models import SchoolRecord, Submission

#: Measured: below some fifty counties the queries of a batch cost more than its counties; above these, what is lost
#: with a dead worker, and what a cancelled run still computes, grows for nothing.
MOST_COUNTIES = 100
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One county's version in a run: its province (six digits), primary key, and number of school rows."""

    province: str
    submission: int
    rows: int


def versions_in_question(school_year: int) -> list[Version]:
    """One version of every county that has one to judge: what was signed, while the newest evaluation by the standard
    of the country rests on it, whatever else was uploaded; otherwise the newest that could be judged. The same choice
    as ``judging.judge_again`` makes for one county."""
    newest = Submission.objects.filter(county=OuterRef("county"), school_year=school_year, is_readable=True)
    versions = Submission.objects.filter(school_year=school_year, is_readable=True).annotate(
        newest=Subquery(newest.order_by("-version").values("version")[:1])
    )
    chosen = dict(versions.filter(version=F("newest")).order_by().values_list("county_id", "pk"))
    evaluations = Evaluation.objects.filter(school_year=school_year, standard_id=DEFAULT_STANDARD).order_by("pk")
    # The newest evaluation of a county comes last and is the one that stays.
    stand = {county: (state, filed) for county, state, filed in
             evaluations.values_list("county_id", "state", "filing__submission")}  # fmt: skip
    chosen |= {
        county: filed for county, (state, filed) in stand.items() if filed is not None and State(state).is_frozen
    }
    counted = SchoolRecord.objects.filter(submission__school_year=school_year).order_by().values("submission")
    rows = dict(counted.annotate(rows=Count("pk")).values_list("submission", "rows"))
    return sorted(Version(f"{county[:2]}0000", pk, rows.get(pk, 0)) for county, pk in chosen.items())


def cut(
    versions: Iterable[Version], most_counties: int = MOST_COUNTIES, most_rows: int = MOST_ROWS
) -> Iterator[list[Version]]:
    """Batches by province, and within it by number of counties and of rows; a county is never divided."""
    for _, group in groupby(sorted(versions), key=lambda version: version.province):
        batch: list[Version] = []
        for version in group:
            is_full = len(batch) >= most_counties or sum(each.rows for each in batch) + version.rows > most_rows
            if batch and is_full:
                yield batch
                batch = []
            batch.append(version)
        yield batch
