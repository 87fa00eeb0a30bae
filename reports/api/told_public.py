"""How open answers are made from what was published: plain values, numbers as they are, None where undefined."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.urls import reverse

from evaluation.certifying import CertificateStatus
from evaluation.core.rounding import coefficient_text, exact, half_up, printed_number
from evaluation.core.standard import CRITERION_GROUPS, Standard
from evaluation.core.status import Status
from evaluation.core.waterfall import PARTS, Waterfall
from evaluation.event_words import kind_label
from evaluation.models import Certificate, Event, Notice, PublishedFacts, Verdict
from evaluation.models import Standard as LoadedStandard
from evaluation.published import CERTIFIED_KINDS, PublicCount
from reports.api.filters import STATE_OF_STATUS
from reports.presenters.compared import rounded_pupils
from reports.presenters.notice import dimension_lines
from schools.models import County, Division
from schools.vocabulary import DivisionLevel, Stage

Told = dict[str, Any]
_STATUS_OF_STATE = {state: name for name, state in STATE_OF_STATUS.items() if name != "certified"}
_FEN = 100


def page_of(name: str, *arguments: Any) -> str:
    """The whole address of a page of the site."""
    return f"{settings.SITE_URL}{reverse(name, args=arguments)}"


# ── Places ────────────────────────────────────────────────────────────────────────────────────


def place(division: Division) -> Told:
    """A division by code and name."""
    return {"code": division.pk, "name": division.name}


def named(county: County) -> Told:
    """A county with its whole name."""
    return place(county) | {"full_name": county.full_name}


def province_of(county: County) -> Told:
    """The province a county lies in."""
    above: Division = county
    while above.parent is not None:
        above = above.parent
    return place(above)


def province_told(province: Division, count: PublicCount) -> Told:
    """A province with its counts."""
    return place(province) | {
        "counties": count.counties,
        "certified": count.certified,
        "in_notice": count.in_notice,
        "revoked": count.revoked,
    }


def county_told(county: Any, newest: Certificate | None) -> Told:
    """A county of ``counties_published`` with its newest certificate."""
    above = county.parent
    is_in_city = above is not None and above.level == DivisionLevel.CITY
    state = None if newest is None else _STATUS_OF_STATE[newest.evaluation.state_of]
    return named(county) | {
        "province": province_of(county),
        "city": place(above) if is_in_city else None,
        "state": {None: "none", "valid": "certified"}.get(state, state),
        "is_certified": state == "valid",
        "notice": county.notice,
        "result": None if newest is None else result_reference(newest),
    }


# ── Results ───────────────────────────────────────────────────────────────────────────────────


def result_reference(certificate: Certificate) -> Told:
    """A result by its code."""
    evaluation = certificate.evaluation
    return {
        "code": certificate.code,
        "school_year": evaluation.school_year,
        "status": _STATUS_OF_STATE[evaluation.state_of],
    }


def result_told(certificate: Certificate) -> Told:
    """A result in a list."""
    evaluation = certificate.evaluation
    return result_reference(certificate) | {
        "number": certificate.number,
        "county": named(evaluation.county),
        "province": province_of(evaluation.county),
        "standard": standard_named(evaluation.standard),
        "status_label": CERTIFIED_KINDS[evaluation.state_of][2],
        "issued_at": certificate.issued_at,
        "record_sha256": certificate.sha256,
        "url": page_of("result", certificate.code),
    }


def standing_told(status: CertificateStatus) -> Told:
    """What a certificate is worth now."""
    return {
        "key": status.key,
        "label": status.label,
        "words": status.words,
        "since": status.since,
        "reason": status.reason,
        "successor": status.successor.code if status.successor is not None else None,
    }


def verdict_told(verdict: Verdict, result: Mapping[str, Any], standard: Standard, small: Collection[str]) -> Told:
    """The conclusion as everybody may read it: items without the schools behind them, some of which may be too small to
    be shown alone (``small``)."""
    return {
        "passed": result["passed"],
        "complete": result["complete"],
        "as_of": verdict.as_of,
        "sha256": verdict.sha256,
        "dimensions": [
            {"name": line.name, "met": line.met, "of": line.of, "passed": line.key == "met", "words": line.words}
            for line in dimension_lines(result, standard)
        ],
        "stages": stages_told(result, standard, small),
        "criteria": [_criterion(each, result["criteria"][each.code]) for each in standard.criteria],
    }


def stages_told(result: Mapping[str, Any], standard: Standard, small: Collection[str]) -> list[Told]:
    """The coefficients of each stage: as computed, and where a school is not shown as the page prints them. From exact
    figures of the whole and of the schools that are shown, those of the others could be found."""
    printed = {row["stage"] for row in result["schools"] if not row["code"] or row["code"] in small}
    return [
        _stage(stage, result["stages"][stage.value], standard, is_printed=stage.value in printed)
        for stage in Stage
        if stage.value in result["stages"]
    ]


def _stage(stage: Stage, told: Mapping[str, Any], standard: Standard, *, is_printed: bool) -> Told:
    bound = standard.coefficient_limits[stage]
    own, whole = (None, bound) if standard.decides_by_composite else (bound, None)
    indicators, composite = told["indicators"], told["composite"]
    if is_printed:
        indicators = {code: _as_printed(found, own, standard) for code, found in indicators.items()}
        composite = _coefficient_as_printed(composite, told.get("composite_passed"), whole, standard)
    return {
        "stage": stage.value,
        "schools": told["schools"],
        "enrollment": told["enrollment"],
        "coefficients": [
            {"code": each.code, "name": each.short_name, "unit": each.unit} | indicators[each.code]
            for each in standard.indicators
        ],
        "composite": composite,
        "composite_limit": told.get("composite_limit"),
        "composite_passed": told.get("composite_passed"),
    }


def _as_printed(found: Mapping[str, Any], limit: Fraction | None, standard: Standard) -> Told:
    places = standard.rounding.mean_places
    return dict(found) | {
        "mean": _rounded(found["mean"], places),
        "deviation": _rounded(found["deviation"], places),
        "coefficient": _coefficient_as_printed(found["coefficient"], found["passed"], limit, standard),
    }


def _coefficient_as_printed(
    value: float | None, passed: bool | None, limit: Fraction | None, standard: Standard
) -> float | None:
    return printed_number(coefficient_text(value, passed, limit, standard.rounding.coefficient_places))


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else float(half_up(exact(value), places))


def _criterion(criterion: Any, told: Mapping[str, Any]) -> Told:
    return {
        "code": criterion.code,
        "group": criterion.group,
        "group_name": CRITERION_GROUPS[criterion.group],
        "name": criterion.name,
        "requirement": criterion.requirement,
        "status": told["status"],
        "status_label": Status(told["status"]).label,
    }


def school_rows(result: Mapping[str, Any], standard: Standard, small: Collection[str]) -> list[Told]:
    """The rows that may be shown, in the order of the codes: without schools too small to be shown alone, and without
    those that no code tells from others."""
    rows = [row for row in result["schools"] if row["code"] and row["code"] not in small]
    return [row_told(row, standard) for row in rows]


def row_told(row: Mapping[str, Any], standard: Standard) -> Told:
    """One stage of a school."""
    stage = Stage(row["stage"])
    return {
        "code": row["code"],
        "name": row["name"],
        "stage": stage.value,
        "enrollment": row["enrollment"],
        "values": [
            {
                "code": each.code,
                "value": row["values"][each.code],
                "limit": _as_number(each.stages[stage].limit),
                "attained": each.code in row["attained"],
                "at_85": each.code in row["at_85"],
            }
            for each in standard.indicators
        ],
        "passed": row["passed"],
    }


def _as_number(limit: Any) -> float | None:
    return None if limit is None else float(limit)


def hidden_schools(result: Mapping[str, Any], small: Collection[str]) -> int:
    """How many schools of a result are not shown alone."""
    return len({row["code"] or (row["name"], row["stage"]) for row in result["schools"]
                if not row["code"] or row["code"] in small})  # fmt: skip


# ── From a year to the next, and beside others ────────────────────────────────────────────────


def change_told(found: Waterfall, standard: Standard, *, is_joined: bool = False, is_printed: bool = False) -> Told:
    """One figure, part by part. ``is_joined`` tells the first part, the schools, together with the second: alone it
    would be the figures of one school not shown alone. ``is_printed`` rounds as the page does, where a school of
    either result is not shown alone."""
    names = {indicator.code: indicator.short_name for indicator in standard.indicators}
    values = found.values[:1] + found.values[2:] if is_joined else found.values
    if is_printed:
        values = tuple(_rounded(value, standard.rounding.coefficient_places) for value in values)
    parts = zip(list(PARTS.items())[is_joined:], values, values[1:], strict=False)
    return {
        "stage": found.stage.value,
        "code": found.code or None,
        "name": names.get(found.code, "综合差异系数"),
        "before": values[0],
        "after": values[-1],
        "parts": [
            {"part": part, "name": name, "after": now, "change": _difference(then, now)}
            for (part, name), then, now in parts
        ],
    }


def _difference(then: float | None, now: float | None) -> float | None:
    return None if then is None or now is None else now - then


def like_told(facts: PublishedFacts, distance: float | None) -> Told:
    """A county by what it is compared by."""
    return {
        "code": facts.certificate.code,
        "county": named(facts.certificate.evaluation.county),
        "pupils": rounded_pupils(facts.pupils),
        "town_share": round(facts.town_pupils / facts.pupils, 3) if facts.pupils else None,
        "revenue": None if facts.revenue is None else facts.revenue / _FEN,
        "distance": distance,
    }


def correction_told(event: Event) -> Told:
    """What happened to a result."""
    return {
        "number": event.number,
        "at": event.at,
        "kind": event.kind,
        "label": kind_label(event.kind),
        "county": named(event.evaluation.county),
        "result": event.evaluation.certificate.code,
        "reason": event.reason,
    }


# ── 公示 and standards ────────────────────────────────────────────────────────────────────────


def notice_told(notice: Notice, last_day: Any) -> Told:
    """A 公示 in a list."""
    evaluation = notice.evaluation
    return {
        "id": notice.pk,
        "county": named(evaluation.county),
        "province": province_of(evaluation.county),
        "school_year": evaluation.school_year,
        "standard": standard_named(evaluation.standard),
        "opens_on": notice.opens_on,
        "last_day": last_day,
        "url": page_of("notice", notice.pk),
    }


def standard_named(standard: LoadedStandard) -> Told:
    """A standard by its code."""
    return {"code": standard.pk, "name": standard.name}


def standard_told(standard: LoadedStandard) -> Told:
    """A loaded standard in a list."""
    return standard_named(standard) | {
        "sha256": standard.sha256,
        "document": page_of("standard_document", standard.pk),
        "url": page_of("standard", standard.pk),
    }


def standard_detail(row: LoadedStandard, standard: Standard) -> Told:
    """A loaded standard with its limits."""
    return standard_told(row) | {
        "short_name": standard.short_name,
        "issued_by": standard.document,
        "issued_on": standard.issued_on,
        "extends": standard.extends or None,
        "school_rule": standard.school_rule_words,
        "decides_by_composite": standard.decides_by_composite,
        "coefficient_limits": [
            {"stage": stage.value, "limit": float(standard.coefficient_limits[stage])} for stage in Stage
        ],
        "indicators": [
            {
                "code": each.code,
                "name": each.name,
                "short_name": each.short_name,
                "unit": each.unit,
                "article": each.article,
                "limits": [{"stage": stage.value, "limit": _as_number(each.stages[stage].limit)} for stage in Stage],
            }
            for each in standard.indicators
        ],
        "criteria": [
            {
                "code": each.code,
                "group": each.group,
                "group_name": CRITERION_GROUPS[each.group],
                "name": each.name,
                "requirement": each.requirement,
                "article": each.article,
            }
            for each in standard.criteria
        ],
    }
