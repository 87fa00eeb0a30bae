"""The calendar of working days as the fixtures tell it."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from evaluation.core.working_days import Calendar, calendar_of, parse_year


@lru_cache(maxsize=1)
def working_calendar() -> Calendar:
    """All years of fixtures/calendar/, read once a process."""
    paths = sorted((settings.BASE_DIR / "fixtures/calendar").glob("cn-*.toml"))
    return calendar_of(parse_year(path.read_bytes()) for path in paths)
