"""Changes made in the portal itself: repaired or corrected cells, and changes of the register an upload suggests."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from indicators.models.reported import Submission
from schools.models import School


class CellChange(models.Model):
    """One cell of the workbook that differs from the version it is based on, changed by a person in the portal."""

    class Kind(models.TextChoices):
        REPAIR = "repair", "采纳修复建议"
        CORRECTION = "correction", "在线更正"
        PARTIAL = "partial", "部分学校更新"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    sheet = models.CharField(max_length=40)
    cell = models.CharField(max_length=12)
    school = models.CharField(max_length=200, blank=True)
    header = models.CharField(max_length=200, blank=True)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "单元格变更"
        ordering: ClassVar = ["submission", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "sheet", "cell"], name="cell_change_is_unique_per_cell")
        ]

    def __str__(self) -> str:
        return f"{self.cell} {self.before} → {self.after}"


class RegisterProposal(models.Model):
    """A difference between an upload and the register, waiting for a person: never applied silently."""

    class Kind(models.TextChoices):
        OPENED = "opened", "新开办"
        CLOSED = "closed", "停办"
        MERGED = "merged", "并入其他学校"
        RENAMED = "renamed", "更名"
        RETYPED = "retyped", "办学类型、举办者或城乡类型变更"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待确认"
        CONFIRMED = "confirmed", "已确认"
        REJECTED = "rejected", "不变更"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="register_proposals")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    school_code = models.CharField(max_length=10)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    merged_into = models.ForeignKey(School, models.PROTECT, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "学校名录变更"
        ordering: ClassVar = ["submission", "school_code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "school_code", "kind"], name="register_proposal_is_unique"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at=None, decided_by=None)
                | (~Q(state="proposed") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="register_proposal_decision_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school_code} {self.kind}"
