"""Having documents made, and publishing an annual report: the only writers beside the worker (``document_run``)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import jobs
from evaluation.document_basis import OF_A_PROPOSAL, standing_proposal, verdict_behind
from evaluation.document_making import DocumentKind, NoMaker, maker
from evaluation.document_templates import current_template
from evaluation.events import record_event
from evaluation.freezing import lock_county
from evaluation.models import DocumentOrder, Evaluation, IssuedDocument, Job, JobState
from evaluation.permissions import Refused, why_not_order_document, why_not_tend_documents
from evaluation.queries import default_standard
from evaluation.workflow import State
from schools.models import Division, User
from schools.queries import current_school_year

_EARLIEST_YEAR = 2012


def newest_order(kind: DocumentKind, place: str, school_year: int) -> DocumentOrder | None:
    """The last order of a kind for a place and year."""
    found = DocumentOrder.objects.filter(kind=kind, place=place, school_year=school_year)
    return found.select_related("job").order_by("-number").first()


def order_document(user: User, evaluation: Evaluation, kind: DocumentKind, seen: int) -> DocumentOrder:
    """Have a document of an evaluation made; for a plan, one for each school. ``seen`` is the number of the last order
    the person looked at: whoever comes second gets the order of the first. One that was set aside goes on. Raises
    Refused."""
    _check_there_is_a_maker()
    with transaction.atomic():
        lock_county(evaluation.county_id)
        evaluation.refresh_from_db(fields=["state", "version", "filing"])
        if reason := why_not_order_document(user, evaluation, kind):
            raise Refused(reason)
        order = DocumentOrder(
            kind=kind,
            place_id=evaluation.county_id,
            school_year=evaluation.school_year,
            evaluation=evaluation,
            filing=evaluation.filing,
            proposal=standing_proposal(evaluation) if kind in OF_A_PROPOSAL else None,
            verdict_id=verdict_behind(evaluation, kind),
            template=current_template(_province(evaluation.county), kind),
            total=len(maker().schools(evaluation.pk)) if kind is DocumentKind.SCHOOL_PLAN else 1,
            ordered_by=user,
        )
        if not order.total:
            raise Refused("签报里没有需要单独制作方案的学校。")
        return _placed(user, order, seen)


def order_annual_report(user: User, school_year: int, seen: int) -> DocumentOrder:
    """Have the report of the own province on a school year made, from what is published. Raises Refused."""
    if reason := why_not_tend_documents(user):
        raise Refused(reason)
    if not _EARLIEST_YEAR <= school_year <= current_school_year():
        raise Refused(f"学年应在 {_EARLIEST_YEAR} 到 {current_school_year()} 之间。")
    _check_there_is_a_maker()
    with transaction.atomic():
        province = Division.objects.select_for_update(no_key=True).get(pk=user.place_id)
        published = Evaluation.objects.filter(
            school_year=school_year, state=State.PUBLISHED, county__code__startswith=province.pk[:2]
        )
        if not published.exists():
            raise Refused(f"{school_year}—{school_year + 1} 学年还没有公布的结果，年度报告只写已公布的内容。")
        kind = DocumentKind.ANNUAL_REPORT
        order = DocumentOrder(
            kind=kind,
            place=province,
            school_year=school_year,
            template=current_template(province.pk, kind),
            total=1,
            ordered_by=user,
        )
        return _placed(user, order, seen)


def _placed(user: User, order: DocumentOrder, seen: int) -> DocumentOrder:
    """The order, or the one that is under way or was placed meanwhile; call while holding the place's row."""
    last = newest_order(order.kind_of, order.place_id, order.school_year)
    if last is not None and last.evaluation_id != order.evaluation_id:
        # An evaluation and the one that corrects it count their documents together.
        if last.finished_at is None:
            raise Refused("本县本学年的另一次评估正在制作同一种文件，完成以后再制作。")
    elif last is not None and (last.finished_at is None or last.number > seen):
        _go_on(user, last)
        return last
    order.number = last.number + 1 if last is not None else 1
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError:
        # Only where nobody held the row: the constraints say who was first.
        first = newest_order(order.kind_of, order.place_id, order.school_year)
        if first is None:
            raise
        return first
    evaluation = order.evaluation
    jobs.enqueue_documents(order, evaluation.standard if evaluation is not None else default_standard())
    _record("document_ordered", user, order)
    return order


def _go_on(user: User, order: DocumentOrder) -> None:
    job = Job.objects.filter(document_order=order, state=JobState.SET_ASIDE).first()
    if job is not None and jobs.revive(job):
        _record("document_ordered", user, order)


def _record(kind: str, user: User, order: DocumentOrder) -> None:
    copies = f"，{order.total} 份" if order.total > 1 else ""
    what = f"{order.get_kind_display()}，{order.school_year}—{order.school_year + 1} 学年，第 {order.number} 次{copies}"
    record_event(kind, user, evaluation=order.evaluation, payload={"what": what, "order": order.pk})


def publish_report(user: User, document: IssuedDocument) -> None:
    """Let everybody read an annual report, at the address of its number, for good. Raises Refused."""
    if reason := why_not_publish_report(user, document):
        raise Refused(reason)
    with transaction.atomic():
        changed = IssuedDocument.objects.filter(pk=document.pk, published_at=None).update(
            published_at=timezone.now(), published_by=user
        )
        if not changed:
            raise Refused("这份报告已经公布。")
        told = {"what": document.order.get_kind_display(), "number": document.number, "sha256": file_sha256(document)}
        record_event("document_published", user, payload=told)
    document.refresh_from_db()


def why_not_publish_report(user: User, document: IssuedDocument) -> str:
    """Empty if ``user`` may publish an annual report now, otherwise the reason in words."""
    if reason := why_not_tend_documents(user):
        return reason
    order = document.order
    if order.kind_of is not DocumentKind.ANNUAL_REPORT or order.place_id != user.place_id:
        return "只能公布本省的年度报告。"
    if document.published_at is not None:
        return "这份报告已经公布。"
    last = newest_order(order.kind_of, order.place_id, order.school_year)
    if last is not None and last.pk != order.pk:
        return "已经提出制作更新的一份，请公布最新的。"
    changed = Evaluation.objects.filter(
        county__code__startswith=order.place_id[:2],
        school_year=order.school_year,
        state__in=(State.PUBLISHED, State.REVOKED, State.SUPERSEDED),
        since__gt=order.ordered_at,
    )
    return "制作以后，本省本学年公布的结果有了变化。请重新制作，核对后再公布。" if changed.exists() else ""


def file_sha256(document: IssuedDocument) -> str:
    """The hash of what is handed out first: the PDF, or the Word file where there is none."""
    return document.pdf_id or document.docx_id


def has_maker() -> bool:
    """Whether this process can say what stands in documents at all."""
    try:
        maker()
    except NoMaker:
        return False
    return True


def _check_there_is_a_maker() -> None:
    if not has_maker():
        raise Refused("这台服务器没有启用文件制作，请联系维护人员。")


def _province(county: Division) -> str:
    place = county
    while place.parent is not None:
        place = place.parent
    return place.pk
