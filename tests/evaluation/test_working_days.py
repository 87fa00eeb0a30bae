"""Working days by the published calendar: around every holiday, and never guessed beyond it."""

from __future__ import annotations

import datetime

import pytest

from evaluation.core.working_days import (
    BeyondCalendar,
    CalendarRefused,
    add_working_days,
    calendar_of,
    is_provisional,
    is_working_day,
    parse_year,
    working_days_between,
)
from evaluation.working_calendar import working_calendar
from tests.conftest import ROOT

CALENDAR = working_calendar()


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


OFF_2026 = {
    "元旦": ("2026-01-01", "2026-01-03"), "春节": ("2026-02-15", "2026-02-23"),
    "清明节": ("2026-04-04", "2026-04-06"), "劳动节": ("2026-05-01", "2026-05-05"),
    "端午节": ("2026-06-19", "2026-06-21"), "中秋节": ("2026-09-25", "2026-09-27"),
    "国庆节": ("2026-10-01", "2026-10-07"),
}  # fmt: skip
WORKED_2026 = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")


def test_the_calendar_of_2026_is_the_published_one_to_the_day():
    off = {
        datetime.date.fromordinal(number)
        for first, last in OFF_2026.values()
        for number in range(day(first).toordinal(), day(last).toordinal() + 1)
    }
    worked = {day(text) for text in WORKED_2026}
    for number in range(day("2026-01-01").toordinal(), day("2026-12-31").toordinal() + 1):
        each = datetime.date.fromordinal(number)
        expected = each in worked or (each.weekday() < 5 and each not in off)
        assert is_working_day(CALENDAR, each) == expected, each


def test_each_published_year_has_as_many_days_off_as_the_statute_gives():
    # Thirteen statutory days; every other weekday off is worked on a weekend of the same year.
    for year in (2025, 2026):
        count = working_days_between(CALENDAR, datetime.date(year, 1, 1), datetime.date(year, 12, 31))
        weekdays = sum(
            datetime.date.fromordinal(number).weekday() < 5
            for number in range(datetime.date(year, 1, 1).toordinal(), datetime.date(year, 12, 31).toordinal() + 1)
        )
        assert weekdays - count == 13


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2026-02-13", 1, "2026-02-14"),  # the Saturday before 春节 is worked
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-02-10", 5, "2026-02-24"),
        ("2026-02-24", 5, "2026-03-02"),  # 28 February, a Saturday, counts
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-28", 5, "2026-10-10"),  # three before 国庆, two after, the make-up Saturday among them
        ("2026-09-18", 1, "2026-09-20"),  # a Sunday that is worked
        ("2026-01-01", 1, "2026-01-04"),
        ("2026-03-02", 5, "2026-03-09"),  # an ordinary week
        ("2025-12-31", 5, "2026-01-08"),  # over the turn of the year
    ],
)
def test_the_nth_working_day_after_a_day(start, count, expected):
    assert add_working_days(CALENDAR, day(start), count) == day(expected)
    assert working_days_between(CALENDAR, day(start) + datetime.timedelta(days=1), day(expected)) == count


def test_the_day_itself_never_counts_and_a_count_below_one_is_refused():
    assert add_working_days(CALENDAR, day("2026-03-03"), 1) == day("2026-03-04")
    with pytest.raises(ValueError, match="至少是 1"):
        add_working_days(CALENDAR, day("2026-03-03"), 0)


def test_a_span_that_ends_before_it_begins_has_no_working_days():
    assert working_days_between(CALENDAR, day("2026-03-04"), day("2026-03-03")) == 0


def test_a_day_beyond_the_calendar_is_refused_with_the_file_to_add():
    last = max(CALENDAR.years)
    with pytest.raises(BeyondCalendar, match=rf"{last + 1}-01-01 不在工作日历内.*cn-{last + 1}\.toml"):
        add_working_days(CALENDAR, datetime.date(last, 12, 31), 1)
    with pytest.raises(BeyondCalendar, match="不在工作日历内"):
        is_working_day(CALENDAR, datetime.date(2019, 5, 1))
    with pytest.raises(BeyondCalendar):
        working_days_between(CALENDAR, datetime.date(last, 12, 30), datetime.date(last + 1, 1, 2))


def test_a_year_without_a_published_schedule_says_so():
    assert not is_provisional(CALENDAR, day("2025-12-30"), day("2026-12-31"))
    assert is_provisional(CALENDAR, day("2026-12-30"), day("2027-01-06"))
    assert not is_working_day(CALENDAR, day("2027-02-08"))
    assert is_working_day(CALENDAR, day("2027-02-09"))


GOOD = (ROOT / "fixtures/calendar/cn-2026.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("year = 2026", "year = 2027", "不属于 2027 年"),
        ("[2026-01-04]", "[2026-01-05]", "应是周六或周日"),
        ("[2026-01-04]", "[2026-02-21]", "不在放假日期内"),
        ("[2026-01-01, 2026-01-03]", "[2026-01-03, 2026-01-01]", "第一天, 最后一天"),
        ("[2026-09-25, 2026-09-27]", "[2026-09-25, 2026-10-01]", "既是中秋节又是国庆节"),
        ("provisional = false", "", "provisional"),
        ("[days_worked]", "[days]", "days_worked"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(old, new, words):
    assert old in GOOD
    with pytest.raises(CalendarRefused, match=words):
        parse_year(GOOD.replace(old, new).encode())


def test_a_calendar_with_a_hole_or_a_year_twice_is_refused():
    years = CALENDAR.years
    with pytest.raises(CalendarRefused, match="重复或缺年"):
        calendar_of([years[2025], years[2027]])
    with pytest.raises(CalendarRefused, match="重复或缺年"):
        calendar_of([years[2026], years[2026]])
