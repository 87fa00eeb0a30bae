"""The only writers of the judging: take an upload in, judge it, load a standard."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from evaluation import document_run, jobs, laboratory, national, partials, radar
from evaluation.context import in_context
from evaluation.core.document import StandardRefused, read_document
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.standard import parse_standard
from evaluation.core.verdict import judge_report
from evaluation.freezing import check_open, lock_county
from evaluation.judging import save_verdict
from evaluation.logs import about_job
from evaluation.models import Job, JobStage, Standard, Verdict
from evaluation.partial_preview import Fault, Preview, add_outcome, preview_of
from evaluation.permissions import Refused, can_see_trial, check_upload
from evaluation.queries import DEFAULT_STANDARD, decided_about, verdict_of
from evaluation.revisions import revised_content
from evaluation.standards import parsed_standard
from indicators.actions import record_upload, save_refusal, save_report
from indicators.header_mapping import aliases_for
from indicators.models import PartialWorkbook, Submission
from indicators.problem import Problem, Severity
from indicators.register import save_proposals
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import Book, FileRefused, read_book
from schools.models import County, User

logger = logging.getLogger(__name__)


class DecidedMeanwhile(Exception):
    """Something was decided about the county while its verdict was being computed: compute again."""


def load_standard(content: bytes) -> tuple[Standard, bool]:
    """Load one standard document; and whether it is new. Raises as load_standards does."""
    return load_standards({"": content})[0]


def load_standards(contents: Mapping[str, bytes]) -> list[tuple[Standard, bool]]:
    """Load standard documents, given by the names of their files, each once; and whether each is new. One that extends
    another is loaded after it. Raises StandardRefused, or Refused where another text stands under a code: a loaded
    document is never edited. Where one is refused none is loaded."""
    ordered = sorted(_parse_all(contents).items(), key=lambda each: len(each[1].parents))
    with transaction.atomic():
        return [_store(parsed, contents[name]) for name, parsed in ordered]


def _parse_all(contents: Mapping[str, bytes]) -> dict[str, StandardDocument]:
    known = dict[str, bytes]()
    for name, content in contents.items():
        with _named(name):
            known[read_document(content).code] = content
    known |= {row.code: row.document.encode("utf-8") for row in Standard.objects.all()}
    parsed: dict[str, StandardDocument] = {}
    for name, content in contents.items():
        with _named(name):
            parsed[name] = parse_standard(content, known)
    return parsed


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except StandardRefused as error:
        raise StandardRefused(f"{name}：{error}" if name else str(error)) from error


def _store(parsed: StandardDocument, content: bytes) -> tuple[Standard, bool]:
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
        lock_county(county.pk)
        check_open(county.pk, school_year)
        submission, is_new = record_upload(user, county, school_year, filename, content)
        if is_new:
            jobs.enqueue(submission, DEFAULT_STANDARD)
    return submission


def retry_job(user: User, job: Job) -> None:
    """Let a job that was set aside run again. Raises Refused."""
    # Whoever reviews sees what was signed, too; it is the county's own work all the same.
    version = job.partial.base if job.partial is not None else job.submission
    if version is None or not can_see_trial(user, version.county_id):
        raise Refused("只有本县人员可以重新处理。")
    if not jobs.revive(job):
        raise Refused("该任务不在搁置状态，无需重新处理。")


@about_job
def run_job(job: Job) -> None:
    """Do one claimed job: judge a version, read a partial workbook, make documents, look at many counties. An error
    puts it back; a lost lease drops the work."""
    try:
        if job.laboratory_run_id is not None:
            _try_standard_out(job)
        elif job.batch_id is not None:
            national.judge_batch(job)
        elif job.radar_scan_id is not None:
            radar.scan(job)
        elif job.document_order_id is not None:
            document_run.make(job)
        elif job.partial_id is not None:
            _read_partial(job)
        else:
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
    found = read_report(book, aliases_for(submission.county))
    standard = parsed_standard(job.standard)
    found = in_context(submission, found, standard)
    jobs.report_stage(job, JobStage.COMPUTING, len(found.report.schools))
    as_of = timezone.localdate(submission.uploaded_at)
    decided = decided_about(submission.county, submission.school_year)
    result = judge_report(found.report, standard, as_of, decided) if found.is_judgeable else None
    jobs.report_stage(job, JobStage.STORING)
    with transaction.atomic():
        # The fence comes first: a worker that lost its lease writes nothing at all.
        jobs.finish(job)
        save_report(submission, found)
        save_proposals(submission, found.report)
        if result is not None:
            verdict = save_verdict(submission, job.standard, as_of, decided.canonical(), result)
            _check_nothing_was_decided_meanwhile(verdict)


def _check_nothing_was_decided_meanwhile(verdict: Verdict) -> None:
    """A relaxation granted while the version was being judged must be in its verdict: then the job runs once more."""
    submission = verdict.submission
    County.objects.select_for_update(no_key=True).get(pk=submission.county_id)
    if decided_about(submission.county, submission.school_year).canonical() != verdict.decided:
        raise DecidedMeanwhile("省级录入或评定在核算期间有变化，重新核算。")


def _read_partial(job: Job) -> None:
    """Work out what a partial workbook would change. Nothing but its own row is written."""
    partial = job.partial
    jobs.report_stage(job, JobStage.READING)
    try:
        book = _read(partial)
    except FileRefused as refusal:
        if _may_not_be_the_file(refusal, job):
            raise
        with transaction.atomic():
            jobs.finish(job)
            partials.save_refusal(partial, refusal.message)
        return
    jobs.report_stage(job, JobStage.CHECKING)
    found = read_report(book, aliases_for(job.partial.base.county))
    preview = preview_of(partial.base, found, _read(partial.base))
    jobs.report_stage(job, JobStage.COMPUTING, len(found.report.schools))
    if preview.changes and not preview.faults:
        _try_out(job, preview)
    jobs.report_stage(job, JobStage.STORING)
    with transaction.atomic():
        jobs.finish(job)
        partials.save_preview(partial, preview)


def _try_out(job: Job, preview: Preview) -> None:
    """Carry the changes out on a copy and read it again: what cannot be promised is found before anybody decides."""
    base, standard = job.partial.base, parsed_standard(job.standard)
    try:
        merged = _read_bytes(revised_content(base, partials.new_values(preview.as_json()["changes"])), base.filename)
    except (Refused, FileRefused) as refusal:
        if isinstance(refusal, FileRefused) and _may_not_be_the_file(refusal, job):
            raise
        preview.faults.append(Fault(str(refusal)))
        return
    verdict = verdict_of(base)
    before = json.loads(verdict.document) if verdict is not None else None
    today = timezone.localdate()
    add_outcome(
        preview,
        base,
        read_report(merged, aliases_for(base.county)),
        standard,
        before,
        lambda report: judge_report(report, standard, today, decided_about(base.county, base.school_year)),
    )


def _try_standard_out(job: Job) -> None:
    """Judge all counties by both standards and keep what differs."""
    run = job.laboratory_run
    jobs.report_stage(job, JobStage.READING)
    stored = laboratory.counties_of_year(run.school_year)
    jobs.report_stage(job, JobStage.COMPUTING, len(stored.schools))
    result = laboratory.compared(stored, run, timezone.localdate())
    jobs.report_stage(job, JobStage.STORING)
    with transaction.atomic():
        jobs.finish(job)
        laboratory.save_result(run, result)


def _may_not_be_the_file(refusal: FileRefused, job: Job) -> bool:
    """Whether the machine, not the file, may be at fault: no reading process could be started, or it was lost for the
    first time. Such a job is tried again before its file is refused."""
    return refusal.rule == "file.reader_unavailable" or (refusal.rule == "file.reader_stopped" and job.attempts == 1)


def _read(uploaded: Submission | PartialWorkbook) -> Book:
    return _read_bytes(uploaded.file.content, uploaded.filename)


def _read_bytes(content: bytes, filename: str) -> Book:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return read_book(path, filename=filename)
