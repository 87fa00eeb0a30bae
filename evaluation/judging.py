"""From figures to a stored verdict: the one writer of verdicts and findings, and judging a version once more."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluation.core.status import Status
from evaluation.core.verdict import judge_report
from evaluation.models import Finding, Standard, Verdict
from evaluation.queries import decided_about, default_standard, evaluation_of, newest_judged, verdict_of
from evaluation.standards import parsed_standard
from indicators.models import Submission
from indicators.queries import report_of
from schools.models import County


def canonical_json(result: dict[str, Any]) -> str:
    """A result as text: the same bytes for the same result on any machine; refuses non-finite numbers."""
    return json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def save_verdict(
    submission: Submission, standard: Standard, as_of: datetime.date, decided: str, result: dict[str, Any]
) -> Verdict:
    """Store a result as the next verdict of the version. ``decided`` is the canonical text of what was decided beside
    the figures. Call inside a transaction."""
    document = canonical_json(result)
    earlier = Verdict.objects.filter(submission=submission, standard=standard).first()
    verdict = Verdict.objects.create(
        submission=submission,
        standard=standard,
        number=1 if earlier is None else earlier.number + 1,
        as_of=as_of,
        decided=decided,
        passed=result["passed"],
        complete=result["complete"],
        document=document,
        sha256=hashlib.sha256(document.encode("utf-8")).hexdigest(),
    )
    Finding.objects.bulk_create(findings_of(verdict, result))
    return verdict


def judge_again(county: County, school_year: int) -> Verdict | None:
    """The next verdict of the version in question of a county and year, with everything decided up to now and as of
    today; None where nothing is judged yet. The same result once more is the verdict that is there.

    Call inside the transaction of what was decided: verdict and decision stand together or not at all.
    """
    with transaction.atomic():
        # The county's row is the lock: two decisions at once give two verdicts, the second with both in it.
        County.objects.select_for_update(no_key=True).get(pk=county.pk)
        submission = _version_in_question(county, school_year)
        if submission is None:
            return None
        standard, decided = default_standard(), decided_about(county, school_year)
        as_of = timezone.localdate()
        result = judge_report(report_of(submission), parsed_standard(standard), as_of, decided)
        earlier = verdict_of(submission)
        if (
            earlier is not None
            and earlier.document == canonical_json(result)
            and earlier.decided == decided.canonical()
        ):
            return earlier
        return save_verdict(submission, standard, as_of, decided.canonical(), result)


def _version_in_question(county: County, school_year: int) -> Submission | None:
    """What was signed while it is under review, whatever else was uploaded; before and after, the newest version."""
    evaluation = evaluation_of(county, school_year)
    if evaluation is not None and evaluation.filing is not None and evaluation.state_of.is_frozen:
        return evaluation.filing.submission
    return newest_judged(county, school_year)


_STATUS_OF = {True: Status.MET, False: Status.NOT_MET, None: Status.UNKNOWN}


def findings_of(verdict: Verdict, result: dict[str, Any]) -> list[Finding]:
    """The judged items of a verdict as rows, from its result; not stored yet."""
    findings = [
        Finding(verdict=verdict, code=code, stage=stage, status=_STATUS_OF[told["passed"]], value=told["coefficient"])
        for stage, stage_result in result["stages"].items()
        for code, told in stage_result["indicators"].items()
    ]
    findings += [
        Finding(verdict=verdict, code=code, status=told["status"], value=told["value"])
        for code, told in result["criteria"].items()
    ]
    return findings
