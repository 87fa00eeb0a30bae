"""What the portal knows of its own running."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class WorkerPulse(models.Model):
    """A worker process as it last reported: that it lives (``seen_at``) and that it gets on (``progressed_at``: a job
    claimed, a stage passed, a job finished, or no work found). One that lives without getting on while work waits is
    stalled."""

    worker = models.CharField("进程", max_length=100, primary_key=True)
    started_at = models.DateTimeField("启动时间")
    seen_at = models.DateTimeField("最近报到")
    progressed_at = models.DateTimeField("最近有进展", null=True)
    jobs_done = models.PositiveIntegerField("已完成任务", default=0)
    jobs_failed = models.PositiveIntegerField("失败任务", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "处理进程"
        ordering: ClassVar = ["worker"]

    def __str__(self) -> str:
        return self.worker
