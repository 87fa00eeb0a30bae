"""What a province sets of the rule catalogue, without code."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from indicators.problem import Severity
from schools.models import Division


class RuleSetting(models.Model):
    """The severity of one rule in one province between two dates; insert-only, the newest in force counts."""

    province = models.ForeignKey(Division, models.PROTECT, related_name="rule_settings")
    rule = models.CharField(max_length=60)
    severity = models.CharField("级别", max_length=10, choices=[(s.value, s.label) for s in Severity])
    in_force_from = models.DateField("起")
    in_force_until = models.DateField("止", null=True, blank=True)
    reason = models.CharField("理由", max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "规则设置"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(in_force_until=None) | Q(in_force_until__gte=F("in_force_from")),
                name="rule_setting_dates_are_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.severity}"
