"""How an item came out, in the words of the official tables. Pure, and light: the models need it, not numpy."""

from __future__ import annotations

from enum import StrEnum

UNKNOWN_TEXT = "无法核算"


class Status(StrEnum):
    """How an item came out. ``exempt``: met only through a granted relaxation."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    TO_JUDGE = "to_judge"
    EXEMPT = "exempt"

    @property
    def label(self) -> str:
        return {
            "met": "达标",
            "not_met": "不达标",
            "unknown": UNKNOWN_TEXT,
            "to_judge": "待评定",
            "exempt": "豁免",
        }[self.value]
