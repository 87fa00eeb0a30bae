"""The package of an uploaded workbook, opened to change a few of its parts; every other part is copied as it is
packed, byte for byte. Pure.

Parts are changed at the level of their text: what is not meant to change keeps its spelling, its prefixes and its
order. The file has passed the pre-check of the reader; all the same, nothing is inflated beyond a bound, and
whatever is not understood raises ``CannotEdit`` instead of being guessed at.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from struct import Struct, error
from typing import NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

#: Attributes of an element whose values hold no bracket that could be mistaken for its end.
ATTRIBUTES = rb"""(?:\s++[\w:.\-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*+\s*+"""
#: Largest part that is edited, inflated: several times a sheet of twenty thousand filled rows is never needed.
MAX_EDITED_PART = 48 * 1024 * 1024

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_CONTENT_TYPES = "[Content_Types].xml"
_ENCODING = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.\-]+)["']""")
_LOCAL = Struct("<4s5H3L2H")
_CENTRAL = Struct("<4s6H3L5H2L")
_END = Struct("<4s4H2LH")
_UTF8_NAME = 0x800
_NO_DATE = (0, 33)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


#: What meeting something unforeseen in a file may raise below; whoever edits a file turns it into ``CannotEdit``.
STRANGE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, error)


class CannotEdit(Exception):
    """A file cannot be changed in place; the message tells a clerk in Chinese what to do instead."""


def odd_file() -> CannotEdit:
    """A file written in a way that is not understood well enough to change it."""
    return CannotEdit("这个文件内部的写法不常见，系统不能在原文件上改动。请在表格软件中另存为新的 .xlsx 后再上传。")


class Relation(NamedTuple):
    """One relation of a part: the last word of its type, and the name of the part it leads to."""

    kind: str
    target: str


class SheetPart(NamedTuple):
    """One sheet of the workbook: its name without surrounding spaces, and its part, empty for a chart sheet."""

    name: str
    is_hidden: bool
    part: str


