"""A workbook with some schools only: what it would change, shown before anything is changed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from indicators.models.reported import StoredFile, Submission


class PartialWorkbook(models.Model):
    """A workbook that holds some of the schools of ``base``.

    The worker reads it: ``changes`` lists every cell it would change, ``faults`` what keeps it from being applied,
    ``notes`` what else a person should know before. Only a person applies it, as the version ``result``."""

    class State(models.TextChoices):
        READING = "reading", "正在读取"
        READY = "ready", "等待确认"
        REFUSED = "refused", "不能使用"
        APPLIED = "applied", "已更新"
        DISCARDED = "discarded", "已放弃"

    base = models.ForeignKey(
        Submission, models.PROTECT, related_name="partial_workbooks", verbose_name="在此版本上更新"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    filename = models.CharField("文件名", max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READING)
    changes = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    result = models.OneToOneField(Submission, models.PROTECT, null=True, related_name="made_from_partial")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "部分学校工作簿"
        ordering: ClassVar = ["-uploaded_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["applied", "discarded"], decided_at__isnull=False, decided_by__isnull=False)
                | (~Q(state__in=["applied", "discarded"]) & Q(decided_at=None, decided_by=None)),
                name="partial_workbook_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="applied", result__isnull=False) | (~Q(state="applied") & Q(result=None)),
                name="partial_workbook_result_only_when_applied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base} {self.filename}"
