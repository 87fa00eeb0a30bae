"""The only writers of partial workbooks: taken in, read by a worker, shown, and only then applied by a person.

A partial workbook holds some schools of a version. What it would change is worked out and shown cell by cell; applied,
it gives an ordinary version, based on the one it was compared with, in which exactly those cells differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from evaluation import jobs
from evaluation.freezing import lock_county, why_frozen
from evaluation.partial_preview import Fault, Preview
from evaluation.permissions import Person, Refused, check_upload
from evaluation.permissions import why_not_revise as why_not_at_all
from evaluation.queries import default_standard
from evaluation.revisions import newest_version, revised_content, store_revised
from indicators.actions import store_file
from indicators.catalogue import SCHOOL_SHEET
from indicators.models import CellChange, PartialWorkbook, StoredFile, Submission
from indicators.workbook.repairs import new_value
from indicators.workbook.revise import CellPlace, NewValue
from schools.models import County, User

State = PartialWorkbook.State
#: Nobody has decided yet.
OPEN = (State.READING, State.READY)
_LONGEST_FILENAME = 200


def base_of(county: County, school_year: int) -> Submission | None:
    """The version that a partial workbook uploaded now would update: the newest, or the one before it where the newest
    is itself a partial workbook that was uploaded as a whole one."""
    versions = Submission.objects.filter(county=county, school_year=school_year).select_related("county")
    newest = versions.order_by("-version").first()
    offer = offer_of(newest) if newest is not None else None
    return offer.base if offer is not None else newest


def why_not_update(user: Person, base: Submission | None) -> str:
    """Empty if ``user`` may update some schools of ``base``, otherwise the reason in words."""
    if base is None:
        return "本学年还没有上传过完整的工作簿。请先上传全部学校，之后才能只更新其中几所。"
    if reason := why_not_at_all(user, base.county) or why_frozen(base.county_id, base.school_year):
        return reason
    newest = newest_version(base)
    if newest.pk != base.pk and small_version_above(base) is None:
        return (
            f"在第 {base.version} 版之后又有了第 {newest.version} 版，按第 {base.version} 版做的预览已经过时。"
            "请在工作台重新上传这份文件，系统会按最新的一版重新比较。"
        )
    return _why_not_editable(base)


def _why_not_editable(base: Submission) -> str:
    if base.read_at is None:
        return f"第 {base.version} 版还在处理，处理完成后才能只更新其中几所学校。"
    if not base.is_readable:
        return f"第 {base.version} 版没有可用的学校数据，不能只更新其中几所学校。请上传完整的工作簿。"
    if base.filename.lower().endswith(".csv"):
        return f"第 {base.version} 版是 CSV 文件，不能只更新其中几所学校。请上传含全部学校的文件。"
    return ""


def upload_partial(user: User, county: County, school_year: int, filename: str, content: bytes) -> PartialWorkbook:
    """Take in a workbook with some schools and queue its reading; no version is made and nothing changes. The same file
    sent once more is the one that is waiting. Raises Refused."""
    check_upload(user, county)
    with transaction.atomic():
        lock_county(county.pk)
        base = base_of(county, school_year)
        reason = why_not_update(user, base)
        if base is None or reason:
            raise Refused(reason)
        return _taken(user, base, store_file(content), filename)


@dataclass(frozen=True, slots=True)
class Offer:
    """A version that looks like a partial workbook uploaded as a whole one, and the version before it."""

    base: Submission
    schools: int
    base_schools: int
    shared: int


def offer_of(version: Submission) -> Offer | None:
    """Whether the newest version has at most half the schools of the one before it, some of them the same."""
    if not version.is_readable or version.based_on_id is not None:
        return None
    around = Submission.objects.filter(
        county_id=version.county_id, school_year=version.school_year, version__gte=version.version - 1
    )
    beside = list(around.select_related("county").annotate(schools=Count("records")).order_by("version")[:3])
    if [each.version for each in beside] != [version.version - 1, version.version]:
        return None
    base, small = beside
    if not base.is_readable or small.schools * 2 > base.schools:
        return None
    codes = base.records.exclude(code="").values("code")
    shared = version.records.filter(code__in=codes).count()
    return Offer(base, small.schools, base.schools, shared) if shared else None


def small_version_above(base: Submission) -> Submission | None:
    """The newest version, where it is the only one after ``base`` and looks like a partial workbook for it."""
    newest = newest_version(base)
    if newest.version != base.version + 1:
        return None
    return newest if offer_of(newest) is not None else None


def update_with_version(user: User, version: Submission) -> PartialWorkbook:
    """Treat the file of a small version as a partial workbook for the version before it. Raises Refused."""
    with transaction.atomic():
        lock_county(version.county_id)
        offer = offer_of(version)
        if offer is None:
            raise Refused("这一版不是只含部分学校的最新一版，不能用它更新上一版。")
        if reason := why_not_update(user, offer.base):
            raise Refused(reason)
        return _taken(user, offer.base, version.file, version.filename)


def _taken(user: User, base: Submission, file: StoredFile, filename: str) -> PartialWorkbook:
    waiting = PartialWorkbook.objects.filter(base=base, file=file, state__in=OPEN).first()
    if waiting is not None:
        return waiting
    name = PurePath(filename.replace("\\", "/")).name[-_LONGEST_FILENAME:]
    partial = PartialWorkbook.objects.create(base=base, file=file, filename=name, uploaded_by=user)
    jobs.enqueue_partial(partial, default_standard())
    return partial


def save_preview(partial: PartialWorkbook, preview: Preview) -> None:
    """Store what a partial workbook would change. Call inside the transaction that ends its job; one that was given up
    meanwhile stays so."""
    state = State.READY if preview.schools or any(change.is_new for change in preview.changes) else State.REFUSED
    if state == State.REFUSED and not preview.faults:
        preview.faults.append(Fault("文件中没有可以对应的学校。请核对「学校数据」中的学校标识码。"))
    waiting = PartialWorkbook.objects.filter(pk=partial.pk, state=State.READING)
    waiting.update(state=state, **preview.as_json())


def save_refusal(partial: PartialWorkbook, message: str) -> None:
    """Store why the file of a partial workbook cannot be read at all. Call inside the transaction that ends its job."""
    faults = Preview(faults=[Fault(message)]).as_json()
    PartialWorkbook.objects.filter(pk=partial.pk, state=State.READING).update(state=State.REFUSED, **faults)


def why_not_apply(user: Person, partial: PartialWorkbook) -> str:
    """Empty if ``user`` may carry out what the partial workbook would change, otherwise the reason in words."""
    if partial.state == State.APPLIED and partial.result is not None:
        return f"这份文件已经更新为第 {partial.result.version} 版，没有再次更新。"
    if partial.state == State.DISCARDED:
        return "这份文件已经放弃，没有更新。需要时请重新上传。"
    if reason := why_not_update(user, partial.base):
        return reason
    if partial.state == State.READING:
        return "这份文件还在读取，读完并列出变化之后才能更新。"
    if partial.faults:
        return f"请在文件中更正这 {len(partial.faults)} 处后重新上传。"
    if not partial.changes:
        return "文件中的数据与这一版相同，没有需要更新的单元格。"
    return ""


def why_not_discard(user: Person, partial: PartialWorkbook) -> str:
    """Empty if ``user`` may give the partial workbook up, otherwise the reason in words."""
    if reason := why_not_at_all(user, partial.base.county):
        return reason
    if partial.state == State.APPLIED and partial.result is not None:
        return f"这份文件已经更新为第 {partial.result.version} 版，不能再放弃。"
    return "" if partial.state in OPEN else "这份文件已经不在等待确认。"


def apply_partial(user: User, partial: PartialWorkbook) -> Submission:
    """The next version, in which exactly the cells of the preview hold their new contents. Of two that apply at once
    one does. Raises Refused."""
    partial = _as_it_is_now(partial)
    _check_applicable(user, partial)
    base = partial.base
    content = revised_content(base, new_values(partial.changes))
    with transaction.atomic():
        lock_county(base.county_id)
        _check_applicable(user, _as_it_is_now(partial))
        result = store_revised(user, base, content, [_cell_change(told) for told in partial.changes])
        taken = PartialWorkbook.objects.filter(pk=partial.pk, state=State.READY).update(
            state=State.APPLIED, result=result, decided_by=user, decided_at=timezone.now()
        )
        if not taken:
            raise Refused("这份文件刚刚在另一个页面处理过，没有再次更新。")
    return result


def new_values(changes: Collection[Mapping[str, Any]]) -> dict[CellPlace, NewValue]:
    """What is put into which cells of the version's file, from the stored form of the changes."""
    return {(SCHOOL_SHEET, told["cell"]): new_value(SCHOOL_SHEET, told["header"], told["after"]) for told in changes}


def _as_it_is_now(partial: PartialWorkbook) -> PartialWorkbook:
    """The row anew: another tab may have decided since it was fetched."""
    return PartialWorkbook.objects.select_related("base__county", "result").get(pk=partial.pk)


def _check_applicable(user: User, partial: PartialWorkbook) -> None:
    if reason := why_not_apply(user, partial):
        raise Refused(reason)


def _cell_change(told: Mapping[str, Any]) -> CellChange:
    return CellChange(
        kind=CellChange.Kind.PARTIAL,
        sheet=SCHOOL_SHEET,
        cell=told["cell"],
        school=told["code"],
        header=told["header"],
        before=told["before"],
        after=told["after"],
    )


def discard_partial(user: User, partial: PartialWorkbook) -> None:
    """Give a partial workbook up; nothing has changed and nothing will. Raises Refused."""
    if reason := why_not_discard(user, _as_it_is_now(partial)):
        raise Refused(reason)
    taken = PartialWorkbook.objects.filter(pk=partial.pk, state__in=OPEN).update(
        state=State.DISCARDED, decided_by=user, decided_at=timezone.now()
    )
    if not taken:
        raise Refused("这份文件刚刚在另一个页面处理过，请刷新查看。")
