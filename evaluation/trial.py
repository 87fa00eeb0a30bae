"""A standard as the plain rules that the trial sheet of the template computes with. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from evaluation.core.standard import Indicator, Standard
from indicators.workbook.trial_rules import TrialExclusion, TrialIndicator, TrialMeasure, TrialRules
from schools.vocabulary import SponsorType, Stage


def trial_rules(standard: Standard) -> TrialRules | None:
    """The rules of ``standard`` for the trial sheet; None where it leaves sponsors out, which the sheet cannot tell."""
    if not set(SponsorType) <= standard.sponsors or not standard.has_school_rule:
        return None
    return TrialRules(
        name=standard.name,
        weights=standard.weights,
        attained_at_least=standard.attained_at_least,
        coefficient_limits={stage: _decimal(limit) for stage, limit in standard.coefficient_limits.items()},
        exclusions=tuple(TrialExclusion(e.school_type, e.reason, e.fewer_pupils_than) for e in standard.exclusions),
        indicators=tuple(_indicator(indicator, standard.floor_share) for indicator in standard.indicators),
    )


def _indicator(indicator: Indicator, floor_share: Fraction) -> TrialIndicator:
    stages: dict[Stage, TrialMeasure] = {
        stage: TrialMeasure(_decimal(measure.limit), _decimal(measure.limit * floor_share), measure.plus, measure.minus)
        for stage, measure in indicator.stages.items()
        if measure.limit is not None
    }
    return TrialIndicator(
        indicator.code, indicator.short_name, indicator.unit, indicator.factor, indicator.shared, stages
    )


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / Decimal(exact.denominator)
