"""Reads of what counties report that every room above shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, Field, Kind
from indicators.checks.known import RegisteredSchool
from indicators.models import CountyFigure, ReportedProblem, SchoolRecord, Submission
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
    rows = submission.records.values_list("row", "rejected", *_KEYS)
    schools = tuple(SchoolReport(_typed_row(values), frozenset(rejected), row) for row, rejected, *values in rows)
    return CountyReport(schools, figures, submission.is_population_certain)


def school_report_of(record: SchoolRecord) -> SchoolReport:
    """The typed row behind a record."""
    return SchoolReport(_typed_row([getattr(record, key) for key in _KEYS]), frozenset(record.rejected), record.row)


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
    columns = ("code", "name", "school_type", "sponsor_type", "urban_rural", "closed_on")
    return tuple(
        RegisteredSchool(
            code, name, SchoolType(school_type), SponsorType(sponsor), UrbanRural(place), closed_on is not None
        )
        for code, name, school_type, sponsor, place, closed_on in School.objects.filter(county=county).values_list(
            *columns
        )
    )


def registered_elsewhere(county: County, report: CountyReport) -> frozenset[str]:
    """Those codes of a report that the register keeps under another county."""
    codes = [str(school.values["code"]) for school in report.schools if school.values.get("code")]
    return frozenset(School.objects.filter(code__in=codes).exclude(county=county).values_list("code", flat=True))


def last_year_version(county: County, school_year: int) -> Submission | None:
    """The newest version of the school year before that can be judged."""
    versions = Submission.objects.filter(county=county, school_year=school_year - 1, is_readable=True)
    return versions.order_by("-version").first()


def _typed_row(stored: Sequence[Any]) -> dict[str, Value]:
    """The columns of a record, in the order of the catalogue, as typed values."""
    return {
        key: (nothing if value is None or value == "" else value if typed is None else typed(value))
        for (key, nothing, typed), value in zip(_COLUMNS, stored, strict=True)
    }


def _type_of(field: Field) -> Callable[[Any], Value] | None:
    """What makes a typed value of a stored one; None where it is stored as it is."""
    if field.kind is Kind.ROOMS:
        return lambda areas: tuple(Decimal(area) for area in areas.split(";") if area)
    if field.kind.is_scaled:
        return lambda millionths: Decimal(millionths) / DECIMAL_SCALE
    return _ENUMS.get(field.key)


_ENUMS: dict[str, Callable[[Any], Value]] = {
    "school_type": SchoolType,
    "sponsor_type": SponsorType,
    "urban_rural": UrbanRural,
}
_KEYS = tuple(field.key for field in ALL_FIELDS)
_COLUMNS: tuple[tuple[str, Value, Callable[[Any], Value] | None], ...] = tuple(
    (field.key, () if field.kind is Kind.ROOMS else None, _type_of(field)) for field in ALL_FIELDS
)


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


def reports_of(submissions: Sequence[Submission]) -> dict[int, tuple[CountyReport, dict[str, str]]]:
    """The typed reports of many versions by their primary key, each with the cells of its county figures by code; two
    queries however many they are."""
    pks = [submission.pk for submission in submissions]
    figures: dict[int, dict[str, int | Decimal]] = {pk: {} for pk in pks}
    cells: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    stored = CountyFigure.objects.filter(submission__in=pks).values_list("submission", "code", "value", "cell")
    for pk, code, value, cell in stored:
        is_scaled = COUNTY_ITEM_BY_CODE[code].kind.is_scaled
        figures[pk][code] = Decimal(value) / DECIMAL_SCALE if is_scaled else value
        cells[pk][code] = cell
    schools: dict[int, list[SchoolReport]] = {pk: [] for pk in pks}
    records = SchoolRecord.objects.filter(submission__in=pks).order_by("submission", "code", "row")
    for pk, row, rejected, *values in records.values_list("submission", "row", "rejected", *_KEYS):
        schools[pk].append(SchoolReport(_typed_row(values), frozenset(rejected), row))
    return {
        each.pk: (CountyReport(tuple(schools[each.pk]), figures[each.pk], each.is_population_certain), cells[each.pk])
        for each in submissions
    }
