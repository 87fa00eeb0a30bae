"""The zip container of a workbook, read without trusting anything its headers say.

Python's ``zipfile`` would do, but importing it costs as long as reading a whole ordinary workbook, and it
believes declared sizes. Here every part is really inflated, chunk by chunk, against one budget.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from struct import error as StructError

MAX_PARTS = 200
MAX_INFLATED = 128 * 1024 * 1024
MAX_INFLATED_WITH_EMPTY = 256 * 1024 * 1024
CHUNK = 256 * 1024

_STORED, _DEFLATED = 0, 8
_END = Struct("<4s4H2LH")
_END64 = Struct("<4sQ2H2L4Q")
_END64_LOCATOR = Struct("<4sLQL")
_ENTRY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s5H3L2H")
_U64 = Struct("<Q")
_FIELD = Struct("<2H")
_UNKNOWN_32 = 0xFFFFFFFF
_UNKNOWN_16 = 0xFFFF
_LONGEST_COMMENT = 0xFFFF


RESAVE = "请在 Excel 或 WPS 中打开原文件，另存为新的 .xlsx 后再上传。"


class Refused(Exception):
    """The file cannot be used: ``rule`` is a stable code, ``message`` tells a clerk the cause and the way on."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


def damaged(what: str) -> Refused:
    """The refusal of a file that is not what its own structure promises; ``what`` is the place, in Chinese."""
    return Refused("file.damaged", f"文件已损坏（{what}）。{RESAVE}")


def truncated() -> Refused:
    """The refusal of a package whose end is missing."""
    return Refused("file.truncated", "文件不完整，可能是上传或复制时中断。请确认原文件能正常打开，然后重新上传。")


def encrypted() -> Refused:
    """The refusal of a package that opens with a password."""
    return Refused("file.encrypted", "文件已加密（设有打开密码）。请在 Excel 或 WPS 中取消密码后另存，再上传。")


def doctype() -> Refused:
    """The refusal of a part that brings a document type, and with it entities."""
    return Refused(
        "file.doctype",
        "文件内部含有不允许的声明（DOCTYPE），正常的填报工作簿没有这种内容。请把数据复制到空白模板后再上传。",
    )


def inflates_too_much(what: str) -> Refused:
    """The refusal of a package that grows beyond the bound while it is inflated."""
    return Refused(
        "file.inflates_too_much",
        f"{what}，无法读取。请删除多余的工作表、图片和空白格式，或把数据复制（只粘贴数值）到空白模板后再上传。",
    )


class Part:
    """One entry of the central directory; ``start`` is where its packed bytes begin."""

    # Here and in the other modules of the child no NamedTuple and no dataclass: importing them takes
    # longer than checking a small workbook.
    __slots__ = ("crc", "name", "packed", "size", "start")

    def __init__(self, name: str, packed: bool, crc: int, start: int, size: int) -> None:
        self.name = name
        self.packed = packed
        self.crc = crc
        self.start = start
        self.size = size


