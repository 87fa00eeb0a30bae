"""Takes values out of the tables of a standard document, and names the line and the item of whatever is wrong. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar

from evaluation.core.document import StandardRefused, item_name
from evaluation.core.locate import Path
from evaluation.core.values import Bounds

#: Builds the refusal of what stands at a path: given the path, the item in words and the message.
Refusal = Callable[[Path, str, str], StandardRefused]
E = TypeVar("E", bound=Enum)

_KINDS: Mapping[type, str] = {
    str: "带引号的文字",
    int: "整数",
    bool: "true 或 false",
    list: "列表",
    dict: "表",
    datetime.date: "日期，例如 2026-01-01",
}


class Reader:
    """One table of a document; when done, it refuses whatever was not taken."""

    def __init__(self, table: Any, refusal: Refusal, path: Path = (), item: str = "标准") -> None:
        self._refusal, self._path, self._item = refusal, path, item
        if not isinstance(table, dict):
            raise self.refused("应为一个表")
        self._table, self._taken = table, set[str]()

    def refused(self, message: str, *keys: str | int) -> StandardRefused:
        """The refusal of what stands at ``keys`` of this table."""
        return self._refusal((*self._path, *keys), self._item, message)

    def has(self, key: str) -> bool:
        """Whether the table says anything about ``key``."""
        return key in self._table

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        self._taken.add(key)
        value = self._table.get(key, default)
        if value is None:
            raise self.refused(f"{key} 缺失，应为{_KINDS[kind]}")
        # A yes or no is a whole number to Python, and a moment is a date.
        is_other = (kind is int and isinstance(value, bool)) or isinstance(value, datetime.datetime)
        if not isinstance(value, kind) or is_other:
            raise self.refused(f"{key} 类型不对，应为{_KINDS[kind]}", key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return str(self.take(key, str, default))

    def whole(self, key: str, bounds: Bounds) -> int:
        value = int(self.take(key, int))
        if message := bounds.refusal(key, value):
            raise self.refused(message, key)
        return value

    def exact(self, key: str, bounds: Bounds) -> Fraction:
        """A number written as text, exactly."""
        text = self.text(key)
        if message := bounds.refusal(key, text):
            raise self.refused(message, key)
        return Fraction(text)

    def member(self, key: str, kind: type[E]) -> E:
        """A value that is one of an enumeration."""
        text = self.text(key)
        if text not in [each.value for each in kind]:
            raise self.refused(f"{key} = {text!r} 应为 {'、'.join(str(each.value) for each in kind)} 之一", key)
        return kind(text)

    def texts(self, key: str) -> tuple[str, ...]:
        listed = self.take(key, list)
        for position, value in enumerate(listed):
            if not isinstance(value, str):
                raise self.refused(f"{key} 的第 {position + 1} 项类型不对，应为带引号的文字", key, position)
        return tuple(listed)

    def table(self, key: str) -> Reader:
        return Reader(self.take(key, dict), self._refusal, (*self._path, key), self._inside(key))

    def tables(self, key: str) -> list[Reader]:
        return [
            Reader(entry, self._refusal, (*self._path, key, i), self._inside(item_name(key, i, entry)))
            for i, entry in enumerate(self.take(key, list, []))
        ]

    def strings(self, key: str) -> dict[str, str]:
        found = self.take(key, dict, {})
        for name, value in found.items():
            if not isinstance(value, str):
                raise self.refused(f'{key} 的 {name} 类型不对，应为带引号的文字，例如 {name} = "96"', key, name)
        return dict(found)

    def done(self) -> None:
        unknown = sorted(set(self._table) - self._taken)
        if unknown:
            raise self.refused(f"未知的内容 {'、'.join(unknown)}", unknown[0])

    def _inside(self, name: str) -> str:
        return f"{self._item} 的 {name}" if self._path else name
