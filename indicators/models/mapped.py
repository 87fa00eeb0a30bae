"""Headers that a county's people have told the portal how to read."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from schools.models import County


class HeaderMapping(models.Model):
    """How one unknown header of a county's files is read: as the catalogue field ``key``, or, where ``key`` is empty,
    not at all and without a warning. ``plain`` is the header as it is compared (see workbook.headers.plain_form)."""

    county = models.ForeignKey(County, models.PROTECT, related_name="header_mappings")
    header = models.CharField("表头", max_length=200)
    plain = models.CharField(max_length=200)
    key = models.CharField("字段", max_length=60, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "表头对应"
        ordering: ClassVar = ["county", "plain"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["county", "plain"], name="header_mapping_is_unique_per_county"),
        ]

    def __str__(self) -> str:
        return f"{self.header} → {self.key or '不使用'}"
