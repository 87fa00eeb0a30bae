"""Who answers for which county, and who is told what."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluation.models.workflow import Evaluation
from schools.models import County

_PERSON = settings.AUTH_USER_MODEL


class Assignment(models.Model):
    """A county that an inspector answers for in a school year; ended rather than deleted."""

    county = models.ForeignKey(County, models.PROTECT, related_name="assignments", verbose_name="县")
    school_year = models.PositiveSmallIntegerField("学年")
    inspector = models.ForeignKey(_PERSON, models.PROTECT, related_name="assignments", verbose_name="督学")
    assigned_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField("原因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "任务分配"
        ordering: ClassVar = ["county", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["county", "school_year"], condition=Q(ended_at=None), name="assignment_is_live_once_per_county"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.county_id} {self.inspector_id}"


class Recusal(models.Model):
    """A county an inspector must keep away from: home, former post, family."""

    class Ground(models.TextChoices):
        HOME = "home", "籍贯或居住地"
        FORMER_POST = "former_post", "曾在当地任职"
        OTHER = "other", "其他利害关系"

    inspector = models.ForeignKey(_PERSON, models.PROTECT, related_name="recusals", verbose_name="督学")
    county = models.ForeignKey(County, models.PROTECT, related_name="recusals", verbose_name="县")
    ground = models.CharField("事由", max_length=20, choices=Ground.choices)
    words = models.CharField("说明", max_length=300, blank=True)
    declared_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "回避"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["inspector", "county"], name="recusal_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.inspector_id} {self.county_id}"


class Message(models.Model):
    """A line in somebody's inbox. ``key`` names what must be said to a person only once, such as a reminder."""

    person = models.ForeignKey(_PERSON, models.CASCADE, related_name="inbox")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="messages")
    text = models.CharField(max_length=500)
    link = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "消息"
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["person", "read_at"], name="message_by_person")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], condition=~Q(key=""), name="message_is_said_once"),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class OutboxEntry(models.Model):
    """Something to be sent outside: written in the transaction that says it, sent until it is taken or given up. An
    announcement becomes the letters of those who asked for them; such a letter names the subscription, never the
    address."""

    class Kind(models.TextChoices):
        EMAIL = "email", "电子邮件"
        WEBHOOK = "webhook", "机器人通知"
        SUBSCRIBER = "subscriber", "订阅邮件"
        ANNOUNCEMENT = "announce", "订阅通知"

    class State(models.TextChoices):
        WAITING = "waiting", "等待发送"
        SENT = "sent", "已发送"
        SET_ASIDE = "set_aside", "已搁置"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.CharField(max_length=300)
    body = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "待发通知"
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["state", "not_before"], name="outbox_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"