class Package:
    """The parts of a workbook, by name without regard to case. Raises ``CannotEdit`` for what is no such package."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._changed: dict[str, bytes] = {}
        self._added: dict[str, str] = {}
        self._dropped: set[str] = set()
        try:
            self._zip = ZipFile(BytesIO(content))
            entries = [info for info in self._zip.infolist() if not info.is_dir()]
        except (BadZipFile, OSError, RuntimeError, EOFError, *STRANGE):
            raise CannotEdit("这不是 .xlsx 工作簿，不能在原文件上改动。") from None
        self._entries = {_key(info.filename): info for info in entries}

    def __contains__(self, name: str) -> bool:
        key = _key(name)
        return (key in self._entries or key in self._changed) and key not in self._dropped

    def read(self, name: str) -> bytes:
        """The text of a part as it stands now. The part must exist."""
        key = _key(name)
        if key in self._changed:
            return self._changed[key]
        try:
            with self._zip.open(self._entries[key]) as part:
                data = part.read(MAX_EDITED_PART + 1)
        except (KeyError, BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
            raise odd_file() from None
        if len(data) > MAX_EDITED_PART:
            raise CannotEdit("文件太大，不能在原文件上改动。请删除多余的工作表和格式后再上传。")
        encoding = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
        if b"\x00" in data[:4] or (encoding and encoding[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii")):
            raise odd_file()
        return data

    def write(self, name: str, data: bytes) -> None:
        """Put another text in the place of a part, or add a part."""
        key = _key(name)
        self._dropped.discard(key)
        self._changed[key] = data
        if key not in self._entries:
            self._added[key] = name

    def drop(self, name: str) -> None:
        """Leave a part out."""
        self._dropped.add(_key(name))

    def free_name(self, pattern: str) -> str:
        """The first name of the pattern, numbers put in its braces, that no part has."""
        return next(name for name in map(pattern.format, range(1, 1 << 20)) if name not in self)

    def sheets(self) -> list[SheetPart]:
        """The sheets of the workbook in their order."""
        main = self.main_part()
        relations = self.relations(main)
        found = []
        for element, attributes in _elements(self.read(main)):
            if element == "sheet":
                relation = relations.get(next((v for k, v in attributes.items() if k.endswith(" id")), ""))
                part = relation.target if relation is not None and relation.kind == "worksheet" else ""
                is_hidden = attributes.get("state", "visible") != "visible"
                found.append(SheetPart(attributes.get("name", "").strip(), is_hidden, part))
        return found

    def main_part(self) -> str:
        """The name of the workbook part."""
        relations = self.relations("") if "_rels/.rels" in self else {}
        return next((r.target for r in relations.values() if r.kind == "officeDocument"), "xl/workbook.xml")

    def relations(self, part: str) -> dict[str, Relation]:
        """The relations of a part, by id, without those that lead outside; empty where it has none."""
        path = _relations_path(part)
        if path not in self:
            return {}
        return {
            attributes.get("Id", ""): Relation(
                attributes.get("Type", "").rpartition("/")[2], _resolved(part, attributes.get("Target", ""))
            )
            for element, attributes in _elements(self.read(path))
            if element == "Relationship" and attributes.get("TargetMode") != "External"
        }

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation from a part to another; returns its id."""
        path = _relations_path(part)
        if path not in self:
            self.write(
                path,
                b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships'
                b' xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>',
            )
        text = self.read(path)
        taken = {attributes.get("Id") for element, attributes in _elements(text) if element == "Relationship"}
        relation_id = next(name for name in map("rIdMark{}".format, range(1, 1 << 20)) if name not in taken)
        attributes = f' Id="{relation_id}" Type="{_OFFICE}{kind}" Target="/{target}"'.encode()
        self.write(path, with_last_child(text, b"Relationships", lambda p: b"<%bRelationship%b/>" % (p, attributes)))
        return relation_id

    def unrelate(self, part: str, kind: str) -> None:
        """Take the relations of one kind away from a part."""
        path = _relations_path(part)
        if path in self:
            pattern = rb"<(?:[\w.\-]+:)?Relationship(?=\s)[^<>]*?/%b[\"'][^<>]*?/>" % re.escape(kind.encode())
            self.write(path, re.sub(pattern, b"", self.read(path)))

    def declare(self, content_type: str, *, part: str = "", extension: str = "") -> None:
        """Say what kind of content a part, or every part with an extension, holds."""
        text = self.read(_CONTENT_TYPES)
        if extension:
            known = (a.get("Extension", "").lower() for e, a in _elements(text) if e == "Default")
            if extension in known:
                return
            element, what = b"Default", f'Extension="{extension}"'
        else:
            element, what = b"Override", f'PartName="/{part}"'
        attributes = f' {what} ContentType="{content_type}"'.encode()
        if element == b"Default":
            # Defaults stand before the parts they are overridden for.
            root = re.search(rb"<((?:[\w.\-]+:)?)Types(?=[\s>])%b>" % ATTRIBUTES, text)
            if root is None:
                raise odd_file()
            text = text[: root.end()] + b"<%bDefault%b/>" % (root[1], attributes) + text[root.end() :]
        else:
            text = with_last_child(text, b"Types", lambda p: b"<%bOverride%b/>" % (p, attributes))
        self.write(_CONTENT_TYPES, text)

    def undeclare(self, part: str) -> None:
        """Take the declaration of a part's content away."""
        pattern = rb"""<(?:[\w.\-]+:)?Override\s[^<>]*?["']/%b["'][^<>]*?/>""" % re.escape(part.encode())
        self.write(_CONTENT_TYPES, re.sub(pattern, b"", self.read(_CONTENT_TYPES), flags=re.IGNORECASE))

    def finished(self) -> bytes:
        """The whole file: parts in their old order, unchanged ones as they were packed, new ones at the end."""
        out = _Zip()
        for key, info in self._entries.items():
            if key in self._dropped:
                continue
            if key in self._changed:
                out.add(info.filename, _date(info), self._changed[key])
            else:
                out.copy(info, self._packed(info))
        for key, name in self._added.items():
            if key not in self._dropped:
                out.add(name, _NO_DATE, self._changed[key])
        return out.finished()

    def _packed(self, info: ZipInfo) -> bytes:
        content = self._content
        try:
            signature, *_, name_length, extra_length = _LOCAL.unpack_from(content, info.header_offset)
        except error:
            raise odd_file() from None
        start = info.header_offset + _LOCAL.size + name_length + extra_length
        is_usable = signature == b"PK\x03\x04" and info.compress_type in (ZIP_STORED, ZIP_DEFLATED)
        if not is_usable or info.flag_bits & 1 or start + info.compress_size > len(content):
            raise odd_file()
        return content[start : start + info.compress_size]


