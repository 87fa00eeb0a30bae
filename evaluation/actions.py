"""The only writers of the judging: take an upload in, judge it, load a standard."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluation import jobs
from evaluation.context import in_context
from evaluation.core.standard import parse_standard
from evaluation.core.status import Status
from evaluation.core.verdict import judge_report
from evaluation.models import Finding, Job, JobStage, Standard, Verdict
from evaluation.permissions import Refused, check_upload
from evaluation.queries import default_standard, submissions_visible_to
from indicators.actions import record_upload, save_refusal, save_report
from indicators.models import Submission
from indicators.problem import Problem, Severity
from indicators.register import save_proposals
from indicators.workbook.aliases import known_aliases
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import Book, FileRefused, read_book
from schools.models import County, User

logger = logging.getLogger(__name__)


def load_standard(content: bytes) -> tuple[Standard, bool]:
    """Load a standard document, once; and whether it is new. Raises StandardRefused, or Refused where another text
    stands under its code: a loaded document is never edited."""
    parsed = parse_standard(content)
    standard, is_new = Standard.objects.get_or_create(
        code=parsed.code,
        defaults={"name": parsed.name, "document": content.decode("utf-8"), "sha256": parsed.sha256},
    )
    if standard.sha256 != parsed.sha256:
        raise Refused(f"标准 {parsed.code} 已载入且内容不同。已载入的标准不能修改，请使用新的代码。")
    return standard, is_new


def upload_workbook(user: User, county: County, school_year: int, filename: str, content: bytes) -> Submission:
    """Take in a workbook as the next version and queue its judging; returns at once. Raises Refused."""
    check_upload(user, county)
    with transaction.atomic():
        submission, is_new = record_upload(user, county, school_year, filename, content)
        if is_new:
            jobs.enqueue(submission, default_standard())
    return submission


def retry_job(user: User, job: Job) -> None:
    """Let a job that was set aside run again. Raises Refused."""
    if not submissions_visible_to(user).filter(pk=job.submission_id).exists():
        raise Refused("只有本县人员可以重新处理。")
    if not jobs.revive(job):
        raise Refused("该任务不在搁置状态，无需重新处理。")


def run_job(job: Job) -> None:
    """Read, check, judge and store one claimed job. An error puts it back; a lost lease drops the work."""
    try:
        _judge_submission(job)
    except jobs.LeaseLost:
        logger.warning("job %s was taken over by another worker", job.pk)
    except Exception as error:
        # Whatever went wrong belongs to this job alone: it is kept with the row, and the next job goes on.
        logger.exception("job %s failed at attempt %s", job.pk, job.attempts)
        jobs.put_back(job, f"{type(error).__name__}: {error}")


def run_waiting_jobs() -> int:
    """Claim and run jobs until none waits; returns how many ran."""
    count = 0
    while (job := jobs.claim()) is not None:
        run_job(job)
        count += 1
    return count


def _judge_submission(job: Job) -> None:
    submission = job.submission
    jobs.report_stage(job, JobStage.READING)
    try:
        book = _read(submission)
    except FileRefused as refusal:
        if _may_not_be_the_file(refusal, job):
            raise
        problem = Problem(Severity.ERROR, refusal.rule, refusal.message)
        with transaction.atomic():
            jobs.finish(job)
            save_refusal(submission, problem)
        return
    jobs.report_stage(job, JobStage.CHECKING)
    found = read_report(book, known_aliases())
    standard = parse_standard(job.standard.document.encode("utf-8"))
    found = in_context(submission, found, standard)
    jobs.report_stage(job, JobStage.COMPUTING, len(found.report.schools))
    as_of = timezone.localdate(submission.uploaded_at)
    result = judge_report(found.report, standard, as_of) if found.is_judgeable else None
    jobs.report_stage(job, JobStage.STORING)
    with transaction.atomic():
        # The fence comes first: a worker that lost its lease writes nothing at all.
        jobs.finish(job)
        save_report(submission, found)
        save_proposals(submission, found.report)
        if result is not None:
            _save_verdict(submission, job.standard, as_of, result)


def _may_not_be_the_file(refusal: FileRefused, job: Job) -> bool:
    """Whether the machine, not the file, may be at fault: no reading process could be started, or it was lost for the
    first time. Such a job is tried again before its file is refused."""
    return refusal.rule == "file.reader_unavailable" or (refusal.rule == "file.reader_stopped" and job.attempts == 1)


def _read(submission: Submission) -> Book:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(submission.file.content)
        return read_book(path, filename=submission.filename)


def canonical_json(result: dict[str, Any]) -> str:
    """A result as text: the same bytes for the same result on any machine; refuses non-finite numbers."""
    return json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _save_verdict(submission: Submission, standard: Standard, as_of: Any, result: dict[str, Any]) -> Verdict:
    document = canonical_json(result)
    verdict = Verdict.objects.create(
        submission=submission,
        standard=standard,
        as_of=as_of,
        passed=result["passed"],
        complete=result["complete"],
        document=document,
        sha256=hashlib.sha256(document.encode("utf-8")).hexdigest(),
    )
    Finding.objects.bulk_create(_findings(verdict, result))
    return verdict


_STATUS_OF = {True: Status.MET, False: Status.NOT_MET, None: Status.UNKNOWN}


def _findings(verdict: Verdict, result: dict[str, Any]) -> list[Finding]:
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
