"""How long refused files are kept, and until when one of them is."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils import timezone

from indicators.actions import FILE_RULES, clear_refused_files
from indicators.models import StoredFile, Submission


def clear_files_that_are_due() -> int:
    """Clear the files that were refused longer ago than they are kept; returns how many."""
    return clear_refused_files(timezone.now() - _kept())


def refused_file(submission: Submission) -> dict[str, datetime.datetime | int | None] | None:
    """What a page says about the file of a version that was refused: the days it is kept, until when at least, and
    since when its bytes are gone; None for a file that was read."""
    if submission.is_readable is not False or submission.read_at is None:
        return None
    if not submission.problems.filter(rule__startswith=FILE_RULES).exists():
        return None
    return {
        "days": settings.REFUSED_FILES_KEPT_DAYS,
        "kept_until": submission.read_at + _kept(),
        "cleared_at": StoredFile.objects.values_list("cleared_at", flat=True).get(pk=submission.file_id),
    }


def _kept() -> datetime.timedelta:
    return datetime.timedelta(days=settings.REFUSED_FILES_KEPT_DAYS)