class _Zip:
    """A zip file written part by part."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._directory = bytearray()
        self._count = 0

    def add(self, name: str, date: tuple[int, int], data: bytes) -> None:
        stream = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = stream.compress(data) + stream.flush()
        self._write(name, _UTF8_NAME, ZIP_DEFLATED, date, zlib.crc32(data), len(data), packed)

    def copy(self, info: ZipInfo, packed: bytes) -> None:
        self._write(info.filename, _UTF8_NAME, info.compress_type, _date(info), info.CRC, info.file_size, packed)

    def _write(
        self, name: str, flags: int, method: int, date: tuple[int, int], crc: int, size: int, packed: bytes
    ) -> None:
        raw = name.encode()
        about = (20, flags if not raw.isascii() else 0, method, *date, crc, len(packed), size, len(raw), 0)
        start = len(self._body)
        self._body += _LOCAL.pack(b"PK\x03\x04", *about) + raw + packed
        self._directory += _CENTRAL.pack(b"PK\x01\x02", 20, *about, 0, 0, 0, 0, start) + raw
        self._count += 1

    def finished(self) -> bytes:
        start, size = len(self._body), len(self._directory)
        end = _END.pack(b"PK\x05\x06", 0, 0, self._count, self._count, size, start, 0)
        return bytes(self._body + self._directory + end)


class Element(NamedTuple):
    """One element in the text of a part: where it begins and ends, its attributes, and what stands inside, None for an
    element that is closed at once."""

    start: int
    attributes: bytes
    content: bytes | None
    end: int


def elements(text: bytes, name: bytes) -> Iterator[Element]:
    """The elements of one name, its prefix included, in one pass; those inside another of them are its content."""
    opening = re.compile(rb"<%b(?=[\s>/])(%b)(/?)>" % (name, ATTRIBUTES))
    closing = re.compile(rb"</%b\s*+>" % name)
    at = 0
    while found := opening.search(text, at):
        if found[2]:
            at = found.end()
            yield Element(found.start(), found[1], None, at)
            continue
        # Without its end nothing behind it can be told apart: looked for once, not again at every later beginning.
        end = closing.search(text, found.end())
        if end is None:
            raise odd_file()
        at = end.end()
        yield Element(found.start(), found[1], text[found.end() : end.start()], at)


def with_last_child(text: bytes, root: bytes, child: Callable[[bytes], bytes]) -> bytes:
    """The text of a part with one more element at the end of its root; ``child`` is given the root's prefix."""
    found = re.search(rb"<((?:[\w.\-]+:)?)%b(?=[\s>/])(%b)(/?)>" % (root, ATTRIBUTES), text)
    if found is None:
        raise odd_file()
    prefix = found[1]
    if found[3]:
        whole = b"<%b%b%b>%b</%b%b>" % (prefix, root, found[2], child(prefix), prefix, root)
        return text[: found.start()] + whole + text[found.end() :]
    end = text.rfind(b"</%b%b" % (prefix, root))
    if end < 0:
        raise odd_file()
    return text[:end] + child(prefix) + text[end:]


def with_attribute(attributes: bytes, name: bytes, value: bytes | None) -> bytes:
    """The attributes of an element with one of them set, or taken away where ``value`` is None."""
    found = re.search(rb"""\s%b\s*=\s*("[^"]*"|'[^']*')""" % name, attributes)
    new = b"" if value is None else b' %b="%b"' % (name, value)
    if found is None:
        return attributes.rstrip() + new
    return attributes[: found.start()] + new + attributes[found.end() :]


def attribute(attributes: bytes, name: bytes) -> bytes | None:
    """The value of an attribute, None where it is not there."""
    found = re.search(rb"""\s%b\s*=\s*(?:"([^"]*)"|'([^']*)')""" % name, attributes)
    return None if found is None else found[1] if found[1] is not None else found[2]


def escaped(text: str) -> bytes:
    """A text as XML holds it; characters that XML cannot hold are left out."""
    kept = _NOT_XML.sub("", text)
    kept = kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return kept.encode("utf-8")


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _date(info: ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, max(year - 1980, 0) << 9 | month << 5 | day


def _relations_path(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels".lstrip("/")


def _resolved(part: str, target: str) -> str:
    target = target.replace("\\", "/")
    steps = [] if target.startswith("/") else part.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def _elements(data: bytes) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Local name and attributes of every element of a small part; a document type is not put up with."""
    found: list[tuple[str, Mapping[str, str]]] = []

    def on_start(element: str, attributes: dict[str, str]) -> None:
        found.append((element.rpartition(" ")[2], attributes))

    def on_doctype(*_: object) -> None:
        raise odd_file()

    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = on_start
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        parser.Parse(data, True)
    except (ExpatError, ValueError):
        raise odd_file() from None
    return iter(found)
