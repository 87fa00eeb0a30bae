"""Written explanations of what must be explained before signing."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from schools.models import County


class Explanation(models.Model):
    """Why a figure that a rule asks about is right. Bound to the value by ``fingerprint``: it stands for every later
    version in which the same rule finds the same at the same school, and is asked for again once that changes.
    Insert-only; the newest of a fingerprint counts."""

    county = models.ForeignKey(County, models.PROTECT, related_name="explanations")
    school_year = models.PositiveSmallIntegerField("学年")
    fingerprint = models.CharField(max_length=64)
    rule = models.CharField(max_length=60)
    school = models.CharField(max_length=200, blank=True)
    header = models.CharField(max_length=200, blank=True)
    found = models.TextField(blank=True)
    text = models.TextField("说明")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "情况说明"
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["county", "school_year", "fingerprint"], name="explanation_by_fingerprint")
        ]

    def __str__(self) -> str:
        return self.text[:40]
