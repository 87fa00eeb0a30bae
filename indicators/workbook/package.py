"""The pre-check of an uploaded file: what it really is, and whether its structure can be trusted.

Pure: bytes in, facts and a small clean workbook out. Nothing here decides what a cell means; the values are
read by one reader only, from the clean workbook made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pyexpat import ExpatError, ParserCreate

from indicators.workbook.archive import (
    Archive,
    Refused,
    Repack,
    damaged,
    doctype,
    drain,
    encrypted,
    inflates_too_much,
)
from indicators.workbook.sheet_xml import SheetScan

MAX_FILE = 20 * 1024 * 1024
MAX_SHEETS = 50
DATA_SHEETS = ("学校数据", "县级数据")
VERSION_PROPERTIES = ("模板版本", "template_version")

_LONGEST_SMALL_PART = 16 * 1024 * 1024
_LARGEST_KEPT_PART = 32 * 1024 * 1024
_LONGEST_NAME = 100

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = (
    (b"%PDF", " PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", " RAR 压缩包"),
    (b"7z\xbc\xaf", " 7z 压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"MIME-Version:", "网页文件"),
    (b"{\\rtf", " RTF 文档"),
    (b"<?xml", " XML 文件"),
)
_HTML_STARTS = (b"<html", b"<!doctype html", b"<head", b"<meta", b"<table", b"<style", b"<div", b"<body")
_WORKBOOK_XML = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<workbookPr date1904="{date1904:d}"/><sheets>{sheets}</sheets></workbook>'
)
_RELATIONS_XML = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_RELATION_XML = (
    '<Relationship Id="rId{}" Target="{}"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}"/>'
)


class CheckedSheet:
    """A sheet of the workbook. ``scan`` is there for the sheets whose values are wanted; ``position`` is where the
    clean workbook has them."""

    def __init__(self, name: str, hidden: bool, scan: SheetScan | None, position: int) -> None:
        self.name = name
        self.hidden = hidden
        self.scan = scan
        self.position = position


class Checked:
    """What is known of a workbook before any value is read; ``clean`` is a workbook of its data sheets alone,
    empty where it has none."""

    def __init__(self, template_version: str | None, sheets: list[CheckedSheet], clean: bytes) -> None:
        self.template_version = template_version
        self.sheets = sheets
        self.clean = clean


class _Relation:
    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self.target = target


def not_a_workbook(what: str, remedy: str = "") -> Refused:
    """``what`` the file really is, and the way on where it is not to save it as a workbook."""
    return Refused(
        "file.not_a_workbook",
        f"这不是 Excel 工作簿，而是{what}。"
        + (
            remedy or "改扩展名不能改变内容，请在 Excel 或 WPS 中打开原始数据，另存为“Excel 工作簿（*.xlsx）”后再上传。"
        ),
    )


def identify(data: bytes, filename: str) -> str:
    """``"xlsx"`` or ``"csv"``, judged by content; only for plain text does the name's ending decide.

    Raises ``Refused`` for everything else, with the cause told apart.
    """
    if not data:
        raise Refused("file.empty", "文件是空的（0 字节）。请确认选对了文件，重新上传。")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if data.startswith(_OLE):
        raise _old_format(data)
    head = data[:4096]
    if b"E-SafeNet" in head:
        raise Refused(
            "file.encrypted", "文件被单位的加密软件（透明加密）加密，离开本机无法读取。请先解密，再上传解密后的文件。"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:32].lower().startswith(_HTML_STARTS):
        raise not_a_workbook("网页文件（HTML）")
    for start, what in _OTHER_KINDS:
        if text.startswith(start):
            raise not_a_workbook(what)
    if filename.lower().endswith(".csv"):
        return "csv"
    if b"\x00" in head:
        raise not_a_workbook("无法识别的文件")
    raise not_a_workbook(
        "文本文件",
        "改扩展名不能改变内容：CSV 导出请保留 .csv 扩展名上传，其他文本请在 Excel 或 WPS 中另存为 .xlsx 后再上传。",
    )


def _old_format(data: bytes) -> Refused:
    """Tell apart what lives in an OLE compound file, by the names in its directory."""

    def has_stream(name: str) -> bool:
        raw = name.encode("utf-16-le")
        at = data.find(raw)
        while at >= 0:
            # Directory entries are 128 bytes long and give the length of their name, its final NUL included.
            if at % 128 == 0 and data[at + 64 : at + 66] == (len(raw) + 2).to_bytes(2, "little"):
                return True
            at = data.find(raw, at + 1)
        return False

    if has_stream("EncryptedPackage") or has_stream("EncryptionInfo"):
        return encrypted()
    if has_stream("WordDocument"):
        return not_a_workbook(" Word 文档")
    if has_stream("PowerPoint Document"):
        return not_a_workbook("演示文稿")
    return Refused(
        "file.old_xls",
        "这是旧版 Excel 97-2003（.xls）或 WPS 表格（.et）格式。"
        "请在 Excel 或 WPS 中另存为“Excel 工作簿（*.xlsx）”后再上传。",
    )


def check(data: bytes) -> Checked:
    """Check a zip file as a workbook, part by part, each inflated exactly once.

    Raises ``Refused`` with the first cause found. Every byte the reader will see has passed through here.
    """
    archive = Archive(data)
    _check_contents(archive)
    book_key = _main_part(archive)
    sheets, date1904 = _read_workbook(archive, book_key)
    relations = _relations(archive, book_key)
    version = _template_version(archive)
    _check_sheet_names([name for name, _, _ in sheets])

    repack = Repack()
    checked: list[CheckedSheet] = []
    positions = 0
    for name, hidden, relation_id in sheets:
        relation = relations.get(relation_id)
        if relation is None or relation.target not in archive.parts:
            raise damaged(f"缺少工作表「{name}」的内容")
        if relation.kind == "xlMacrosheet":
            raise _macros()
        scan = None
        if relation.kind == "worksheet":
            sheet_scan = SheetScan(name, archive.excuse, is_read=name in DATA_SHEETS)
            rows = sheet_scan.plain_xml(archive.xml(relation.target))
            if name in DATA_SHEETS:
                scan = sheet_scan
                repack.add(f"xl/worksheets/sheet{positions}.xml", rows)
            else:
                drain(rows)
        checked.append(CheckedSheet(name, hidden, scan, positions))
        positions += scan is not None

    if positions:
        _add_surroundings(repack, archive, relations, positions, date1904)
    for key in archive.untouched():
        drain(archive.xml(key) if key.endswith((".xml", ".rels", ".vml")) else archive.inflate(key))
    return Checked(version, checked, repack.finished() if positions else b"")


def _add_surroundings(
    repack: Repack, archive: Archive, relations: dict[str, _Relation], sheets: int, date1904: bool
) -> None:
    """What the reader needs beside the sheets: texts and number formats as they were, the rest written anew."""
    for kind, target in {relation.kind: relation.target for relation in relations.values()}.items():
        if kind in ("sharedStrings", "styles") and target in archive.parts:
            repack.add(f"xl/{kind}.xml", _bounded(archive.xml(target)))
    numbers = range(sheets)
    listed = "".join(f'<sheet name="{n}" sheetId="{n + 1}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(_RELATION_XML.format(n, f"worksheets/sheet{n}.xml", "worksheet") for n in numbers)
    for name, text in (
        ("xl/workbook.xml", _WORKBOOK_XML.format(date1904=date1904, sheets=listed)),
        ("xl/_rels/workbook.xml.rels", _RELATIONS_XML.format(related)),
        ("_rels/.rels", _RELATIONS_XML.format(_RELATION_XML.format(1, "xl/workbook.xml", "officeDocument"))),
    ):
        repack.add(name, iter([text.encode()]))


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a part that the reader keeps in memory whole, many times its size."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _LARGEST_KEPT_PART:
            drain(chunks)
            raise inflates_too_much("文件中的文字或单元格样式过多")
        yield chunk


def _check_contents(archive: Archive) -> None:
    """Refuse a zip file that is no workbook, and a workbook that carries programs or other files."""
    names = archive.parts.keys()
    if "mimetype" in names:
        what = b"".join(archive.inflate("mimetype"))[:100]
        if what.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            raise Refused(
                "file.ods",
                "这是 OpenDocument 表格（.ods）。"
                "请在 Excel、WPS 或 LibreOffice 中另存为“Excel 工作簿（*.xlsx）”后再上传。",
            )
        raise not_a_workbook("其他办公文档")
    if "[content_types].xml" not in names:
        if any(name.endswith((".xlsx", ".xls", ".csv")) for name in names):
            raise not_a_workbook("压缩包", "请先解压，再上传其中的工作簿。")
        raise not_a_workbook("压缩包")
    types: list[str] = []

    def on_start(_: str, attributes: dict[str, str]) -> None:
        types.append(attributes.get("ContentType", "").lower())

    _parse(archive, "[content_types].xml", on_start)

    def has_type(*endings: str) -> bool:
        return any(type_.endswith(endings) for type_ in types)

    if has_type("sheet.binary.macroenabled.main") or "xl/workbook.bin" in names:
        raise Refused(
            "file.xlsb", "这是 Excel 二进制工作簿（.xlsb）。请在 Excel 中另存为“Excel 工作簿（*.xlsx）”后再上传。"
        )
    if "word/document.xml" in names:
        raise not_a_workbook(" Word 文档")
    if "ppt/presentation.xml" in names:
        raise not_a_workbook("演示文稿")
    if has_type("macroenabled.main+xml", "macrosheet+xml") or any(
        name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names
    ):
        raise _macros()
    if has_type("externallink+xml") or any(name.startswith("xl/externallinks/") for name in names):
        raise Refused(
            "file.external_links",
            "工作簿引用了其他文件中的数据（外部链接），引用的数值无法核对。请在 Excel 的“数据—编辑链接”"
            "（或“工作簿链接”）中断开链接，或把公式粘贴为数值，保存后再上传。",
        )
    if any(name.startswith(("xl/embeddings/", "xl/activex/")) for name in names):
        raise Refused(
            "file.embedded_objects",
            "工作簿中嵌入了其他文件或控件（对象）。请在表中选中并删除嵌入的对象，保存后再上传；佐证材料请另行上传。",
        )


def _macros() -> Refused:
    return Refused(
        "file.macros",
        "工作簿含有宏。请在 Excel 或 WPS 中另存为不含宏的“Excel 工作簿（*.xlsx）”，再上传。",
    )


def _main_part(archive: Archive) -> str:
    """The key of the workbook part."""
    key = "xl/workbook.xml"
    if "_rels/.rels" in archive.parts:
        for relation in _read_relations(archive, "_rels/.rels", "").values():
            if relation.kind == "officeDocument":
                key = relation.target
    if key not in archive.parts:
        raise not_a_workbook("没有工作簿内容的压缩包")
    return key


def _read_workbook(archive: Archive, key: str) -> tuple[list[tuple[str, bool, str]], bool]:
    """Name, hiddenness and relation of each sheet, and whether days are counted from 1904."""
    sheets: list[tuple[str, bool, str]] = []
    dates_1904: list[bool] = []

    def on_start(element: str, attributes: dict[str, str]) -> None:
        namespace, _, name = element.rpartition(" ")
        if "purl.oclc.org" in namespace:
            raise Refused(
                "file.strict_ooxml",
                "文件是“Strict Open XML”格式。"
                "请在 Excel 中另存为普通的“Excel 工作簿（*.xlsx）”（不带 Strict 字样），再上传。",
            )
        if name == "workbookPr":
            dates_1904.append(attributes.get("date1904") in ("1", "true"))
        elif name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            sheets.append(
                (
                    attributes.get("name", "").strip()[:_LONGEST_NAME],
                    attributes.get("state", "visible") != "visible",
                    relation,
                )
            )

    _parse(archive, key, on_start)
    if not sheets:
        raise damaged("没有工作表")
    if len(sheets) > MAX_SHEETS:
        raise Refused(
            "file.too_many_sheets",
            f"工作簿有 {len(sheets)} 张工作表，超过 {MAX_SHEETS} 张。请删除与填报无关的工作表后再上传。",
        )
    return sheets, any(dates_1904)


def _check_sheet_names(names: list[str]) -> None:
    for name in DATA_SHEETS:
        if names.count(name) > 1:
            raise Refused(
                "file.duplicate_sheets", f"工作簿中有多张名为「{name}」的工作表。请只保留一张，其余删除或改名后再上传。"
            )


def _relations(archive: Archive, key: str) -> dict[str, _Relation]:
    """The relations of a part, by their id; none where the part has no relations."""
    folder, _, name = key.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels".lstrip("/")
    return _read_relations(archive, relations, folder) if relations in archive.parts else {}


def _read_relations(archive: Archive, key: str, folder: str) -> dict[str, _Relation]:
    found: dict[str, _Relation] = {}

    def on_start(_: str, attributes: dict[str, str]) -> None:
        if "Target" in attributes and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = _Relation(kind, _resolved(folder, attributes["Target"]))

    _parse(archive, key, on_start)
    return found


def _resolved(folder: str, target: str) -> str:
    """The key of the part that ``target`` names, seen from ``folder``."""
    target = target.replace("\\", "/").lower()
    steps: list[str] = [] if target.startswith("/") else folder.split("/")
    for step in target.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(step for step in steps if step)


def _template_version(archive: Archive) -> str | None:
    """The custom document property that names the template, where there is one."""
    if "docprops/custom.xml" not in archive.parts:
        return None
    texts: dict[str, str] = {}
    current = [""]

    def on_start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(" ")[2] == "property":
            current[0] = attributes.get("name", "")

    def on_text(text: str) -> None:
        if current[0] in VERSION_PROPERTIES:
            texts[current[0]] = (texts.get(current[0], "") + text)[:_LONGEST_NAME]

    _parse(archive, "docprops/custom.xml", on_start, on_text)
    return next((texts[name].strip() for name in VERSION_PROPERTIES if texts.get(name, "").strip()), None)


def _parse(
    archive: Archive,
    key: str,
    on_start: Callable[[str, dict[str, str]], None],
    on_text: Callable[[str], None] | None = None,
) -> None:
    """Read one of the small parts; names come as "namespace local"."""
    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = on_start
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    size = 0
    try:
        for chunk in archive.xml(key):
            size += len(chunk)
            if size > _LONGEST_SMALL_PART:
                raise damaged(f"内部部件 {key[:80]} 过大")
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except ExpatError:
        raise damaged(f"内部部件 {key[:80]} 不合规范") from None


def _refuse_doctype(*_: object) -> None:
    raise doctype()
