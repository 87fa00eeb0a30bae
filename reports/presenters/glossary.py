"""The terms of the field in groups, from one document; the numbers in them are those of the method."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evaluation.core.likeness import FURTHEST, REVENUE_STEP, SIZE_STEP, TOWN_STEP
from evaluation.models import FEWEST_PUPILS


@dataclass(frozen=True, slots=True)
class Term:
    """What a term means, and how the portal uses it. ``identifier`` is its name in the code, for who reads both."""

    key: str
    name: str
    means: str
    here: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class TermGroup:
    """Terms that are read together."""

    title: str
    terms: tuple[Term, ...]


@lru_cache(maxsize=1)
def glossary_groups(path: Path) -> tuple[TermGroup, ...]:
    """The groups in their order."""
    numbers = {
        "size": f"{SIZE_STEP:g}", "town": f"{TOWN_STEP * 100:g}", "revenue": f"{REVENUE_STEP:g}",
        "furthest": f"{FURTHEST:g}", "fewest": f"{FEWEST_PUPILS}",
    }  # fmt: skip
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        TermGroup(
            group["title"],
            tuple(Term(**{key: text.format_map(numbers) for key, text in term.items()}) for term in group["term"]),
        )
        for group in document["group"]
    )
