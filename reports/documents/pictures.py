"""The drawings of a document: charts made from the rows of the table beside each, and an address as a QR code. PNG, the
same bytes for the same figures."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import qrcode
from PIL import Image

from reports.charts.bars import Bar, BarChart
from reports.charts.picture import beside
from reports.charts.strip import Strip, StripChart, numeral

Rows = Sequence[Mapping[str, Any]]
_SPREAD = ("最小", "中位", "最大")


def coefficient_chart(rows: Rows) -> bytes:
    """The coefficients of 差异系数表 as bars, each stage with its limit; one that could not be computed has no bar and
    says so."""
    return beside(tuple(_bars(stage, of_stage) for stage, of_stage in _by_stage(rows)))


def coefficient_words(rows: Rows) -> str:
    """What the chart shows, for those who do not see it."""
    judged = [row for row in rows if _number(row["上限"]) is not None]
    over = [f"{row['学段']}{row['代码']} {row['差异系数']}" for row in judged if not row["不高于上限"]]
    told = f"其中不在上限以内的：{'、'.join(over)}" if over else "全部不高于上限" if judged else "各项不单设上限"
    return f"{len(rows)} 项差异系数与上限的对照图，{told}。数值见差异系数表。"


def spread_chart(rows: Rows) -> bytes:
    """Least, middle and greatest coefficient of the counties of 差异系数分布, a strip for each with its limit."""
    return beside(tuple(_strips(stage, of_stage) for stage, of_stage in _by_stage(rows)))


def spread_words(rows: Rows) -> str:
    """What the chart shows, for those who do not see it."""
    return f"{len(rows)} 项差异系数的最小值、中位值和最大值的分布图，竖线是上限。数值见差异系数分布表。"


def _by_stage(rows: Rows) -> Iterable[tuple[str, Rows]]:
    for stage in dict.fromkeys(row["学段"] for row in rows):
        yield stage, [row for row in rows if row["学段"] == stage]


def _bars(stage: str, rows: Rows) -> BarChart:
    printed = next((row["上限"] for row in rows if _number(row["上限"]) is not None), "")
    return BarChart(
        title=stage,
        description="",
        bars=tuple(
            Bar(
                f"{row['代码']} {row['简称']}", _number(row["差异系数"]), _judged(row), _ink(row),
                has_limit=_number(row["上限"]) is not None,
            )
            for row in rows
        ),
        limit=_number(printed),
        limit_words=f"上限 {printed}",
    )  # fmt: skip


def _judged(row: Mapping[str, Any]) -> str:
    """The figure with the sign that pages put beside it: the document may be printed in black."""
    if _number(row["上限"]) is None or _number(row["差异系数"]) is None:
        return str(row["差异系数"])
    return f"{row['差异系数']} {'✓' if row['不高于上限'] else '✗'}"


def _ink(row: Mapping[str, Any]) -> str:
    if _number(row["上限"]) is None:
        return "accent"
    return "met" if row["不高于上限"] else "not_met"


def _strips(stage: str, rows: Rows) -> StripChart:
    strips = tuple(
        Strip(
            f"{row['代码']} {row['名称']}", tuple(_number(row[name]) for name in _SPREAD), _number(row["上限"])
        )
        for row in rows
    )  # fmt: skip
    limits = {row["上限"] for row in rows if _number(row["上限"]) is not None}
    signs = "　".join(f"{numeral(number)}{name}" for number, name in enumerate(_SPREAD, start=1))
    words = f"上限 {limits.pop()}" if len(limits) == 1 else ""
    return StripChart(f"{stage}　{signs}", "", strips, words)


def _number(text: str) -> float | None:
    """The number of a printed figure; None where there is none. 略高于0.45 is drawn at its limit."""
    try:
        return float(text.removeprefix("略高于"))
    except ValueError:
        return None


@lru_cache(maxsize=512)
def qr_code(address: str) -> bytes:
    """An address as a QR code: black squares with a quiet margin."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    code.add_data(address)
    rows = code.get_matrix()
    picture = Image.new("1", (len(rows), len(rows)), 1)
    picture.putdata([0 if is_dark else 1 for row in rows for is_dark in row])
    target = io.BytesIO()
    picture.resize((len(rows) * 6, len(rows) * 6), Image.Resampling.NEAREST).save(target, format="PNG", optimize=False)
    return target.getvalue()
