"""The workbook of one county, pre-filled: its schools from the register, its figures of last year, and the limits of
the standard behind the trial sheet. Here, because only this room knows a standard."""

from __future__ import annotations

from typing import BinaryIO

from evaluation.models import Standard
from evaluation.queries import DEFAULT_STANDARD
from evaluation.standards import parsed_standard
from evaluation.trial import trial_rules
from indicators.queries import last_year_version, registered_schools, report_of
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.last_year_sheet import LastYearUse
from indicators.workbook.template import write_template
from schools.models import County

_FROM_LAST_YEAR = ("code", "name", "school_type", "sponsor_type", "urban_rural")


def write_template_for(
    county: County, school_year: int, use: LastYearUse, target: BinaryIO, with_extra: bool = False
) -> None:
    """Write the template a county fills in. Without a register its schools of last year are listed; without a version
    of last year there is nothing to compare with, and without a loaded standard no trial sheet."""
    before = last_year_version(county, school_year)
    last_year = CountyReport(()) if before is None else report_of(before)
    standard = Standard.objects.filter(pk=DEFAULT_STANDARD).first()
    write_template(
        target,
        school_year=school_year,
        county_code=county.code,
        county_name=county.name,
        schools=registered_schools(county) or [_listed(school) for school in last_year.schools],
        last_year=last_year.schools,
        last_year_figures=last_year.figures,
        last_year_use=use,
        trial=None if standard is None else trial_rules(parsed_standard(standard)),
        with_extra=with_extra,
    )


def _listed(school: SchoolReport) -> SchoolReport:
    return SchoolReport({key: school.values.get(key) for key in _FROM_LAST_YEAR})
