"""The rows of a package, from certificates and the frozen rows behind them, one county at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from evaluation.certificate_file import sha256_of
from evaluation.core.disclosure import not_shown_alone
from evaluation.core.rounding import printed_number
from evaluation.core.standard import CRITERION_GROUPS
from evaluation.core.status import Status
from evaluation.event_words import kind_label
from evaluation.models import FEWEST_PUPILS, Certificate, Verdict
from evaluation.open_data.tables import COMPOSITE, REVOKED, SUPERSEDED, VALID
from evaluation.published import (
    corrections,
    fewest_pupils_by_province,
    province_code,
    published_certificates,
    pupils_of,
    records_behind,
    verdict_behind,
)
from evaluation.standards import parsed_standard
from evaluation.workflow import State
from schools.models import County
from schools.vocabulary import SchoolType, Stage, UrbanRural

#: A value of a row; None is an empty cell.
Value = str | int | float | bool | None
Row = list[Value]
_STATES = {State.PUBLISHED: VALID, State.SUPERSEDED: SUPERSEDED, State.REVOKED: REVOKED}
_RECORDS = (
    "code", "submission", "school_type", "urban_rural", "primary_enrollment", "junior_enrollment", "senior_enrollment",
)  # fmt: skip
_AT_A_TIME = 25


class NotAsPublished(Exception):
    """A stored row is not the one that was published: nothing is made from it."""


def certificates_of_year(year: int) -> list[tuple[str, str, str]]:
    """Code, hash of the record and state of everything published of a school year, by code."""
    found = published_certificates().filter(evaluation__school_year=year).order_by("code")
    return list(found.values_list("code", "sha256", "evaluation__state"))


def rows_of_results(year: int, codes: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """The rows of results, coefficients, schools and items, each with the name of its table. ``codes`` are the
    indicators that have a column."""
    fewest = fewest_pupils_by_province()
    found = published_certificates().filter(evaluation__school_year=year).order_by("code")
    replaced_by = dict(
        found.exclude(evaluation__supersedes=None).values_list("evaluation__supersedes__certificate__code", "code")
    )
    for certificate in found.iterator(chunk_size=_AT_A_TIME):
        if sha256_of(certificate.record) != certificate.sha256:
            raise NotAsPublished(f"证书 {certificate.code} 的记录与散列值不符")
        record = json.loads(certificate.record)
        yield "results", _result(certificate, record, replaced_by.get(certificate.code))
        if certificate.evaluation.state_of is State.PUBLISHED:
            county = certificate.evaluation.county
            yield from _behind(certificate, record, codes, fewest.get(province_code(county), FEWEST_PUPILS))


def _result(certificate: Certificate, record: Mapping[str, Any], replaced_by: str | None) -> Row:
    results, standard = record["results"], record["standard"]
    schools = {stage["stage"]: stage["schools"] for stage in results["stages"]}
    return [
        certificate.code, certificate.number, record["county"]["code"], record["county"]["name"], record["school_year"],
        standard["code"], standard["name"], record["title"], _STATES[certificate.evaluation.state_of],
        record["published"]["on"], record["corrects"] or None, replaced_by,
        *(schools.get(stage.value, 0) for stage in Stage), results["items"], results["items_met"],
        f"{settings.SITE_URL}{reverse('result', args=[certificate.code])}",
        certificate.sha256, record["verdict"]["sha256"],
    ]  # fmt: skip


def _coefficients(certificate: Certificate, record: Mapping[str, Any], printed: Collection[str]) -> Iterator[Row]:
    """``printed`` are the stages of which nothing finer is given than the page prints: a whole number of hidden pupils
    or rooms could be found from an exact coefficient and the schools that are shown."""
    begin = [certificate.code, record["county"]["code"]]
    for stage in record["results"]["stages"]:
        limit, is_composite = float(stage["limit"]), stage["decides"] == "composite"
        is_printed = stage["stage"] in printed
        for each in stage["coefficients"]:
            value = _given(each["value"], each["printed"], is_printed)
            yield [*begin, stage["name"], each["code"], each["name"], value, each["printed"],
                   None if is_composite else limit]  # fmt: skip
        composite = _given(stage["composite"], stage["composite_printed"], is_printed)
        yield [*begin, stage["name"], COMPOSITE, "综合差异系数", composite, stage["composite_printed"],
               limit if is_composite else None]  # fmt: skip


def _given(exact: str, printed: str, is_printed: bool) -> float | None:
    if is_printed:
        return printed_number(printed)
    return float(exact) if exact else None


def _behind(
    certificate: Certificate, record: Mapping[str, Any], codes: Sequence[str], fewest: int
) -> Iterator[tuple[str, Row]]:
    verdict = verdict_behind(certificate)
    _check(certificate, verdict, record)
    told, document = json.loads(verdict.document), parsed_standard(verdict.standard)
    begin = [certificate.code, record["county"]["code"]]
    records = {row.code: row for row in records_behind(verdict).only(*_RECORDS)}
    pupils = {code: pupils_of(row) for code, row in records.items()}
    hidden = not_shown_alone(((row["code"], row["stage"]) for row in told["schools"]), pupils, fewest)
    # A school that no code tells from others cannot be known to be large enough.
    unshown = {row["code"] for row in told["schools"] if not row["code"] or row["code"] not in records} | hidden
    for coefficient in _coefficients(
        certificate, record, {row["stage"] for row in told["schools"] if row["code"] in unshown}
    ):
        yield "coefficients", coefficient
    for row in sorted(told["schools"], key=lambda each: (each["code"], each["stage"])):
        if row["code"] in unshown:
            continue
        about = records[row["code"]]
        yield "schools", [
            *begin, row["code"], row["name"], Stage(row["stage"]).label,
            SchoolType(about.school_type).label if about.school_type else None,
            UrbanRural(about.urban_rural).label if about.urban_rural else None,
            row["enrollment"], *(row["values"].get(code) for code in codes), len(row["attained"]), row["passed"],
        ]  # fmt: skip
    for criterion in document.criteria:
        status = Status(told["criteria"][criterion.code]["status"]).label
        yield "items", [*begin, CRITERION_GROUPS[criterion.group], criterion.code, criterion.name, status]


def _check(certificate: Certificate, verdict: Verdict, record: Mapping[str, Any]) -> None:
    stored = hashlib.sha256(verdict.document.encode("utf-8")).hexdigest()
    if not stored == verdict.sha256 == record["verdict"]["sha256"]:
        raise NotAsPublished(f"证书 {certificate.code} 的核算结论与散列值不符")


def rows_of_corrections(year: int) -> Iterator[Row]:
    """What happened to the results of a school year after their publication, in its order."""
    for event in corrections().filter(evaluation__school_year=year).order_by("number"):
        evaluation = event.evaluation
        if evaluation is not None:
            at = timezone.localtime(event.at).isoformat(timespec="seconds")
            yield [event.number, at, evaluation.certificate.code, evaluation.county_id, kind_label(event.kind),
                   event.reason or None]  # fmt: skip


def rows_of_counties(year: int) -> Iterator[Row]:
    """Every county of the register, with the result that is valid of the school year."""
    valid = published_certificates().filter(evaluation__school_year=year, evaluation__state=State.PUBLISHED)
    # By code: of two standards in one year the later name stands.
    codes = dict(valid.order_by("code").values_list("evaluation__county", "code"))
    for county in County.objects.select_related("parent__parent").order_by("code"):
        above = county.parent
        city = above if above is not None and above.parent_id is not None else None
        province = city.parent if city is not None else above
        yield [
            county.pk, county.name, city.pk if city else None, city.name if city else None,
            province.pk if province else county.pk, province.name if province else county.name, codes.get(county.pk),
        ]  # fmt: skip
