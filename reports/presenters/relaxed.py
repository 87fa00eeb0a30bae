"""The verdict with the granted relaxations beside the one without them, and everything that differs between both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.conclusion import Conclusion, conclusion
from evaluation.core.decided import Decided
from evaluation.core.rounding import coefficient_text
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from evaluation.core.without import without_relaxations
from reports.presenters.figures import MARKS, Mark, mark_of
from reports.presenters.verdict import NO_NAME, SchoolRef, value_cell
from schools.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A relaxation granted to a school of the county, and whether it worked there."""

    school: SchoolRef
    code: str
    softens: str
    words: str
    until: str
    works: bool


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One figure or item that is different with the relaxations."""

    name: str
    before: str
    before_mark: Mark
    after: str
    after_mark: Mark


@dataclass(frozen=True, slots=True)
class RelaxedView:
    """The verdict with the granted relaxations beside the one without them."""

    grants: tuple[GrantLine, ...]
    strict: Conclusion
    changes: tuple[ChangeLine, ...]


def relaxed_view(result: Mapping[str, Any], standard: Standard, decided: Decided) -> RelaxedView | None:
    """What relaxations do to a result; None where none was granted. ``decided`` is what the result rests on beside
    the figures: there stand the dates of the grants."""
    strict = without_relaxations(result)
    if strict is None:
        return None
    until = {(grant.relaxation, grant.school): grant.valid_until for grant in decided.grants}
    known = {relaxation.code: relaxation for relaxation in standard.relaxations}
    names = {i.code: i.short_name for i in standard.indicators} | {c.code: c.name for c in standard.criteria}
    grants = tuple(
        GrantLine(
            school=SchoolRef(each["code"], each["name"] or NO_NAME),
            code=each["relaxation"],
            softens=f"{about.criterion} {names[about.criterion]}",
            words=about.words,
            until=str(until.get((each["relaxation"], each["code"]), "")),
            works=each["works"],
        )
        for each in result["relaxations"]
        if (about := known.get(each["relaxation"])) is not None
    )
    if not grants:
        return None
    return RelaxedView(grants, conclusion(strict, standard), tuple(_changed(result, strict, standard)))


def _changed(result: Mapping[str, Any], strict: Mapping[str, Any], standard: Standard) -> Iterable[ChangeLine]:
    """What is different with the relaxations: coefficients, values of schools, items."""
    for stage in Stage:
        for indicator in standard.indicators:
            before, after = (each["stages"][stage.value]["indicators"][indicator.code] for each in (strict, result))
            if before != after:
                limit, places = standard.coefficient_limits[stage], standard.rounding.coefficient_places
                texts = [
                    coefficient_text(each["coefficient"], each["passed"], limit, places) for each in (before, after)
                ]
                name = f"{stage.label} {indicator.code} {indicator.short_name}差异系数"
                yield ChangeLine(name, texts[0], mark_of(before["passed"]), texts[1], mark_of(after["passed"]))
    for before, after in zip(strict["schools"], result["schools"], strict=True):
        if before != after:
            yield from _changed_row(before, after, standard)
    for criterion in standard.criteria:
        before, after = (each["criteria"][criterion.code] for each in (strict, result))
        if before != after:
            yield ChangeLine(
                f"{criterion.code} {criterion.name}",
                before["sentence"],
                MARKS[Status(before["status"])],
                after["sentence"],
                MARKS[Status(after["status"])],
            )


def _changed_row(before: Mapping[str, Any], after: Mapping[str, Any], standard: Standard) -> Iterable[ChangeLine]:
    stage = Stage(after["stage"])
    whose = f"{after['name'] or NO_NAME}（{stage.label}）"
    for indicator in standard.indicators:
        if before["values"][indicator.code] != after["values"][indicator.code]:
            cells = [value_cell(indicator, row, standard, stage) for row in (before, after)]
            name = f"{whose}{indicator.code} {indicator.short_name}"
            yield ChangeLine(name, cells[0].text, cells[0].mark, cells[1].text, cells[1].mark)
    if before["passed"] is not after["passed"]:
        yield ChangeLine(f"{whose}学校标准", "", mark_of(before["passed"]), "", mark_of(after["passed"]))
