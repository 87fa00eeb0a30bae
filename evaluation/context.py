"""What is known around a version when it is checked: last year, the register, the limits, the settings of the province.

The reader knows nothing of them; here they are fetched, a few queries whatever the number of schools."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from evaluation.core.standard import Standard
from indicators.checks.context import Addresses, check_context, in_sheet_order
from indicators.checks.known import Context, Threshold, Thresholds
from indicators.models import Submission
from indicators.problem import Problem
from indicators.queries import last_year_version, register_of, registered_elsewhere, report_of
from indicators.report import CountyReport
from indicators.rule_settings import province_of, severities_in_force, with_severities
from indicators.workbook.read import ReadReport


def in_context(submission: Submission, found: ReadReport, standard: Standard) -> ReadReport:
    """What was read, with the problems that show only in context, each with the severity its province gives it."""
    more: tuple[Problem, ...] = ()
    # A workbook that cannot be judged at all is not laid beside anything.
    if found.is_judgeable:
        context = Context(
            submission.school_year,
            _last_year(submission),
            register_of(submission.county),
            thresholds_of(standard),
            registered_elsewhere(submission.county, found.report),
        )
        more = check_context(found.report, context, Addresses(found.columns, found.figure_cells))
    severities = severities_in_force(province_of(submission.county), timezone.localdate(submission.uploaded_at))
    return replace(found, problems=with_severities(in_sheet_order(found.problems, more), severities))


def thresholds_of(standard: Standard) -> Thresholds:
    """The limits of a standard's indicators and its weights, as plain data for the checks."""
    limits = tuple(
        Threshold(
            indicator.code,
            indicator.name,
            stage,
            float(measure.limit),
            indicator.factor,
            measure.plus,
            measure.minus,
            indicator.shared,
        )
        for indicator in standard.indicators
        for stage, measure in indicator.stages.items()
        if measure.limit is not None
    )
    primary, junior, senior = map(float, standard.weights)
    return Thresholds(limits, (primary, junior, senior))


def _last_year(submission: Submission) -> CountyReport | None:
    newest = last_year_version(submission.county, submission.school_year)
    return None if newest is None else report_of(newest)
