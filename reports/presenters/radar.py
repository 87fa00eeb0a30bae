"""What the radar points at, in sentences with their figures; and the counts of a scan by rule and province."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.core.radar.rules import INTAKE, RadarRule
from evaluation.radar_queries import CountedHits
from indicators.catalogue import FIELD_BY_KEY
from indicators.checks.last_year import SCHOOL_CHANGES
from indicators.checks.peers import SIZE_CLASSES
from indicators.checks.rules import RULES
from schools.vocabulary import SchoolType, Stage

#: Where a sentence names the row another resembles.
OTHER = "{other}"
#: A school of a county the reader may not see is not named, nor is its county.
ANOTHER_SCHOOL, ANOTHER_COUNTY = "另一县的一所学校", "另一县"
_CHANGES = {(change.rule, change.keys[0]): change for change in SCHOOL_CHANGES}
_MANY = 3


@dataclass(frozen=True, slots=True)
class IndicatorWords:
    """Name and unit of an indicator of the standard."""

    name: str
    unit: str


def sentence(rule: str, key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    """A hit of the radar's own rules in one sentence; OTHER stands where the other row or county is named."""
    return _SENTENCES[rule](key, told, indicators)


def _copied_row(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    many = f"，这样的数据共出现在 {told['places']} 所学校" if told["places"] >= _MANY else ""
    return f"各项数据（不是 0 的 {told['same']} 项）与{OTHER}完全相同{many}。"


def _copied_part(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    many = f"，这样的数据共出现在 {told['places']} 所学校" if told["places"] >= _MANY else ""
    return f"校舍、场地、设备和教室（不是 0 的 {told['same']} 项）与{OTHER}完全相同，其余数据不全相同{many}。"


def _copied_county(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return f"全县 {told['of']} 所学校中有 {told['same']} 所的校舍、场地和设备与{OTHER}的学校完全相同。"


def _carried_row(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return f"学生、资格、培训和经费等每年会变的 {told['same']} 项数据与上年全部相同，其他数据有变化。"


def _carried_county(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    share = told["same"] / told["of"]
    return f"全县每年会变的 {told['of']} 个数据中有 {told['same']} 个（{share:.0%}）与上年完全相同。"


def _outlier(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    about = indicators.get(told["indicator"], IndicatorWords(told["indicator"], ""))
    kind = f"{SchoolType(told['type']).label}，{_size_words(told['size'])}"
    value, middle = told["value"], told["middle"]
    times = f"是它的 {_short(value / middle)} 倍" if value > middle else f"只有它的 {_short(value / middle)} 倍"
    return (
        f"{Stage(told['stage']).label}{about.name}为 {_short(value)} {about.unit}，全国同类学校（{kind}，"
        f"{told['peers']} 所）的中位数是 {_short(middle)} {about.unit}，{times}。"
    )


def _limit_heap(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    about = indicators.get(told["indicator"], IndicatorWords(told["indicator"], ""))
    return (
        f"{Stage(told['stage']).label}{about.name}的限值是 {told['limit']:g} {about.unit}："
        f"可比的 {told['of']} 所学校中 {told['above']} 所刚好达标（超过不到一步），差一步以内的 {told['below']} 所，"
        f"再上一步的 {told['beyond']} 所。"
    )


def _last_digit(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return (
        f"全县 {told['of']} 个学生数中有 {told['times']} 个末位是 {told['digit']}，"
        f"均匀分布时每个数字约 {round(told['of'] / 10)} 个。"
    )


def _round_figures(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return (
        f"全县 {told['of']} 个面积和设备数据中有 {told['round']} 个（{told['round'] / told['of']:.0%}）是整百，"
        f"全国是 {told['everywhere']:.1%}。"
    )


def _jump(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    change, unit = _CHANGES[told["change"], key], FIELD_BY_KEY[key].unit
    return (
        f"{change.name} {_short(told['now'])} {unit}，上年 {_short(told['then'])} {unit}，"
        f"是上年的 {_short(told['now'] / told['then'])} 倍；全国学校一年的变化居中的是 {told['usual']:+.0%}。"
    )


def _apart(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return (
        f"学生从上年的 {told['had']:.0f} 人减少到 {told['pupils']:.0f} 人，教学及辅助用房面积却从 "
        f"{_short(told['room'])} ㎡ 增加到 {_short(told['area'])} ㎡。"
    )


def _vanished(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return f"上年填报的 {told['of']} 所学校中有 {told['schools']} 所今年在哪个县都没有填报。"


def _appeared(key: str, told: Mapping[str, Any], indicators: Mapping[str, IndicatorWords]) -> str:
    return f"今年填报的 {told['of']} 所学校中有 {told['schools']} 所上年在哪个县都没有填报。"


_SENTENCES = {
    "radar.copied_row": _copied_row,
    "radar.copied_part": _copied_part,
    "radar.copied_county": _copied_county,
    "radar.carried_row": _carried_row,
    "radar.carried_county": _carried_county,
    "radar.outlier": _outlier,
    "radar.limit_heap": _limit_heap,
    "radar.last_digit": _last_digit,
    "radar.round_figures": _round_figures,
    "radar.jump": _jump,
    "radar.apart": _apart,
    "radar.vanished": _vanished,
    "radar.appeared": _appeared,
}


def _short(value: float) -> str:
    """Three digits that count, in full: a figure to read, not to compute with."""
    return f"{float(f'{value:.3g}'):g}" if abs(value) < 1000 else f"{round(value)}"


def _size_words(size: int) -> str:
    least = SIZE_CLASSES[size]
    return f"{least}–{SIZE_CLASSES[size + 1] - 1} 人" if size + 1 < len(SIZE_CLASSES) else f"{least} 人以上"


def name_of_rule(code: str, rules: Mapping[str, RadarRule]) -> str:
    """What a rule points at: the radar's own, or one of the intake's."""
    return rules[code].name if code in rules else RULES[code].title


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a scan: ``is_own`` where it is the radar's, not the intake's; ``left_out`` of the hits are only
    counted."""

    code: str
    name: str
    is_own: bool
    hits: int
    left_out: int
    counties: int


def rule_lines(counted: Iterable[CountedHits], rules: Mapping[str, RadarRule], province: str = "") -> list[RuleLine]:
    """Every rule, the radar's own first and in the order of the document, of one province where one is named."""
    hits, left_out, counties = Counter[str](), Counter[str](), Counter[str]()
    for each in counted:
        if not province or each.province == province:
            hits[each.rule] += each.hits
            left_out[each.rule] += each.left_out
            counties[each.rule] += each.counties
    codes = [code for code in rules if code != INTAKE] + sorted(code for code in hits if code not in rules)
    return [
        RuleLine(code, name_of_rule(code, rules), code in rules, hits[code], left_out[code], counties[code])
        for code in codes
    ]


def scan_sentence(counties: int, schools: int, lines: Sequence[RuleLine]) -> str:
    """What a scan found, before any line is read."""
    own = sum(line.hits for line in lines if line.is_own)
    others = sum(line.hits for line in lines if not line.is_own)
    looked = f"看了 {counties:,} 个县、{schools:,} 所学校"
    if not own and not others:
        return f"{looked}，没有一处需要留意。"
    return f"{looked}：跨县、跨年的规则指向 {own:,} 处，填报检查的同一规则 {others:,} 处。"
