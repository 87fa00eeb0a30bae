"""Which counties are like which: by size, by how urban they are, by revenue. Pure.

The measure is fixed and does not depend on who else has published: twice as many pupils, a fifth more of them in
towns, or half as much revenue again a head count the same, one step each; the distance is the root of their squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: What counts as one step.
SIZE_STEP, TOWN_STEP, REVENUE_STEP = 2.0, 0.2, 1.5
#: Counties further away than this are not like each other.
FURTHEST = 2.0


@dataclass(frozen=True, slots=True)
class CountyFacts:
    """What counties are compared by: pupils of both stages, the share of them in 城区 and 镇区 (0…1), and
    年人均地方财政收入 in 元, None where unknown. ``key`` names the county's result."""

    key: str
    pupils: int
    town_share: float | None
    revenue: float | None


def distance(one: CountyFacts, other: CountyFacts) -> float | None:
    """How far two counties are from each other in steps; None where something is unknown of one of them."""
    if not one.pupils or not other.pupils or one.town_share is None or other.town_share is None:
        return None
    if not one.revenue or not other.revenue:
        return None
    steps = (
        (math.log(one.pupils) - math.log(other.pupils)) / math.log(SIZE_STEP),
        (one.town_share - other.town_share) / TOWN_STEP,
        (math.log(one.revenue) - math.log(other.revenue)) / math.log(REVENUE_STEP),
    )
    return math.hypot(*steps)


def most_like(one: CountyFacts, others: Iterable[CountyFacts], most: int) -> list[tuple[CountyFacts, float]]:
    """Those within FURTHEST of a county, the nearest first, ``most`` at most."""
    found = [(other, far) for other in others if other.key != one.key and (far := distance(one, other)) is not None]
    near = [(other, far) for other, far in found if far <= FURTHEST]
    return sorted(near, key=lambda each: (each[1], each[0].key))[:most]
