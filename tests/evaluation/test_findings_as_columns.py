"""The findings of many counties as columns are those that one county is stored with, to the last bit."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from evaluation.core.decided import Decided
from evaluation.core.findings import finding_columns, findings_of_counties
from evaluation.core.items import STATUSES, ItemResult, Ratio
from evaluation.core.standard import Standard, read_standard
from evaluation.core.verdict import describe, judgement_of
from evaluation.judging import findings_of
from indicators.report import CountyReport
from tests.conftest import ROOT
from tests.evaluation.random_2012 import random_county_2012
from tests.evaluation.random_counties import AS_OF, random_county
from tests.evaluation.random_decisions import random_decided_county

COUNTIES = 150
BASIC = ROOT / "fixtures/standards/2012-basic.toml"


def as_stored(reports: Sequence[CountyReport], standard: Standard, decided: Sequence[Decided] | None = None):
    """Of every county, (code, stage, status, value) as ``judging`` would store them and as the columns hold them."""
    judgement, schools, ordered = judgement_of(reports, standard, AS_OF, decided)
    one_by_one = []
    for county in range(len(reports)):
        rows = findings_of(None, describe(judgement, schools, ordered, county))
        exact = [(row.code, row.stage, str(row.status), hexadecimal(row.value)) for row in rows]
        one_by_one.append(sorted(exact))
    columns = finding_columns(judgement)
    together = [
        sorted((c.code, c.stage, STATUSES[int(c.status[county])].value, hexadecimal(c.value[county])) for c in columns)
        for county in range(len(reports))
    ]
    return one_by_one, together, judgement


def hexadecimal(value: float | int | None) -> str | None:
    """A float to the last bit; None where there is none."""
    return None if value is None or math.isnan(value) else float(value).hex()


def test_random_counties_have_the_same_findings_together_as_alone(standard_document):
    one_by_one, together, _ = as_stored([random_county(seed) for seed in range(COUNTIES)], standard_document)
    assert together == one_by_one
    statuses = {status for county in together for _, _, status, _ in county}
    assert statuses == {"met", "not_met", "unknown", "to_judge"}
    assert any(value is None for county in together for *_, value in county)


def test_with_decisions_and_relaxations_too(standard_document):
    pairs = [random_decided_county(seed) for seed in range(COUNTIES)]
    one_by_one, together, _ = as_stored([report for report, _ in pairs], standard_document, [each for _, each in pairs])
    assert together == one_by_one
    assert any(status == "exempt" for county in together for _, _, status, _ in county)


def test_under_the_standard_of_2012_where_the_composite_decides(db):
    one_by_one, together, judgement = as_stored(
        [random_county_2012(seed) for seed in range(COUNTIES)], read_standard(BASIC)
    )
    assert together == one_by_one
    assert {-1, 0, 1} == set(judgement.outcome.tolist())


def test_the_text_of_a_county_gives_its_values_back_and_never_a_number_that_is_none(standard_document):
    reports = [random_county(seed) for seed in range(COUNTIES)]
    one_by_one, _, judgement = as_stored(reports, standard_document)
    for county, found in enumerate(findings_of_counties(judgement)):
        told = [line.split("\t") for line in found.lines]
        assert [(code, stage) for code, stage, *_ in told] == [(code, stage) for code, stage, *_ in one_by_one[county]]
        values = [None if value == "\\N" else float(value).hex() for *_, value in told]
        assert values == [value for *_, value in one_by_one[county]]
        assert not any(word in value for *_, value in told for word in ("nan", "inf"))
        assert found.sha256 == hashlib.sha256(("\n".join(found.lines) + "\n").encode()).hexdigest()


@pytest.mark.parametrize("factor", [Fraction(1), Fraction(100), Fraction(10_000, 3), Fraction(1, 10**6)])
def test_a_ratio_of_huge_numbers_is_rounded_once(factor, standard_document):
    rng = np.random.default_rng(5)
    above = rng.integers(-(2**62), 2**62, 400)
    below = rng.integers(1, 2**62, 400)
    above[:200] //= 2**30
    below[:200] //= 2**40
    below[7] = 0
    ratio = Ratio(above, np.maximum(below, 0), below > 0, factor)
    judgement, *_ = judgement_of([random_county(1)] * 400, standard_document, AS_OF)
    judgement.items["G7"] = ItemResult(judgement.items["G7"].status, ratio)
    [column] = [c for c in finding_columns(judgement) if c.code == "G7"]
    assert [hexadecimal(v) for v in column.value] == [
        hexadecimal(ratio.at(i) and float(ratio.at(i))) for i in range(400)
    ]
