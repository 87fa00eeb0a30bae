"""Evidence files: what they are is decided by their content, and nothing that runs or is two things gets in."""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from indicators.evidence import clean_filename, clean_line
from indicators.evidence_files import EVIDENCE_LIMIT, EvidenceRefused, check_evidence_file

# ── Files built in code ───────────────────────────────────────────────────────────────────────


def pdf(body: bytes = b"<</Type/Catalog/Pages 2 0 R>>", tail: bytes = b"\n") -> bytes:
    text = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + body + b"\nendobj\n"
    text += b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    text += b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF"
    return text + tail


def pdf_with_stream(about: bytes, packed: bytes) -> bytes:
    return pdf(b"<<" + about + b"/Length %d>>\nstream\n" % len(packed) + packed + b"\nendstream")


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def jpeg(*segments: bytes, scan: bytes = b"\x12\x34\xff\x00\x56", tail: bytes = b"") -> bytes:
    frame = segment(0xC0, b"\x08\x00\x10\x00\x10\x01\x01\x11\x00")
    start = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return b"\xff\xd8" + jfif + b"".join(segments) + frame + start + scan + b"\xff\xd9" + tail


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(*chunks: bytes, width: int = 1, tail: bytes = b"") -> bytes:
    head = chunk(b"IHDR", width.to_bytes(4, "big") + b"\0\0\0\1\x08\0\0\0\0")
    data = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + data + chunk(b"IEND", b"") + tail


DOCX_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
XLSX_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACRO_MAIN = "application/vnd.ms-word.document.macroEnabled.main+xml"


def package(main: str, kind: str, parts: dict[str, bytes | str], comment: bytes = b"", head: bytes = b"") -> bytes:
    target = io.BytesIO()
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{main}" ContentType="{kind}"/></Types>'
    )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.comment = comment
    return head + target.getvalue()


def docx(extra: dict[str, bytes | str] | None = None, **options: bytes) -> bytes:
    return package("word/document.xml", DOCX_MAIN, {"word/document.xml": "<document/>"} | (extra or {}), **options)


def xlsx() -> bytes:
    target = io.BytesIO()
    Workbook().save(target)
    return target.getvalue()


def bomb() -> bytes:
    """A document that says it unpacks to more than anybody sends."""
    target = io.BytesIO(docx())
    with zipfile.ZipFile(target, "a") as file:
        file.writestr("word/big.xml", b"")
        file.infolist()[-1].file_size = 600 * 1024 * 1024
    return target.getvalue()


def rels(kind: str, target: str) -> str:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        f' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
        f' Target="{target}" TargetMode="External"/></Relationships>'
    )


