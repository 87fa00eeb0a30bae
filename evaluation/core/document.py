"""A standard document as text: its bytes read as TOML, and the line of whatever is wrong in it. Pure."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.locate import Path, Places

_MOST_BYTES = 500_000
_MOST_BITS = 63
_TOO_LARGE = "标准文件中有过大的整数，超出了 TOML 的 64 位整数"
_CODE = re.compile(r"[0-9a-z][0-9a-z-]{1,59}")


class StandardRefused(ValueError):
    """The document cannot be used; the message names the line, the item and what is wrong."""


@dataclass(frozen=True, slots=True)
class Document:
    """The tables of one document as they are written, and the text they were read from."""

    tables: Mapping[str, Any]
    text: str
    sha256: str

    @property
    def code(self) -> str:
        return str(self.tables["code"])

    @property
    def extends(self) -> str:
        """The code of the standard this one makes stricter; empty for one that stands alone."""
        return str(self.tables.get("extends", ""))

    def refusal(self, path: Path, item: str, message: str) -> StandardRefused:
        """What to raise about ``path``: the line in the text, the item in words, and what is wrong with it."""
        # Lines are looked for only here: a document that is right needs none.
        line = Places(self.text).line(path)
        return StandardRefused((f"第 {line} 行，" if line else "") + f"{item}：{message}")


def read_document(content: bytes) -> Document:
    """The document whose UTF-8 text is ``content``. Raises StandardRefused where it is no TOML or has no code."""
    if len(content) > _MOST_BYTES:
        raise StandardRefused(f"标准文件过大：{len(content)} 字节，最多 {_MOST_BYTES} 字节")
    try:
        text = content.decode("utf-8")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise StandardRefused(f"标准文件不是 UTF-8 文本：第 {error.start + 1} 个字节无法识别") from error
    except tomllib.TOMLDecodeError as error:
        raise StandardRefused(f"标准文件不是有效的 TOML：{_in_chinese(str(error))}") from error
    except ValueError as error:
        # Python refuses to read a whole number of thousands of digits.
        raise StandardRefused(_TOO_LARGE) from error
    except RecursionError as error:
        raise StandardRefused("标准文件不是有效的 TOML：括号嵌套过深") from error
    if _has_oversized_number(tables):
        raise StandardRefused(_TOO_LARGE)
    document = Document(tables, text, hashlib.sha256(content).hexdigest())
    for key in ("code", "extends"):
        value = tables.get(key, "")
        is_empty_parent = key == "extends" and value == ""
        if not is_empty_parent and not (isinstance(value, str) and _CODE.fullmatch(value)):
            what = f"{key} 缺失" if key not in tables else f"{key} = {value!r} 不能作代码"
            raise document.refusal((key,), "标准", f"{what}，应为小写字母、数字和连字符，例如 2017-quality")
    return document


def _has_oversized_number(tables: Mapping[str, Any]) -> bool:
    """Whether a whole number has more than the 64 bits that TOML promises, in whatever notation."""
    left: list[Any] = [tables]
    while left:
        value = left.pop()
        if isinstance(value, dict | list):
            left.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
            return True
    return False


def _in_chinese(message: str) -> str:
    """The parser's words with its place told first."""
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    return f"第 {match[2]} 行第 {match[3]} 个字符（{match[1]}）" if match else message


def item_name(key: str, position: int, table: Any) -> str:
    """How an entry of a list is called: by its code where it has one, else by its number."""
    code = table.get("code") if isinstance(table, dict) else None
    return f"{key} {code}" if isinstance(code, str) and code else f"{key} 第 {position + 1} 项"
