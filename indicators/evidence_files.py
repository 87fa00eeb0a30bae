"""What an evidence file really is, judged by its content: pdf, docx, xlsx, jpg or png, and nothing else. Pure.

A file must be one thing from its first byte to its last: what two programs could read as two things is refused, and
so is whatever would run when somebody opens it.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

#: Largest evidence file, bytes.
EVIDENCE_LIMIT = 20 * 1024 * 1024
#: What may be attached: kind, the endings that go with it, and the type it is served as.
SUFFIXES = {"pdf": ("pdf",), "docx": ("docx",), "xlsx": ("xlsx",), "jpg": ("jpg", "jpeg"), "png": ("png",)}
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "png": "image/png",
}
ACCEPT = ",".join(f".{suffix}" for suffixes in SUFFIXES.values() for suffix in suffixes)

_NAMES = {"pdf": "PDF", "docx": "Word 文档", "xlsx": "Excel 工作簿", "jpg": "JPEG 图片", "png": "PNG 图片"}
_SAVE_ANEW = "请在原来的程序中打开，另存为新文件后再上传。"
_HEAD = 4096
_BLANK = b"\0\t\n\x0c\r "
_MARKUP = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|script|iframe|svg|object|embed)[\s>/]", re.IGNORECASE)
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"#!")
_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版或加密的 Office 文件，请去掉密码，另存为 .docx 或 .xlsx"),
    (b"Rar!", "RAR 压缩包，请解压后逐个上传"),
    (b"7z\xbc\xaf", "7z 压缩包，请解压后逐个上传"),
    (b"\x1f\x8b", "压缩包，请解压后逐个上传"),
    (b"GIF8", "GIF 图片，请另存为 PNG 或 JPEG"),
    (b"BM", "BMP 图片，请另存为 PNG 或 JPEG"),
    (b"II*\0", "TIFF 图片，请另存为 PNG 或 JPEG"),
    (b"MM\0*", "TIFF 图片，请另存为 PNG 或 JPEG"),
    (b"RIFF", "WebP 图片或音视频，请另存为 PNG 或 JPEG"),
    (b"\0\0\0", "HEIC 图片或视频，请另存为 PNG 或 JPEG"),
    (b"{\\rtf", "RTF 文档，请另存为 .docx 或 PDF"),
)


class EvidenceRefused(ValueError):
    """A file or what is said about it cannot be taken as evidence; the message is meant for the person who sent it."""


def check_evidence_file(filename: str, content: bytes) -> str:
    """The kind of the file, a key of ``SUFFIXES``. Raises EvidenceRefused with the cause and the way on."""
    if not content:
        raise EvidenceRefused("文件是空的（0 字节）。请确认选对了文件。")
    if len(content) > EVIDENCE_LIMIT:
        raise EvidenceRefused(
            f"文件有 {len(content) / 1024**2:.1f} MB，超过上限 {EVIDENCE_LIMIT // 1024**2} MB。"
            "请压缩图片或分成几个文件。"
        )
    kind = _kind_of(content)
    suffix = PurePath(filename.replace("\\", "/")).suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES[kind]:
        shown = f"“.{suffix}”" if suffix else "空的"
        raise EvidenceRefused(
            f"文件内容是{_NAMES[kind]}，扩展名却是{shown}。请把扩展名改为 .{kind} 后再上传；改扩展名不能改变内容。"
        )
    return kind


def _kind_of(content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        return _check_office(content)
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_png(content)
        return "png"
    raise EvidenceRefused(
        f"不能接受这个文件：{_what_else(content)}。只接受 PDF、Word（.docx）、Excel（.xlsx）、JPEG 和 PNG。"
    )


def _what_else(content: bytes) -> str:
    head = content[:_HEAD]
    if head.startswith(_PROGRAMS):
        return "它是可执行程序或脚本"
    for start, words in _OTHERS:
        if head.startswith(start):
            return f"它是{words}"
    if _MARKUP.search(head) or head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "它是网页、SVG 或 XML 文件"
    if b"%PDF-" in head:
        return "PDF 内容前面有其他内容"
    return "无法识别它的内容"


def _check_one_thing(content: bytes, kind: str) -> None:
    """Refuse a file that other programs would open as a web page, a PDF or an archive."""
    if _MARKUP.search(content[:_HEAD]):
        raise EvidenceRefused(f"这个{_NAMES[kind]}里夹有网页代码，不能接受。{_SAVE_ANEW}")
    if kind != "pdf" and b"%PDF-" in content[:_HEAD]:
        raise EvidenceRefused(f"这个{_NAMES[kind]}里夹有 PDF 内容，不能接受。{_SAVE_ANEW}")
    if kind in ("pdf", "jpg", "png") and zipfile.is_zipfile(BytesIO(content)):
        raise EvidenceRefused(f"这个{_NAMES[kind]}里夹有压缩包，不能接受。{_SAVE_ANEW}")


def _damaged(kind: str) -> EvidenceRefused:
    return EvidenceRefused(f"这个{_NAMES[kind]}不完整或已损坏，可能没有传完。请先确认能够打开，再重新上传。")


def _trailing(kind: str) -> EvidenceRefused:
    return EvidenceRefused(f"这个{_NAMES[kind]}末尾还附有其他内容，不能接受。{_SAVE_ANEW}")


# ── PDF ───────────────────────────────────────────────────────────────────────────────────────

_PDF_ACTIVE = {
    b"/JavaScript": "脚本",
    b"/Launch": "启动程序的动作",
    b"/EmbeddedFile": "内嵌附件",
    b"/RichMedia": "内嵌媒体",
}
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"\bstream\r?\n")
_OBJECT_STREAMS_LIMIT = 64 * 1024 * 1024


def _check_pdf(content: bytes) -> None:
    _check_one_thing(content, "pdf")
    end = content.rfind(b"%%EOF")
    if not re.match(rb"%PDF-[12]\.\d", content) or end < 0 or content.rfind(b"startxref", 0, end) < 0:
        raise _damaged("pdf")
    if content[end + 5 :].strip(_BLANK):
        raise _trailing("pdf")
    for text in _pdf_objects(content):
        plain = _PDF_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text)
        for name, words in _PDF_ACTIVE.items():
            if name in plain:
                raise EvidenceRefused(
                    f"这个 PDF 含有{words}，不能接受。请用“打印为 PDF”另存一份后再上传，附件请单独上传。"
                )


def _pdf_objects(content: bytes) -> Iterator[bytes]:
    """The objects of a PDF as text: what stands outside its streams, and its object streams unpacked."""
    position, left = 0, _OBJECT_STREAMS_LIMIT
    for found in _PDF_STREAM.finditer(content):
        if found.start() < position:
            continue
        outside = content[position : found.start()]
        yield outside
        stop = content.find(b"endstream", found.end())
        position = len(content) if stop < 0 else stop
        if b"/ObjStm" in outside[outside.rfind(b"obj") :]:
            unpacked = _inflated(content[found.end() : position], left)
            left -= len(unpacked)
            if left <= 0:
                raise EvidenceRefused("这个 PDF 解压后过大，不能接受。请用“打印为 PDF”另存一份后再上传。")
            yield unpacked
    yield content[position:]


def _inflated(packed: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, limit)
    except zlib.error:
        return packed


# ── Word and Excel ────────────────────────────────────────────────────────────────────────────

_MAIN_TYPES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": ("docx", "word/"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": ("xlsx", "xl/"),
}
_CONTENT_TYPES_PART = "[Content_Types].xml"
_MOST_PARTS = 10_000
_LARGEST_PART_READ = 4 * 1024 * 1024
_LARGEST_UNPACKED = 512 * 1024 * 1024
_PROGRAM_SUFFIXES = frozenset(
    {
        *(
            "exe",
            "dll",
            "com",
            "scr",
            "bat",
            "cmd",
            "ps1",
            "vbs",
            "vbe",
            "js",
            "jse",
            "wsf",
            "hta",
            "jar",
            "msi",
            "lnk",
        ),
        *("cpl", "pif", "reg", "htm", "html", "xhtml", "docm", "xlsm", "pptm", "dotm", "xltm", "xlam", "xlsb", "swf"),
        *("chm", "sh"),
    }
)
_LINKS_THAT_LOAD = ("attachedTemplate", "oleObject", "frame", "subDocument")
_FAR_AWAY = re.compile(r"\s*(?:https?:|ftp:|mhtml:|file:/{4,}|file:\\\\|\\\\|//)", re.IGNORECASE)


def _check_office(content: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            return _check_package(package, content)
    except EvidenceRefused:
        raise
    except (ParseError, DefusedXmlException) as error:
        raise EvidenceRefused(f"文件的内部结构不正确，不能接受。{_SAVE_ANEW}") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError) as error:
        # ValueError: offsets that lie outside the file; RuntimeError: packed in a way nobody uses, or with a password.
        raise EvidenceRefused("文件不完整或已损坏，可能没有传完。请先确认能够打开，再重新上传。") from error


def _check_package(package: zipfile.ZipFile, content: bytes) -> str:
    parts = package.infolist()
    names = [part.filename for part in parts]
    if _CONTENT_TYPES_PART not in names:
        what = "OFD 版式文件，请另存为 PDF" if "OFD.xml" in names else "压缩包，请解压后逐个上传"
        raise EvidenceRefused(f"不能接受这个文件：它是{what}。")
    kind, main = _main_part(package)
    if package.comment or content[-22:-18] != b"PK\x05\x06" or min(part.header_offset for part in parts) != 0:
        raise EvidenceRefused(f"这个{_NAMES[kind]}里夹有其他内容，不能接受。{_SAVE_ANEW}")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
        raise EvidenceRefused(f"这个{_NAMES[kind]}解压后过大，不能接受。请减少图片或分成几个文件。")
    if any(part.flag_bits & 1 for part in parts):
        raise EvidenceRefused(f"这个{_NAMES[kind]}设有密码，不能接受。请去掉密码后再上传。")
    if len({name.lower() for name in names}) != len(names) or any(map(_is_odd_name, names)):
        raise EvidenceRefused(f"这个{_NAMES[kind]}的内部结构不正确，不能接受。{_SAVE_ANEW}")
    for part in parts:
        _check_part(package, part, kind)
    with package.open(main) as file:
        if b"<" not in file.read(_HEAD):
            raise _damaged(kind)
    return kind


def _is_odd_name(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/") or not name.isprintable()


def _main_part(package: zipfile.ZipFile) -> tuple[str, str]:
    types = _xml(package, _CONTENT_TYPES_PART)
    declared = [element.get("ContentType", "") for element in types]
    if any("macroenabled" in each.lower() or "vbaproject" in each.lower() for each in declared):
        raise EvidenceRefused("文件含有宏，不能接受。请另存为不含宏的 .docx 或 .xlsx 后再上传。")
    for element in types:
        if (found := _MAIN_TYPES.get(element.get("ContentType", ""))) is not None:
            kind, folder = found
            main = element.get("PartName", "").removeprefix("/")
            if main.startswith(folder) and main in package.namelist():
                return kind, main
    raise EvidenceRefused("文件不是完整的 Word 文档（.docx）或 Excel 工作簿（.xlsx），不能接受。演示文稿请另存为 PDF。")


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo, kind: str) -> None:
    name = part.filename.lower()
    if "vbaproject" in name or "vbadata" in name or "/macrosheets/" in name:
        raise EvidenceRefused(f"这个{_NAMES[kind]}含有宏，不能接受。请另存为不含宏的文件后再上传。")
    if "activex" in name:
        raise EvidenceRefused(f"这个{_NAMES[kind]}含有 ActiveX 控件，不能接受。请删除控件或另存为 PDF 后再上传。")
    is_program = name.rpartition(".")[2] in _PROGRAM_SUFFIXES or ("embeddings/" in name and name.endswith(".bin"))
    if not is_program and not part.is_dir():
        with package.open(part) as file:
            is_program = file.read(4).startswith(_PROGRAMS)
    if is_program:
        raise EvidenceRefused(
            f"这个{_NAMES[kind]}内嵌了程序或其他对象，不能接受。请删除内嵌对象或另存为 PDF 后再上传。"
        )
    if name.endswith(".rels"):
        for link in _xml(package, part.filename):
            is_external = link.get("TargetMode", "").lower() == "external"
            loads = link.get("Type", "").rpartition("/")[2] in _LINKS_THAT_LOAD
            if is_external and loads and _FAR_AWAY.match(link.get("Target", "")):
                raise EvidenceRefused(
                    f"这个{_NAMES[kind]}打开时会从网络载入其他内容，不能接受。请断开链接或另存为 PDF 后再上传。"
                )


def _xml(package: zipfile.ZipFile, name: str) -> Element:
    with package.open(name) as file:
        text = file.read(_LARGEST_PART_READ + 1)
    if len(text) > _LARGEST_PART_READ:
        raise EvidenceRefused(f"文件的内部结构不正确，不能接受。{_SAVE_ANEW}")
    root: Element = fromstring(text, forbid_dtd=True)
    return root


# ── Images ────────────────────────────────────────────────────────────────────────────────────

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN = 0xDA


def _check_jpeg(content: bytes) -> None:
    _check_one_thing(content, "jpg")
    position, has_frame = 2, False
    while True:
        head = content[position : position + 4]
        if len(head) < 4 or head[0] != 0xFF:
            raise _damaged("jpg")
        if head[1] == 0xFF:
            position += 1
            continue
        length = int.from_bytes(head[2:4], "big")
        body = content[position + 4 : position + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise _damaged("jpg")
        if head[1] in _JPEG_FRAMES:
            has_frame = len(body) >= 6 and int.from_bytes(body[3:5], "big") > 0
        position += 2 + length
        if head[1] == _JPEG_SCAN:
            break
    text = content.rstrip(_BLANK)
    if not has_frame or content.find(b"\xff\xd9", position) < 0:
        raise _damaged("jpg")
    if not text.endswith(b"\xff\xd9"):
        raise _trailing("jpg")


def _check_png(content: bytes) -> None:
    _check_one_thing(content, "png")
    position, seen = 8, set[bytes]()
    while b"IEND" not in seen:
        length, name = int.from_bytes(content[position : position + 4], "big"), content[position + 4 : position + 8]
        stop = position + 8 + length
        if stop + 4 > len(content) or not name.isalpha() or (not seen and name != b"IHDR"):
            raise _damaged("png")
        if zlib.crc32(content[position + 4 : stop]) != int.from_bytes(content[stop : stop + 4], "big"):
            raise _damaged("png")
        sides = (content[position + 8 : position + 12], content[position + 12 : position + 16])
        if name == b"IHDR" and (length != 13 or b"\0\0\0\0" in sides):
            raise _damaged("png")
        seen.add(name)
        position = stop + 4
    if b"IDAT" not in seen:
        raise _damaged("png")
    if content[position:].strip(_BLANK):
        raise _trailing("png")
