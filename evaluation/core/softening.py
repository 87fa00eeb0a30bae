"""What each relaxation of the kernel softens, and the numbers a document has to give it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.core.values import PERCENT, POSITIVE, WHOLE, YEAR, Values, Words
from indicators.catalogue import DECIMAL_SCALE


@dataclass(frozen=True, slots=True)
class Softening:
    """What a relaxation is in the kernel: the code of what it softens, that item's rule or the scale of that
    indicator's columns, and what each of its parameters may be."""

    criterion: str
    softens: str | int
    parameters: Mapping[str, Values]


#: What a relaxation means is the kernel's; a document sets its dates and numbers, all of them.
SOFTENINGS: Mapping[str, Softening] = {
    "R1": Softening(
        "L3",
        1,
        {
            "pupils_from": WHOLE,
            "pupils_to": WHOLE,
            "places": Words(("rural",)),
            "add": Words(("shared_arts",)),
        },
    ),
    "R2": Softening("L5", DECIMAL_SCALE, {"add": Words(("other_sports_area", "rented_sports_area"))}),
    "R3": Softening(
        "G3",
        "special_rooms",
        {
            "built_until": YEAR,
            "music_area": POSITIVE,
            "art_area": POSITIVE,
            "largest_class_under": WHOLE,
            "small_primary_area": POSITIVE,
            "small_junior_area": POSITIVE,
            "plan_years": WHOLE,
        },
    ),
    "R4": Softening(
        "G4",
        "school_size",
        {
            "built_until": YEAR,
            "migrant_share_over": PERCENT,
            "size": WHOLE,
            "continuous": WHOLE,
            "plan_years": WHOLE,
        },
    ),
}
