"""What a rule found, as columns: joined, put in order, and bounded with a count of what was left out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.core.columns import BoolArray, FloatArray, IntArray
from evaluation.core.radar.figures import NOBODY

KeyArray = npt.NDArray[np.str_]
_KEY = "U40"
#: A figure told in a sentence keeps so many decimals.
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Hits:
    """Places one rule points at. ``school`` is a position in the columns of the year, NOBODY for the county as a whole;
    ``other_county`` and ``other_school`` the one it resembles, of the year before where ``is_other_before``. ``told``
    are the figures of the sentence. ``left_out`` stands at the strongest hit of a county: how many more there are that
    are not listed."""

    rule: str
    county: IntArray
    school: IntArray
    key: KeyArray
    weight: FloatArray
    told: Mapping[str, npt.NDArray[Any]]
    other_county: IntArray
    other_school: IntArray
    is_other_before: bool = False
    left_out: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.county)

    def only(self, chosen: IntArray | BoolArray) -> Hits:
        """Some of the hits, in the order given."""
        return Hits(
            self.rule,
            self.county[chosen],
            self.school[chosen],
            self.key[chosen],
            self.weight[chosen],
            {name: values[chosen] for name, values in self.told.items()},
            self.other_county[chosen],
            self.other_school[chosen],
            self.is_other_before,
        )

    def told_at(self, position: int) -> dict[str, Any]:
        """The figures of one hit as plain values."""
        found = {name: _plain(values[position]) for name, values in self.told.items()}
        return found | ({"left_out": int(self.left_out[position])} if self.left_out[position] else {})


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return round(plain, _PLACES) if isinstance(plain, float) else plain


def hits(
    rule: str,
    county: IntArray,
    school: IntArray | None,
    key: str | KeyArray,
    weight: FloatArray | IntArray,
    told: Mapping[str, Any] | None = None,
    other_county: IntArray | None = None,
    other_school: IntArray | None = None,
    is_other_before: bool = False,
) -> Hits:
    """Hits of one rule; what is the same for all of them may be given once."""
    size = len(county)
    nobody = np.full(size, NOBODY, np.int64)
    return Hits(
        rule,
        county,
        nobody if school is None else school,
        np.full(size, key, _KEY) if isinstance(key, str) else key.astype(_KEY),
        np.asarray(weight, np.float64),
        {
            name: values if isinstance(values, np.ndarray) else np.full(size, values)
            for name, values in (told or {}).items()
        },
        nobody if other_county is None else other_county,
        nobody if other_school is None else other_school,
        is_other_before,
    )


def joined(pieces: Sequence[Hits]) -> Hits:
    """Hits of one rule, found in several goes; at least one piece."""
    first = pieces[0]

    def each(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    told = {name: np.concatenate([piece.told[name] for piece in pieces]) for name in first.told}
    return Hits(
        first.rule, each("county"), each("school"), each("key"), each("weight"), told,
        each("other_county"), each("other_school"), first.is_other_before,
    )  # fmt: skip


def bounded(found: Hits, listed: int) -> Hits:
    """The ``listed`` strongest hits of every county, strongest first, with what was left out beside the strongest."""
    order = np.lexsort((found.other_county, found.key, found.school, -found.weight, found.county))
    county = found.county[order]
    starts = np.flatnonzero(np.r_[True, county[1:] != county[:-1]]) if len(county) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(county)])
    rank = np.arange(len(county)) - np.repeat(starts, counts)
    more = np.zeros(len(county), np.int64)
    more[starts] = np.maximum(counts - listed, 0)
    kept = found.only(order[rank < listed])
    return Hits(
        kept.rule, kept.county, kept.school, kept.key, kept.weight, kept.told, kept.other_county, kept.other_school,
        kept.is_other_before, more[rank < listed],
    )  # fmt: skip
