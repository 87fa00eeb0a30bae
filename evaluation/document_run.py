"""Making documents, the work of one job: facts, number, seal, the Word file, the PDF; a few at a time.

What a batch made is stored before the next begins, so that a dead worker loses little; whoever goes on makes only what
is missing. Numbers are computed, not given out: however often a document is begun, it is the same one.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evaluation import jobs
from evaluation.certificate_file import canonical, sha256_of
from evaluation.document_archive import write_archive
from evaluation.document_basis import why_outdated
from evaluation.document_making import DocumentKind, FillingFailed, Maker, PrintingFailed, Seal, maker
from evaluation.documents import file_sha256
from evaluation.events import record_event
from evaluation.freezing import lock_county
from evaluation.models import DocumentOrder, Evaluation, IssuedDocument, Job, JobStage
from evaluation.telling import notify
from indicators.actions import store_file

logger = logging.getLogger(__name__)

#: So many documents are made between two times of storing: what a dead worker loses, what a process holds, and what an
#: upload waits for. Fewer, and starting the program that prints would cost more than printing.
A_BATCH = 30
#: The letters a number begins with.
LETTERS = {
    DocumentKind.SELF_ASSESSMENT: "ZP",
    DocumentKind.OPINION: "DD",
    DocumentKind.FEEDBACK: "FK",
    DocumentKind.SCHOOL_PLAN: "YX",
    DocumentKind.ANNUAL_REPORT: "ND",
}
_SIGNS = 6
_OUTDATED = "制作期间签报、核算结果或处理建议有了变化，这一次没有完成，请按现在的数据重新制作。"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One document to be made: which it is among those of its order, and of which school."""

    position: int
    school: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Made:
    """One document that was made, not stored yet."""

    wanted: _Wanted
    number: str
    facts_sha256: str
    docx: bytes


def make(job: Job) -> None:
    """Make what is missing of the order of a claimed job. Raises jobs.LeaseLost, storing nothing more, where another
    worker has taken it over, and PrintingFailed, but at the last attempt: what cannot be printed then stays Word."""
    order = job.document_order
    if _is_outdated(order):
        _end_without(job, order, _OUTDATED)
        return
    jobs.report_stage(job, JobStage.READING)
    writer = maker()
    template = _template(order)
    missing = _missing(order, _wanted(order, writer))
    for begin in range(0, len(missing), A_BATCH):
        if begin and jobs.give_way(job):
            return
        try:
            _make_some(job, order, missing[begin : begin + A_BATCH], writer, template)
        except FillingFailed as fault:
            # However often it is tried: the template has to be changed first.
            _end_without(job, order, f"没有完成：{fault}")
            return
    _finish(job, order)


def _wanted(order: DocumentOrder, writer: Maker) -> list[_Wanted]:
    if order.kind_of is not DocumentKind.SCHOOL_PLAN or order.evaluation_id is None:
        return [_Wanted(1)]
    schools = writer.schools(order.evaluation_id)
    return [_Wanted(position, code, name) for position, (code, name) in enumerate(schools, 1)]


def _missing(order: DocumentOrder, wanted: Sequence[_Wanted]) -> list[_Wanted]:
    there = set(order.documents.values_list("school", flat=True))
    return [each for each in wanted if each.school not in there]


def _template(order: DocumentOrder) -> bytes | None:
    own = order.template
    return bytes(own.file.content) if own is not None and own.file is not None else None


def _make_some(
    job: Job, order: DocumentOrder, wanted: Sequence[_Wanted], writer: Maker, template: bytes | None
) -> None:
    jobs.report_stage(job, JobStage.COMPUTING, order.ready)
    made = [_made(order, each, writer, template) for each in wanted]
    jobs.report_stage(job, JobStage.CHECKING, order.ready)
    printed = _printed(job, order, made, writer)
    used = hashlib.sha256(template or writer.default_template(order.kind_of)).hexdigest()
    with transaction.atomic():
        # The fence comes first: a worker that lost its lease writes nothing at all.
        jobs.report_stage(job, JobStage.STORING, order.ready + len(made))
        for each, pdf in zip(made, printed, strict=True):
            IssuedDocument.objects.create(
                order=order,
                number=each.number,
                school=each.wanted.school,
                school_name=each.wanted.name,
                facts_sha256=each.facts_sha256,
                template_sha256=used,
                docx=store_file(each.docx),
                pdf=store_file(pdf) if pdf is not None else None,
            )
        order.ready += len(made)
        DocumentOrder.objects.filter(pk=order.pk).update(ready=order.ready)


