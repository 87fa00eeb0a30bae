"""What the portal holds: standards, register, calendar, the chain of events, what was signed, what waits."""

from __future__ import annotations

import csv
import datetime
import hashlib
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from evaluation import health
from evaluation.core.document import read_document
from evaluation.core.working_days import BeyondCalendar, is_provisional
from evaluation.doctor.opinion import Advice, Check, bad, notice
from evaluation.models import Filing, Job, JobState, Notice, OutboxEntry, Standard
from evaluation.recomputing import differences_of
from evaluation.working_calendar import working_calendar
from schools.models import County

#: Terms of the process are counted in working days and end within so many days.
_TERMS_END_WITHIN = datetime.timedelta(days=60)
_SAMPLE = 3


def standards() -> Iterator[Advice]:
    """Whether every standard of this version is loaded, word for word."""
    loaded = dict(Standard.objects.values_list("code", "document"))
    for path in sorted((settings.BASE_DIR / "fixtures/standards").glob("*.toml")):
        content = path.read_bytes()
        code = read_document(content).code
        if code not in loaded:
            yield bad(f"标准 {code} 没有载入。", "执行 manage.py load_standard。")
        elif loaded[code].encode("utf-8") != content:
            yield bad(
                f"库中的标准 {code} 与 {path.name} 不同。",
                "已载入的标准不能修改：恢复原来的文件，或给新的内容换一个代码。",
            )
    for code, document, sha256 in Standard.objects.values_list("code", "document", "sha256"):
        if hashlib.sha256(document.encode("utf-8")).hexdigest() != sha256:
            yield bad(f"标准 {code} 的内容与自己的散列值不符。", "它在库中被改动过：从备份恢复，并查明是谁改的。")


def register() -> Iterator[Advice]:
    """Whether the counties of the country are there."""
    with (settings.BASE_DIR / "fixtures/register/divisions.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = {row["code"]: row["name"] for row in csv.DictReader(file)}
    stored = dict(County.objects.values_list("pk", "name"))
    missing = expected.keys() - stored.keys()
    if missing:
        yield bad(f"行政区划缺少 {len(missing)} 个县级单位。", "执行 manage.py load_register。")
    renamed = [code for code in expected.keys() & stored.keys() if expected[code] != stored[code]]
    if renamed:
        yield notice(
            f"有 {len(renamed)} 个县级单位的名称与本版本的名录不同（{min(renamed)} 等）。",
            "核对后执行 manage.py load_register。",
        )


def calendar() -> Iterator[Advice]:
    """Whether the calendar of working days covers the terms under way."""
    today = timezone.localdate()
    opened = Notice.objects.filter(evaluation__state="notice").order_by("opened_at").values_list("opened_at", flat=True)
    first = min(today, timezone.localdate(opened[0])) if opened else today
    last = today + _TERMS_END_WITHIN
    remedy = "按国务院办公厅的放假通知补上 fixtures/calendar/ 中当年的文件，随新版本部署。"
    try:
        working_calendar().year_of(last)
        if is_provisional(working_calendar(), first, last):
            yield notice(f"{first} 至 {last} 含有放假安排尚未公布的年份，期限可能要重算。", remedy)
    except BeyondCalendar as error:
        yield bad(str(error), remedy)


def chain_end() -> Iterator[Advice]:
    """The last link of the chain of events."""
    if words := health.chain():
        yield bad(words, "执行 manage.py verify_events 找出断裂处；不要再办理事项，保留现场，从备份核对。")


def signed() -> Iterator[Advice]:
    """What was signed last, computed again; `manage.py recompute --check` does so with everything."""
    for filing in Filing.objects.order_by("-pk")[:_SAMPLE]:
        for words in differences_of(filing):
            yield bad(f"签报 {filing.number}：{words}", "执行 manage.py recompute --check 查看全部不同之处。")


def jobs_set_aside() -> Iterator[Advice]:
    """Jobs that failed so often that a person must look."""
    found = Job.objects.filter(state=JobState.SET_ASIDE)
    if count := found.count():
        newest = found.order_by("-finished_at").values_list("error", flat=True)[0]
        yield notice(
            f"有 {count} 个任务已搁置，最近一个的错误：{newest[:120]}",
            "消除原因后由本县人员或管理员重新处理。",
        )


def jobs_late() -> Iterator[Advice]:
    """Jobs that nobody takes."""
    if words := health.jobs():
        yield bad(words, "查看工作进程是否在运行、是否够用。")


def outbox() -> Iterator[Advice]:
    """Letters and notices that do not go out."""
    if words := health.outbox():
        yield bad(words, "查看工作进程（或定时进程 beat）是否在运行。")
    if count := OutboxEntry.objects.filter(state=OutboxEntry.State.SET_ASIDE).count():
        yield notice(
            f"有 {count} 条通知已搁置。", "执行 manage.py outbox 查看原因，消除后执行 manage.py outbox --again。"
        )


RECORDS: dict[str, tuple[Check, bool]] = {
    "评估标准": (standards, True),
    "行政区划": (register, True),
    "工作日历": (calendar, True),
    "留痕链": (chain_end, True),
    "已签报的数据": (signed, True),
    "搁置的任务": (jobs_set_aside, True),
    "等待的任务": (jobs_late, True),
    "待发通知": (outbox, True),
}
