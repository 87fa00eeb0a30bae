"""The annual reports of a province as its chief sees them, year by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.document_making import DocumentKind
from evaluation.document_queries import under_way
from evaluation.documents_section import order_words
from evaluation.models import DocumentOrder, Evaluation, IssuedDocument
from evaluation.published import documents
from evaluation.workflow import State
from schools.models import User


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One school year: how many results are published, where the last order stands, and the reports there are, the
    newest first. ``publishable`` is the one that may be published."""

    school_year: int
    counties: int
    order: DocumentOrder | None
    words: str
    reports: Sequence[IssuedDocument]
    publishable: IssuedDocument | None

    @property
    def is_made_now(self) -> bool:
        """Whether a worker is at it, or will be."""
        return self.order is not None and under_way([self.order])

    @property
    def is_lost(self) -> bool:
        """Whether the last order failed and waits for a person."""
        return self.order is not None and self.order.finished_at is None and not self.is_made_now

    @property
    def seen(self) -> int:
        """The number that goes with the button."""
        return self.order.number if self.order is not None else 0


def report_lines(chief: User) -> list[ReportLine]:
    """Every year in which something was published in the chief's province, or a report was ordered, the newest
    first."""
    province = chief.place_id or ""
    of_province = Evaluation.objects.filter(state=State.PUBLISHED, county__code__startswith=province[:2])
    counties: dict[int, int] = {}
    for year in of_province.values_list("school_year", flat=True):
        counties[year] = counties.get(year, 0) + 1
    orders = DocumentOrder.objects.filter(kind=DocumentKind.ANNUAL_REPORT, place=province).select_related("job")
    last = {order.school_year: order for order in orders.order_by("number")}
    made = documents().filter(order__kind=DocumentKind.ANNUAL_REPORT, order__place=province, order__fault="")
    reports = list(made.order_by("-order__number"))
    return [
        _line(year, counties.get(year, 0), last.get(year), [each for each in reports if each.order.school_year == year])
        for year in sorted(counties.keys() | last.keys(), reverse=True)
    ]


def _line(year: int, counties: int, order: DocumentOrder | None, reports: list[IssuedDocument]) -> ReportLine:
    done = [each for each in reports if each.order.finished_at is not None]
    newest = done[0] if done else None
    is_last = newest is not None and order is not None and newest.order_id == order.pk
    publishable = newest if newest is not None and is_last and newest.published_at is None else None
    words = order_words(order, newest.order if newest is not None else None)
    return ReportLine(year, counties, order, words, done, publishable)
