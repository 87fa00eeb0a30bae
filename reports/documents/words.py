"""How dates, lists and texts of people are written in a document. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

#: Where somebody has to write by hand what nobody knows yet.
BLANK = "__________"
NONE = "——"
_DIGITS = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
#: What would steer a word processor or the direction of the text: control characters, overrides of direction,
#: isolates, marks, interlinear and tag characters, what is no character. Line feeds are dealt with before.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"[ \t\r\n\v\f]+")
#: Twice as much as anybody may type anywhere.
_LONGEST = 4_000


def date_words(day: datetime.date | None) -> str:
    """2026年11月30日; 尚无 where there is no such day yet."""
    return "尚无" if day is None else f"{day.year}年{day.month}月{day.day}日"


def year_words(school_year: int) -> str:
    """2026—2027学年"""
    return f"{school_year}—{school_year + 1}学年"


def listed(names: Sequence[str], most: int) -> str:
    """甲、乙、丙等 12 所: some named, all counted."""
    if len(names) <= most:
        return "、".join(names)
    return f"{'、'.join(names[:most])}等 {len(names)} 所"


def sentence(parts: Iterable[str]) -> str:
    """Parts joined into one sentence with its full stop; empty where there is none."""
    text = "；".join(filter(None, (part.rstrip("。；") for part in parts)))
    return f"{text}。" if text else ""


def paired(pairs: Sequence[tuple[str, str]], name: str, value: str) -> list[dict[str, str]]:
    """Names and values two beside each other, as rows of a table with four columns."""
    right = [*pairs[1::2], ("", "")]
    return [
        {f"{name}一": left[0], f"{value}一": left[1], f"{name}二": beside[0], f"{value}二": beside[1]}
        for left, beside in zip(pairs[::2], right, strict=False)
    ]


def numeral(number: int) -> str:
    """一, 十二, 二十: a number below a hundred as it stands before a heading."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones]}"


def plain_text(text: str) -> str:
    """A text without anything that steers: one line, and never longer than a page."""
    cleaned = _STEERING.sub("", _SPACES.sub(" ", text)).strip()
    return cleaned if len(cleaned) <= _LONGEST else f"{cleaned[:_LONGEST]}……（以下从略）"


def plain_facts(facts: Any) -> Any:
    """Facts with every text in them made plain. Raises TypeError for anything that is no JSON."""
    if isinstance(facts, str):
        return plain_text(facts)
    if isinstance(facts, dict):
        return {str(key): plain_facts(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [plain_facts(value) for value in facts]
    if facts is None or isinstance(facts, bool | int):
        return facts
    raise TypeError(type(facts).__name__)
