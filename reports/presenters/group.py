"""Results that a reader puts side by side: columns in the order of the codes, rows by figure, and what to mind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from evaluation.core.likeness import FURTHEST
from evaluation.grouping import Group, Unfound
from evaluation.models import Certificate
from evaluation.published import CERTIFIED_KINDS
from evaluation.workflow import State
from reports.charts.strip import numeral
from reports.presenters.compared import FigureRow, county_column

#: More pairs than these are counted, not told one by one.
_PAIRS_TOLD = 3
_NO_FIGURE, _NO_LIMIT = "—", "各不相同"


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """One result at the head of a column: what it is compared by, what its certificate is worth, and the query of the
    same group without it."""

    sign: str
    code: str
    name: str
    school_year: str
    standard: str
    status: str
    pupils: str
    town_share: str
    revenue: str
    without: str


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Everything the page of a group prints. ``permanent`` is the query that names each result by its own code."""

    columns: tuple[GroupColumn, ...]
    rows: tuple[FigureRow, ...]
    warnings: tuple[str, ...]
    unfound: tuple[Unfound, ...]
    permanent: str


def group_page(group: Group) -> GroupPage:
    """The page of a group."""
    certificates = [certificate for certificate, _ in group.results]
    codes = [certificate.code for certificate in certificates]
    columns = []
    for number, (certificate, facts) in enumerate(group.results, start=1):
        about = None if facts is None else county_column(facts, None)
        evaluation = certificate.evaluation
        columns.append(
            GroupColumn(
                sign=numeral(number),
                code=certificate.code,
                name=evaluation.county.full_name,
                school_year=_year(certificate),
                standard=evaluation.standard.name,
                status=CERTIFIED_KINDS[evaluation.state_of][2],
                pupils=about.pupils if about else _NO_FIGURE,
                town_share=about.town_share if about else _NO_FIGURE,
                revenue=about.revenue if about else _NO_FIGURE,
                without=query_of([code for code in codes if code != certificate.code]),
            )
        )
    rows = _rows(certificates)
    return GroupPage(tuple(columns), rows, tuple(_warnings(group)), group.unfound, query_of(codes))


def query_of(codes: Sequence[str]) -> str:
    """The part of an address that names a group."""
    return urlencode([("c", code) for code in codes])


def _year(certificate: Certificate) -> str:
    year = certificate.evaluation.school_year
    return f"{year}—{year + 1}"


def _rows(certificates: Sequence[Certificate]) -> tuple[FigureRow, ...]:
    """A row for each coefficient that any of the results has. Standards may call different things by one code, so a row
    is code and name."""
    found: dict[tuple[str, str, str], list[tuple[str, str] | None]] = {}
    for position, certificate in enumerate(certificates):
        stages: list[dict[str, Any]] = json.loads(certificate.record)["results"]["stages"]
        for stage in stages:
            for each in stage["coefficients"]:
                key = (stage["name"], each["code"], each["name"])
                row = found.setdefault(key, [None] * len(certificates))
                row[position] = (each["printed"], stage["limit"] if stage["decides"] == "each" else "")
    # Stages stay together, whichever result brought a row.
    ordered = sorted(found.items(), key=lambda item: [stage for stage, _, _ in found].index(item[0][0]))
    return tuple(_row(key, cells) for key, cells in ordered)


def _row(key: tuple[str, str, str], cells: Sequence[tuple[str, str] | None]) -> FigureRow:
    limits = {cell[1] for cell in cells if cell is not None}
    limit = limits.pop() if len(limits) == 1 else _NO_LIMIT
    return FigureRow(*key, limit or _NO_FIGURE, tuple(_NO_FIGURE if cell is None else cell[0] for cell in cells))


def _warnings(group: Group) -> list[str]:
    words = []
    if len(group.standards) > 1:
        words.append("这些结果按不同的标准核算，指标、算法和上限可能不同，数字不能直接相比。")
    if len(group.school_years) > 1:
        words.append("这些结果不是同一学年的，差别里有年份的影响。")
    for certificate, _ in group.results:
        if certificate.evaluation.state_of is not State.PUBLISHED:
            label = CERTIFIED_KINDS[certificate.evaluation.state_of][2]
            words.append(
                f"{certificate.evaluation.county.name} {_year(certificate)}学年的证书{label}，列出的是当时公布的数字。"
            )
    unlike = group.unlike()
    for one, other, far in unlike[:_PAIRS_TOLD]:
        names = f"{one.evaluation.county.name}和{other.evaluation.county.name}"
        if far is None:
            words.append(f"{names}有一方缺少规模、城镇占比或财力的数据，不知道情况是否相近。")
        else:
            words.append(f"{names}情况不相近：相差 {far:.1f} 步，超过 {FURTHEST:.0f} 步，差别可能来自条件不同。")
    if len(unlike) > _PAIRS_TOLD:
        words.append(f"另外还有 {len(unlike) - _PAIRS_TOLD} 对县情况不相近或无法判断。")
    return words
