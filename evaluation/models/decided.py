"""What the province decides and enters about a county beside the county's own figures. Rows are added, never changed:
the newest counts, and what was said before stays readable."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from indicators.models import StoredFile
from schools.models import County, School


class ItemJudgement(models.Model):
    """What an inspector found of one item that rests on evidence, with the opinion in words."""

    county = models.ForeignKey(County, models.PROTECT, related_name="item_judgements", verbose_name="县")
    school_year = models.PositiveSmallIntegerField("学年")
    criterion = models.CharField("项目", max_length=10)
    is_met = models.BooleanField("达标")
    opinion = models.TextField("评定意见")
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="督学")
    judged_at = models.DateTimeField("评定时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "项目评定"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(opinion=""), name="item_judgement_has_an_opinion"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.is_met}"


class SuppliedResult(models.Model):
    """Results of one item that the State or the province supplies (S1, Q9), and the document they come from.
    ``figures`` are whole numbers by name; decimals in millionths."""

    county = models.ForeignKey(County, models.PROTECT, related_name="supplied_results", verbose_name="县")
    school_year = models.PositiveSmallIntegerField("学年")
    criterion = models.CharField("项目", max_length=10)
    figures = models.JSONField("结果")
    document = models.CharField("依据文件", max_length=200)
    issued_on = models.DateField("发文日期")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    filename = models.CharField("文件名", max_length=200, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="录入人")
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "省级录入结果"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(document=""), name="supplied_result_names_its_document"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.document}"


class RelaxationGrant(models.Model):
    """A dated relaxation of the standard granted to one school, with approver, reason and evidence. Withdrawn rather
    than deleted."""

    county = models.ForeignKey(County, models.PROTECT, related_name="relaxation_grants", verbose_name="县")
    school = models.ForeignKey(School, models.PROTECT, related_name="relaxation_grants", verbose_name="学校")
    relaxation = models.CharField("过渡规定", max_length=10)
    valid_from = models.DateField("起")
    valid_until = models.DateField("止")
    reason = models.CharField("理由", max_length=500)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="依据材料")
    filename = models.CharField("文件名", max_length=200)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="批准人")
    approved_at = models.DateTimeField("批准时间", auto_now_add=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField("撤回理由", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "过渡规定"
        ordering: ClassVar = ["relaxation", "school", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="relaxation_dates_are_in_order"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(filename=""), name="relaxation_has_reason_and_file"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
                name="relaxation_withdrawal_is_whole",
            ),
            models.UniqueConstraint(
                fields=["school", "relaxation"],
                condition=Q(withdrawn_at=None),
                name="relaxation_is_granted_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.relaxation} {self.school_id}"
