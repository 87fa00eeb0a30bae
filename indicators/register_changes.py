"""What an upload says about the register of schools: differences proposed to a person, never applied. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from indicators.checks.known import RegisteredSchool
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

Stored = str | int
#: What the register keeps of a school, by catalogue key.
PARTICULARS = ("name", "school_type", "sponsor_type", "urban_rural")
_TYPE_KEYS = PARTICULARS[1:]


class ChangeKind(StrEnum):
    """What may have happened to a school; a closed school becomes a merged one only when somebody says so."""

    OPENED = "opened"
    CLOSED = "closed"
    RENAMED = "renamed"
    RETYPED = "retyped"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One difference. ``before`` and ``after`` hold what changes, as the register stores it; ``before`` is empty for
    a school the register does not know, ``after`` for one that the upload leaves out."""

    kind: ChangeKind
    school_code: str
    before: Mapping[str, Stored] = field(default_factory=dict)
    after: Mapping[str, Stored] = field(default_factory=dict)


def propose_changes(report: CountyReport, register: Sequence[RegisteredSchool]) -> list[Proposal]:
    """The differences between an upload and the register of its county, by school code.

    A row whose code is missing, refused or given twice says nothing about anybody, and while there is such a row no
    school is called closed; nor where fewer than half of the open schools are in the file, which then is a part.
    """
    known = {school.code: school for school in register}
    counts = Counter(school.values.get("code") for school in report.schools)
    reported = {code: s for s in report.schools if isinstance(code := s.values.get("code"), str) and counts[code] == 1}
    proposals: list[Proposal] = []
    for code, row in reported.items():
        school = known.get(code)
        if school is None or school.is_closed:
            proposals += _opened(code, row, school)
        else:
            proposals += _changed(school, row)
    open_schools = [school for school in register if not school.is_closed]
    missing = [school for school in open_schools if school.code not in counts]
    if report.is_population_certain and 2 * len(missing) <= len(open_schools):
        proposals += [Proposal(ChangeKind.CLOSED, school.code, before=_particulars(school)) for school in missing]
    return sorted(proposals, key=lambda proposal: (proposal.school_code, proposal.kind))


def _opened(code: str, row: SchoolReport, closed: RegisteredSchool | None) -> list[Proposal]:
    """A new school, or a closed one that reports again; one that is not fully described cannot be registered yet."""
    after = {key: value for key in PARTICULARS if (value := _stored(row, key)) is not None}
    if len(after) < len(PARTICULARS):
        return []
    return [Proposal(ChangeKind.OPENED, code, _particulars(closed) if closed else {}, after)]


def _changed(school: RegisteredSchool, row: SchoolReport) -> list[Proposal]:
    proposals = []
    before, name = _particulars(school), _stored(row, "name")
    if isinstance(name, str) and plain_name(name) != plain_name(school.name):
        proposals.append(Proposal(ChangeKind.RENAMED, school.code, {"name": school.name}, {"name": name}))
    moved = {k: value for k in _TYPE_KEYS if (value := _stored(row, k)) is not None and value != before[k]}
    if moved:
        proposals.append(Proposal(ChangeKind.RETYPED, school.code, {key: before[key] for key in moved}, moved))
    return proposals


def _particulars(school: RegisteredSchool) -> dict[str, Stored]:
    return {
        "name": school.name,
        "school_type": school.school_type.value,
        "sponsor_type": int(school.sponsor_type),
        "urban_rural": school.urban_rural.value,
    }


def _stored(row: SchoolReport, key: str) -> Stored | None:
    """A particular of a row as the register stores it; None where it is missing or refused."""
    value = row.values.get(key)
    if isinstance(value, int):
        return int(value)
    return str(value).strip() or None if isinstance(value, str) else None


def sentence(proposal: Proposal) -> str:
    """What differs, in words."""
    before, after = proposal.before, proposal.after
    if proposal.kind is ChangeKind.OPENED:
        told = "，".join(_words(key, after[key]) for key in PARTICULARS if key in after)
        return f"名录中{'已停办' if before else '没有'}，上传的工作簿中有：{told}。"
    if proposal.kind is ChangeKind.CLOSED:
        return f"名录中有“{before.get('name', '')}”，上传的工作簿中没有。"
    told = (f"名录中是{_words(key, before[key])}，上传的工作簿中是{_words(key, value)}" for key, value in after.items())
    return "；".join(told) + "。"


def _words(key: str, value: Stored) -> str:
    if key == "school_type":
        return f"“{SchoolType(str(value)).label}”"
    if key == "sponsor_type":
        return f"“{SponsorType(int(value)).choice}”"
    return f"“{UrbanRural(str(value)).label if key == 'urban_rural' else value}”"


def plain_name(name: str) -> str:
    """A name without white space and full-width forms: what is left tells whether it is another name."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def likely_successors(name: str, candidates: Mapping[str, str]) -> list[str]:
    """The codes of ``candidates`` (code → name), those first whose name is most like ``name``."""
    wanted = Counter(plain_name(name))

    def unlikeness(code: str) -> float:
        found = Counter(plain_name(candidates[code]))
        return 1 - 2 * (wanted & found).total() / max(wanted.total() + found.total(), 1)

    return sorted(candidates, key=lambda code: (unlikeness(code), code))
