"""One county of the fictional 示例省 as it was published a year ago, walked through the real actions on the days of
that year. Run again it does nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from unittest import mock

from django.utils import timezone

from evaluation import actions, decisions
from evaluation.core.working_days import add_working_days
from evaluation.demo import DemoCounty, demo_county, register_of
from evaluation.demo_decisions import SURVEY, opinion_of
from evaluation.demo_reviews import signed_by
from evaluation.models import Assignment, Evaluation, Proposal
from evaluation.noticing import last_day, publish
from evaluation.proposing import approve, finish_replies, open_proposal, propose
from evaluation.queries import default_standard
from evaluation.sending_back import forward
from evaluation.standards import parsed_standard
from evaluation.working_calendar import working_calendar
from schools.actions import register_schools
from schools.models import County, School, User
from schools.queries import current_school_year
from schools.vocabulary import Party

#: The county that has not reported yet this year: its clerk starts from last year's figures.
PUBLISHED_COUNTY = "990304"
_FILED_ON = (10, 20)
_WORKING_DAYS_A_STEP = 4


@contextmanager
def at(day: datetime.date) -> Iterator[None]:
    """Within it the clock of the portal stands in the forenoon of a day: the actions know no other date than today's,
    and a demonstration needs a year that is over."""
    moment = timezone.make_aware(datetime.datetime.combine(day, datetime.time(10)))

    class ThatDay(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return moment.astimezone(tz)

    # Under ``timezone.now`` and not in its place: models keep that function as the default of their columns.
    with mock.patch("django.utils.timezone.datetime", ThatDay):
        yield


def publish_last_year(workbook_of: Callable[[DemoCounty, County, int], bytes]) -> bool:
    """File, review and publish the county of last year; whether that was done now."""
    county, year = County.objects.get(pk=PUBLISHED_COUNTY), current_school_year() - 1
    if Evaluation.objects.filter(county=county, school_year=year).exists():
        return False
    people = {party: _person(county, party) for party in Party if party is not Party.STEWARD}
    days = _days(datetime.date(year, *_FILED_ON))
    told = demo_county(county.code, county.name, "passes")
    if told is None:
        return False
    register_schools([School(county=county, **row) for row in register_of(told)])
    with at(next(days)):
        content = workbook_of(told, county, year)
        actions.upload_workbook(people[Party.CLERK], county, year, f"{county.name}_{year}_填报.xlsx", content)
        actions.run_waiting_jobs()
        Assignment.objects.create(
            inspector=people[Party.INSPECTOR], county=county, school_year=year, assigned_by=people[Party.CHIEF]
        )
        filing = signed_by(county, year, people[Party.SIGNER], people[Party.CLERK])
    if filing is None:
        return False
    _review(filing.evaluation, people, days)
    return True


def _review(evaluation: Evaluation, people: dict[Party, User], days: Iterator[datetime.date]) -> None:
    inspector, chief = people[Party.INSPECTOR], people[Party.CHIEF]
    with at(next(days)):
        forward(people[Party.CITY_REVIEWER], evaluation, evaluation.version, "数据与年报一致，同意上报。")
    with at(next(days)):
        _judge(inspector, evaluation)
    with at(next(days)):
        propose(inspector, evaluation, Proposal.Decision.CERTIFY, evaluation.version, "各项要求均已达到，建议认定。")
    with at(next(days)):
        proposal = open_proposal(evaluation)
        if proposal is not None:
            finish_replies(people[Party.SIGNER], proposal, proposal.evaluation.version)
        evaluation.refresh_from_db()
        approve(chief, evaluation, evaluation.version, "同意认定。")
    over = last_day(evaluation.notices.get()) + datetime.timedelta(days=1)
    with at(add_working_days(working_calendar(), over, 1)):
        publish(chief, evaluation, evaluation.version)


def _judge(inspector: User, evaluation: Evaluation) -> None:
    county, year = evaluation.county, evaluation.school_year
    for criterion in decisions.judged_items(parsed_standard(default_standard())):
        decisions.judge_item(inspector, county, year, criterion.code, True, opinion_of(criterion))
    day = timezone.localdate()
    decisions.supply_survey(inspector, county, year, SURVEY, "省级社会认可度调查报告（示例）", day)
    results: dict[str, int | Decimal] = {f"C{27 + i}": 3 + i % 2 for i in range(6)}
    results |= {f"C{33 + i}": Decimal("0.09") + Decimal(i) / 200 for i in range(6)}
    decisions.supply_monitoring(inspector, county, year, results, "国家义务教育质量监测结果报告（示例）", day)


def _person(county: County, party: Party) -> User:
    place = {Party.CITY_REVIEWER: county.parent_id, Party.INSPECTOR: "990000", Party.CHIEF: "990000"}
    return User.objects.filter(party=party, place=place.get(party, county.pk)).order_by("pk")[:1].get()


def _days(first: datetime.date) -> Iterator[datetime.date]:
    day = first
    while True:
        day = add_working_days(working_calendar(), day, _WORKING_DAYS_A_STEP)
        yield day
