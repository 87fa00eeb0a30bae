"""Packages of everything that was published of a school year."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from indicators.models import StoredFile


class OpenDataPackage(models.Model):
    """A package as it was made: its bytes stay under its number when a later one is made. ``fingerprint`` is the hash
    of the published state it was made from; a state that comes back, as when a rule is taken back, is packed again.
    ``rows`` is how many each table has."""

    school_year = models.PositiveSmallIntegerField("学年")
    version = models.PositiveIntegerField("版本")
    fingerprint = models.CharField(max_length=64)
    as_of = models.DateTimeField("数据截至")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    rows = models.JSONField("行数")
    built_at = models.DateTimeField("生成时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "开放数据"
        ordering: ClassVar = ["-school_year", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school_year", "version"], name="open_data_version_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.school_year} {self.version}"
