"""What the page of an evaluation says about its printed documents: a line for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils import timezone

from evaluation.document_basis import why_outdated
from evaluation.document_making import DocumentKind
from evaluation.document_queries import finished_orders, last_orders, under_way
from evaluation.documents import has_maker, newest_order
from evaluation.models import DocumentOrder, Evaluation, IssuedDocument, JobState
from evaluation.permissions import Person, why_not_order_document
from evaluation.reviving import error_in_words

_KINDS = tuple(kind for kind in DocumentKind if kind is not DocumentKind.ANNUAL_REPORT)
NO_MAKER = "这台服务器没有启用文件制作，请联系维护人员。"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A kind of document: the last order of it, and the last that came to its end with what it made. ``words`` say
    where it stands; ``why_not`` why the reader cannot have it made now; ``seen`` goes with the button;
    ``outdated`` says what has changed since."""

    kind: DocumentKind
    order: DocumentOrder | None
    finished: DocumentOrder | None
    document: IssuedDocument | None
    words: str
    why_not: str
    seen: int
    outdated: str = ""
    is_cleared: bool = False

    @property
    def is_made_now(self) -> bool:
        """Whether a worker is at it, or will be."""
        return self.order is not None and under_way([self.order])

    @property
    def is_lost(self) -> bool:
        """Whether the last order failed and waits for a person."""
        return self.order is not None and self.order.finished_at is None and not self.is_made_now

    @property
    def button(self) -> str:
        """What the button is called."""
        return "继续制作" if self.is_lost else "重新制作" if self.finished else "制作"


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The context of templates/evaluation/sections/documents.html."""
    last, finished = last_orders(evaluation), finished_orders(evaluation)
    lines = [_line(user, evaluation, kind, last.get(kind), finished.get(kind)) for kind in _KINDS]
    is_making = any(line.is_made_now for line in lines)
    return {"lines": lines, "is_making": is_making, "token": "-".join(_token(line.order) for line in lines)}


def _token(order: DocumentOrder | None) -> str:
    return "0" if order is None else f"{order.pk}.{order.ready}.{order.job.state}"


def _line(
    user: Person,
    evaluation: Evaluation,
    kind: DocumentKind,
    order: DocumentOrder | None,
    finished: DocumentOrder | None,
) -> OrderLine:
    document = None
    if finished is not None:
        # One without a PDF first: of several the archive then holds the Word files.
        made = finished.documents.select_related("docx", "pdf").defer("docx__content", "pdf__content")
        document = made.order_by(F("pdf").asc(nulls_first=True), "number").first()
    counted = newest_order(kind, evaluation.county_id, evaluation.school_year)
    why_not = why_not_order_document(user, evaluation, kind) or ("" if has_maker() else NO_MAKER)
    if not why_not and order is not None and under_way([order]):
        why_not = "正在制作。"
    return OrderLine(
        kind,
        order,
        finished,
        document,
        order_words(order, finished),
        why_not,
        counted.number if counted is not None else 0,
        outdated=why_outdated(finished, evaluation) if finished is not None else "",
        is_cleared=document is not None and document.docx.cleared_at is not None,
    )


def order_words(order: DocumentOrder | None, finished: DocumentOrder | None) -> str:
    """Where the last order stands, in one sentence."""
    if order is None:
        return "还没有制作。"
    if order.finished_at is None:
        return _under_way_words(order)
    if order.fault:
        return order.fault
    if finished is None:
        return ""
    copies = f"{finished.total} 份，" if finished.kind_of is DocumentKind.SCHOOL_PLAN else ""
    return f"{copies}{timezone.localtime(finished.finished_at):%Y-%m-%d %H:%M} 制作完成。"


def _under_way_words(order: DocumentOrder) -> str:
    made = f"已完成 {order.ready} / {order.total} 份" if order.total > 1 else ""
    if order.job.state == JobState.SET_ASIDE:
        kept = f"{made}，已做好的不会重做。" if made else ""
        return f"没有做完：{error_in_words(order.job.error)}{kept}"
    if order.job.state == JobState.RUNNING or order.ready:
        return f"正在制作，{made}。" if made else "正在制作，通常不到一分钟。"
    again = "上一次没有完成，系统会自动再试。" if order.job.attempts else ""
    return f"正在排队等待制作。{again}"
