"""Working days by the published calendar: holidays, and the Saturdays and Sundays worked in exchange. Pure.

A calendar knows some years and no others: a day beyond them is refused, never guessed. A year whose schedule is not
published yet holds only its statutory days and says so (``provisional``).
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

_DAY = datetime.timedelta(days=1)
_SATURDAY = 5


class BeyondCalendar(ValueError):
    """A day of a year that the calendar does not hold; the message is meant for the person who asked."""


class CalendarRefused(ValueError):
    """A calendar document that contradicts itself."""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year: its holidays by day, the weekend days that are worked, where that is said, and whether the schedule
    of the year was published."""

    year: int
    off: Mapping[datetime.date, str]
    worked: frozenset[datetime.date]
    document: str
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years a calendar holds."""

    years: Mapping[int, CalendarYear]

    def year_of(self, day: datetime.date) -> CalendarYear:
        """The year of a day. Raises BeyondCalendar."""
        found = self.years.get(day.year)
        if found is None:
            known = f"{min(self.years)} 至 {max(self.years)} 年" if self.years else "空的"
            raise BeyondCalendar(
                f"{day} 不在工作日历内（日历是{known}），不能推算工作日。"
                f"请管理员按国务院办公厅的通知补上 fixtures/calendar/cn-{day.year}.toml。"
            )
        return found


def parse_year(document: bytes) -> CalendarYear:
    """A year from its document. Raises CalendarRefused with what is wrong."""
    told = tomllib.loads(document.decode("utf-8"))
    try:
        year, provisional, source = int(told["year"]), told["provisional"], str(told["document"])
        spans = dict(told["days_off"])
        worked = [(name, day) for name, days in told["days_worked"].items() for day in days]
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise CalendarRefused(f"工作日历缺少或写错了 {fault}。") from fault
    off: dict[datetime.date, str] = {}
    for name, span in spans.items():
        if len(span) != 2 or not span[0] <= span[1]:
            raise CalendarRefused(f"{name}的放假日期应写成 [第一天, 最后一天]。")
        day = span[0]
        while day <= span[1]:
            if day in off:
                raise CalendarRefused(f"{day} 既是{off[day]}又是{name}。")
            off[day] = str(name)
            day += _DAY
    for name, day in worked:
        if day in off or day.weekday() < _SATURDAY:
            raise CalendarRefused(f"{name}的调休上班日 {day} 应是周六或周日，并且不在放假日期内。")
    if wrong := [day for day in (*off, *(day for _, day in worked)) if day.year != year]:
        raise CalendarRefused(f"{wrong[0]} 不属于 {year} 年。")
    return CalendarYear(year, off, frozenset(day for _, day in worked), source, bool(provisional))


def calendar_of(years: Iterable[CalendarYear]) -> Calendar:
    """Years as one calendar. Raises CalendarRefused where a year is told twice or one between them is missing."""
    ordered = sorted(years, key=lambda each: each.year)
    for before, after in pairwise(ordered):
        if after.year != before.year + 1:
            raise CalendarRefused(f"工作日历在 {before.year} 年和 {after.year} 年之间重复或缺年。")
    return Calendar({each.year: each for each in ordered})


def is_working_day(calendar: Calendar, day: datetime.date) -> bool:
    """Whether a day is worked. Raises BeyondCalendar."""
    year = calendar.year_of(day)
    return day in year.worked or (day.weekday() < _SATURDAY and day not in year.off)


def add_working_days(calendar: Calendar, day: datetime.date, count: int) -> datetime.date:
    """The ``count``-th working day after ``day``, which itself does not count. Raises BeyondCalendar, and ValueError
    for a count below 1."""
    if count < 1:
        raise ValueError("工作日数至少是 1。")
    while count:
        day += _DAY
        count -= is_working_day(calendar, day)
    return day


def working_days_between(calendar: Calendar, first: datetime.date, last: datetime.date) -> int:
    """How many working days lie from ``first`` to ``last``, both included; 0 where ``last`` is earlier. Raises
    BeyondCalendar."""
    days = range(first.toordinal(), last.toordinal() + 1)
    return sum(is_working_day(calendar, datetime.date.fromordinal(number)) for number in days)


def is_provisional(calendar: Calendar, first: datetime.date, last: datetime.date) -> bool:
    """Whether a span touches a year whose schedule is not published. Raises BeyondCalendar."""
    return any(calendar.year_of(datetime.date(year, 1, 1)).is_provisional for year in range(first.year, last.year + 1))
