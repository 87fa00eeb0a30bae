"""The judged items of all counties as columns, and as the text they are kept and compared by. Pure.

What ``judging.findings_of`` writes for one county, from the told result, stands here for all of them: the same items,
the same status, the same float to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluation.core.columns import BoolArray, FloatArray, IntArray
from evaluation.core.items import MET, NOT_MET, STATUSES, UNKNOWN, ItemResult, Ratio
from evaluation.core.resources import LOST, PASSED
from evaluation.core.verdict import Judgement

#: What stands where an item has no value, here and in the text form of COPY.
NO_VALUE = "\\N"
#: Whole numbers up to here are floats without rounding.
_EXACT_IN_FLOAT = 2**53


@dataclass(frozen=True, slots=True)
class FindingColumn:
    """One item of every county: a difference coefficient (with its ``stage``) or a criterion (``stage`` empty).
    ``status`` are positions in STATUSES; ``value`` is NaN where there is none."""

    code: str
    stage: str
    status: IntArray
    value: FloatArray


@dataclass(frozen=True, slots=True)
class CountyFindings:
    """One county's findings: a line each (code, stage, status, value, separated by tabs) in the order of code and
    stage, and the SHA-256 of these lines, each ended by a line feed."""

    lines: tuple[str, ...]
    sha256: str


def finding_columns(judgement: Judgement) -> list[FindingColumn]:
    """The judged items of a judgement, in the order of code and stage."""
    found = [
        FindingColumn(code, stage.stage.value, _status_of(result.outcome), _finite(result.coefficients.coefficient))
        for stage in judgement.stages
        for code, result in stage.results.items()
    ]
    n_counties = len(judgement.outcome)
    found += [
        FindingColumn(code, "", item.status, _value_of(item, n_counties)) for code, item in judgement.items.items()
    ]
    return sorted(found, key=lambda column: (column.code, column.stage))


def findings_of_counties(judgement: Judgement) -> Iterator[CountyFindings]:
    """Every county's findings as text, in the order of the county index. A value is written as the shortest decimal
    that is this float again: the same text wherever it is computed."""
    columns = [_texts(column) for column in finding_columns(judgement)]
    for lines in zip(*columns, strict=True):
        text = "\n".join(lines) + "\n"
        yield CountyFindings(lines, hashlib.sha256(text.encode("ascii")).hexdigest())


def _texts(column: FindingColumn) -> list[str]:
    heads = [f"{column.code}\t{column.stage}\t{status.value}\t" for status in STATUSES]
    # A value that is not there is NaN, and NaN alone differs from itself.
    values = (repr(value) if value == value else NO_VALUE for value in column.value.tolist())
    return [heads[status] + value for status, value in zip(column.status.tolist(), values, strict=True)]


def _status_of(outcome: IntArray) -> IntArray:
    return np.where(outcome == PASSED, MET, np.where(outcome == LOST, NOT_MET, UNKNOWN))


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _value_of(item: ItemResult, n_counties: int) -> FloatArray:
    if item.value is None:
        return np.full(n_counties, np.nan)
    if not isinstance(item.value, Ratio):
        return item.value.astype(np.float64)
    return _quotients(item.value)


def _quotients(ratio: Ratio) -> FloatArray:
    """Each known ratio rounded once, as ``float(Ratio.at(county))`` is: by the processor where both sides are exact as
    floats, by unbounded integers elsewhere."""
    times, divided_by = ratio.factor.numerator, ratio.factor.denominator
    # With what is common to both sides taken out, nearly everything fits; what is not known divides by one.
    denominator = np.where(ratio.is_known, ratio.denominator, 1)
    common = np.maximum(np.gcd(ratio.numerator, denominator), 1)
    above, below = ratio.numerator // common, denominator // common
    value = np.full(len(above), np.nan)
    fits = ratio.is_known & _is_small(above, times) & _is_small(below, divided_by)
    value[fits] = (above[fits] * times).astype(np.float64) / (below[fits] * divided_by).astype(np.float64)
    for county in np.flatnonzero(ratio.is_known & ~fits):
        exact = ratio.at(int(county))
        value[county] = np.nan if exact is None else float(exact)
    return value


def _is_small(values: IntArray, times: int) -> BoolArray:
    return np.asarray(np.abs(values) <= _EXACT_IN_FLOAT // times)
