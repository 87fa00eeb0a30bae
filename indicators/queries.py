"""Reads of what counties report that every room above shares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, Field, Kind
from indicators.checks.known import RegisteredSchool
from indicators.models import ReportedProblem, SchoolRecord, Submission
from indicators.report import CountyReport, SchoolReport, Value
from schools.models import County, School
from schools.vocabulary import SchoolType, SponsorType, UrbanRural


def report_of(submission: Submission) -> CountyReport:
    """The typed report of a version, as it was read: judging it again gives the same verdict, to the byte."""
    figures = {
        figure.code: Decimal(figure.value) / DECIMAL_SCALE
        if COUNTY_ITEM_BY_CODE[figure.code].kind.is_scaled
        else figure.value
        for figure in submission.figures.all()
    }
    schools = tuple(school_report_of(record) for record in submission.records.all())
    return CountyReport(schools, figures, submission.is_population_certain)


def school_report_of(record: SchoolRecord) -> SchoolReport:
    """The typed row behind a record."""
    values = {field.key: _typed(getattr(record, field.key), field) for field in ALL_FIELDS}
    return SchoolReport(values, frozenset(record.rejected), record.row)


def registered_schools(county: County) -> list[SchoolReport]:
    """The open schools of the register as rows to start from: code, name, type, sponsor and place."""
    return [
        SchoolReport(
            {
                "code": school.code,
                "name": school.name,
                "school_type": SchoolType(school.school_type),
                "sponsor_type": SponsorType(school.sponsor_type),
                "urban_rural": UrbanRural(school.urban_rural),
            }
        )
        for school in School.objects.filter(county=county, closed_on=None)
    ]


def register_of(county: County) -> tuple[RegisteredSchool, ...]:
    """The schools of a county as the register keeps them, closed ones included."""
    return tuple(
        RegisteredSchool(
            school.code,
            school.name,
            SchoolType(school.school_type),
            SponsorType(school.sponsor_type),
            UrbanRural(school.urban_rural),
            school.closed_on is not None,
        )
        for school in School.objects.filter(county=county)
    )


def last_year_version(county: County, school_year: int) -> Submission | None:
    """The newest version of the school year before that can be judged."""
    versions = Submission.objects.filter(county=county, school_year=school_year - 1, is_readable=True)
    return versions.order_by("-version").first()


def _typed(value: Any, field: Field) -> Value:
    if field.kind is Kind.ROOMS:
        return tuple(Decimal(area) for area in value.split(";") if area)
    if value is None or value == "":
        return None
    if field.key == "school_type":
        return SchoolType(value)
    if field.key == "sponsor_type":
        return SponsorType(value)
    if field.key == "urban_rural":
        return UrbanRural(value)
    if field.kind.is_scaled:
        return Decimal(value) / DECIMAL_SCALE
    return value  # type: ignore[no-any-return]


def rule_counts(school_year: int) -> dict[str, tuple[int, int]]:
    """How often each rule spoke about the newest versions of a school year, and in how many counties."""
    later = Submission.objects.filter(
        county_id=OuterRef("submission__county_id"),
        school_year=school_year,
        version__gt=OuterRef("submission__version"),
        read_at__isnull=False,
    )
    told = ReportedProblem.objects.filter(submission__school_year=school_year).exclude(Exists(later))
    counted = told.order_by().values("rule").annotate(times=Count("pk"), counties=Count("submission", distinct=True))
    return {each["rule"]: (each["times"], each["counties"]) for each in counted}
