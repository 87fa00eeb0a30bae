"""Reads of documents: who may see which, which counts, what one is worth today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from evaluation.certifying import CertificateStatus, certificate_status
from evaluation.document_basis import why_outdated
from evaluation.document_making import DocumentKind
from evaluation.models import Certificate, DocumentOrder, Evaluation, IssuedDocument, JobState
from evaluation.permissions import Person, why_not_tend_documents
from evaluation.published import documents, is_published, published_documents
from evaluation.queries import evaluations_visible_to
from schools.models import User


def documents_visible_to(user: Person) -> QuerySet[IssuedDocument]:
    """The documents ``user`` may see: of the evaluations they may see, and for the chief the reports of the own
    province."""
    mine = Q(order__evaluation__in=evaluations_visible_to(user).order_by().values("pk"))
    if isinstance(user, User) and not why_not_tend_documents(user):
        mine |= Q(order__kind=DocumentKind.ANNUAL_REPORT, order__place=user.place_id)
    return documents().filter(mine)


def document_orders_visible_to(user: Person) -> QuerySet[DocumentOrder]:
    """The finished orders ``user`` may see the documents of."""
    visible = documents_visible_to(user).order_by().values("order")
    found = DocumentOrder.objects.filter(pk__in=visible, finished_at__isnull=False, fault="")
    return found.select_related("place", "evaluation__county__parent__parent", "ordered_by")


def last_orders(evaluation: Evaluation) -> dict[DocumentKind, DocumentOrder]:
    """Of each kind the order of this evaluation that was placed last."""
    found = evaluation.document_orders.select_related("job", "ordered_by", "filing").order_by("number")
    return {order.kind_of: order for order in found}


def finished_orders(evaluation: Evaluation) -> dict[DocumentKind, DocumentOrder]:
    """Of each kind the last order of this evaluation that came to its end."""
    found = evaluation.document_orders.filter(finished_at__isnull=False, fault="").select_related("filing", "proposal")
    return {order.kind_of: order for order in found.order_by("number")}


def under_way(orders: Sequence[DocumentOrder]) -> bool:
    """Whether any of them is being worked at: a page that shows them asks again."""
    return any(order.finished_at is None and order.job.state != JobState.SET_ASIDE for order in orders)


def successor_of(document: IssuedDocument) -> IssuedDocument | None:
    """The newest document that took its place, None while it is the newest itself. What everybody reads is succeeded
    only by what everybody may read: nobody is sent to a draft. All else by what was made from the same filing."""
    order = document.order
    is_public = order.kind_of is DocumentKind.ANNUAL_REPORT or is_published(document)
    later = (published_documents() if is_public else documents()).filter(
        order__kind=order.kind,
        order__place=order.place_id,
        order__school_year=order.school_year,
        order__number__gt=order.number,
        order__finished_at__isnull=False,
        order__fault="",
        school=document.school,
    )
    if not is_public:
        later = later.filter(order__evaluation=order.evaluation_id, order__filing=order.filing_id)
    return later.order_by("-order__number").first()


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """What a document is worth now: ``key`` is valid, recheck, pending, superseded, revoked or altered;
    ``certificate`` with its own status where there is one behind it."""

    key: str
    label: str
    words: str
    certificate: Certificate | None = None
    behind: CertificateStatus | None = None
    successor: IssuedDocument | None = None


def document_status(document: IssuedDocument) -> DocumentStatus:
    """The status of a document at this moment. What of it is no longer so is said before whether it was published."""
    order, successor = document.order, successor_of(document)
    if order.fault or order.finished_at is None:
        return DocumentStatus("altered", "没有完成", "制作这份文件时没有做完，它不能作为依据。")
    if order.evaluation is None:
        return _report_status(document, successor)
    certificate = Certificate.objects.filter(evaluation=order.evaluation).select_related("evaluation").first()
    behind = certificate_status(certificate) if certificate is not None else None
    told = (certificate, behind, successor)
    if changed := why_outdated(order, order.evaluation):
        return DocumentStatus("superseded", "已过时", changed, *told)
    if successor is not None:
        words = "已经制作了更新的一份，以新的为准。"
        return DocumentStatus("superseded", "已有更新", words, *told)
    if behind is None:
        words = "文件由本平台制作。评估没有公布，背后没有证书。"
        return DocumentStatus("pending", "没有证书", words, *told)
    return DocumentStatus(behind.key, behind.label, f"文件由本平台制作，{behind.words}", *told)


def _report_status(document: IssuedDocument, successor: IssuedDocument | None) -> DocumentStatus:
    if document.published_at is None:
        return DocumentStatus("pending", "没有公布", "年度报告由本平台制作，审定人还没有公布。", successor=successor)
    if successor is not None:
        words = "已经公布了更新的一份，以新的为准；这一份保留在原来的地址。"
        return DocumentStatus("superseded", "已被取代", words, successor=successor)
    return DocumentStatus("valid", "有效", "年度报告由本平台制作，已经公布。")


def find_document(typed: str) -> IssuedDocument | None:
    """A document by its number, or by the SHA-256 of one of its files."""
    wanted = "".join(typed.split())
    return documents().filter(number=wanted.upper()).first() or document_with_file(wanted.lower())


def document_with_file(sha256: str) -> IssuedDocument | None:
    """The document one of whose files has this hash."""
    return documents().filter(Q(docx=sha256) | Q(pdf=sha256)).order_by("pk").first()
