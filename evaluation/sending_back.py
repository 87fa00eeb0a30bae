"""Sending an evaluation back, precisely: cells and items with reasons and a deadline. Only those are open for change;
everything else must come back as it was, and what changed comes back marked."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from evaluation.core.working_days import BeyondCalendar, is_working_day
from evaluation.evidence_queries import items_of
from evaluation.filed_cells import FiledCell, FiledCells, Place, differences, successors_of
from evaluation.models import Evaluation, Filing, SendBack, SendBackItem
from evaluation.permissions import Person, Refused
from evaluation.steps import take_step, why_not_step
from evaluation.workflow import State, Step
from evaluation.working_calendar import working_calendar
from indicators.models import Evidence, Submission
from schools.models import User

LONGEST_REASON = 1_000
#: Cells named in a refusal; how many more there are is counted.
_NAMED = 5
_MOST_ITEMS = 500
_ADD = "增加漏报的学校"


@dataclass(frozen=True, slots=True)
class AskedBack:
    """One thing to be opened again and why: a cell by its address in the filed version, or an item by its code."""

    reason: str
    sheet: str = ""
    cell: str = ""
    criterion: str = ""


def why_not_send_back(user: Person, evaluation: Evaluation) -> str:
    """Empty if ``user`` may send this evaluation back now, otherwise the reason in words."""
    return why_not_step(user, evaluation, Step.SEND_BACK)


def forward(user: User, evaluation: Evaluation, seen_version: int, opinion: str) -> None:
    """Hand the evaluation on to the province with an opinion. Raises Refused."""
    take_step(user, evaluation, Step.FORWARD, seen_version, reason=opinion)


def send_back(
    user: User,
    evaluation: Evaluation,
    seen_version: int,
    reason: str,
    deadline: datetime.date,
    asked: Sequence[AskedBack],
) -> SendBack:
    """Send an evaluation back to its county until ``deadline``, a working day to come. Raises Refused."""
    items: list[SendBackItem] = []
    # A stale page is told who was first, not what is wrong with it.
    if evaluation.version == seen_version and not why_not_send_back(user, evaluation):
        _check_deadline(deadline)
        items = _checked_items(evaluation, asked)
    made: list[SendBack] = []

    def write(sent: Evaluation) -> Mapping[str, Any]:
        row = SendBack.objects.create(
            evaluation=sent, filing=sent.filing, reason=reason.strip(), deadline=deadline, sent_by=user
        )
        for item in items:
            item.send_back = row
        SendBackItem.objects.bulk_create(items)
        made.append(row)
        return {"send_back": row.pk, "deadline": deadline.isoformat(), "items": [_told(item) for item in items]}

    take_step(
        user, evaluation, Step.SEND_BACK, seen_version, reason=reason, effect=write, changes={"deadline": deadline}
    )
    return made[0]


def _told(item: SendBackItem) -> list[str]:
    return [item.sheet, item.cell, item.criterion, item.reason]


def _check_deadline(deadline: datetime.date) -> None:
    if deadline <= timezone.localdate():
        raise Refused("期限应当晚于今天。")
    try:
        is_worked = is_working_day(working_calendar(), deadline)
    except BeyondCalendar as reason:
        raise Refused(str(reason)) from reason
    if not is_worked:
        raise Refused(f"{deadline} 不是工作日，请把期限定在工作日。")


def _checked_items(evaluation: Evaluation, asked: Sequence[AskedBack]) -> list[SendBackItem]:
    if not asked:
        raise Refused("请至少选一个单元格或一个项目：退回只开放列出的内容。")
    if len(asked) > _MOST_ITEMS:
        raise Refused(f"一次最多退回 {_MOST_ITEMS} 处，现在是 {len(asked)} 处。")
    cells = FiledCells(filing_of(evaluation).submission)
    items_on_evidence = {item.code for item in items_of(evaluation.standard) if item.rests_on_evidence}
    found: dict[tuple[str, str, str], SendBackItem] = {}
    for each in asked:
        item = _checked_item(each, cells, items_on_evidence)
        found.setdefault((item.sheet, item.cell, item.criterion), item)
    return list(found.values())


def _checked_item(asked: AskedBack, cells: FiledCells, items_on_evidence: set[str]) -> SendBackItem:
    named = asked.criterion or f"「{asked.sheet[:20]}」{asked.cell[:12]}"
    reason = asked.reason.strip()
    if not reason:
        raise Refused(f"请写明退回 {named} 的理由：要改什么、依据是什么。")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"退回 {named} 的理由有 {len(reason)} 个字，最多 {LONGEST_REASON} 个字。")
    if asked.criterion:
        if asked.criterion not in items_on_evidence:
            raise Refused(f"{asked.criterion[:10]} 由数据核算，没有佐证材料可改。请退回它用到的单元格。")
        return SendBackItem(criterion=asked.criterion, reason=reason)
    if code := cells.missing_school(asked.sheet, asked.cell):
        return SendBackItem(sheet=asked.sheet, cell=asked.cell, school=code, header=_ADD, reason=reason)
    cell = cells.at(asked.sheet, asked.cell)
    if cell is None:
        raise Refused(f"签报的数据里没有 {named} 这个单元格。")
    return SendBackItem(sheet=cell.sheet, cell=cell.cell, school=cell.school, header=cell.header, reason=reason)


def filing_of(evaluation: Evaluation) -> Filing:
    """What was signed last. Raises Refused where nothing was."""
    if evaluation.filing is None:
        raise Refused("这个评估还没有签报。")
    return evaluation.filing


# ── Back at the county ────────────────────────────────────────────────────────────────────────


def seal_of(evaluation: Evaluation) -> SendBack | None:
    """The send-back that says what may be changed before the evaluation is signed again; None where all may be. It
    stays in force when the county takes its answer back: that opens nothing else."""
    if evaluation.state_of is not State.RETURNED:
        return None
    return evaluation.send_backs.select_related("filing__submission", "sent_by").order_by("-pk").first()


def why_not_resubmit(evaluation: Evaluation, submission: Submission) -> str:
    """Empty if a version may be signed for an evaluation that was sent back: everything that was not opened is as it
    was. Otherwise the first few things that are not, in words."""
    seal = seal_of(evaluation)
    if seal is None:
        return ""
    changed = [] if submission.pk == seal.filing.submission_id else _closed_cells_changed(seal, submission)
    changed += _closed_evidence_changed(seal)
    if not changed:
        return ""
    more = f"等，共 {len(changed)} 处" if len(changed) > _NAMED else ""
    return f"退回时没有开放的内容有改动：{'；'.join(changed[:_NAMED])}{more}。请改回签报时的样子，再签报。"


def _closed_cells_changed(seal: SendBack, submission: Submission) -> list[str]:
    before, after = FiledCells(seal.filing.submission), FiledCells(submission)
    opened = _opened_places(seal, before)
    successors = successors_of(before, after, opened)
    return [found.words for found in differences(before, after, successors) if found.place not in opened]


def _opened_places(seal: SendBack, before: FiledCells) -> set[Place]:
    """What the opened cells mean. Where the 学校标识码 of a school was opened, the school may also go; a school that is
    to be added may come."""
    items = [item for item in seal.items.all() if item.cell]
    cells = [before.at(item.sheet, item.cell) for item in items]
    opened = {cell.place for cell in cells if cell is not None}
    added = [before.missing_school(item.sheet, item.cell) for item in items]
    return (
        opened
        | {Place(place.school, "") for place in opened if place.key == "code"}
        | {Place((code, "", 0), "") for code in added if code}
    )


def _closed_evidence_changed(seal: SendBack) -> list[str]:
    """Items whose evidence is not what it was when the filing that was sent back was signed, though they were not
    opened. The same file attached again is the same evidence."""
    evaluation, signed_at = seal.evaluation, seal.filing.signed_at
    opened = {item.criterion for item in seal.items.all() if item.criterion}
    then: set[tuple[str, str]] = set()
    now: set[tuple[str, str]] = set()
    names: dict[tuple[str, str], str] = {}
    rows = Evidence.objects.filter(county_id=evaluation.county_id, school_year=evaluation.school_year)
    for each in rows.exclude(criterion__in=opened):
        key = (each.criterion, each.file_id)
        names[key] = each.filename
        if each.uploaded_at <= signed_at and (each.withdrawn_at is None or each.withdrawn_at > signed_at):
            then.add(key)
        if each.withdrawn_at is None:
            now.add(key)
    gone = [f"{key[0]} 的佐证材料“{names[key]}”被撤回" for key in sorted(then - now)]
    return gone + [f"{key[0]} 增加了佐证材料“{names[key]}”" for key in sorted(now - then)]


def record_answer(evaluation: Evaluation, filing: Filing) -> None:
    """Say which filing answers what was sent back last; call in the transaction in which it is signed."""
    last = evaluation.send_backs.order_by("-pk").first()
    if last is not None and last.filing_id != filing.pk:
        SendBack.objects.filter(pk=last.pk).update(answered_by=filing)


# ── What came back ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class AnsweredItem:
    """One opened cell or item, what stood there and what stands there now. ``after`` is empty while nothing was signed
    again; ``address`` is where the cell stands in the newer file."""

    item: SendBackItem
    school_name: str
    before: str
    after: str
    address: str
    is_changed: bool


def answered_items(send_back: SendBack) -> tuple[AnsweredItem, ...]:
    """What was sent back, each with what became of it; the changed ones first once it was signed again."""
    before = FiledCells(send_back.filing.submission)
    answer = send_back.answered_by
    is_same = answer is not None and answer.submission_id == send_back.filing.submission_id
    after = None if answer is None else before if is_same else FiledCells(answer.submission)
    items = list(send_back.items.all())
    successors = {} if after is None else successors_of(before, after, _opened_places(send_back, before))
    found = [
        _answered_cell(item, before, after, successors) if item.cell else _answered_item(item, send_back)
        for item in items
    ]
    return tuple(sorted(found, key=lambda each: not each.is_changed))


def _answered_cell(
    item: SendBackItem, before: FiledCells, after: FiledCells | None, successors: Mapping[Any, Any]
) -> AnsweredItem:
    if code := before.missing_school(item.sheet, item.cell):
        is_there = after is not None and (code, "", 0) in after.records
        text = "" if after is None else "已增加" if is_there else "仍然没有"
        return AnsweredItem(item, "", "没有这所学校", text, "", is_there)
    was = before.at(item.sheet, item.cell)
    if was is None or after is None:
        text, name = ("", "") if was is None else (was.text, was.school_name)
        return AnsweredItem(item, name, text, "", item.cell, False)
    school = was.place.school
    now: FiledCell | None = after.of(Place(successors.get(school, school), was.place.key))
    text = "学校不在新版中" if now is None else now.text
    return AnsweredItem(item, was.school_name, was.text, text, now.cell if now else "", text != was.text)


def _answered_item(item: SendBackItem, send_back: SendBack) -> AnsweredItem:
    """How many files stood on an item when it was sent back, and what was added and withdrawn since."""
    evaluation, signed_at = send_back.evaluation, send_back.filing.signed_at
    until = send_back.answered_by.signed_at if send_back.answered_by is not None else None
    rows = Evidence.objects.filter(
        county_id=evaluation.county_id, school_year=evaluation.school_year, criterion=item.criterion
    )
    then = [each for each in rows if _stood(each, signed_at)]
    now = then if until is None else [each for each in rows if _stood(each, until)]
    old, new = {each.file_id: each.filename for each in then}, {each.file_id: each.filename for each in now}
    added = [name for file, name in new.items() if file not in old]
    gone = [name for file, name in old.items() if file not in new]
    told = [f"增加“{'”“'.join(added)}”"] * bool(added) + [f"撤回“{'”“'.join(gone)}”"] * bool(gone)
    after = "" if until is None else "；".join(told) or f"佐证材料 {len(new)} 份，没有变化"
    return AnsweredItem(item, "", f"佐证材料 {len(old)} 份", after, "", bool(told))


def _stood(evidence: Evidence, at: datetime.datetime) -> bool:
    return evidence.uploaded_at <= at and (evidence.withdrawn_at is None or evidence.withdrawn_at > at)
