"""Reads of the register that every room above shares."""

from __future__ import annotations

import datetime

from django.utils import timezone

#: The school year begins on 1 September; annual figures are taken on that day.
_FIRST_MONTH = 9


def school_year_of(day: datetime.date) -> int:
    """The school year ``day`` falls into, named by the calendar year it began in."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def current_school_year() -> int:
    """The school year counties fill in now."""
    return school_year_of(timezone.localdate())