def _printed(job: Job, order: DocumentOrder, made: Sequence[_Made], writer: Maker) -> Sequence[bytes | None]:
    """The PDFs, or none where nothing can be printed: here, or any more."""
    unprinted = [None] * len(made)
    is_last = job.attempts >= jobs.MOST_ATTEMPTS
    # Of one order all are read as Word files where one has no PDF: at the last attempt no more is spent on them.
    if not writer.can_print() or (is_last and order.documents.filter(pdf=None).exists()):
        return unprinted
    ready = order.ready

    def report(count: int) -> None:
        jobs.report_stage(job, JobStage.CHECKING, ready + count)

    try:
        return writer.to_pdf([each.docx for each in made], report)
    except PrintingFailed:
        if not is_last:
            raise
        # Set aside, the order would keep everybody from a new one, and the Word files from whoever waits for them.
        logger.exception("order %s is made without PDF: printing failed at the last attempt", order.pk)
        return unprinted


def _made(order: DocumentOrder, wanted: _Wanted, writer: Maker, template: bytes | None) -> _Made:
    facts = _facts(order, wanted, writer)
    number, sha256 = number_of(order, wanted.position), sha256_of(canonical(facts))
    seal = Seal(number, sha256, f"{settings.SITE_URL}{reverse('document', args=[number])}")
    return _Made(wanted, number, sha256, writer.fill(order.kind_of, facts, template, seal))


def _facts(order: DocumentOrder, wanted: _Wanted, writer: Maker) -> dict[str, Any]:
    if order.evaluation_id is None:
        return writer.province_facts(order.place_id, order.school_year)
    return writer.facts(order.kind_of, order.evaluation_id, wanted.school, order.verdict_id)


def number_of(order: DocumentOrder, position: int) -> str:
    """YX-990101-2026-02-003-7QK4ZM: kind, place, year, which order, which school; and six signs nobody can guess, so
    that only who has a document in hand can ask about it. The same whenever it is computed."""
    number = f"{LETTERS[order.kind_of]}-{order.place_id}-{order.school_year}-{order.number:02d}"
    if order.kind_of is DocumentKind.SCHOOL_PLAN:
        number += f"-{position:03d}"
    secret = salted_hmac("evaluation.document_run.number", number, algorithm="sha256").digest()
    return f"{number}-{base64.b32encode(secret).decode()[:_SIGNS]}"


def _is_outdated(order: DocumentOrder) -> bool:
    """Whether what the order rests on is no longer what stands."""
    if order.evaluation_id is None:
        return False
    return bool(why_outdated(order, Evaluation.objects.get(pk=order.evaluation_id)))


def _end_without(job: Job, order: DocumentOrder, why: str) -> None:
    """Nothing comes of the order: its end with the reason, and whoever ordered is told."""
    longest = DocumentOrder._meta.get_field("fault").max_length
    with transaction.atomic():
        jobs.finish(job)
        DocumentOrder.objects.filter(pk=order.pk).update(finished_at=timezone.now(), fault=why[:longest])
        _tell_fault(order, why)


def _tell_fault(order: DocumentOrder, why: str) -> None:
    # The report of a province belongs to no evaluation: its page promises no message, and shows the reason.
    if order.evaluation is not None:
        notify(order.ordered_by, order.evaluation, f"{order.get_kind_display()}没有制作完成。{why}")


def _finish(job: Job, order: DocumentOrder) -> None:
    """All are there: the archive's hash, the end of order and job, one event, and whoever ordered is told."""
    jobs.report_stage(job, JobStage.STORING, order.ready)
    archive = _archive_sha256(order) if order.kind_of is DocumentKind.SCHOOL_PLAN else ""
    with transaction.atomic():
        # Locks are taken in one order, as everywhere: the county, its rows, the head of the chain.
        if order.evaluation is not None:
            lock_county(order.place_id)
        jobs.finish(job)
        fault = _OUTDATED if _is_outdated(order) else ""
        DocumentOrder.objects.filter(pk=order.pk).update(
            finished_at=timezone.now(), fault=fault, archive_sha256=archive
        )
        if fault:
            _tell_fault(order, fault)
        else:
            _tell(order, archive)


def _archive_sha256(order: DocumentOrder) -> str:
    with tempfile.TemporaryFile() as file:
        write_archive(order, file)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tell(order: DocumentOrder, archive: str) -> None:
    told: dict[str, Any] = {"what": f"{order.get_kind_display()}，{order.total} 份", "order": order.pk}
    if order.kind_of is DocumentKind.SCHOOL_PLAN:
        told["sha256"] = archive
    else:
        document = order.documents.get()
        told |= {"number": document.number, "sha256": file_sha256(document)}
    record_event("document_issued", None, evaluation=order.evaluation, payload=told)
    if order.evaluation is not None:
        words = "可以下载。"
        if order.documents.filter(pdf=None).exists():
            words = "没有转换成 PDF，可以下载 Word 文件；以后需要 PDF 时，可以重新制作。"
        notify(order.ordered_by, order.evaluation, f"{order.get_kind_display()}已经制作完成，{words}")
