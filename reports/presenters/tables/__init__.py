"""表Ⅰ to 表Ⅵ of the national 申报表 as pure data: the workbook and the page are both written from it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluation.core.standard import Standard
from indicators.report import CountyReport
from reports.presenters.tables.county import county_table
from reports.presenters.tables.criteria import criterion_table, recognition_table
from reports.presenters.tables.layout import Table
from reports.presenters.tables.relaxed import relaxation_notes
from reports.presenters.tables.schools import NATIONAL_INDICATORS, attainment_table, coefficient_table, school_table
from reports.presenters.verdict import Register, verdict_page
from schools.vocabulary import SchoolType, SponsorType

#: What is left blank for people to fill in and to stamp, as on the national form.
SIGNATURES = ("填报单位（盖章）：", "填表人：", "负责人：", "日期：　　　年　　月　　日")


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above every table. ``sha256`` is the hash of the verdict's document, ``calculation`` its number."""

    county: str
    school_year: str
    version: int
    standard: str
    as_of: datetime.date
    sha256: str
    calculation: int = 1

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """The parts of each line; a narrow screen breaks between them."""
        again = f"（第{self.calculation}次核算）" if self.calculation > 1 else ""
        return (
            (
                f"县（市、区）：{self.county}", f"学年：{self.school_year}", f"版本：第{self.version}版{again}",
                f"判定日期：{self.as_of:%Y-%m-%d}",
            ),
            (f"标准：{self.standard}", f"判定结果校验码：{self.sha256}"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfficialTables:
    """All tables of one version, with what is printed above and below each of them."""

    heading: tuple[tuple[str, ...], ...]
    tables: tuple[Table, ...]
    signatures: tuple[str, ...] = SIGNATURES


def why_no_tables(standard: Standard) -> str:
    """Empty where the tables can be made from a verdict by ``standard``, otherwise the reason: the form is the one of
    2017, with seven indicators and a school rule."""
    if not standard.has_school_rule:
        return f"《{standard.name}》没有逐校达标的要求，表Ⅰ—表Ⅵ是优质均衡申报表，不能按这份标准填写。"
    if [indicator.code for indicator in standard.indicators][: len(NATIONAL_INDICATORS)] != list(NATIONAL_INDICATORS):
        return f"《{standard.name}》没有 L1—L7 七项指标，表Ⅰ—表Ⅵ是优质均衡申报表，不能按这份标准填写。"
    return ""


def official_tables(
    result: Mapping[str, Any], standard: Standard, report: CountyReport, heading: Heading
) -> OfficialTables:
    """表Ⅰ to 表Ⅵ of a version. ``result`` is its verdict's document (forms C), ``report`` its figures as read."""
    page = verdict_page(result, standard, _register(report))
    tables = (
        county_table(report),
        attainment_table(page, standard),
        school_table(page, standard, report),
        coefficient_table(page, standard),
        criterion_table("guarantee", page, standard),
        criterion_table("quality", page, standard),
        recognition_table(result, page, standard),
    )
    relaxed = relaxation_notes(result, standard)
    return OfficialTables(
        heading.lines, tuple(replace(table, notes=(*table.notes, *relaxed.get(table.name, ()))) for table in tables)
    )


def _register(report: CountyReport) -> dict[str, Register]:
    told = {}
    for school in report.schools:
        school_type, sponsor = school.values.get("school_type"), school.values.get("sponsor_type")
        told[str(school.values.get("code") or "")] = Register(
            str(school.values.get("name") or ""),
            school_type.label if isinstance(school_type, SchoolType) else "",
            sponsor.label if isinstance(sponsor, SponsorType) else "",
        )
    return told
