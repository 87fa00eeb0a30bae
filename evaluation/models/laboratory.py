"""Trying a standard out before it is put in force."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from evaluation.models.judging import Standard


class LaboratoryRun(models.Model):
    """Two standards over all counties of a year: ``before`` is loaded, ``document`` is the text that is tried out,
    which need not be. ``result`` says whose verdict changes and by which item; nothing else is written."""

    before = models.ForeignKey(Standard, models.PROTECT, related_name="+", verbose_name="对照标准")
    code = models.CharField("试用标准", max_length=60)
    name = models.CharField("名称", max_length=200)
    document = models.TextField("文件")
    school_year = models.PositiveSmallIntegerField("学年")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="发起人")
    requested_at = models.DateTimeField("发起时间", auto_now_add=True)
    result = models.JSONField("结果", null=True)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "标准试验"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(result=None, finished_at=None) | Q(result__isnull=False, finished_at__isnull=False),
                name="laboratory_run_result_and_time_go_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.before_id} → {self.code}"
