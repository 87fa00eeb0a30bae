"""Notes on relaxations under the tables they change: which schools used which, and what comes out without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from evaluation.core.rounding import coefficient_text
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from reports.presenters.figures import mark_of
from reports.presenters.verdict import NO_NAME
from schools.vocabulary import Stage

_ROW_TABLES, _COEFFICIENT_TABLE = ("表Ⅱ-1", "表Ⅱ-2"), "表Ⅲ"
_GROUP_TABLES = {"guarantee": "表Ⅳ", "quality": "表Ⅴ"}


def relaxation_notes(result: Mapping[str, Any], standard: Standard) -> dict[str, tuple[str, ...]]:
    """Notes by the name of the table they stand under; empty where no relaxation worked."""
    used: dict[str, list[str]] = defaultdict(list)
    for grant in result.get("relaxations") or ():
        if grant["works"]:
            used[grant["relaxation"]].append(grant["name"] or grant["code"] or NO_NAME)
    if not used:
        return {}
    without = result["without_relaxations"]
    outcome = f"全部不使用过渡规定时，本县的判定为“{_word(without)}”。"
    notes: dict[str, list[str]] = defaultdict(list)
    for relaxation in standard.relaxations:
        if names := used.get(relaxation.code):
            line = (
                f"过渡规定 {relaxation.code}（{relaxation.words.rstrip('。')}）用于 {relaxation.criterion}："
                f"{'、'.join(names)}，共 {len(names)} 所。"
            )
            for table in _tables_of(relaxation.criterion, standard):
                notes[table].append(line)
    for table, found in notes.items():
        found += [*_changes(table, without, result, standard), outcome]
    return {table: tuple(found) for table, found in notes.items()}


def _word(without: Mapping[str, Any]) -> str:
    if without["passed"] is True:
        return "达标" if without["complete"] else "尚待评定"
    return "未达标" if without["passed"] is False else "未能判定"


def _tables_of(code: str, standard: Standard) -> tuple[str, ...]:
    """The tables in which the item or the indicator of this code stands."""
    if any(indicator.code == code for indicator in standard.indicators):
        return (*_ROW_TABLES, _COEFFICIENT_TABLE)
    return tuple(_GROUP_TABLES[c.group] for c in standard.criteria if c.code == code and c.group in _GROUP_TABLES)


def _changes(table: str, without: Mapping[str, Any], result: Mapping[str, Any], standard: Standard) -> Iterable[str]:
    """What of this table comes out differently without the relaxations."""
    if table in _ROW_TABLES:
        parts = list(_rows(without, result))
    elif table == _COEFFICIENT_TABLE:
        parts = list(_coefficients(without, result, standard))
    else:
        parts = list(_items(table, without, standard))
    return [f"不使用过渡规定时：{'；'.join(parts)}。"] if parts else []


def _rows(without: Mapping[str, Any], result: Mapping[str, Any]) -> Iterable[str]:
    now = {(row["code"], row["stage"]): row["passed"] for row in result["schools"]}
    for row in without["schools"]:
        if row["passed"] is not now.get((row["code"], row["stage"])):
            yield f"{row['name'] or NO_NAME}（{Stage(row['stage']).label}）{mark_of(row['passed']).label}"


def _coefficients(without: Mapping[str, Any], result: Mapping[str, Any], standard: Standard) -> Iterable[str]:
    for stage in Stage:
        limit, places = standard.coefficient_limits[stage], standard.rounding.coefficient_places
        for code, found in without["stages"][stage.value]["indicators"].items():
            text = coefficient_text(found["coefficient"], found["passed"], limit, places)
            shown = result["stages"][stage.value]["indicators"][code]
            if text != coefficient_text(shown["coefficient"], shown["passed"], limit, places):
                yield f"{stage.label} {code} 差异系数 {text}，{mark_of(found['passed']).label}"


def _items(table: str, without: Mapping[str, Any], standard: Standard) -> Iterable[str]:
    for criterion in standard.criteria:
        found = without["criteria"].get(criterion.code)
        if found and _GROUP_TABLES.get(criterion.group) == table:
            yield f"{criterion.name}{Status(found['status']).label}，{found['sentence']}".rstrip("，")
