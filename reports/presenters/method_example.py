"""The small county that the method page computes its worked examples from: a document, read into typed figures."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from evaluation.core.decided import Decided, Judged, Supplied
from evaluation.core.standard import Standard
from evaluation.core.verdict import judge_report
from indicators.catalogue import COUNTY_ITEM_BY_CODE, FIELD_BY_KEY, Kind
from indicators.report import CountyReport, SchoolReport, Value
from reports.presenters.explain import Frozen, Links
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

_ENUMS: Mapping[str, type[SchoolType] | type[SponsorType] | type[UrbanRural]] = {
    "school_type": SchoolType,
    "sponsor_type": SponsorType,
    "urban_rural": UrbanRural,
}


def example_county(content: str, standard: Standard, method: str) -> Frozen:
    """The county of ``content`` (TOML), judged by the kernel against ``standard``. ``method`` is the address of the
    page it is shown on. Raises KeyError for a field the catalogue does not know."""
    told = tomllib.loads(content)
    schools = tuple(
        SchoolReport({key: _school_value(key, value) for key, value in school.items()}, row=0)
        for school in told["schools"]
    )
    report = CountyReport(schools, {code: _figure(code, value) for code, value in told["figures"].items()})
    decided = Decided(
        judged={code: Judged(**each) for code, each in told["judged"].items()},
        supplied={code: Supplied(**each) for code, each in told["supplied"].items()},
    )
    as_of: datetime.date = told["as_of"]
    result = judge_report(report, standard, as_of, decided)
    return Frozen(standard, result, report, as_of, decided, links=Links(method=method))


def _school_value(key: str, value: Any) -> Value:
    kind = FIELD_BY_KEY[key].kind
    if key in _ENUMS:
        return _ENUMS[key](value)
    if kind is Kind.ROOMS:
        return tuple(Decimal(area) for area in value)
    return Decimal(value) if kind.is_scaled else value


def _figure(code: str, value: Any) -> int | Decimal:
    return Decimal(value) if COUNTY_ITEM_BY_CODE[code].kind.is_scaled else int(value)
