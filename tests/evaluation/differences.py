"""Telling two verdicts apart: where the kernel departs from the second implementation, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

#: Relative error allowed for a float. A mean and a deviation are measured against the mean size of the values they
#: are made from (the mean itself, unless some are negative): a difference of two nearly equal numbers cannot keep
#: more digits than they have. A coefficient is measured against one, or what the error of its mean makes of it.
CLOSE = 1e-12

#: Items whose value is a figure both implementations give. G13, Q9 and P1 are compared by status alone.
VALUED = ("G3", "G4", "G5", "G6", "G7", "G8", "G9", "G11", "G12", "G14", "G15", "Q1", "Q2", "Q4", "S1")
NOT_THERE = {"status": "not there", "value": None}


def is_close(found: Any, expected: Any, scale: Any = 0) -> bool:
    if found is None or expected is None:
        return found is None and expected is None
    return abs(Fraction(found) - Fraction(expected)) <= Fraction(CLOSE) * max(
        abs(Fraction(expected)), abs(Fraction(scale))
    )


def _size(rows: list[Mapping[str, Any]], code: str) -> Fraction:
    """The weighted mean of the values without their signs; 0 where one is missing."""
    values = [row["values"][code] for row in rows]
    if not rows or None in values:
        return Fraction(0)
    pupils = sum(row["enrollment"] for row in rows)
    return sum(abs(row["values"][code]) * row["enrollment"] for row in rows) / pupils


def _spread(indicator: Mapping[str, Any], size: Fraction) -> Fraction:
    stretch = size / indicator["mean"] if indicator["mean"] else Fraction(1)
    return max(Fraction(1), Fraction(indicator["coefficient"] or 0) * stretch)


def _differences_of_indicator(
    where: str, found: Mapping[str, Any], expected: Mapping[str, Any], size: Fraction
) -> Iterator[str]:
    for key in ("passed", "attained_schools"):
        if found[key] is not expected[key] and found[key] != expected[key]:
            yield f"{where} {key}: {found[key]} != {expected[key]}"
    spread = _spread(expected, size)
    for key, scale in (("mean", size), ("deviation", size), ("coefficient", spread), ("limit", 0)):
        if not is_close(found[key], expected[key], scale):
            yield f"{where} {key}: {found[key]} != {expected[key]}"


def _differences_of_stage(
    stage: str, found: Mapping[str, Any], expected: Mapping[str, Any], rows: list[Mapping[str, Any]]
) -> Iterator[str]:
    for key in ("schools", "enrollment"):
        if found[key] != expected[key]:
            yield f"{stage} {key}: {found[key]} != {expected[key]}"
    if list(found["indicators"]) != list(expected["indicators"]):
        yield f"{stage} indicators: {list(found['indicators'])}"
    widest = Fraction(1)
    for code, indicator in expected["indicators"].items():
        yield from _differences_of_indicator(f"{stage} {code}", found["indicators"][code], indicator, _size(rows, code))
        widest = max(widest, _spread(indicator, _size(rows, code)))
    if not is_close(found["composite"], expected["composite"], widest):
        yield f"{stage} composite: {found['composite']} != {expected['composite']}"
    if found.get("composite_passed") is not expected.get("composite_passed"):
        yield f"{stage} composite passed: {found.get('composite_passed')} != {expected.get('composite_passed')}"
    if not is_close(found.get("composite_limit"), expected.get("composite_limit")):
        yield f"{stage} composite limit: {found.get('composite_limit')} != {expected.get('composite_limit')}"


def _differences_of_row(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    row = f"{expected['code']} {expected['stage']}"
    for key in ("code", "name", "stage", "enrollment", "attained", "at_85", "passed"):
        if found[key] != expected[key]:
            yield f"{row} {key}: {found[key]} != {expected[key]}"
    for code, value in expected["values"].items():
        if not is_close(found["values"][code], value):
            yield f"{row} {code}: {found['values'][code]} != {value}"


def _differences_of_item(code: str, found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    if found["status"] != expected["status"]:
        yield f"{code} status: {found['status']} != {expected['status']}"
    if code in VALUED and not is_close(found["value"], expected["value"]):
        yield f"{code} value: {found['value']} != {expected['value']}"


def _differences_without(
    found: Mapping[str, Any], strict: Mapping[str, Any], relaxed: Mapping[str, Any]
) -> Iterator[str]:
    """The kernel tells only what is different without the relaxations: that must be all of it, and as it is there."""
    for key in ("passed", "complete"):
        if found[key] is not strict[key]:
            yield f"{key}: {found[key]} != {strict[key]}"
    rows = [row for row, mine in zip(strict["schools"], relaxed["schools"], strict=True) if row != mine]
    if [(r["code"], r["stage"]) for r in rows] != [(r["code"], r["stage"]) for r in found["schools"]]:
        yield f"rows: {found['schools']} != {rows}"
    else:
        for mine, row in zip(found["schools"], rows, strict=True):
            yield from _differences_of_row(mine, row)
    for code, item in strict["criteria"].items():
        if code in found["criteria"]:
            yield from _differences_of_item(code, found["criteria"][code], item)
        elif item != relaxed["criteria"][code]:
            yield f"{code}: not told"
    for stage, judged in strict["stages"].items():
        own = [row for row in strict["schools"] if row["stage"] == stage]
        told = found["stages"][stage]["indicators"]
        for code, indicator in judged["indicators"].items():
            if code in told:
                yield from _differences_of_indicator(f"{stage} {code}", told[code], indicator, _size(own, code))
            elif indicator != relaxed["stages"][stage]["indicators"][code]:
                yield f"{stage} {code}: not told"
        widest = max(_spread(each, _size(own, code)) for code, each in judged["indicators"].items())
        if not is_close(found["stages"][stage]["composite"], judged["composite"], widest):
            yield f"{stage} composite: {found['stages'][stage]['composite']} != {judged['composite']}"


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Where the kernel's verdict departs from the second implementation's, in words; empty when nowhere."""
    lines = [
        f"{key}: {found[key]} != {expected[key]}" for key in ("passed", "complete") if found[key] is not expected[key]
    ]
    for stage, judged in expected["stages"].items():
        own = [row for row in expected["schools"] if row["stage"] == stage]
        lines.extend(_differences_of_stage(stage, found["stages"][stage], judged, own))
    rows = [(row["code"], row["stage"]) for row in found["schools"]]
    if rows != [(row["code"], row["stage"]) for row in expected["schools"]]:
        lines.append(f"rows: {rows}")
    else:
        for mine, row in zip(found["schools"], expected["schools"], strict=True):
            lines.extend(_differences_of_row(mine, row))
    excluded = [(school["code"], school["name"]) for school in found["excluded"]]
    if excluded != [(school["code"], school["name"]) for school in expected["excluded"]]:
        lines.append(f"excluded: {excluded}")
    if set(found["criteria"]) != set(expected["criteria"]):
        lines.append(f"criteria: {sorted(set(found['criteria']) ^ set(expected['criteria']))}")
    for code, item in expected["criteria"].items():
        lines.extend(_differences_of_item(code, found["criteria"].get(code, NOT_THERE), item))
    if found.get("relaxations") != expected.get("relaxations"):
        lines.append(f"relaxations: {found.get('relaxations')} != {expected.get('relaxations')}")
    if ("without_relaxations" in found) != ("without_relaxations" in expected):
        lines.append(f"without_relaxations: {found.get('without_relaxations')}")
    elif "without_relaxations" in expected:
        strict = expected["without_relaxations"]
        lines.extend(
            f"without: {line}" for line in _differences_without(found["without_relaxations"], strict, expected)
        )
    return lines
