"""People who review, and evaluations walked to where they do it."""

from __future__ import annotations

import datetime

from django.utils import timezone

from evaluation.core.working_days import add_working_days
from evaluation.models import Assignment, Evaluation, SendBack
from evaluation.sending_back import AskedBack, forward, send_back
from evaluation.working_calendar import working_calendar
from indicators.catalogue import SCHOOL_SHEET
from indicators.models import Submission
from schools.actions import appoint
from schools.models import County, Division, User
from schools.vocabulary import Party
from tests.conftest import PASSWORD


def city_reviewer(place: str = "990100", name: str = "city") -> User:
    return appoint(name, f"市级{name}", Party.CITY_REVIEWER, Division.objects.get(pk=place), PASSWORD)


def chief(place: str = "990000", name: str = "chief") -> User:
    return appoint(name, f"审定人{name}", Party.CHIEF, Division.objects.get(pk=place), PASSWORD)


def assign(inspector: User, county: County, school_year: int, by: User | None = None) -> Assignment:
    return Assignment.objects.create(
        inspector=inspector, county=county, school_year=school_year, assigned_by=by or inspector
    )


def forwarded(evaluation: Evaluation, city: User) -> Evaluation:
    """The evaluation with the province."""
    forward(city, evaluation, evaluation.version, "数据与年报一致，同意上报。")
    return evaluation


def working_day(days: int = 10) -> datetime.date:
    return add_working_days(working_calendar(), timezone.localdate(), days)


def cell_of(version: Submission, key: str, position: int = 0) -> str:
    """The address of a field of one school of a version."""
    return f"{version.columns[key]}{version.records.order_by('row')[position].row}"


def sent_back(
    user: User, evaluation: Evaluation, *keys: str, criteria: tuple[str, ...] = (), position: int = 0
) -> SendBack:
    """The evaluation back at its county, with these fields of one school and these items opened."""
    version = evaluation.filing.submission
    cells = [AskedBack("与年报不符，请核实。", SCHOOL_SHEET, cell_of(version, key, position)) for key in keys]
    items = [AskedBack("材料不全，请补充。", criterion=code) for code in criteria]
    return send_back(user, evaluation, evaluation.version, "部分数据需要核实。", working_day(), [*cells, *items])
