"""The drawings of a document: the coefficients against their limits, and an address as a QR code. PNG, the same bytes
for the same figures. Every drawing has its table beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import qrcode
from PIL import Image

#: Faces of Chinese text for drawings, the first that is there; those of Noto are one file for all scripts.
_FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC", "WenQuanYi Zen Hei", "SimHei")
_INK, _WITHIN, _OVER, _UNKNOWN, _LIMIT = "#222222", "#2f6db3", "#b3432f", "#8a8a8a", "#222222"
_DPI, _WIDE, _LINE = 200, 6.1, 0.235
_drawing = Lock()


def coefficient_chart(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The coefficients of 差异系数表 as bars, each stage with its limit; one that could not be computed has no bar and
    says so."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    stages = list(dict.fromkeys(row["学段"] for row in rows))
    most = max(sum(row["学段"] == stage for row in rows) for stage in stages)
    with _drawing:
        figure = Figure(figsize=(_WIDE, 0.75 + _LINE * most), dpi=_DPI)
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(stages), squeeze=False)[0]
        for axis, stage in zip(axes, stages, strict=True):
            _stage(axis, stage, [row for row in rows if row["学段"] == stage])
        figure.tight_layout(w_pad=1.5)
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def chart_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the chart shows, for those who do not see it."""
    over = [f"{row['学段']}{row['代码']} {row['差异系数']}" for row in rows if not row["不高于上限"]]
    told = f"其中不在上限以内的：{'、'.join(over)}" if over else "全部不高于上限"
    return f"{len(rows)} 项差异系数与上限的对照图，{told}。数值见差异系数表。"


def _stage(axis: Any, stage: str, rows: Sequence[Mapping[str, Any]]) -> None:
    font = _font()
    limit = _number(rows[0]["上限"])
    values = [_number(row["差异系数"]) for row in rows]
    most = max([*(value for value in values if value is not None), limit or 0.0, 0.1]) * 1.18
    for position, (row, value) in enumerate(zip(rows, values, strict=True)):
        is_unknown = value is None
        colour = _UNKNOWN if is_unknown else _WITHIN if row["不高于上限"] else _OVER
        if value is not None:
            # Hatched as well: the document may be printed in black.
            hatch = None if row["不高于上限"] else "////"
            axis.barh(position, value, height=0.62, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        axis.text(
            (value or 0.0) + most * 0.01, position, row["差异系数"], va="center", ha="left", fontsize=8, color=_INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6}, zorder=3, **font,
        )  # fmt: skip
    if limit is not None:
        axis.axvline(limit, color=_LIMIT, linewidth=1, linestyle=(0, (4, 2)))
        axis.text(limit, -0.78, f"上限 {rows[0]['上限']}", va="bottom", ha="center", fontsize=8, color=_LIMIT, **font)
    axis.set_ylim(len(rows) - 0.4, -0.75)
    axis.set_xlim(0, most)
    axis.set_yticks(range(len(rows)), [row["代码"] for row in rows], fontsize=8, **font)
    axis.set_title(stage, loc="left", fontsize=9.5, color=_INK, pad=10, **font)
    axis.tick_params(axis="x", labelsize=7.5, colors="#555555")
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color("#999999")


def _number(text: str) -> float | None:
    """The number of a printed figure; None where there is none. 略高于0.45 is drawn at its limit."""
    try:
        return float(text.removeprefix("略高于"))
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _font() -> dict[str, Any]:
    """How to write Chinese in a drawing; nothing where this machine has no such face."""
    # By its name and not by its file: in one file stand the faces of Japan, Korea, Taiwan and of the mainland.
    from matplotlib.font_manager import fontManager

    known = set(fontManager.get_font_names())
    return {"fontfamily": family} if (family := next((each for each in _FAMILIES if each in known), "")) else {}


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
