"""How counties are shared out among inspectors, so that each has about as many schools. Pure: the same counties and the
same inspectors always give the same shares, and each says why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What an inspector answers for already: schools, and counties."""

    schools: int = 0
    counties: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A county given to an inspector (None: to nobody), with the reason in words."""

    county: str
    inspector: int | None
    words: str


def share_out(
    counties: Sequence[tuple[str, int]],
    loads: Mapping[int, Load],
    barred: Collection[tuple[int, str]] = (),
) -> list[Share]:
    """Share ``counties`` (code and number of schools) out among the inspectors of ``loads`` (by their numbers, with
    what they have already); never a ``barred`` pair. The county with the most schools goes first, each to whoever has
    the fewest schools of those who may, then the fewest counties, then the lowest number. So where nobody is barred no
    two differ by more than the largest county, unless they did before."""
    now = dict(loads)
    shares: list[Share] = []
    for code, schools in sorted(counties, key=lambda county: (-county[1], county[0])):
        able = [inspector for inspector in now if (inspector, code) not in barred]
        if not able:
            words = "本省没有督学" if not now else f"全部 {len(now)} 位督学都须回避"
            shares.append(Share(code, None, words))
            continue
        chosen = min(able, key=lambda inspector: (now[inspector].schools, now[inspector].counties, inspector))
        before = now[chosen]
        now[chosen] = Load(before.schools + schools, before.counties + 1)
        kept_away = len(now) - len(able)
        aside = f"，{kept_away} 位须回避" if kept_away else ""
        words = f"{schools} 所学校；可选 {len(able)} 位督学{aside}，分给负担最轻的一位：原有 {before.schools} 所"
        shares.append(Share(code, chosen, f"{words}，现为 {now[chosen].schools} 所。"))
    return shares
