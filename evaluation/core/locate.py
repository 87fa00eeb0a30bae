"""Where in the text of a TOML document each key and each entry of a list stands: :mod:`tomllib` does not say. Pure.

The text has already been read by tomllib, so that it is known to be well formed: this walks over it and counts lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: The way to a value: keys, and positions in lists counted from 0.
Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NO_VALUE = re.compile(r"[^\s,\]\}#]+(?: [0-9:.]+[^\s,\]\}#]*)?")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class Places:
    """The line of every key of a document, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines: Mapping[Path, int] = _Walk(text).lines

    def line(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest thing around it that is in the document; None for the document."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self.lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while self._skip():
            line = self._line
            if self._is("[["):
                self._forward(2)
                name = self._inside(self._key())
                self._counts[name] = self._counts.get(name, -1) + 1
                table = (*name, self._counts[name])
                self._forward(2)
                self.lines[table] = line
                self.lines.setdefault(name, line)
            elif self._is("["):
                self._forward(1)
                table = self._inside(self._key())
                self._forward(1)
                for length in range(1, len(table)):
                    self.lines.setdefault(table[:length], line)
                self.lines[table] = line
            else:
                self._pair(table)

    def _inside(self, name: tuple[str, ...]) -> Path:
        """The path of a table's header: where a part of it is a list of tables, its last entry is meant."""
        path: Path = ()
        for key in name[:-1]:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path])
        return (*path, name[-1])

    def _pair(self, table: Path) -> None:
        line = self._line
        key = self._key()
        for length in range(1, len(key) + 1):
            self.lines.setdefault((*table, *key[:length]), line)
        self._skip()
        self._forward(1)
        self._skip()
        self._value((*table, *key))

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip()
            if self._is('"') or self._is("'"):
                parts.append(self._string())
            elif match := _BARE.match(self._text, self._at):
                parts.append(match.group())
                self._forward(len(match.group()))
            self._skip()
            if not self._is("."):
                return tuple(parts)
            self._forward(1)

    def _value(self, path: Path) -> None:
        if self._is("{"):
            self._forward(1)
            while self._skip() and not self._is("}"):
                if self._is(","):
                    self._forward(1)
                else:
                    self._pair(path)
            self._forward(1)
        elif self._is("["):
            self._forward(1)
            count = 0
            while self._skip() and not self._is("]"):
                if self._is(","):
                    self._forward(1)
                    continue
                self.lines[(*path, count)] = self._line
                self._value((*path, count))
                count += 1
            self._forward(1)
        elif self._is('"') or self._is("'"):
            self._string()
        elif match := _NO_VALUE.match(self._text, self._at):
            self._forward(len(match.group()))
        else:
            self._forward(1)

    def _string(self) -> str:
        quote = self._text[self._at]
        end = quote * 3 if self._is(quote * 3) else quote
        self._forward(len(end))
        start = self._at
        while self._at < len(self._text) and not self._is(end):
            self._forward(2 if quote == '"' and self._is("\\") else 1)
        text = self._text[start : self._at]
        self._forward(len(end))
        # A text of three quotes may end with one or two quotes of its own.
        while len(end) == 3 and self._is(quote):
            self._forward(1)
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text) if quote == '"' else text

    def _skip(self) -> bool:
        """Past blanks and comments; whether anything is left."""
        while self._at < len(self._text):
            if self._is("#"):
                end = self._text.find("\n", self._at)
                self._forward((end if end >= 0 else len(self._text)) - self._at)
            elif self._text[self._at].isspace():
                self._forward(1)
            else:
                return True
        return False

    def _is(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _forward(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at = min(self._at + count, len(self._text))
