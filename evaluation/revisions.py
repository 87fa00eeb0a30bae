"""The only writers of revised versions: proposed repairs accepted and single cells corrected by a person.

A revised version is an ordinary version: a copy of the file with other values in some cells, stored beside the one it
is based on, read, checked and judged like any upload. What was changed, from what, by whom and when stands with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from django.db import transaction

from evaluation import jobs
from evaluation.freezing import check_open, lock_county, why_frozen
from evaluation.permissions import Person, Refused
from evaluation.permissions import why_not_revise as why_not_at_all
from evaluation.queries import DEFAULT_STANDARD
from indicators.actions import record_upload
from indicators.catalogue import (
    COUNTY_ITEM_BY_CODE,
    COUNTY_ITEMS,
    COUNTY_SHEET,
    DECIMAL_SCALE,
    SCHOOL_SHEET,
    CountyItem,
    Field,
)
from indicators.checks.rules import RULES
from indicators.models import CellChange, Submission
from indicators.queries import school_report_of
from indicators.report import Value
from indicators.workbook.asked import asked_of
from indicators.workbook.notes import letters_of, place_of
from indicators.workbook.parts import CannotEdit
from indicators.workbook.repairs import all_repairs, header_at, kind_of, new_value, repairs_of
from indicators.workbook.revise import CellPlace, NewValue, revise
from indicators.workbook.values import read_cell
from schools.models import User
from schools.vocabulary import SponsorType

LONGEST_TYPED = 500
_STALE = "已有更新的版本（第 {version} 版）。请打开最新的版本，在那里更正。"
_OF_THE_FILE = "file."


@dataclass(frozen=True, slots=True)
class CorrectableCell:
    """A cell that may be corrected alone: what the form asks for there, whose row it is in, what stands there now."""

    sheet: str
    cell: str
    entry: Field | CountyItem
    school: str
    before: str

    @property
    def header(self) -> str:
        return self.entry.header if isinstance(self.entry, Field) else self.entry.name


def newest_version(submission: Submission) -> Submission:
    """The newest version of the same county and school year."""
    same = Submission.objects.filter(county_id=submission.county_id, school_year=submission.school_year)
    return same.order_by("-version")[:1].get()


def why_not_marked(submission: Submission) -> str:
    """Empty if the file of a version can be marked and corrected in place, otherwise the reason in words."""
    if submission.filename.lower().endswith(".csv"):
        return "CSV 文件不能带颜色和批注，也不能在线更正。请下载问题清单，对照清单在原文件中更正后重新上传。"
    if submission.is_readable is False and submission.problems.filter(rule__startswith=_OF_THE_FILE).exists():
        return "系统没有读取这个文件，不能在文件上标注或更正。请按问题清单处理后重新上传。"
    return ""


def why_not_revise(user: Person, submission: Submission) -> str:
    """Empty if ``user`` may revise this version now, otherwise the reason in words."""
    if reason := why_not_at_all(user, submission.county):
        return reason
    if reason := why_frozen(submission.county_id, submission.school_year):
        return reason
    newest = newest_version(submission)
    if newest.pk != submission.pk:
        return _STALE.format(version=newest.version)
    if submission.read_at is None:
        return "这一版还在处理，处理完成后才能更正。"
    return why_not_marked(submission)


def accept_repairs(user: User, submission: Submission, problem_ids: Collection[int] = (), kind: str = "") -> Submission:
    """The next version, in which the proposals of the given problems, or all of one kind, are carried out. Raises
    Refused."""
    _check(user, submission)
    proposed = list(submission.problems.exclude(fix=""))
    chosen = [problem for problem in proposed if problem.pk in problem_ids or (kind and kind_of(problem) == kind)]
    repairs = all_repairs(chosen, submission.columns)
    if not repairs:
        raise Refused("没有选中可以采纳的建议。请先勾选，再点“采纳所选建议”。")
    schools = {
        (repair.sheet, repair.cell): problem.school
        for problem in chosen
        for repair in repairs_of(problem, submission.columns)
    }
    values: dict[CellPlace, NewValue] = {}
    changes = []
    for place, repair in repairs.items():
        values[place] = new_value(repair.sheet, repair.header, repair.after)
        changes.append(
            CellChange(
                kind=CellChange.Kind.REPAIR,
                sheet=repair.sheet,
                cell=repair.cell,
                school=schools[place],
                header=repair.header,
                before=repair.before,
                after=repair.after,
            )
        )
    return _store(user, submission, values, changes)


def correct_cell(user: User, submission: Submission, sheet: str, cell: str, typed: str) -> Submission:
    """The next version, in which one cell holds what was typed in the browser. What the form would refuse is refused
    here with the same words. Raises Refused."""
    _check(user, submission)
    found = correctable_cell(submission, sheet, cell)
    if found is None:
        raise Refused(f"「{sheet[:20]}」{cell[:12]} 不是可以在线更正的数据单元格。请在表格软件中更正后重新上传。")
    value = _checked_value(found, typed)
    after = f"{value:f}" if isinstance(value, Decimal) else value or ""
    if after == found.before:
        raise Refused(f"{cell} 现在就是“{after}”，没有更正。" if after else f"{cell} 现在就是空的，没有更正。")
    change = CellChange(
        kind=CellChange.Kind.CORRECTION,
        sheet=sheet,
        cell=cell,
        school=found.school,
        header=found.header,
        before=found.before,
        after=after,
    )
    return _store(user, submission, {(sheet, cell): value}, [change])


def _checked_value(found: CorrectableCell, typed: str) -> NewValue:
    """What was typed as the cell will hold it. Raises Refused with the words of the rule it breaks."""
    text = typed.strip()
    if len(text) > LONGEST_TYPED:
        raise Refused(f"内容有 {len(text)} 个字，太长了，请核对。")
    if found.entry.kind.is_number:
        text = unicodedata.normalize("NFKC", text).strip()
    value = new_value(found.sheet, found.header, text)
    if value is None:
        return None
    fault = read_cell(asked_of(found.entry), float(value) if isinstance(value, Decimal) else value).fault
    if fault is not None and RULES[fault.rule].is_error:
        raise Refused(f"没有更正 {found.cell}：{fault.message}")
    return value


def correctable_cell(submission: Submission, sheet: str, cell: str) -> CorrectableCell | None:
    """The cell at an address, if it lies in a data row and a column that is read; None where it does not."""
    row, column = place_of(cell)
    if not row or f"{letters_of(column)}{row}" != cell:
        return None
    told = submission.problems.filter(sheet=sheet, cell=cell).exclude(found="").first()
    before = told.found if told is not None else ""
    if sheet == SCHOOL_SHEET:
        field = header_at(cell, submission.columns)
        record = submission.records.filter(row=row).first()
        if field is None or record is None:
            return None
        if told is None:
            before = written(school_report_of(record).values.get(field.key))
        return CorrectableCell(sheet, cell, field, record.code or record.name, before)
    code = county_cells(submission).get(cell) if sheet == COUNTY_SHEET else None
    if code is None:
        return None
    if told is None:
        figure = submission.figures.filter(code=code).first()
        before = "" if figure is None else _figure(COUNTY_ITEM_BY_CODE[code], figure.value)
    return CorrectableCell(sheet, cell, COUNTY_ITEM_BY_CODE[code], "", before)


def _figure_cells(submission: Submission) -> Mapping[str, Collection[str]]:
    """The cells that are read as figures, by sheet."""
    letters = set(submission.columns.values())
    rows = submission.records.values_list("row", flat=True)
    return {
        SCHOOL_SHEET: {f"{column}{row}" for row in rows for column in letters},
        COUNTY_SHEET: set(county_cells(submission)),
    }


def is_correctable(submission: Submission) -> Callable[[str, str], bool]:
    """Whether the cell at a sheet and address may be corrected, for many cells of one version."""
    letters, rows = set(submission.columns.values()), set(submission.records.values_list("row", flat=True))
    county = county_cells(submission)

    def tells(sheet: str, cell: str) -> bool:
        row, column = place_of(cell)
        if sheet == SCHOOL_SHEET:
            return row in rows and letters_of(column) in letters
        return sheet == COUNTY_SHEET and cell in county

    return tells


def county_cells(submission: Submission) -> dict[str, str]:
    """The cells of 「县级数据」 that hold a value or should, and the codes of their rows."""
    cells = {cell: code for code, cell in submission.figures.exclude(cell="").values_list("code", "cell")}
    by_name = {item.name: item.code for item in COUNTY_ITEMS}
    values_stand_in = {re.sub("[0-9]", "", cell) for cell in cells}
    for cell, header in submission.problems.filter(sheet=COUNTY_SHEET, rule__startswith="cell.").values_list(
        "cell", "header"
    ):
        # With no figure read at all, the reader's word for where the value stands is all there is.
        if header in by_name and (not values_stand_in or re.sub("[0-9]", "", cell) in values_stand_in):
            cells.setdefault(cell, by_name[header])
    return cells


def written(value: Value) -> str:
    """A typed value as it would be typed into the form."""
    if value is None or (isinstance(value, str) and not isinstance(value, Enum)):
        return value or ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, tuple):
        return ";".join(written(area) for area in value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, SponsorType):
        return value.choice
    return str(getattr(value, "label", value))


def _figure(item: CountyItem, stored: int) -> str:
    return written(Decimal(stored) / DECIMAL_SCALE if item.kind.is_scaled else stored)


def _check(user: Person, submission: Submission) -> None:
    if reason := why_not_revise(user, submission):
        raise Refused(reason)


def _store(
    user: User, base: Submission, values: Mapping[CellPlace, NewValue], changes: Collection[CellChange]
) -> Submission:
    content = revised_content(base, values)
    with transaction.atomic():
        # Two tabs at once: the second finds that the first has made a newer version.
        lock_county(base.county_id)
        check_open(base.county_id, base.school_year)
        newest = newest_version(base)
        if newest.pk != base.pk:
            raise Refused(_STALE.format(version=newest.version))
        return store_revised(user, base, content, changes)


def revised_content(base: Submission, values: Mapping[CellPlace, NewValue]) -> bytes:
    """The file of a version with other values in some cells. Raises Refused where it cannot be edited in place."""
    try:
        return revise(bytes(base.file.content), values, _figure_cells(base))
    except CannotEdit as reason:
        raise Refused(str(reason)) from None


def store_revised(user: User, base: Submission, content: bytes, changes: Collection[CellChange]) -> Submission:
    """The next version, its changes beside it and its job queued; call inside a transaction that holds the county's
    row and has made sure that ``base`` is what should be revised. Raises Refused where nothing is new."""
    submission, is_new = record_upload(user, base.county, base.school_year, base.filename, content, based_on=base)
    if not is_new:
        raise Refused("更正后的内容与这一版相同，没有生成新的版本。")
    CellChange.objects.bulk_create(_of(submission, user, changes))
    jobs.enqueue(submission, DEFAULT_STANDARD)
    return submission


def _of(submission: Submission, user: User, changes: Collection[CellChange]) -> Iterator[CellChange]:
    for change in changes:
        change.submission, change.changed_by = submission, user
        yield change
