"""How long the plans of single schools are kept. Whatever is signed, decided or published is kept for good."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from evaluation.document_making import DocumentKind
from evaluation.models import IssuedDocument
from indicators.actions import clear_files


def clear_school_plans() -> int:
    """Give up the bytes of plans that were made longer ago than they are kept; returns of how many files. The records
    with their hashes stay, and the plans can be ordered anew."""
    before = timezone.now() - datetime.timedelta(days=settings.SCHOOL_PLANS_KEPT_DAYS)
    return clear_files({IssuedDocument: Q(order__kind=DocumentKind.SCHOOL_PLAN, made_at__lt=before)})
