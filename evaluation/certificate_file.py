"""The published record of a certificate as a file: written, read back, and found inside a PDF. Pure.

The file holds the record and its hash. Anybody can check it: write the record as JSON with sorted keys, without spaces,
in UTF-8, and take SHA-256 of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

FORMAT = "county-equalization-certificate/1"
#: No published record is larger, bytes.
LARGEST_RECORD = 256 * 1024
_MOST_STREAMS = 4_000
_OPENING = b'{"format":"' + FORMAT.encode()
_STREAM = re.compile(rb"stream\r?\n")


class NoRecord(ValueError):
    """There is no record of a certificate in this; the message says what there is instead."""


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """A record as it was found: what it says, the hash written beside it, and the hash it really has."""

    record: dict[str, Any]
    stated_sha256: str
    sha256: str

    @property
    def is_whole(self) -> bool:
        return self.stated_sha256 == self.sha256

    def says(self, key: str) -> str:
        """A plain value of the record as text, empty where it has none."""
        value = self.record.get(key)
        return value if isinstance(value, str) else ""


def canonical(told: dict[str, Any]) -> str:
    """The one text of a record: what is hashed, kept and published."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(text: str) -> str:
    """The hash of a record's text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def published_file(record_text: str) -> bytes:
    """The file everybody may take away: the record, and its hash."""
    told = {"format": FORMAT, "record": json.loads(record_text), "sha256": sha256_of(record_text)}
    return canonical(told).encode("utf-8")


def read_file(content: bytes) -> PublishedRecord:
    """Read a published record. Raises NoRecord where it is none."""
    if len(content) > LARGEST_RECORD:
        raise NoRecord("文件太大，不是证书记录。")
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NoRecord("文件不是证书记录（JSON）。") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise NoRecord("文件不是本平台公布的证书记录。")
    record, stated = told.get("record"), told.get("sha256")
    if not isinstance(record, dict) or not isinstance(stated, str):
        raise NoRecord("证书记录不完整：应同时有记录和散列值。")
    try:
        return PublishedRecord(record, stated, sha256_of(canonical(record)))
    except (ValueError, RecursionError) as error:
        raise NoRecord("证书记录中有不能读取的内容。") from error


def read_any(content: bytes) -> PublishedRecord:
    """Read a published record, or the one attached to the PDF of a certificate. Raises NoRecord."""
    return read_file(attached_to(content) if content.startswith(b"%PDF-") else content)


def attached_to(pdf: bytes) -> bytes:
    """The record attached to a PDF, as it was attached. Raises NoRecord where there is none, or more than one.

    Only the few bytes a record begins with are unpacked of anything else: a hostile file costs no more than a good one.
    """
    found: set[bytes] = set()
    for number, match in enumerate(_STREAM.finditer(pdf)):
        if number >= _MOST_STREAMS:
            raise NoRecord("PDF 的结构太复杂，不是本平台签发的证书。")
        start = match.end()
        if pdf.startswith(_OPENING, start):
            end = pdf.find(b"endstream", start)
            found.add(pdf[start : end if end > 0 else None].rstrip(b"\r\n"))
        elif _unpacked(pdf, start, len(_OPENING)) == _OPENING:
            found.add(_unpacked(pdf, start, LARGEST_RECORD + 1))
    if not found:
        raise NoRecord("PDF 中没有附证书记录：不是本平台签发的证书，或附件已被去掉。")
    if len(found) > 1:
        raise NoRecord("PDF 中附了多份不同的证书记录，不能核验。")
    return found.pop()


def _unpacked(pdf: bytes, start: int, most: int) -> bytes:
    """At most so many bytes of a packed stream; nothing where it is no such stream."""
    try:
        return zlib.decompressobj().decompress(pdf[start : start + 2 * LARGEST_RECORD], most)
    except zlib.error:
        return b""
