"""What a province decides about how its results are shown."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evaluation.models.workflow import Certificate
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


class PublishedFacts(models.Model):
    """What a published county is compared with others by, counted once from what was signed when it was published.
    ``town_pupils`` are the pupils of schools in 城区 and 镇区; ``revenue`` is 年人均地方财政收入 in whole 分, NULL
    where the county reported none."""

    certificate = models.OneToOneField(Certificate, models.CASCADE, related_name="facts")
    pupils = models.PositiveIntegerField("在校生")
    town_pupils = models.PositiveIntegerField("城区和镇区在校生")
    revenue = models.PositiveBigIntegerField("年人均地方财政收入（分）", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "可比情况"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(town_pupils__lte=F("pupils")), name="published_facts_town_pupils_are_pupils"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.pupils}"
