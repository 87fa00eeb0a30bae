"""Which schools are not shown alone: those with few pupils, and those whose figures would give these away. Pure.

The pupils and the mean of a stage are published. Where one school alone were left out of a stage, everybody could
compute its figures as the whole less the others; so a second one, the smallest of those that remain, is left out with
it, and only their sum can be computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: One school alone is given away by the whole less the others; two are not.
_FEWEST_HIDDEN = 2


def not_shown_alone(rows: Iterable[tuple[str, str]], pupils: Mapping[str, int], fewest: int) -> frozenset[str]:
    """The 学校标识码 of the schools that are not shown. ``rows`` are the judged ones, code and stage each; ``pupils``
    are those of all stages of every school, judged or not. A row without a code is never shown, as it cannot be told
    from others. Nobody is hidden where the province shows every school (``fewest`` 0)."""
    if fewest <= 0:
        return frozenset()
    hidden = {code for code, count in pupils.items() if count < fewest}
    stages: dict[str, list[str]] = {}
    for code, stage in rows:
        stages.setdefault(stage, []).append(code)
    while more := {code for codes in stages.values() for code in _to_hide_too(codes, pupils, hidden)}:
        hidden |= more
    return frozenset(hidden)


def _to_hide_too(codes: list[str], pupils: Mapping[str, int], hidden: set[str]) -> list[str]:
    """The smallest of the shown schools of a stage where one alone is not shown."""
    unseen = [code for code in codes if not code or code in hidden]
    shown = sorted(
        (code for code in codes if code and code not in hidden), key=lambda code: (pupils.get(code, 0), code)
    )
    return shown[: _FEWEST_HIDDEN - len(unseen)] if unseen else []
