"""Evidence files of the items that inspectors judge, and who is on which item of the filing."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from indicators.models.reported import StoredFile
from schools.models import County


class Evidence(models.Model):
    """One file that proves one item. Withdrawn rather than deleted: what somebody looked at stays."""

    county = models.ForeignKey(County, models.PROTECT, related_name="evidence")
    school_year = models.PositiveSmallIntegerField("学年")
    criterion = models.CharField("项目", max_length=10)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    filename = models.CharField("文件名", max_length=200)
    kind = models.CharField("文件类型", max_length=10)
    issued_by = models.CharField("发文单位", max_length=100)
    issued_on = models.DateField("发文日期")
    proof_page = models.CharField("证明所在页码", max_length=60)
    note = models.CharField("备注", max_length=300, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "佐证材料"
        ordering: ClassVar = ["criterion", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="evidence_withdrawal_is_whole",
            ),
            models.UniqueConstraint(
                fields=["county", "school_year", "criterion", "file"],
                condition=Q(withdrawn_at=None),
                name="evidence_file_is_unique_per_item",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.filename}"


class ChecklistTask(models.Model):
    """Who prepares one item of a county's filing, and by when."""

    county = models.ForeignKey(County, models.PROTECT, related_name="checklist_tasks")
    school_year = models.PositiveSmallIntegerField("学年")
    item = models.CharField("项目", max_length=10)
    person = models.CharField("负责人", max_length=40, blank=True)
    due_on = models.DateField("截止日期", null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "填报分工"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["county", "school_year", "item"], name="checklist_task_is_unique_per_item")
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.person}"
