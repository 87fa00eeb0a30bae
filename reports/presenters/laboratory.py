"""What a laboratory run found, for page and table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.presenters.figures import Mark
from reports.presenters.problems import Window

MARKS = {
    "met": Mark("met", "✓", "可达标"),
    "not_met": Mark("not_met", "✗", "不达标"),
    "unknown": Mark("unknown", "?", "无法核算"),
}


@dataclass(frozen=True, slots=True)
class ChangedCounty:
    """One county whose verdict changes, and the items that do it."""

    code: str
    name: str
    province: str
    before: Mark
    after: Mark
    newly: str
    no_longer: str


@dataclass(frozen=True, slots=True)
class LaboratoryPage:
    """``sentence`` says the whole in one; ``moves`` are counts between outcomes; ``items`` name, before, after and
    difference; ``changed`` one page of the counties."""

    sentence: str
    moves: tuple[tuple[Mark, Mark, int], ...]
    items: tuple[tuple[str, int, int, str], ...]
    provinces: tuple[tuple[str, int], ...]
    changed: tuple[ChangedCounty, ...]
    total: int
    window: Window


def laboratory_page(result: Mapping[str, Any], province: str, page: str) -> LaboratoryPage:
    """One page of a result, of one province where one is named."""
    everywhere = result["changed"]
    provinces: dict[str, int] = {}
    for county in everywhere:
        provinces[county["province"]] = provinces.get(county["province"], 0) + 1
    shown = [county for county in everywhere if not province or county["province"] == province]
    window = Window.of(page, len(shown))
    return LaboratoryPage(
        _sentence(result),
        tuple((MARKS[move["before"]], MARKS[move["after"]], move["counties"]) for move in result["moves"]),
        tuple(
            (item["item"], item["before"], item["after"], f"{item['after'] - item['before']:+d}")
            for item in result["items"]
            if item["before"] != item["after"]
        ),
        tuple(provinces.items()),
        tuple(changed_county(county) for county in shown[window.start : window.stop]),
        len(shown),
        window,
    )


def changed_county(county: Mapping[str, Any]) -> ChangedCounty:
    """One county as page and table print it."""
    return ChangedCounty(
        county["code"],
        county["name"],
        county["province"],
        MARKS[county["before"]],
        MARKS[county["after"]],
        "、".join(county["newly"]),
        "、".join(county["no_longer"]),
    )


def _sentence(result: Mapping[str, Any]) -> str:
    changed = len(result["changed"])
    counties = f"{result['counties']:,} 个县、{result['schools']:,} 所学校"
    if not result["counties"]:
        return "这一学年还没有可以核算的县。"
    if not changed:
        return f"{counties}，没有一个县的结论改变。"
    words = "，".join(
        f"{move['counties']} 个由{MARKS[move['before']].label}变为{MARKS[move['after']].label}"
        for move in result["moves"]
        if move["before"] != move["after"]
    )
    return f"{counties}，有 {changed} 个县的结论改变：{words}。"
