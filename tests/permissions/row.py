"""One line of the table: an address, what it is about, and who is answered what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.permissions.askers import EVERYBODY, Asker
from tests.permissions.rules import Rule
from tests.permissions.world import CASES, Case, World

#: From a case to the arguments of the address; None where the case has no such thing.
Of = Callable[[World, Case], tuple[Any, ...] | None]
Send = Callable[[World, Case], Mapping[str, Any]]
#: Brings the world to where the act is possible at all, inside what is taken back afterwards.
Before = Callable[[World, Case], object]

#: What belongs to no county is asked for from one.
ONCE = ("city_review",)


def no_step(world: World, case: Case) -> None:
    """Nothing has to be done first."""


@dataclass(frozen=True, eq=False)
class Row:
    """``get`` and ``post`` are the rules; without one the method is refused with 405. ``what`` tells rows of one route
    apart. ``askers``: who is asked at all, where the address says nothing about whose thing it is."""

    route: str
    of: Of
    get: Rule | None = None
    post: Rule | None = None
    send: Send = lambda world, case: {}
    before: Before = no_step
    what: str = ""
    cases: tuple[str, ...] = CASES
    askers: frozenset[Asker] = EVERYBODY
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Whether whoever is near is asked in every state in which they are denied; otherwise in two, as everybody.
    in_every_state: bool = True

    def __str__(self) -> str:
        return f"{self.route} {self.what}".strip()

    def rules(self) -> list[tuple[str, Rule]]:
        """The methods that may open something, with their rules."""
        return [(method, rule) for method, rule in (("GET", self.get), ("POST", self.post)) if rule is not None]


def nothing(world: World, case: Case) -> tuple[Any, ...]:
    """An address that names no thing."""
    return ()


def thing(name: str, *more: Any, by: str = "pk") -> Of:
    """An address that names a thing of the case, then ``more``."""

    def of(world: World, case: Case) -> tuple[Any, ...] | None:
        found = case.evaluation if name == "evaluation" else case.things.get(name)
        return None if found is None else (getattr(found, by), *more)

    return of


def plain(**said: Any) -> Send:
    """The same in every case."""
    return lambda world, case: said
