"""A county's result as it would be without the relaxations that were granted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABOUT_RELAXATIONS = ("relaxations", "without_relaxations")


def without_relaxations(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The whole result judged without relaxations, laid together from ``result`` and what it says is different
    without them; None where no relaxation was granted. ``result`` itself is left as it is."""
    different = result.get("without_relaxations")
    if different is None:
        return None
    rows = {_identity(row): row for row in different["schools"]}
    return {key: told for key, told in result.items() if key not in _ABOUT_RELAXATIONS} | {
        "passed": different["passed"],
        "complete": different["complete"],
        "stages": {stage: _stage(told, different["stages"][stage]) for stage, told in result["stages"].items()},
        "schools": [rows.get(_identity(row), row) for row in result["schools"]],
        "criteria": {**result["criteria"], **different["criteria"]},
    }


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a row from the others. A code alone may stand in two rows of a workbook that is not yet corrected."""
    return row["code"], row["name"], row["stage"], row["enrollment"]


def _stage(told: Mapping[str, Any], different: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **told,
        "indicators": {**told["indicators"], **different["indicators"]},
        "composite": different["composite"],
    }
