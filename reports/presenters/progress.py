"""Where a version stands, in words that say what to do next; and its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.models import Job, JobStage, JobState, Verdict
from reports.presenters.figures import Mark

_DONE, _CURRENT, _TO_COME = "done", "current", "to_come"
_STEP_WORDS = {_DONE: "已完成", _CURRENT: "正在进行", _TO_COME: "等待"}
_SHORT = {
    JobStage.QUEUED: "排队",
    JobStage.READING: "读取",
    JobStage.CHECKING: "检查",
    JobStage.COMPUTING: "核算",
    JobStage.STORING: "保存",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a job: done, current or to come, in words too."""

    label: str
    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A job on its way. ``token`` changes whenever anything shown here does; ``pause``: after so many seconds the page
    asks again."""

    sentence: str
    steps: tuple[Step, ...]
    token: str
    pause: int = 1


#: Who has many in front of them need not ask every second: two hundred who do take a processor.
_AHEAD_A_SECOND, _LONGEST_PAUSE = 8, 10
_LONG_QUEUE = 20


def progress(job: Job | None, ahead: int = 0) -> Progress:
    """The stages of ``job``, and what it is at in one sentence. ``ahead``: how many wait in front of it."""
    stage = JobStage(job.stage) if job and job.state == JobState.RUNNING else JobStage.QUEUED
    order = list(JobStage)
    at = order.index(stage)
    steps = tuple(
        Step(_SHORT[each], key := _DONE if i < at else _CURRENT if i == at else _TO_COME, _STEP_WORDS[key])
        for i, each in enumerate(order)
    )
    pause = min(1 + ahead // _AHEAD_A_SECOND, _LONGEST_PAUSE)
    return Progress(_sentence(job, stage, ahead), steps, f"{_token(job)}-{_rounded(ahead)}", pause)


def _rounded(ahead: int) -> int:
    """The place in the queue as it is told: not every step of a long one is news."""
    return ahead if ahead < _LONG_QUEUE else round(ahead, -1)


def _sentence(job: Job | None, stage: JobStage, ahead: int) -> str:
    if job is None or job.state == JobState.WAITING:
        again = "上一次处理没有完成，系统会自动再试。" if job and job.attempts else ""
        about = "约" if ahead >= _LONG_QUEUE else ""
        in_front = f"，前面还有{about} {_rounded(ahead)} 个文件" if ahead else ""
        return f"文件已收到并保存，正在排队等待处理{in_front}。{again}"
    read = f"，已读取 {job.schools_read} 所学校" if job.schools_read is not None else ""
    return f"正在处理：{stage.label}{read}。"


def _token(job: Job | None) -> str:
    return "-" if job is None else f"{job.state}-{job.stage}-{job.schools_read}-{job.attempts}"


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the list of versions."""

    mark: Mark
    sentence: str


def standing(job: Job | None, verdict: Verdict | None) -> Standing:
    """Where a version stands and what to do next, in one sentence."""
    if job is None or not job.is_over:
        return Standing(Mark("to_judge", "…", "处理中"), "正在处理，可关闭页面，稍后再看。")
    if job.state == JobState.SET_ASIDE:
        return Standing(Mark("unknown", "!", "处理未完成"), "处理未能完成，请打开后重新处理。")
    if verdict is None:
        return Standing(Mark("unknown", "?", "未能判定"), "文件无法判定，请打开查看问题，更正后重新上传。")
    if verdict.passed is None:
        return Standing(Mark("unknown", "?", "未能判定"), "数据不全，请打开查看缺少哪些数据，补齐后重新上传。")
    if verdict.passed is False:
        return Standing(Mark("not_met", "✗", "未达标"), "已判定，请打开查看未达标的指标和学校。")
    if not verdict.complete:
        return Standing(Mark("to_judge", "…", "尚待评定"), "能够核算的各项均已达标，其余待评定。")
    return Standing(Mark("met", "✓", "达标"), "各项均已达标。")
