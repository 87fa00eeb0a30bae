"""Doors to printed documents: have one made, take it away, ask by its number whether it is genuine."""

from __future__ import annotations

from http import HTTPStatus
from tempfile import TemporaryFile
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from evaluation import documents_section
from evaluation.document_archive import safe_name, write_archive
from evaluation.document_making import DocumentKind
from evaluation.document_queries import document_orders_visible_to, document_status, documents_visible_to
from evaluation.documents import order_document
from evaluation.models import DocumentOrder, IssuedDocument
from evaluation.permissions import Refused
from evaluation.published import documents, is_published
from evaluation.queries import evaluations_visible_to
from evaluation.taking_away import of_document, of_document_order, records_download
from indicators.models import StoredFile

_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_LONGEST_NUMBER = 9


def seen_number(request: HttpRequest) -> int:
    """The number of the last order the person looked at; none where the form names none."""
    typed = request.POST.get("seen", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_NUMBER else 0


@require_POST
def document_order(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Have a document of an evaluation made."""
    evaluation = get_object_or_404(evaluations_visible_to(request.user), pk=pk)
    if kind not in set(DocumentKind) or kind == DocumentKind.ANNUAL_REPORT:
        raise Http404
    try:
        order_document(request.user, evaluation, DocumentKind(kind), seen_number(request))
        messages.success(request, f"{DocumentKind(kind).label}已开始制作，可以离开本页，完成后会收到消息。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("evaluation", args=[pk]) + "#documents")


@require_safe
@never_cache
def documents_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of an evaluation's page about its documents: nothing while nothing changed."""
    evaluation = get_object_or_404(evaluations_visible_to(request.user), pk=pk)
    if not request.headers.get("HX-Request"):
        return redirect(reverse("evaluation", args=[pk]) + "#documents")
    told = documents_section.section(request.user, evaluation)
    if request.GET.get("seen") == told["token"]:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "evaluation/sections/documents.html", told | {"evaluation": evaluation})


@require_safe
@login_not_required
@never_cache
def document(request: HttpRequest, number: str) -> HttpResponse:
    """What a document is, and what it is worth now: where its QR code leads. Whoever has the number may ask; what
    stands in an unpublished document, and the name of its school, is not told."""
    return _page(request, get_object_or_404(documents(), number=number))


def _page(request: HttpRequest, found: IssuedDocument, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    may_see = documents_visible_to(request.user).filter(pk=found.pk).exists()
    worth = document_status(found)
    shown = worth.successor
    if shown is not None and not is_published(shown) and not may_see:
        # A number is a key: that of an unpublished document is for those who may see it.
        shown = None
    is_cleared = StoredFile.objects.filter(pk=found.docx_id, cleared_at__isnull=False).exists()
    context = {
        "document": found,
        "order": found.order,
        "status": worth,
        "successor": shown,
        "may_see": may_see,
        "is_public": is_published(found),
        "is_cleared": is_cleared,
    }
    return render(request, "evaluation/document.html", context, status=status)


@require_safe
@never_cache
@records_download("制作的文件", of_document)
def document_file(request: HttpRequest, number: str, suffix: str) -> HttpResponseBase:
    """The Word file or the PDF, for whoever may see the evaluation; gone where its time is over."""
    found = get_object_or_404(documents_visible_to(request.user), number=number)
    return _file(request, found, suffix)


@require_safe
@login_not_required
def document_published(request: HttpRequest, number: str, suffix: str) -> HttpResponseBase:
    """The Word file or the PDF of a published document, for everybody."""
    found = get_object_or_404(documents(), number=number)
    if not is_published(found):
        raise Http404
    etag = f'"{found.pdf_id if suffix == "pdf" else found.docx_id}"'
    if answer := get_conditional_response(request, etag=etag):
        return answer
    answer = _file(request, found, suffix)
    answer.headers["ETag"] = etag
    return answer


def _file(request: HttpRequest, found: IssuedDocument, suffix: str) -> HttpResponseBase:
    stored = {"pdf": found.pdf, "docx": found.docx}.get(suffix)
    if stored is None:
        raise Http404
    if stored.cleared_at is not None:
        return _page(request, found, HTTPStatus.GONE)
    order = found.order
    about = safe_name(found.school_name) if found.school else safe_name(order.place.name)
    name = f"{order.get_kind_display()}_{about}_{order.school_year}学年_{found.number}.{suffix}"
    answer = HttpResponse(bytes(stored.content), content_type=_TYPES[suffix])
    answer.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    answer.filename = name  # type: ignore[attr-defined]
    return answer


@require_safe
@never_cache
def documents_of_order(request: HttpRequest, pk: int) -> HttpResponse:
    """The plans of an order, school by school."""
    order = get_object_or_404(document_orders_visible_to(request.user), pk=pk)
    made = order.documents.select_related("docx").defer("docx__content").order_by("number")
    context: dict[str, Any] = {"order": order, "documents": made, "is_cleared": _is_cleared(order)}
    return render(request, "evaluation/document_order.html", context)


@require_safe
@never_cache
@records_download("一校一策（压缩包）", of_document_order)
def documents_archive(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All plans of an order in one archive."""
    plans = document_orders_visible_to(request.user).filter(kind=DocumentKind.SCHOOL_PLAN)
    order = get_object_or_404(plans, pk=pk)
    if _is_cleared(order):
        messages.error(request, "这一次制作的文件已过保存期，可以按签报重新制作。")
        return redirect("documents_of_order", pk=pk)
    file = TemporaryFile()  # noqa: SIM115 (closed with the answer)
    write_archive(order, file)
    file.seek(0)
    name = f"一校一策_{safe_name(order.place.name)}_{order.school_year}学年.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _is_cleared(order: DocumentOrder) -> bool:
    return order.documents.filter(docx__cleared_at__isnull=False).exists()
