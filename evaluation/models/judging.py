"""The judging: loaded standards, the jobs that compute, and the verdicts with their findings."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluation.core.status import Status
from indicators.models import PartialWorkbook, Submission
from schools.vocabulary import Stage


class Standard(models.Model):
    """A standard document as it was loaded, byte for byte. Never edited: another text is another code."""

    code = models.CharField("代码", max_length=60, primary_key=True)
    name = models.CharField("名称", max_length=200)
    document = models.TextField("文件")
    sha256 = models.CharField(max_length=64, unique=True)
    loaded_at = models.DateTimeField("载入时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "评估标准"

    def __str__(self) -> str:
        return self.name


class JobState(models.TextChoices):
    """Where a job stands. The row is the job; a message is only a doorbell."""

    WAITING = "waiting", "等待处理"
    RUNNING = "running", "正在处理"
    DONE = "done", "已完成"
    SET_ASIDE = "set_aside", "已搁置"


class JobStage(models.TextChoices):
    """What a running job is at; shown to the person who waits for it."""

    QUEUED = "queued", "排队"
    READING = "reading", "读取工作簿"
    CHECKING = "checking", "检查数据"
    COMPUTING = "computing", "核算与判定"
    STORING = "storing", "保存结果"


def _is_exactly_one_of(*names: str) -> Q:
    """The condition that one of some relations is there and the others are not."""
    found = Q()
    for present in names:
        found |= Q(**{f"{name}__isnull": name != present for name in names})
    return found


class Job(models.Model):
    """Judge one submission against one standard, read one partial workbook to show what it would change, try one
    standard out on all counties, judge a batch of a national run, scan a year's figures, or make printed documents.
    ``attempts`` counts claims and fences them: only the claim that is current may finish the job. A job whose lease
    ran out is taken up again."""

    submission = models.ForeignKey(Submission, models.CASCADE, null=True, related_name="jobs")
    partial = models.OneToOneField(PartialWorkbook, models.CASCADE, null=True, related_name="job")
    laboratory_run = models.OneToOneField("LaboratoryRun", models.CASCADE, null=True, related_name="job")
    batch = models.OneToOneField("RunBatch", models.CASCADE, null=True, related_name="job")
    radar_scan = models.OneToOneField("RadarScan", models.CASCADE, null=True, related_name="job")
    document_order = models.OneToOneField("DocumentOrder", models.CASCADE, null=True, related_name="job")
    standard = models.ForeignKey(Standard, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    stage = models.CharField(max_length=10, choices=JobStage.choices, default=JobStage.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="失败后再次处理的最早时间")
    schools_read = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "任务"
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "standard"], name="job_is_unique_per_submission_and_standard"
            ),
            models.CheckConstraint(
                condition=_is_exactly_one_of(
                    "submission", "partial", "laboratory_run", "batch", "radar_scan", "document_order"
                ),
                name="job_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) | (~Q(state="running") & Q(lease_until=None)),
                name="job_has_a_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "set_aside"], finished_at__isnull=False)
                | (~Q(state__in=["done", "set_aside"]) & Q(finished_at=None)),
                name="job_finished_at_fits_state",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "lease_until"], name="job_by_state_and_lease")]

    def __str__(self) -> str:
        of = self.submission or self.partial or self.laboratory_run or self.batch or self.radar_scan
        of = of or self.document_order
        return f"{of} {self.get_state_display()}"

    @property
    def is_over(self) -> bool:
        return self.state in (JobState.DONE, JobState.SET_ASIDE)


class Verdict(models.Model):
    """What the machine found for one submission, numbered; the newest counts. ``document`` is the whole result as
    canonical JSON (forms C), byte for byte what any machine computes from the same figures, standard, day and
    ``decided`` (core.decided: what was decided beside the figures); ``passed`` is NULL where something is unknown."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="verdicts")
    standard = models.ForeignKey(Standard, models.PROTECT, related_name="verdicts")
    number = models.PositiveIntegerField("第几次核算", default=1)
    as_of = models.DateField("判定日期")
    decided = models.TextField("评定、录入和批准", blank=True)
    passed = models.BooleanField("结论", null=True)
    complete = models.BooleanField("已全部评定")
    document = models.TextField("结果")
    sha256 = models.CharField(max_length=64)
    computed_at = models.DateTimeField("核算时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "判定结论"
        ordering: ClassVar = ["submission", "standard", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "standard", "number"], name="verdict_number_is_unique_per_submission_and_standard"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} {self.passed}"


class Finding(models.Model):
    """One judged item of a verdict: a difference coefficient (code L1…, with its stage) or a criterion (no stage).
    ``value`` is NULL where undefined, never a non-finite number."""

    verdict = models.ForeignKey(Verdict, models.CASCADE, related_name="findings")
    code = models.CharField(max_length=10)
    stage = models.CharField(max_length=10, blank=True, choices=[(s.value, s.label) for s in Stage])
    status = models.CharField(max_length=10, choices=[(s.value, s.label) for s in Status])
    value = models.FloatField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "判定"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["verdict", "code", "stage"], name="finding_is_unique_per_item"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.status}"
