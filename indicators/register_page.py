"""The page of register changes: what waits and what was decided, in words."""

from __future__ import annotations

from dataclasses import dataclass

from indicators.models import RegisterProposal, Submission
from indicators.register import BULK_KINDS, Kind, State, proposals_of
from indicators.register_changes import ChangeKind, Proposal, likely_successors, sentence
from schools.models import County, School

#: Decisions listed, the newest first.
_LISTED = 100
_EFFECTS = {
    Kind.OPENED: "确认后，学校加入本县名录，以后下载的模板会带上它。",
    Kind.CLOSED: "确认停办后，学校不再出现在以后下载的模板里；历年填报的数据保留在它自己的标识码下。"
    "如果是并入另一所学校，请选择那所学校。",
    Kind.RENAMED: "确认后，名录改用新校名；标识码和历年数据不变。",
    Kind.RETYPED: "确认后，名录按填报的类型登记。办学类型、举办者和城乡类型影响判定，请核对。",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal in words; ``successors`` are the schools a closed one may have become part of, likely ones first."""

    proposal: RegisterProposal
    name: str
    sentence: str
    successors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The open proposals of one kind, what confirming them does, and whether all may be confirmed at once."""

    kind: str
    title: str
    effect: str
    lines: tuple[Line, ...]
    is_bulk: bool


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """``source`` is the version the open proposals come from, ``count`` how many there are."""

    groups: tuple[Group, ...]
    source: Submission | None
    count: int
    decided: tuple[Line, ...]
    decided_listed: int | None


def register_page(county: County) -> RegisterPage:
    """Everything the page says about a county's register."""
    schools = {school.code: school for school in School.objects.filter(county=county)}
    open_rows = list(proposals_of(county.code).filter(state=State.PROPOSED))
    decided = list(
        proposals_of(county.code).exclude(state=State.PROPOSED).order_by("-decided_at", "-pk")[: _LISTED + 1]
    )
    candidates = {code: school.name for code, school in schools.items() if school.closed_on is None}
    candidates = {code: name for code, name in candidates.items() if code not in _closing(open_rows)}
    groups = []
    for kind, effect in _EFFECTS.items():
        lines = tuple(_line(row, schools, candidates) for row in open_rows if row.kind == kind)
        if lines:
            groups.append(Group(kind.value, kind.label, effect, lines, kind in BULK_KINDS and len(lines) > 1))
    return RegisterPage(
        tuple(groups),
        open_rows[0].submission if open_rows else None,
        len(open_rows),
        tuple(_line(row, schools, {}) for row in decided[:_LISTED]),
        _LISTED if len(decided) > _LISTED else None,
    )


def _closing(rows: list[RegisterProposal]) -> set[str]:
    return {row.school_code for row in rows if row.kind == Kind.CLOSED}


def _line(row: RegisterProposal, schools: dict[str, School], candidates: dict[str, str]) -> Line:
    kind = ChangeKind.CLOSED if row.kind == Kind.MERGED else ChangeKind(row.kind)
    name = row.after.get("name") or row.before.get("name")
    if name is None and row.school_code in schools:
        name = schools[row.school_code].name
    words = sentence(Proposal(kind, row.school_code, row.before, row.after))
    if row.merged_into is not None:
        words += f"已并入“{row.merged_into.name}”（{row.merged_into.code}）。"
    successors = ()
    if row.kind == Kind.CLOSED and candidates:
        successors = tuple((code, candidates[code]) for code in likely_successors(str(name), candidates))
    return Line(row, str(name or ""), words, successors)
