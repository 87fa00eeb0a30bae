"""The printed documents: a province's templates, who had what made, and what was made, by number and hash."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evaluation.document_making import DocumentKind
from evaluation.models.judging import Verdict
from evaluation.models.workflow import Evaluation, Filing, Proposal
from indicators.models import StoredFile
from schools.models import Division

_PERSON = settings.AUTH_USER_MODEL
_KINDS = [(kind.value, kind.label) for kind in DocumentKind]
_OF_A_PROVINCE = DocumentKind.ANNUAL_REPORT.value


class DocumentTemplate(models.Model):
    """What a province fills a kind of document into. The newest row counts, the earlier stay; without a file it says
    that the default counts again."""

    province = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="省")
    kind = models.CharField("文件", max_length=20, choices=_KINDS)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="模板")
    filename = models.CharField("文件名", max_length=200, blank=True)
    set_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "文件模板"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(file=None, filename="") | (Q(file__isnull=False) & ~Q(filename="")),
                name="document_template_file_has_a_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.province_id} {self.kind}"


class DocumentOrder(models.Model):
    """That somebody had documents made: one, or one for each school. ``number`` counts the orders of a kind, place and
    year; ``filing``, ``proposal`` and ``verdict`` are what they rest on, ``template`` what they are filled into. Once
    over (``finished_at``) it never changes; ``fault`` says why nothing came of it. Where it stands meanwhile is the row
    of its job."""

    kind = models.CharField("文件", max_length=20, choices=_KINDS)
    place = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="县或省")
    school_year = models.PositiveSmallIntegerField("学年")
    number = models.PositiveIntegerField("第几次")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="document_orders")
    filing = models.ForeignKey(Filing, models.PROTECT, null=True, related_name="+", verbose_name="签报")
    proposal = models.ForeignKey(Proposal, models.PROTECT, null=True, related_name="+", verbose_name="处理建议")
    verdict = models.ForeignKey(Verdict, models.PROTECT, null=True, related_name="+", verbose_name="核算结果")
    template = models.ForeignKey(DocumentTemplate, models.PROTECT, null=True, related_name="+", verbose_name="模板")
    total = models.PositiveIntegerField("份数")
    ready = models.PositiveIntegerField("已制作", default=0)
    ordered_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+", verbose_name="制作人")
    ordered_at = models.DateTimeField("提出时间", default=timezone.now)
    finished_at = models.DateTimeField("完成时间", null=True)
    fault = models.CharField("没有完成的原因", max_length=200, blank=True)
    archive_sha256 = models.CharField("压缩包的 SHA-256", max_length=64, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "文件制作"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "place", "school_year", "number"], name="document_order_is_unique"),
            # A double click, two people, two tabs: one order.
            models.UniqueConstraint(
                fields=["kind", "place", "school_year"],
                condition=Q(finished_at=None),
                name="document_order_is_under_way_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=_OF_A_PROVINCE, evaluation=None, filing=None, proposal=None)
                | (~Q(kind=_OF_A_PROVINCE) & Q(evaluation__isnull=False, filing__isnull=False)),
                name="document_order_rests_on_what_was_signed",
            ),
            models.CheckConstraint(condition=Q(ready__lte=F("total")), name="document_order_makes_no_more_than_asked"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(fault="", archive_sha256=""),
                name="document_order_has_no_result_before_its_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.place_id} {self.school_year} {self.number}"

    @property
    def kind_of(self) -> DocumentKind:
        """The kind as the code knows it."""
        return DocumentKind(self.kind)


class IssuedDocument(models.Model):
    """One document that was made. The primary keys of its files are their hashes: the record outlives the bytes, where
    those are given up after their time. Never changed, but for that an annual report is published."""

    order = models.ForeignKey(DocumentOrder, models.PROTECT, related_name="documents")
    number = models.CharField("编号", max_length=60, unique=True)
    school = models.CharField("学校标识码", max_length=40, blank=True)
    school_name = models.CharField("学校", max_length=200, blank=True)
    facts_sha256 = models.CharField("内容的 SHA-256", max_length=64)
    template_sha256 = models.CharField("模板的 SHA-256", max_length=64)
    docx = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="Word 文件")
    pdf = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="PDF 文件")
    made_at = models.DateTimeField("制作时间", default=timezone.now)
    published_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+", verbose_name="公布人")
    published_at = models.DateTimeField("公布时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "制作的文件"
        ordering: ClassVar = ["order", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "school"], name="document_is_unique_per_order_and_school"),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None)
                | Q(published_at__isnull=False, published_by__isnull=False),
                name="document_publication_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.number
