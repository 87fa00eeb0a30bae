"""省级年度报告: the counties of a province in one school year, from what was published and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import Any

from django.utils import timezone

from evaluation.core.rounding import half_up
from evaluation.event_words import kind_label
from evaluation.models import Certificate
from evaluation.open_data.tables import COMPOSITE
from evaluation.published import (
    CERTIFIED_KINDS,
    CountyStanding,
    corrections,
    published_certificates,
    standings_in,
)
from reports.documents.words import NONE, date_words, year_words
from schools.models import Division

Row = dict[str, Any]
_PLACES = 3
_NOT_PUBLISHED = "未公布"


def annual_report(province: str, school_year: int) -> Row:
    """Everything the 省级年度报告 prints. Raises Division.DoesNotExist."""
    found = Division.objects.get(pk=province)
    standings = standings_in(province)
    counties = [each.county.pk for each in standings]
    of_year = published_certificates().filter(evaluation__county__in=counties, evaluation__school_year=school_year)
    newest: dict[str, Certificate] = {}
    for each in of_year:
        newest.setdefault(each.evaluation.county_id, each)
    certified = {pk: each for pk, each in newest.items() if each.evaluation.state_of.is_live}
    earlier = _earlier(counties, school_year)
    return {
        "省名": found.name,
        "省代码": found.pk,
        "学年": year_words(school_year),
        "截止日期": date_words(timezone.localdate()),
        "县数": str(len(standings)),
        "本年认定数": str(len(certified)),
        "公示数": str(sum(each.notice is not None for each in standings)),
        "现行有效数": str(sum(each.is_certified for each in standings)),
        "撤销取代数": str(len(newest) - len(certified)),
        "未公布数": str(sum(each.certificate is None and each.notice is None for each in standings)),
        "概述": _summary(found.name, school_year, standings, len(certified)),
        "县情况": [_county(each, newest.get(each.county.pk)) for each in standings],
        "差异系数分布": _distribution(certified.values()),
        "差异系数说明": _distribution_words(len(certified)),
        "变化": _changes(standings, newest, earlier),
        "更正": _corrections(counties, school_year),
    }


def _earlier(counties: Sequence[str], school_year: int) -> dict[str, Certificate]:
    """The newest certificate of an earlier year of each county."""
    before = published_certificates().filter(evaluation__county__in=counties, evaluation__school_year__lt=school_year)
    found: dict[str, Certificate] = {}
    for each in before:
        found.setdefault(each.evaluation.county_id, each)
    return found


def _summary(province: str, school_year: int, standings: Sequence[CountyStanding], certified: int) -> str:
    valid = sum(each.is_certified for each in standings)
    notices = sum(each.notice is not None for each in standings)
    return (
        f"{province}共有 {len(standings)} 个县级单位。{year_words(school_year)}公布认定、至今有效的 {certified} 个；"
        f"历年公布、至今有效的共 {valid} 个；正在公示的 {notices} 个。"
        "不予认定的决定和正在办理的评估不对外公布，不列入本报告。"
    )


def _county(standing: CountyStanding, of_year: Certificate | None) -> Row:
    county, shown = standing.county, of_year or standing.certificate
    words = CERTIFIED_KINDS[shown.evaluation.state_of][2] if shown is not None else _NOT_PUBLISHED
    if standing.notice is not None:
        words = "公示中" if shown is None else f"{words}；公示中"
    record: Mapping[str, Any] = json.loads(shown.record) if shown is not None else {}
    return {
        "代码": county.pk,
        "名称": county.name,
        "市州": county.parent.name if county.parent is not None else NONE,
        "状态": words,
        "学年": record.get("school_year", NONE),
        "证书编号": shown.number if shown is not None else NONE,
        "公布日期": record["published"]["on"] if record else NONE,
        "达标项目": f"{record['results']['items_met']} / {record['results']['items']}" if record else NONE,
    }


# ── The coefficients ──────────────────────────────────────────────────────────────────────────


def _distribution(certificates: Iterable[Certificate]) -> list[Row]:
    """Least, middle and greatest of each coefficient over the counties certified in the year: by standard, stage and
    code. Where a standard decides by the composite, that has the limit, and the coefficients behind it have none."""
    found: dict[tuple[str, str, str], list[str]] = {}
    about: dict[tuple[str, str, str], tuple[str, str, str, str]] = {}
    for certificate in certificates:
        record = json.loads(certificate.record)
        standard = record["standard"]
        for stage in record["results"]["stages"]:
            for code, name, value, limit in _figures(stage):
                key = standard["code"], stage["stage"], code
                about.setdefault(key, (standard["name"], stage["name"], name, limit))
                found.setdefault(key, []).append(value)
    is_mixed = len({standard for standard, _, _ in found}) > 1
    # Sorted by standard alone: stages and codes stay in the order of the records.
    keys = sorted(found, key=lambda key: key[0])
    return [_distribution_row(key[2], about[key], found[key], is_mixed=is_mixed) for key in keys]


def _figures(stage: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Code, name, exact value and limit of what a stage is measured by."""
    is_composite = stage["decides"] == "composite"
    for each in stage["coefficients"]:
        yield each["code"], each["name"], each["value"], NONE if is_composite else stage["limit"]
    if is_composite:
        yield COMPOSITE, "综合差异系数", stage["composite"], stage["limit"]


