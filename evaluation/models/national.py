"""All counties of a year at once: a run, its batches, what it found, and the radar over the reported figures."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from evaluation.core.status import Status
from evaluation.models.judging import Standard
from indicators.models import Submission
from schools.vocabulary import Stage


class RunState(models.TextChoices):
    """Where a national run stands. What waits or rests is taken up by nobody."""

    RUNNING = "running", "正在核算"
    PAUSED = "paused", "已暂停"
    CANCELLED = "cancelled", "已取消"
    DONE = "done", "已完成"


class NationalRun(models.Model):
    """All counties of a year judged by one standard as of one day. ``submissions`` and ``rows`` are what it set out
    to judge; which versions those are lies with its batches, fixed when it began."""

    standard = models.ForeignKey(Standard, models.PROTECT, related_name="+", verbose_name="标准")
    school_year = models.PositiveSmallIntegerField("学年")
    as_of = models.DateField("判定日期")
    state = models.CharField("状态", max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    submissions = models.PositiveIntegerField("县数")
    rows = models.PositiveIntegerField("学校行数")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="发起人"
    )
    requested_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("结束时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "全国核算"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["done", "cancelled"], finished_at__isnull=False)
                | Q(state__in=["running", "paused"], finished_at=None),
                name="national_run_finished_at_fits_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school_year} {self.standard_id} {self.get_state_display()}"


class RunBatch(models.Model):
    """Some counties of a run, the work of one job. ``submissions`` are primary keys in ascending order. A batch that
    fails with more than one county is cut in two: one poisoned county ends alone."""

    run = models.ForeignKey(NationalRun, models.CASCADE, related_name="batches")
    province = models.CharField("省级代码", max_length=6)
    submissions = models.JSONField("版本")
    rows = models.PositiveIntegerField("学校行数")

    class Meta:
        verbose_name = verbose_name_plural = "全国核算批次"
        ordering: ClassVar = ["run", "pk"]

    def __str__(self) -> str:
        return f"{self.run_id} {self.province} {len(self.submissions)}"


class RunVerdict(models.Model):
    """What a run found for one version. ``sha256`` is of its findings in canonical order and text: the same for the
    same figures on any machine. The database allows one a run and version."""

    run = models.ForeignKey(NationalRun, models.CASCADE, related_name="verdicts")
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    passed = models.BooleanField("结论", null=True)
    complete = models.BooleanField("已全部评定")
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "全国核算结论"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "submission"], name="run_verdict_is_unique_per_submission"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.submission_id} {self.passed}"


class RunFinding(models.Model):
    """One judged item of a run's verdict, as ``Finding`` is of a county's own."""

    verdict = models.ForeignKey(RunVerdict, models.CASCADE, related_name="findings")
    code = models.CharField(max_length=10)
    stage = models.CharField(max_length=10, blank=True, choices=[(s.value, s.label) for s in Stage])
    status = models.CharField(max_length=10, choices=[(s.value, s.label) for s in Status])
    value = models.FloatField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "全国核算判定"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["verdict", "code", "stage"], name="run_finding_is_unique_per_item"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.status}"


class RadarScan(models.Model):
    """The rules against outliers and copies over all counties of a year, across counties and against the year
    before. It accuses nobody: a hit is a place to look."""

    school_year = models.PositiveSmallIntegerField("学年")
    submissions = models.PositiveIntegerField("县数", default=0)
    rows = models.PositiveIntegerField("学校行数", default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="发起人"
    )
    requested_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "数据雷达"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.school_year}"


class RadarHit(models.Model):
    """One place a scan points at: a school's row (``row`` of the sheet; 0 for the county as a whole) and the field
    ``key`` it is about. ``other`` and ``other_row`` are the row it resembles, where it is about two. ``weight`` orders
    hits of one rule, the strongest first; ``told`` are the figures its sentence is made of."""

    scan = models.ForeignKey(RadarScan, models.CASCADE, related_name="hits")
    rule = models.CharField("规则", max_length=40)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    row = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=60, blank=True)
    other = models.ForeignKey(Submission, models.CASCADE, null=True, related_name="+")
    other_row = models.PositiveIntegerField(default=0)
    weight = models.FloatField(default=0)
    told = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "雷达提示"
        ordering: ClassVar = ["scan", "rule", "-weight", "submission", "row", "key"]
        indexes: ClassVar = [models.Index(fields=["scan", "submission"], name="radar_hit_by_submission")]

    def __str__(self) -> str:
        return f"{self.rule} {self.submission_id}:{self.row}"
