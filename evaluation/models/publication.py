"""What a province decides about how its results are shown."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from schools.models import Division

#: Where a province has decided nothing: with fewer pupils, figures of a school would be those of persons.
FEWEST_PUPILS = 10
MOST_FEWEST_PUPILS = 200


class PublicationRule(models.Model):
    """Below how many pupils the schools of a province are not shown alone to the public. The newest row counts; the
    earlier stay."""

    province = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="省")
    fewest_pupils = models.PositiveSmallIntegerField("最少学生数", validators=[MaxValueValidator(MOST_FEWEST_PUPILS)])
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "公开规则"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fewest_pupils__lte=MOST_FEWEST_PUPILS), name="publication_rule_hides_no_ordinary_school"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.province_id} {self.fewest_pupils}"
