"""Rules about the figures of 「县级数据」 that must fit together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from indicators.catalogue import COUNTY_ITEM_BY_CODE
from indicators.checks.rows import Amount, shown

MONITORING_CODES = tuple(f"C{number}" for number in range(27, 39))
_DIFFERENCE_CODES = tuple(f"C{number}" for number in range(33, 39))
_LARGEST_DIFFERENCE = Decimal(1)


@dataclass(frozen=True, slots=True)
class CountyFinding:
    """What a rule found at the figure ``code``; ``rejects`` are the codes whose figures cannot be used."""

    rule: str
    code: str
    message: str
    rejects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FigureAtMost:
    """The parts together may not exceed the total; where they do, the parts are refused. Said at the largest part."""

    rule: str
    parts: tuple[str, ...]
    total: str

    def find(self, figures: Mapping[str, Amount]) -> Iterator[CountyFinding]:
        total = figures.get(self.total)
        parts = {code: figures[code] for code in self.parts if figures.get(code)}
        amount = sum(parts.values())
        if total is None or amount <= total:
            return
        worst = max(parts, key=lambda code: parts[code])
        words = "、".join(_stated(code, value) for code, value in parts.items())
        if len(parts) > 1:
            words += f"，合计 {shown(amount)} {COUNTY_ITEM_BY_CODE[worst].unit}"
        yield CountyFinding(self.rule, worst, f"{words}，超过 {_stated(self.total, total)}，请核对。", tuple(parts))


def _stated(code: str, value: Amount) -> str:
    """A figure named by code and item, with its unit: C16 上一年度交流轮岗教师数 120 人."""
    item = COUNTY_ITEM_BY_CODE[code]
    return f"{code} {item.name} {shown(value)} {item.unit}"


#: Which county figures are parts of which.
COUNTY_LIMITS: tuple[FigureAtMost, ...] = (
    FigureAtMost("county.agricultural", ("C02",), "C01"),
    FigureAtMost("county.rotation", ("C16",), "C15"),
    FigureAtMost("county.rotation_backbone", ("C17",), "C16"),
    FigureAtMost("county.quota", ("C19",), "C18"),
    FigureAtMost("county.quota_rural", ("C20",), "C19"),
    FigureAtMost("county.migrant", ("C22", "C23"), "C21"),
    FigureAtMost("county.disabled_enrolled", ("C25",), "C24"),
    FigureAtMost("county.disabled_special", ("C26",), "C25"),
)


#: Figures that something is divided by: 0 leaves the ratio undefined.
_DENOMINATORS = ("C12", "C15", "C18", "C21", "C24")
#: Rates and incomes that cannot be 0.
_RATES = ("C09", "C10", "C13", "C14")


def find_contradicting_figures(figures: Mapping[str, Amount]) -> Iterator[CountyFinding]:
    """Every rule over the typed county figures; missing and refused ones are not in ``figures``."""
    for limit in COUNTY_LIMITS:
        yield from limit.find(figures)
    for code in _DIFFERENCE_CODES:
        value = figures.get(code)
        if value is not None and value > _LARGEST_DIFFERENCE:
            yield CountyFinding(
                "county.difference", code,
                f"{COUNTY_ITEM_BY_CODE[code].name}为 {shown(value)}，不能大于 1。请填小数，例如 12% 填 0.12。", (code,)
            )  # fmt: skip
    for code in _DENOMINATORS:
        if figures.get(code) == 0:
            words = f"{_stated(code, 0)}，以它为分母的比例无法核算。请核对；属实的请说明。"
            yield CountyFinding("county.no_denominator", code, words, ())
    for code in _RATES:
        if figures.get(code) == 0:
            yield CountyFinding("county.no_rate", code, f"{_stated(code, 0)}，不能为 0。请填写实际数。", (code,))
