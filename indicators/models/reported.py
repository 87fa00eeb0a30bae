"""What a county reported: uploaded files, their versions, the typed figures in them and the problems found."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from indicators.catalogue import ALL_FIELDS, DECIMAL_SCALE, Field, Kind
from indicators.problem import Severity
from schools.models import County
from schools.vocabulary import SchoolType, UrbanRural


class StoredFile(models.Model):
    """The bytes of an uploaded file, once, by their hash. Kept in the database: they commit, replicate and are
    backed up together with the rows made from them, and web and worker need no common disk.

    ``cleared_at`` is when the bytes of a refused file were given up after its time; the hash, and what was told about
    the file, stay."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    stored_at = models.DateTimeField(auto_now_add=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "文件"

    def __str__(self) -> str:
        return self.sha256[:12]


class Submission(models.Model):
    """One numbered version of a county's figures for a school year, as uploaded. Never changed after reading."""

    county = models.ForeignKey(County, models.PROTECT, related_name="submissions", verbose_name="县")
    school_year = models.PositiveSmallIntegerField("学年", help_text="学年开始的年份：2026 即 2026—2027 学年")
    version = models.PositiveIntegerField("版本")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="submissions", verbose_name="文件")
    filename = models.CharField("文件名", max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    read_at = models.DateTimeField("读取完成时间", null=True)
    is_readable = models.BooleanField("可以判定", null=True, help_text="False：文件被拒收或没有可用的学校数据")
    is_population_certain = models.BooleanField("学校范围明确", default=True)
    columns = models.JSONField("各字段所在列", default=dict)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="revisions", verbose_name="在此版本上更正"
    )

    class Meta:
        verbose_name = verbose_name_plural = "填报版本"
        ordering: ClassVar = ["-uploaded_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["county", "school_year", "version"], name="submission_version_is_unique"),
            models.CheckConstraint(
                condition=Q(read_at=None, is_readable=None) | Q(read_at__isnull=False, is_readable__isnull=False),
                name="submission_read_at_and_outcome_go_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.county.name} {self.school_year_label} 第{self.version}版"

    @property
    def school_year_label(self) -> str:
        return f"{self.school_year}—{self.school_year + 1}学年"


def _column(field: Field) -> models.Field[Any, Any]:
    """The database column of a catalogue field. Decimals are whole millionths: exact on every database,
    and what the kernel computes with; NULL is an empty or refused cell."""
    if field.kind is Kind.CODE:
        return models.CharField(field.header, max_length=10, blank=True)
    if field.kind is Kind.TEXT:
        return models.CharField(field.header, max_length=200, blank=True)
    if field.kind is Kind.ROOMS:
        return models.TextField(field.header, blank=True, help_text="每间面积（㎡），分号隔开")
    if field.kind is Kind.YES_NO:
        return models.BooleanField(field.header, null=True)
    if field.key == "school_type":
        return models.CharField(field.header, max_length=20, blank=True, choices=[(t, t.label) for t in SchoolType])
    if field.key == "urban_rural":
        return models.CharField(field.header, max_length=10, blank=True, choices=[(u, u.label) for u in UrbanRural])
    if field.kind.is_scaled:
        return models.PositiveBigIntegerField(field.header, null=True, help_text=f"单位：{field.unit} 的百万分之一")
    return models.PositiveIntegerField(field.header, null=True)


class SchoolRecord(models.Model):
    """One row of 「学校数据」: a typed column for every catalogue field. ``rejected`` lists the keys of cells that
    were filled but refused; ``row`` is the sheet row, so that every figure has its address."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="records")
    row = models.PositiveIntegerField()
    rejected = models.JSONField(default=list)
    for _field in ALL_FIELDS:
        vars()[_field.key] = _column(_field)
    del _field

    class Meta:
        verbose_name = verbose_name_plural = "学校数据"
        ordering: ClassVar = ["submission", "code", "row"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "row"], name="school_record_row_is_unique"),
        ]

    def __str__(self) -> str:
        return str(getattr(self, "name", ""))


class CountyFigure(models.Model):
    """One row of 「县级数据」 that could be used. ``value`` is a count, year or grade as it stands, money and
    decimals in millionths."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="figures")
    code = models.CharField(max_length=3)
    value = models.PositiveBigIntegerField(help_text=f"小数以 1/{DECIMAL_SCALE} 为单位")
    cell = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "县级数据"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "code"], name="county_figure_code_is_unique"),
        ]

    def __str__(self) -> str:
        return self.code


class ReportedProblem(models.Model):
    """One problem found in a version, as it was told to the county (see indicators.problem.Problem)."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="problems")
    position = models.PositiveIntegerField()
    severity = models.CharField(max_length=10, choices=[(s.value, s.label) for s in Severity])
    rule = models.CharField(max_length=60)
    sheet = models.CharField(max_length=40, blank=True)
    cell = models.CharField(max_length=12, blank=True)
    school = models.CharField(max_length=200, blank=True)
    header = models.CharField(max_length=200, blank=True)
    found = models.TextField(blank=True)
    message = models.TextField()
    fix = models.TextField(blank=True, help_text="建议填入的内容；空表示没有可以直接采纳的建议")
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "数据问题"
        ordering: ClassVar = ["submission", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "position"], name="reported_problem_position_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.cell}"
