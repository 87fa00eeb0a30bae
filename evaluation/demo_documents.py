"""The printed documents of the demonstration: had made, and left to the worker that is started next."""

from __future__ import annotations

from evaluation.document_making import DocumentKind
from evaluation.documents import has_maker, order_annual_report, order_document
from evaluation.models import DocumentOrder, Evaluation
from evaluation.workflow import State
from schools.models import User
from schools.vocabulary import Party


def order_documents(chief: User) -> None:
    """Have the documents of the published county made, and the report on its year; once. Printing takes its time:
    whoever starts the demonstration does not wait for it."""
    published = Evaluation.objects.filter(state=State.PUBLISHED).select_related("county__parent__parent").first()
    if published is None or not has_maker() or DocumentOrder.objects.exists():
        return
    signer = User.objects.get(party=Party.SIGNER, place=published.county_id)
    order_document(signer, published, DocumentKind.SELF_ASSESSMENT, 0)
    for kind in (DocumentKind.FEEDBACK, DocumentKind.OPINION):
        order_document(chief, published, kind, 0)
    order_annual_report(chief, published.school_year, 0)