def _distribution_row(code: str, about: tuple[str, str, str, str], told: Sequence[str], *, is_mixed: bool) -> Row:
    standard, stage, name, limit = about
    values = [Fraction(each) for each in told if each]
    shown = [half_up(f(values), _PLACES) for f in (min, median, max)] if values else ["无法核算"] * 3
    return {
        "学段": stage,
        "代码": code,
        "名称": f"{name}（{standard}）" if is_mixed else name,
        "县数": str(len(values)),
        "最小": shown[0],
        "中位": shown[1],
        "最大": shown[2],
        "上限": limit,
        "无法核算": str(len(told) - len(values)),
    }


def _distribution_words(count: int) -> str:
    if not count:
        return "本学年没有公布认定的县，没有可以统计的差异系数。"
    return (
        f"以下为本学年公布认定、至今有效的 {count} 个县的差异系数，取自证书记录的精确值；"
        "各县之间规模和条件不同，只列分布，不作排名。"
    )


# ── What changed ──────────────────────────────────────────────────────────────────────────────


def _changes(
    standings: Sequence[CountyStanding], of_year: Mapping[str, Certificate], earlier: Mapping[str, Certificate]
) -> list[str]:
    """Every county with a result of this year or of an earlier one, under exactly one of the headings."""
    grouped: dict[str, list[str]] = {words: [] for words in _CHANGES.values()}
    for each in standings:
        now, before = _worth(of_year.get(each.county.pk)), _worth(earlier.get(each.county.pk))
        if now is not None or before is not None:
            grouped[_CHANGES[now, None if now is False else before]].append(each.county.name)
    return [f"{words}的 {len(names)} 个：{'、'.join(names)}。" for words, names in grouped.items() if names] or [
        "本学年与以前学年都没有公布的结果。"
    ]


def _worth(certificate: Certificate | None) -> bool | None:
    """Whether a published result stands; None where there is none."""
    return None if certificate is None else certificate.evaluation.state_of.is_live


#: What is said of a county by whether its result of this year stands, and that of an earlier year.
_CHANGES: Mapping[tuple[bool | None, bool | None], str] = {
    (True, None): "首次公布认定",
    (True, True): "再次公布认定",
    (True, False): "以前学年公布的结果已撤销或取代、本学年重新公布认定",
    (False, None): "本学年公布后又撤销或取代",
    (None, True): "以前学年有公布结果、本学年尚未再次公布",
    (None, False): "以前学年公布的结果已撤销或取代、本学年没有公布",
}


def _corrections(counties: Sequence[str], school_year: int) -> list[Row]:
    found = corrections().filter(evaluation__county__in=counties, evaluation__school_year=school_year)
    return [
        {
            "日期": date_words(timezone.localdate(event.at)),
            "县": event.evaluation.county.name,
            "事项": kind_label(event.kind),
            "证书": event.evaluation.certificate.number,
            "理由": event.reason or NONE,
        }
        for event in found.order_by("number")
        if event.evaluation is not None
    ]