def archive(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return target.getvalue()


HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600

GOOD: dict[str, tuple[str, bytes, str]] = {
    "a pdf": ("通知.pdf", pdf(), "pdf"),
    "an ending in capitals": ("SCAN.PDF", pdf(), "pdf"),
    "a path of another system": (r"C:\材料\通知.pdf", pdf(), "pdf"),
    "a pdf padded after its end": ("a.pdf", pdf(tail=b"\r\n\0\0\0"), "pdf"),
    "a pdf saved once more at its end": ("a.pdf", pdf() + pdf()[9:], "pdf"),
    "a pdf with a packed picture": ("a.pdf", pdf_with_stream(b"/Subtype/Image", b"/JavaScript\x00\xff"), "pdf"),
    "a pdf with packed objects": ("a.pdf", pdf_with_stream(b"/Type/ObjStm", zlib.compress(b"<</A 1>>")), "pdf"),
    "a document": ("方案.docx", docx(), "docx"),
    "a document with a link to a page": (
        "a.docx", docx({"word/_rels/document.xml.rels": rels("hyperlink", "https://example.org/")}), "docx",
    ),
    "a document with a template on a disk": (
        "a.docx", docx({"word/_rels/settings.xml.rels": rels("attachedTemplate", "file:///C:/Normal.dotm")}), "docx",
    ),
    "a document with a chart's workbook": ("a.docx", docx({"word/embeddings/Sheet1.xlsx": xlsx()}), "docx"),
    "a workbook": ("名册.xlsx", xlsx(), "xlsx"),
    "a photograph": ("现场.jpg", jpeg(), "jpg"),
    "a photograph with the long ending": ("现场.jpeg", jpeg(segment(0xE1, b"Exif\0\0\xff\xd9")), "jpg"),
    "a screenshot": ("截图.png", png(), "png"),
    "a screenshot with a note": ("截图.png", png(chunk(b"tEXt", b"Title\0x")), "png"),
}  # fmt: skip

HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("a.pdf", b"", "空的"),
    "a file that is too large": ("a.pdf", pdf() + b" " * EVIDENCE_LIMIT, "超过上限"),
    "a page named pdf": ("a.pdf", HTML, "网页"),
    "a page behind blanks": ("a.pdf", b"\xef\xbb\xbf \r\n" + HTML, "网页"),
    "a page in utf-16": ("a.pdf", HTML.decode().encode("utf-16-le"), "网页"),
    "a drawing that runs scripts": ("a.png", SVG, "网页、SVG"),
    "a drawing with a declaration": ("a.svg", b'<?xml version="1.0"?>' + SVG, "网页、SVG"),
    "a program": ("a.pdf", b"MZ" + b"\0" * 200, "可执行"),
    "a program of another system": ("a.png", b"\x7fELF" + b"\0" * 200, "可执行"),
    "a shell script": ("a.pdf", b"#!/bin/sh\nrm -rf /\n", "可执行"),
    "plain text": ("a.pdf", "同意".encode(), "无法识别"),
    "an old document": ("a.docx", OLE, "旧版或加密"),
    "a rar": ("a.pdf", b"Rar!\x1a\x07\x01\0", "RAR"),
    "a gif": ("a.png", b"GIF89a" + b"\0" * 30, "GIF"),
    "an archive": ("a.docx", archive(**{"a.txt": b"x"}), "压缩包"),
    "an ofd": ("a.pdf", archive(**{"OFD.xml": b"<x/>"}), "OFD"),
    "a pdf named docx": ("a.docx", pdf(), "扩展名却是"),
    "a document named xlsx": ("a.xlsx", docx(), "扩展名却是"),
    "a photograph without an ending": ("photo", jpeg(), "扩展名却是空的"),
    "a pdf with two endings": ("a.pdf.exe", pdf(), "扩展名却是"),
    # PDF
    "a pdf behind a page": ("a.pdf", HTML + pdf(), "网页"),
    "a pdf behind rubbish": ("a.pdf", b"\r\nrubbish" + pdf(), "前面有其他内容"),
    "a pdf whose head is a page": ("a.pdf", pdf(b"<html><script>alert(1)</script>"), "夹有网页代码"),
    "a pdf with an archive behind it": ("a.pdf", pdf() + archive(a=b"x"), "夹有压缩包"),
    "a pdf with an archive and a second end": ("a.pdf", pdf() + archive(a=b"x") + b"startxref %%EOF", "夹有压缩包"),
    "a pdf with a program behind it": ("a.pdf", pdf(tail=b"\nMZ\x90\0"), "末尾还附有"),
    "half a pdf": ("a.pdf", pdf()[:-30], "不完整"),
    "a pdf that is a head alone": ("a.pdf", b"%PDF-1.7\n%%EOF", "不完整"),
    "a pdf with a script": ("a.pdf", pdf(b"<</OpenAction<</S/JavaScript/JS(x)>>>>"), "脚本"),
    "a pdf with a script under another spelling": ("a.pdf", pdf(b"<</S/Java#53cript>>"), "脚本"),
    "a pdf with a packed script": (
        "a.pdf", pdf_with_stream(b"/Type/ObjStm", zlib.compress(b"<</S/JavaScript>>")), "脚本",
    ),
    "a pdf that starts programs": ("a.pdf", pdf(b"<</S/Launch/F(cmd.exe)>>"), "启动程序"),
    "a pdf with an attachment": ("a.pdf", pdf(b"<</Type/EmbeddedFile>>"), "内嵌附件"),
    "a pdf that is a bomb": (
        "a.pdf", pdf_with_stream(b"/Type/ObjStm", zlib.compress(b"\0" * (80 * 1024 * 1024))), "解压后过大",
    ),
    # Word and Excel
    "a document with macros": ("a.docx", docx({"word/vbaProject.bin": b"x"}), "宏"),
    "a document that declares macros": (
        "a.docx", package("word/document.xml", MACRO_MAIN, {"word/document.xml": "<d/>"}), "宏",
    ),
    "a document with controls": ("a.docx", docx({"word/activeX/activeX1.xml": "<x/>"}), "ActiveX"),
    "a document with an object": ("a.docx", docx({"word/embeddings/oleObject1.bin": OLE}), "内嵌了程序"),
    "a document with a program": ("a.docx", docx({"word/media/image1.png": b"MZ\x90\0"}), "内嵌了程序"),
    "a document with a script": ("a.docx", docx({"word/media/run.js": b"x"}), "内嵌了程序"),
    "a document that loads from the network": (
        "a.docx", docx({"word/_rels/settings.xml.rels": rels("attachedTemplate", "https://evil.example/t.dotm")}),
        "从网络载入",
    ),
    "a document behind a page": ("a.docx", docx(head=HTML), "网页"),
    "a document behind a photograph": ("a.jpg", jpeg() + docx(), "夹有压缩包"),
    "a document with words behind it": ("a.docx", docx(comment=HTML), "夹有其他内容"),
    "a document that climbs": ("a.docx", docx({"../../etc/passwd": b"x"}), "内部结构"),
    "a document with one part twice": ("a.docx", docx({"word/A.xml": b"1", "word/a.xml": b"2"}), "内部结构"),
    "a document with entities": (
        "a.docx", docx({"word/_rels/x.rels": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "内部结构",
    ),
    "a document with a definition": ("a.docx", docx({"word/_rels/x.rels": "<!DOCTYPE a><a/>"}), "内部结构"),
    "a document without its main part": ("a.docx", package("word/document.xml", DOCX_MAIN, {}), "不是完整的"),
    "a document whose main part lies elsewhere": (
        "a.docx", package("xl/a.xml", DOCX_MAIN, {"xl/a.xml": "<a/>"}), "不是完整的",
    ),
    "half a document": ("a.docx", docx()[:-40], "不完整"),
    "a package that is a bomb": ("a.docx", bomb(), "解压后过大"),
    # Images
    "half a photograph": ("a.jpg", jpeg()[:-2], "不完整"),
    "a photograph that is a head alone": ("a.jpg", b"\xff\xd8\xff\xd9", "不完整"),
    "a photograph without a picture": ("a.jpg", b"\xff\xd8" + segment(0xDA, b"\1") + b"\xff\xd9", "不完整"),
    "a photograph with an archive behind it": ("a.jpg", jpeg(tail=archive(a=b"x")), "夹有压缩包"),
    "a photograph with a page behind it": ("a.jpg", jpeg(scan=b"x" * 5000, tail=HTML), "末尾还附有"),
    "a photograph with a page in a note": ("a.jpg", jpeg(segment(0xFE, HTML)), "夹有网页代码"),
    "a photograph with a pdf in a note": ("a.jpg", jpeg(segment(0xFE, pdf())), "夹有 PDF"),
    "half a screenshot": ("a.png", png()[:-6], "不完整"),
    "a screenshot with a wrong sum": ("a.png", png()[:-1] + b"\0", "不完整"),
    "a screenshot without a width": ("a.png", png(width=0), "不完整"),
    "a screenshot with an archive behind it": ("a.png", png(tail=archive(a=b"x")), "夹有压缩包"),
    "a screenshot with a page in a note": ("a.png", png(chunk(b"tEXt", b"a\0" + HTML)), "夹有网页代码"),
    "a screenshot with words behind it": ("a.png", png(tail=b"secret"), "末尾还附有"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_an_ordinary_file_is_known_by_its_content(name):
    filename, content, kind = GOOD[name]
    assert check_evidence_file(filename, content) == kind


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_with_its_cause(name):
    filename, content, words = HOSTILE[name]
    with pytest.raises(EvidenceRefused, match=words) as refusal:
        check_evidence_file(filename, content)
    assert str(refusal.value).endswith("。")


@pytest.mark.parametrize("build", [pdf, docx, xlsx, jpeg, png])
def test_no_cut_and_no_single_changed_byte_breaks_the_check(build: Callable[[], bytes]):
    content = build()
    for position in range(0, len(content), max(len(content) // 150, 1)):
        for broken in (content[:position], content[:position] + b"\xff" + content[position + 1 :]):
            for ending in ("pdf", "docx", "xlsx", "jpg", "png"):
                with contextlib.suppress(EvidenceRefused):
                    check_evidence_file(f"a.{ending}", broken)


@pytest.mark.parametrize(
    ("filename", "clean"),
    [
        ("通知.pdf", "通知.pdf"),
        (r"C:\材料\通知.pdf", "通知.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie x.pdf"),
        ("fdp.\u202efdp.pdf", "fdp.fdp.pdf"),
        ('<img src="x">.pdf', "img src=x.pdf"),
        (".pdf", "佐证材料.pdf"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
    ],
)
def test_a_name_loses_its_path_and_whatever_cannot_be_printed(filename, clean):
    assert clean_filename(filename, "pdf") == clean


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u202eb", "a\u200bb", "", "　", "长" * 101])
def test_a_line_with_control_characters_or_too_long_or_missing_is_refused(text):
    with pytest.raises(EvidenceRefused, match="发文单位"):
        clean_line(text, "发文单位", False, 100)


def test_a_line_keeps_everything_else_that_people_write():
    assert clean_line("　县政府〔2025〕3号 · 教育局　", "发文单位", False, 100) == "县政府〔2025〕3号 · 教育局"
