"""The rules of the radar as a document: names, reasons, thresholds and the words that state them. Pure.

Thresholds are data: ``fixtures/radar/rules.toml`` holds them, and the sentence a page prints is filled in from the very
numbers the rule uses.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from indicators.catalogue import FIELD_BY_KEY

#: The rules of the intake, run over columns, share one entry.
INTAKE = "intake"
_PLACEHOLDER = re.compile(r"{(\w+)(?::[^}]*)?}")
#: Every rule there is, with the thresholds it reads: numbers, and lists of catalogue keys.
EXPECTED: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    code: (frozenset(numbers.split()), frozenset(keys.split()))
    for code, numbers, keys in (
        ("radar.copied_row", "fewest_figures", ""),
        ("radar.copied_part", "fewest_figures", "block"),
        ("radar.copied_county", "fewest_figures fewest_schools least_share", "block"),
        ("radar.carried_row", "fewest_figures fewest_pupils", "moving"),
        ("radar.carried_county", "fewest_figures least_share", "moving"),
        ("radar.outlier", "fewest_peers deviations factor least_spread", ""),
        ("radar.limit_heap", "near fewest_steps fewest_values chance", ""),
        ("radar.last_digit", "fewest_values chi_square least_value", "counted"),
        ("radar.round_figures", "fewest_values round_to least_share times", "measured"),
        ("radar.jump", "deviations least_spread factor", ""),
        ("radar.apart", "fall rise fewest_pupils fewest_area", ""),
        ("radar.vanished", "least_share fewest_schools", ""),
        ("radar.appeared", "least_share fewest_schools", ""),
        (INTAKE, "", ""),
    )
}


class RadarRulesRefused(Exception):
    """The document cannot be used; the message says in words where and why."""


@dataclass(frozen=True, slots=True)
class RadarRule:
    """One rule: ``name`` what it points at, ``why`` a reviewer wants it, ``words`` how it decides, ``listed`` the most
    hits of one county that are kept."""

    code: str
    name: str
    why: str
    words: str
    listed: int
    numbers: Mapping[str, float]
    lists: Mapping[str, tuple[str, ...]]

    def number(self, name: str) -> float:
        return self.numbers[name]

    def whole(self, name: str) -> int:
        return int(self.numbers[name])

    def keys(self, name: str) -> tuple[str, ...]:
        return self.lists[name]


def parse_rules(content: bytes) -> Mapping[str, RadarRule]:
    """Every rule by its code. Raises RadarRulesRefused where one is missing, unknown or not complete."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RadarRulesRefused(f"雷达规则文件无法读取：{error}") from error
    found = {rule.code: rule for rule in map(_rule, document.get("rule", []))}
    if missing := sorted(set(EXPECTED) - set(found)):
        raise RadarRulesRefused(f"雷达规则文件缺少规则 {'、'.join(missing)}。")
    return found


def _rule(written: Mapping[str, Any]) -> RadarRule:
    code = str(written.get("code", ""))
    if code not in EXPECTED:
        raise RadarRulesRefused(f"雷达规则文件中的规则 {code} 不存在。")
    numbers, keys = EXPECTED[code]
    thresholds = written.get("thresholds", {})
    if set(thresholds) != numbers | keys:
        raise RadarRulesRefused(f"规则 {code} 的界限应当是 {'、'.join(sorted(numbers | keys)) or '无'}。")
    for name in numbers:
        if isinstance(thresholds[name], bool) or not isinstance(thresholds[name], int | float) or thresholds[name] <= 0:
            raise RadarRulesRefused(f"规则 {code} 的 {name} 应当是大于 0 的数。")
    for name in keys:
        unknown = [key for key in thresholds[name] if key not in FIELD_BY_KEY]
        if unknown or not thresholds[name]:
            raise RadarRulesRefused(f"规则 {code} 的 {name} 中有不存在的栏目 {'、'.join(unknown)}。")
    texts = {name: written.get(name) for name in ("name", "why", "how")}
    if not all(isinstance(text, str) and text for text in texts.values()):
        raise RadarRulesRefused(f"规则 {code} 要写明 name、why 和 how。")
    if not isinstance(written.get("listed"), int) or written["listed"] < 1:
        raise RadarRulesRefused(f"规则 {code} 的 listed 应当是正整数。")
    how = str(texts["how"])
    if unsaid := numbers - set(_PLACEHOLDER.findall(how)):
        raise RadarRulesRefused(f"规则 {code} 的说明没有提到界限 {'、'.join(sorted(unsaid))}。")
    return RadarRule(
        code,
        str(texts["name"]),
        str(texts["why"]),
        how.format(**thresholds),
        written["listed"],
        {name: thresholds[name] for name in numbers},
        {name: tuple(thresholds[name]) for name in keys},
    )
