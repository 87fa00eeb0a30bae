"""The typed rows of 「学校数据」 as the checks see them: by column, and with the stages each school has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from indicators.catalogue import FIELD_BY_KEY, STAGE_FIELDS
from indicators.report import Value
from schools.vocabulary import SchoolType, Stage

Amount = int | Decimal

ENROLLMENT = {Stage.PRIMARY: "primary_enrollment", Stage.JUNIOR: "junior_enrollment"}
STAGES: tuple[Stage, ...] = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at one cell of one school: ``position`` counts the schools from 0, ``key`` is the
    catalogue key of the cell, ``rejects`` the keys whose values cannot be used because of it, ``fix`` what may be
    put there instead, where there is one safe repair."""

    rule: str
    position: int
    key: str
    message: str
    rejects: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True, slots=True)
class SchoolRows:
    """All schools of a workbook. ``columns`` has one typed value a school under every catalogue key, None where
    the cell is empty or was refused; ``rejected`` holds, per school, the keys that were refused;
    ``letters`` the sheet column of each key that has one, ``numbers`` the sheet row of each school."""

    columns: Mapping[str, Sequence[Value]]
    rejected: Sequence[Collection[str]]
    letters: Mapping[str, str]
    numbers: Sequence[int]
    present: Mapping[Stage, list[bool]] = field(init=False)
    excused: Mapping[Stage, list[bool]] = field(init=False)
    _amounts: dict[str, Sequence[Amount]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Work out which stages each school has, by the same rule as the population of the calculation:
        pupils were given; or the type runs the stage and its pupils are missing, unless the school is
        一贯制, the stage is empty in every cell (``excused``), and the other stage is not."""
        present = {stage: [bool(v) for v in self.columns[ENROLLMENT[stage]]] for stage in STAGES}
        excused = {stage: [False] * len(self) for stage in STAGES}
        types = self.types()
        for stage in STAGES:
            for position, pupils in enumerate(self.columns[ENROLLMENT[stage]]):
                if pupils is not None:
                    continue
                school_type = types[position]
                if school_type is None:
                    present[stage][position] = ENROLLMENT[stage] in self.rejected[position]
                elif stage in school_type.stages:
                    other = Stage.JUNIOR if stage is Stage.PRIMARY else Stage.PRIMARY
                    if school_type.is_continuous and self.is_blank(stage, position) > self.is_blank(other, position):
                        excused[stage][position] = True
                    else:
                        present[stage][position] = True
        object.__setattr__(self, "present", present)
        object.__setattr__(self, "excused", excused)

    def __len__(self) -> int:
        return len(self.numbers)

    def types(self) -> Sequence[SchoolType | None]:
        return cast("Sequence[SchoolType | None]", self.columns["school_type"])

    def known(self, key: str) -> Sequence[Amount | None]:
        """A column of numbers, None where a value is missing or refused."""
        return cast("Sequence[Amount | None]", self.columns[key])

    def amounts(self, key: str) -> Sequence[Amount]:
        """A column of numbers, 0 where a value is missing or refused."""
        found = self._amounts.get(key)
        if found is None:
            found = self._amounts[key] = [v or 0 for v in self.known(key)]
        return found

    def is_blank(self, stage: Stage, position: int) -> bool:
        """Whether every cell of a stage is empty; a refused cell is not empty."""
        rejected = self.rejected[position]
        return all(self.columns[f.key][position] is None and f.key not in rejected for f in STAGE_FIELDS[stage])

    def address(self, key: str, position: int) -> str:
        """A1 address of a school's cell; the column must exist."""
        return f"{self.letters[key]}{self.numbers[position]}"


Check = Callable[[SchoolRows], Iterator[Finding]]


def shown(value: Amount) -> str:
    """A number as a clerk would write it: 12, 12.5."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def name_of(key: str) -> str:
    """The header of a field without its unit."""
    return FIELD_BY_KEY[key].header.partition("(")[0]


def stated(key: str, value: Amount) -> str:
    """A figure named and with its unit: 小学专任教师数 26 人."""
    return f"{name_of(key)} {shown(value)} {FIELD_BY_KEY[key].unit}"
