"""Results of a generated nation, published without the people who would take a year for it: for measuring what reads
them. Figures, verdicts and records are as the portal makes them; who signed, proposed and decided are three accounts
nobody can use. Never in a database that holds a real county.

    DATABASE_URL=postgres://… SECRET_KEY=… python benchmarks/published_nation.py [--counties 2853] [--year 2030]
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_AT_A_TIME = 50
_NOBODY = ("signer", "inspector", "chief")


def publish_nation(school_year: int, most: int | None = None) -> int:
    """Judge the generated versions of a school year that are not published yet and publish each; returns how many. The
    generated nation must be in the database, and the standard."""
    from indicators.models import Submission

    found = Submission.objects.filter(school_year=school_year, filings=None, uploaded_by__username="generated")
    submissions = (
        found.select_related("county__parent__parent").order_by("county")[:most].iterator(chunk_size=_AT_A_TIME)
    )
    done = 0
    while batch := list(itertools.islice(submissions, _AT_A_TIME)):
        _publish(batch, school_year)
        done += len(batch)
        print(f"\rpublished {done}", end="", flush=True)
    print()
    return done


def _publish(batch: list[Any], school_year: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from evaluation.certificate_file import canonical, sha256_of
    from evaluation.certificate_record import record_of
    from evaluation.comparing import keep_facts
    from evaluation.models import Certificate, Evaluation, Filing, Notice, Proposal

    standard, people, today, now = _standard(), _people(), timezone.localdate(), timezone.now()
    with transaction.atomic():
        verdicts = list(_judged(batch, standard, today))
        evaluations = Evaluation.objects.bulk_create(
            Evaluation(county=each.county, school_year=school_year, standard=standard) for each in batch
        )
        manifest = canonical({"generated": True})
        filings = Filing.objects.bulk_create(
            Filing(
                evaluation=evaluation, number=f"GEN-{evaluation.county_id}-{school_year}", submission=submission,
                verdict=verdict, manifest=manifest, sha256=sha256_of(manifest), statement="模拟数据。",
                signed_by=people["signer"], signer_name="模拟数据", signer_post="模拟数据", signed_at=now,
            )
            for evaluation, submission, verdict in zip(evaluations, batch, verdicts, strict=True)
        )  # fmt: skip
        for evaluation, filing in zip(evaluations, filings, strict=True):
            evaluation.filing, evaluation.state = filing, "published"
        Evaluation.objects.bulk_update(evaluations, ["filing", "state"])
        proposals = Proposal.objects.bulk_create(
            Proposal(
                evaluation=filing.evaluation, filing=filing, verdict=filing.verdict, decision="certify",
                reason="模拟数据。", reply_until=today, proposed_by=people["inspector"], outcome="approved",
                decided_by=people["chief"], decided_at=now,
            )
            for filing in filings
        )  # fmt: skip
        notices = Notice.objects.bulk_create(
            Notice(
                evaluation=each.evaluation, filing=each.filing, proposal=each, opens_on=today,
                closes_on=today + datetime.timedelta(days=7), opened_by=people["chief"],
            )
            for each in proposals
        )  # fmt: skip
        for filing, proposal, notice in zip(filings, proposals, notices, strict=True):
            evaluation = filing.evaluation
            code = f"YZ-{school_year}-{evaluation.county_id}-01"
            number = f"优质均衡〔{school_year}〕模拟 {evaluation.county_id} 号"
            record = canonical(
                record_of(
                    evaluation, filing, proposal, notice, people["chief"],
                    code=code, number=number, last_event=(0, "0" * 64), corrects=None,
                )
            )  # fmt: skip
            certificate = Certificate.objects.create(
                evaluation=evaluation, code=code, number=number, record=record, sha256=sha256_of(record),
                issued_by=people["chief"],
            )  # fmt: skip
            keep_facts(certificate, filing.submission)


def _judged(batch: list[Any], standard: Any, today: datetime.date) -> Iterator[Any]:
    from evaluation.core.decided import NOTHING_DECIDED
    from evaluation.core.verdict import judge_report
    from evaluation.judging import canonical_json
    from evaluation.models import Verdict
    from evaluation.standards import parsed_standard
    from indicators.queries import report_of

    for submission in batch:
        result = judge_report(report_of(submission), parsed_standard(standard), today, NOTHING_DECIDED)
        document = canonical_json(result)
        yield Verdict.objects.create(
            submission=submission, standard=standard, number=1, as_of=today, decided="", passed=result["passed"],
            complete=result["complete"], document=document, sha256=hashlib.sha256(document.encode()).hexdigest(),
        )  # fmt: skip


def _standard() -> Any:
    from evaluation.queries import default_standard

    return default_standard()


def _people() -> dict[str, Any]:
    from schools.models import User

    return {
        party: User.objects.get_or_create(username=f"generated-{party}", defaults={"is_active": False})[0]
        for party in _NOBODY
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counties", type=int, default=None)
    parser.add_argument("--year", type=int, default=2030)
    asked = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        sys.exit("Set DATABASE_URL to a PostgreSQL database made for this, and SECRET_KEY to anything.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    publish_nation(asked.year, asked.counties)


if __name__ == "__main__":
    main()