class Archive:
    """The parts of one zip file held in memory, by lower-case name with forward slashes.

    The budget is shared by all parts: ``inflated`` counts every byte that came out, ``excused`` those that
    the sheet reader found to be formatting of empty rows and cells, which clerks produce by the million.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.inflated = 0
        self.excused = 0
        self.parts: dict[str, Part] = {}
        self._untouched: set[str] = set()
        try:
            self._read_directory()
        except (StructError, OverflowError):
            raise truncated() from None

    def _read_directory(self) -> None:
        data = self._data
        end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - _LONGEST_COMMENT))
        if end < 0:
            raise truncated()
        _, _, _, _, count, _, position, _ = _END.unpack_from(data, end)
        if count == _UNKNOWN_16 or position == _UNKNOWN_32:
            signature, _, at, _ = _END64_LOCATOR.unpack_from(data, max(0, end - _END64_LOCATOR.size))
            if signature != b"PK\x06\x07":
                raise damaged("压缩目录有误")
            _, _, _, _, _, _, _, count, _, position = _END64.unpack_from(data, at)
        if count > MAX_PARTS:
            raise Refused(
                "file.too_many_parts",
                f"文件内部的部件超过 {MAX_PARTS} 个，不像填报工作簿。请把数据复制（只粘贴数值）到空白模板后再上传。",
            )
        for _ in range(count):
            position = self._read_entry(position)

    def _read_entry(self, position: int) -> int:
        """Note the part whose directory entry stands at ``position``; returns where the next entry stands."""
        data = self._data
        (
            signature, _, _, flags, method, _, _, crc, size, whole, name_length, extra_length, comment_length,
            _, _, _, start,
        ) = _ENTRY.unpack_from(data, position)  # fmt: skip
        if signature != b"PK\x01\x02":
            raise damaged("压缩目录有误")
        name_at = position + _ENTRY.size
        extra_at = name_at + name_length
        following = int(extra_at + extra_length + comment_length)
        raw = data[name_at:extra_at]
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace").replace("\\", "/")
        if name.endswith("/"):
            return following
        if flags & 1:
            raise encrypted()
        if method not in (_STORED, _DEFLATED):
            raise damaged("使用了不支持的压缩方式")
        if _UNKNOWN_32 in (size, whole, start):
            size, start = self._wide_fields(extra_at, extra_length, size, whole, start)
        signature, *_, name_length, extra_length = _LOCAL.unpack_from(data, start)
        start += _LOCAL.size + name_length + extra_length
        if signature != b"PK\x03\x04":
            raise damaged("压缩目录有误")
        if start + size > len(data):
            raise truncated()
        key = name.lower()
        if key in self.parts:
            # Programs disagree on which of the two they read.
            raise damaged("内部部件重名")
        self.parts[key] = Part(name, method == _DEFLATED, crc, start, size)
        self._untouched.add(key)
        return following

    def _wide_fields(self, at: int, length: int, size: int, whole: int, start: int) -> tuple[int, int]:
        """The 64-bit values that stand in an extra field; streaming writers use it for small files too."""
        data, end = self._data, at + length
        while at + _FIELD.size <= end:
            tag, field_length = _FIELD.unpack_from(data, at)
            at += _FIELD.size
            if tag == 1:
                if whole == _UNKNOWN_32:
                    at += _U64.size
                if size == _UNKNOWN_32:
                    size = _U64.unpack_from(data, at)[0]
                    at += _U64.size
                if start == _UNKNOWN_32:
                    start = _U64.unpack_from(data, at)[0]
                return size, start
            at += field_length
        raise damaged("压缩目录有误")

    def excuse(self, size: int) -> None:
        """Take bytes that were formatting of empty cells out of the account."""
        self.excused += size

    def untouched(self) -> list[str]:
        """The keys of the parts that nobody has inflated yet."""
        return sorted(self._untouched)

    def inflate(self, key: str) -> Iterator[bytes]:
        """The bytes of a part in chunks of bounded size. The part must exist; a damaged or too large one is refused."""
        part = self.parts[key]
        self._untouched.discard(key)
        crc = 0
        for chunk in self._raw(part):
            crc = zlib.crc32(chunk, crc)
            self.inflated += len(chunk)
            if self.inflated - self.excused > MAX_INFLATED or self.inflated > MAX_INFLATED_WITH_EMPTY:
                raise inflates_too_much(f"文件解压后超过 {MAX_INFLATED // 1024 // 1024} MB")
            yield chunk
        if crc != part.crc:
            raise damaged(f"内部部件 {part.name[:80]} 校验不符")

    def _raw(self, part: Part) -> Iterator[bytes]:
        data, end = self._data, part.start + part.size
        # Fed in small pieces: what zlib leaves unconsumed is copied on every call.
        step = CHUNK // 4
        if not part.packed:
            for at in range(part.start, end, CHUNK):
                yield data[at : min(at + CHUNK, end)]
            return
        stream = zlib.decompressobj(-15)
        try:
            for at in range(part.start, end, step):
                chunk = stream.decompress(data[at : min(at + step, end)], CHUNK)
                while chunk:
                    yield chunk
                    chunk = stream.decompress(stream.unconsumed_tail, CHUNK)
                if stream.eof:
                    return
        except zlib.error:
            raise damaged(f"内部部件 {part.name[:80]} 无法解压") from None
        if not stream.eof:
            raise damaged(f"内部部件 {part.name[:80]} 无法解压")

    def xml(self, key: str) -> Iterator[bytes]:
        """Like ``inflate``, for XML: a document type declaration, where entity tricks live, is refused."""
        overlap = b""
        wide = False
        for chunk in self.inflate(key):
            if not overlap:
                # Data models are stored in UTF-16; there the declaration's letters are NUL bytes apart.
                wide = b"\x00" in chunk[:4]
            seen = overlap + (chunk.replace(b"\x00", b"") if wide else chunk)
            # Looking for one rare byte first is ten times faster than looking for a word at every tag.
            if b"!" in seen and (b"<!DOCTYPE" in seen or b"<!ENTITY" in seen):
                raise doctype()
            overlap = seen[-16:]
            yield chunk


def drain(chunks: Iterator[bytes]) -> None:
    """Take all chunks for the sake of what is counted and checked on their way."""
    for _ in chunks:
        pass


class Repack:
    """A small fresh zip, written part by part in memory, that holds only what was checked."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._directory = bytearray()
        self._count = 0

    def add(self, name: str, chunks: Iterator[bytes]) -> None:
        """Write one part, packed lightly: the packed bytes are held twice while they are read."""
        raw_name = name.encode()
        start = len(self._body)
        self._body += bytes(_LOCAL.size) + raw_name
        stream = zlib.compressobj(1, zlib.DEFLATED, -15)
        crc = whole = 0
        for chunk in chunks:
            crc = zlib.crc32(chunk, crc)
            whole += len(chunk)
            self._body += stream.compress(chunk)
        self._body += stream.flush()
        size = len(self._body) - start - _LOCAL.size - len(raw_name)
        about = (20, 0, _DEFLATED, 0, 0, crc, size, whole, len(raw_name), 0)
        _LOCAL.pack_into(self._body, start, b"PK\x03\x04", *about)
        self._directory += _ENTRY.pack(b"PK\x01\x02", 20, *about, 0, 0, 0, 0, start) + raw_name
        self._count += 1

    def finished(self) -> bytes:
        """The whole zip; nothing may be added afterwards."""
        start, size = len(self._body), len(self._directory)
        self._body += self._directory
        self._body += _END.pack(b"PK\x05\x06", 0, 0, self._count, self._count, size, start, 0)
        return bytes(self._body)
