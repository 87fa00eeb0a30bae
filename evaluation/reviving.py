"""What was set aside after too many attempts, for a steward to look at and to let run again: jobs, and letters and
notices of the outbox. No trial data is told here: of a county's upload only that it exists and how it failed."""

from __future__ import annotations

import re
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet

from evaluation import jobs, outbox
from evaluation.events import record_event
from evaluation.models import Job, JobState, OutboxEntry, RunState
from evaluation.permissions import Person, Refused, can_tend_jobs
from schools.models import County, User
from schools.queries import people_visible_to, within

#: Where a job is about something of one place, that place.
_OF_A_PLACE = ("submission__county", "partial__base__county", "document_order__place")


class JobKind(StrEnum):
    """What a job is about: the name of its relation."""

    label: str

    def __new__(cls, value: str, label: str) -> JobKind:
        kind = str.__new__(cls, value)
        kind._value_, kind.label = value, label
        return kind

    SUBMISSION = "submission", "上传的工作簿"
    PARTIAL = "partial", "部分学校的更新"
    BATCH = "batch", "全国核算的批次"
    LABORATORY_RUN = "laboratory_run", "标准试验"
    RADAR_SCAN = "radar_scan", "数据雷达"
    DOCUMENT_ORDER = "document_order", "文件制作"


def kind_of(job: Job) -> JobKind:
    """What a job is about."""
    return next(kind for kind in JobKind if getattr(job, f"{kind}_id") is not None)


def county_of(job: Job) -> County | None:
    """The county whose upload or documents a job is about; None where it is about many."""
    if job.submission is not None:
        return job.submission.county
    if job.document_order is not None:
        return job.document_order.evaluation.county if job.document_order.evaluation is not None else None
    return job.partial.base.county if job.partial is not None else None


def jobs_set_aside(user: Person) -> QuerySet[Job]:
    """The jobs ``user`` may let run again: of the counties of their province, and those about the nation; what was
    set aside first comes first. Those of a cancelled run are nobody's."""
    found = Job.objects.filter(state=JobState.SET_ASIDE).exclude(batch__run__state=RunState.CANCELLED)
    related = "document_order__evaluation__county__parent", *(f"{each}__parent" for each in _OF_A_PLACE)
    found = found.select_related("batch__run", *related)
    found = found.order_by("finished_at", "pk")
    if not isinstance(user, User) or not can_tend_jobs(user):
        return found.none()
    if user.is_superuser:
        return found
    national = Q(submission=None, partial=None, document_order=None)
    for place in _OF_A_PLACE:
        national |= within(user.place_id or "", place)
    return found.filter(national)


def outbox_set_aside(user: Person) -> QuerySet[OutboxEntry]:
    """The letters and notices ``user`` may let be sent again: to people they tend, and to receivers in the settings."""
    found = OutboxEntry.objects.filter(state=OutboxEntry.State.SET_ASIDE).defer("body")
    if not isinstance(user, User) or not can_tend_jobs(user):
        return found.none()
    if user.is_superuser:
        return found
    theirs = people_visible_to(user).exclude(email="").order_by().values("email")
    return found.filter(Q(kind=OutboxEntry.Kind.WEBHOOK) | Q(target__in=theirs))


def revive(user: User, chosen: QuerySet[Job]) -> int:
    """Let some of the jobs that are set aside run again, with one event; returns how many. Raises Refused where none of
    them is set aside any more, or none may be revived by ``user``."""
    with transaction.atomic():
        mine = list(chosen.filter(pk__in=jobs_set_aside(user).order_by().values("pk")))
        revived = [job for job in mine if jobs.revive(job)]
        if not revived:
            raise Refused("没有可以重新处理的任务：可能已由别人重新处理。")
        kinds = "、".join(sorted({kind_of(job).label for job in revived}))
        what = f"{kinds}（{len(revived)} 个任务）"
        county = county_of(revived[0]) if len(revived) == 1 else None
        record_event("jobs_revived", user, county=county, payload={"what": what, "jobs": [job.pk for job in revived]})
    return len(revived)


def send_again(user: User, chosen: QuerySet[OutboxEntry]) -> int:
    """Let some entries of the outbox that are set aside be sent again, with one event; returns how many. Raises
    Refused where none of them is set aside any more, or none is ``user``'s to send."""
    with transaction.atomic():
        mine = sorted(outbox_set_aside(user).filter(pk__in=chosen.values("pk")).values_list("pk", flat=True))
        count = outbox.put_back(OutboxEntry.objects.filter(pk__in=mine))
        if not count:
            raise Refused("没有可以重新发送的通知：可能已由别人重新发送。")
        record_event("outbox_again", user, payload={"what": f"{count} 条通知", "entries": mine})
    return count


#: What a technical error means to whoever has to decide whether to try again; the first that fits.
_IN_WORDS = (
    (r"(Operational|Interface)Error", "处理期间数据库中断。数据库恢复后可以重新处理。"),
    (r"FileRefused", "系统没有能够读取文件（读取进程未能启动或被中止）。可以重新处理；再次失败时请检查服务器的内存。"),
    (r"MemoryError", "服务器内存不足。释放内存后可以重新处理。"),
    (r"Stuck", "处理停在一个阶段没有进展，已被收回。可以重新处理；再次失败时请转交维护人员。"),
    (r"DecidedMeanwhile", "核算期间省级录入多次变化。可以重新处理。"),
    (r"PrintingFailed", "转换 PDF 的程序没有完成。可以重新制作，已做好的不会重做；再次失败时请转交维护人员。"),
    (r"NoMaker", "这个工作进程没有装好文件制作的部分。请转交维护人员。"),
    (r"连续 ", "处理它的进程每次都中途停止（被终止或崩溃）。可以重新处理；再次失败时请转交维护人员。"),
    (r"(OSError|Timeout|Connection|SMTP|gaierror)", "对方的服务器没有接收。恢复后可以重新发送。"),
    (r"NotTaken", "对方的服务器拒绝接收。请核对设置后重新发送。"),
    (r"设置中没有", "设置中已没有这个接收方。恢复设置后可以重新发送。"),
)  # fmt: skip
_OTHER_ERROR = "程序出错。请先把技术信息转交维护人员，修复后再重新处理。"
#: Whatever an upload holds may stand in the text of an error: names in Chinese, figures.
_MAY_BE_DATA = re.compile(r"[^\x00-\x7f]+|\d+")


def error_in_words(error: str) -> str:
    """What went wrong, for a person who is no programmer."""
    return next((words for pattern, words in _IN_WORDS if re.match(pattern, error)), _OTHER_ERROR)


def technical_error(error: str, is_of_a_county: bool) -> str:
    """The text a programmer needs; of a county's upload without anything that may come from its file."""
    if not is_of_a_county or error.startswith("连续 "):
        return error
    kind, told, rest = error.partition(": ")
    return f"{kind}{told}{_MAY_BE_DATA.sub('…', rest)}"
