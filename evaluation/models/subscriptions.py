"""Who asked to be told by e-mail of what is published about a county. No person of the portal ever reads a row."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from schools.models import County


def new_key() -> str:
    """What the links of a subscription are made from; nobody can guess another's."""
    return secrets.token_hex(16)


class Subscription(models.Model):
    """One address and one county, or the whole country without one. Nothing is sent before ``confirmed_at`` but the
    letter that asks for the confirmation. Deleted, not marked, when it ends."""

    county = models.ForeignKey(County, models.CASCADE, null=True, related_name="subscriptions", verbose_name="县")
    address = models.EmailField("邮箱", max_length=254)
    key = models.CharField(max_length=32, unique=True, default=new_key)
    asked_at = models.DateTimeField("申请时间", default=timezone.now)
    confirmed_at = models.DateTimeField("确认时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "邮件订阅"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["county", "address"], condition=Q(county__isnull=False), name="subscription_of_county_is_one"
            ),
            models.UniqueConstraint(
                fields=["address"], condition=Q(county__isnull=True), name="subscription_of_country_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class SubscriptionAsk(models.Model):
    """That somebody asked, as a keyed hash of who and on which day: enough to count, not enough to find anybody. Gone
    after a day."""

    sender = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "订阅申请"
        indexes: ClassVar = [models.Index(fields=["sender"], name="subscription_ask_by_sender")]

    def __str__(self) -> str:
        return f"{self.pk}"
