"""Tables of places: the provinces of the country, the counties of a province, what was corrected, what is in 公示, what
a search found."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils import timezone

from evaluation.event_words import kind_label
from evaluation.models import Certificate, Event, Notice, Objection
from evaluation.published import CountyStanding
from indicators.models import SchoolRecord
from reports.presenters.open_tables.shape import EMPTY, Cell, Column, Table, columns, numbers, texts
from reports.presenters.public import ProvinceLine
from schools.models import Division
from schools.vocabulary import DivisionLevel


def year_words(year: int) -> str:
    """2026—2027, as pages write a school year."""
    return f"{year}—{year + 1}"


def province_table(lines: Iterable[ProvinceLine]) -> Table:
    """Every province with how many of its counties stand where."""
    rows = [
        (
            Cell(line.name, link=reverse("province", args=[line.code])),
            *texts(
                line.code,
                line.count.counties,
                line.count.certified,
                line.share,
                line.count.in_notice,
                line.count.revoked,
            ),
        )
        for line in lines
    ]
    counted = numbers("县（市、区）", "证书有效", "占比", "正在公示", "已撤销或被取代")
    heads = (*columns("省级行政区", "区划代码"), *counted)
    return Table("provinces", "各省", "按行政区划代码排列，不是排名", heads, tuple(rows))


def county_table(standings: Iterable[CountyStanding]) -> Table:
    """The counties of a province with their newest certificate."""
    heads = columns("县（市、区）", "区划代码", "所属", "最近公布的学年", "证书", "公示")
    rows = tuple(_county_row(each) for each in standings)
    return Table("counties", "各县", "按行政区划代码排列，不是排名", heads, rows)


def _county_row(each: CountyStanding) -> tuple[Cell, ...]:
    county, certificate = each.county, each.certificate
    year, worth = Cell(EMPTY), Cell(EMPTY)
    if certificate is not None:
        year = Cell(year_words(certificate.evaluation.school_year))
        words = "有效" if each.is_certified else certificate.evaluation.get_state_display()
        worth = Cell(words, link=reverse("certificate", args=[certificate.code]))
    return (
        Cell(county.name, link=reverse("county", args=[county.pk])),
        Cell(county.pk),
        Cell(county.parent.name if county.parent else EMPTY),
        year,
        worth,
        Cell("正在公示", link=reverse("notice", args=[each.notice])) if each.notice else Cell(EMPTY),
    )


def correction_table(events: Iterable[Event]) -> Table:
    """What was corrected, superseded or revoked after its publication."""
    heads = columns("日期", "县（市、区）", "学年", "变化", "证书", "理由", "留痕编号")
    rows = tuple(
        (
            Cell(f"{timezone.localtime(event.at):%Y-%m-%d}"),
            Cell(event.evaluation.county.full_name),
            Cell(year_words(event.evaluation.school_year)),
            Cell(kind_label(event.kind)),
            Cell(event.evaluation.certificate.number, link=reverse("result", args=[event.evaluation.certificate.code])),
            *texts(event.reason, event.number),
        )
        for event in events
        if event.evaluation is not None
    )
    return Table("corrections", "更正记录", "公布后的每一次变化，新的在前", heads, rows)


def notices_table(found: Sequence[tuple[Notice, datetime.date]], count: int) -> Table:
    """What is in 公示, each with the last day of its term."""
    heads = columns("县（市、区）", "学年", "标准", "开始", "结束")
    rows = tuple(
        (
            Cell(notice.evaluation.county.full_name, link=reverse("notice", args=[notice.pk])),
            Cell(f"{year_words(notice.evaluation.school_year)}学年"),
            Cell(notice.evaluation.standard.name),
            Cell(f"{notice.opens_on:%Y-%m-%d}"),
            Cell(f"{last_day:%Y-%m-%d}"),
        )
        for notice, last_day in found
    )
    return Table("notices", "公示", f"正在公示 {count} 个", heads, rows)


def objection_table(objections: Iterable[Objection]) -> Table:
    """Objections to one 公示 and their answers; who objected and in which words is not public."""
    heads = columns("编号", "收到", "结果", "答复")
    rows = tuple(
        (
            Cell(each.number, link=reverse("objection", args=[each.number])),
            Cell(f"{timezone.localtime(each.received_at):%Y-%m-%d}"),
            *texts(each.get_result_display(), each.answer),
        )
        for each in objections
    )
    return Table("objections", "异议和答复", "收到的异议和答复", heads, rows)


def place_table(places: Sequence[Division]) -> Table:
    """Provinces and counties a search found."""
    rows = tuple(
        (
            Cell(
                each.full_name,
                link=reverse("province" if each.level == DivisionLevel.PROVINCE else "county", args=[each.pk]),
            ),
            Cell(each.pk),
        )
        for each in places
    )
    return Table("places", "地方", f"找到 {len(rows)} 个", columns("名称", "区划代码"), rows)


def found_school_table(schools: Sequence[tuple[SchoolRecord, Certificate]]) -> Table:
    """Schools of published results a search found."""
    rows = tuple(
        (
            Cell(record.name, link=reverse("result_school", args=[certificate.code, record.code])),
            Cell(record.code),
            Cell(certificate.evaluation.county.full_name),
            Cell(year_words(certificate.evaluation.school_year)),
        )
        for record, certificate in schools
    )
    heads: tuple[Column, ...] = columns("学校", "学校标识码", "县（市、区）", "学年")
    return Table("schools", "学校", f"找到 {len(rows)} 所", heads, rows)
