"""Hostile, broken and odd files, each built in code by one function that writes it to a path."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
SHEET = "xl/worksheets/sheet1.xml"
ONE_ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'
LAST_ROW = 1_048_576

Content = str | bytes | Iterable[bytes]


# The bricks of a workbook


def content_types(main: str = MAIN_TYPE, extra: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/>{extra}</Types>'
    )


def workbook_xml(*names: str, properties: str = "", namespace: str = MAIN) -> str:
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    return f'<workbook xmlns="{namespace}" xmlns:r="{OFFICE}">{properties}<sheets>{sheets}</sheets></workbook>'


def relations(*targets: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def worksheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def shared_strings(*items: str) -> str:
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/>'
    '<xf numFmtId="46"/><xf numFmtId="22"/></cellXfs></styleSheet>'
)


def good_parts(rows: str = ONE_ROW, sheets: tuple[str, ...] = ("学校数据",)) -> dict[str, Content]:
    """A plain good workbook; every sheet has the same rows."""
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    return {
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook_xml(*sheets),
        "xl/_rels/workbook.xml.rels": relations(
            *targets, ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
        "xl/styles.xml": STYLES,
        **{f"xl/{target}": worksheet(rows) for _, target in targets},
    }


def zipped(path: Path, parts: dict[str, Content], level: int = 6) -> Path:
    """An iterable content is written as a stream, so that building a bomb needs no memory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            if isinstance(content, str | bytes):
                archive.writestr(name, content)
                continue
            with archive.open(name, "w") as stream:
                for chunk in content:
                    stream.write(chunk)
    return path


def book(path: Path, rows: str = ONE_ROW, changes: dict[str, Content] | None = None) -> Path:
    return zipped(path, good_parts(rows) | (changes or {}))


def sheet_book(path: Path, xml: Content) -> Path:
    """A workbook whose worksheet part is exactly ``xml``."""
    return book(path, changes={SHEET: xml})


# Other files under the name of a workbook


def text_renamed(path: Path) -> Path:
    path.write_text("学校标识码,学校名称\n3500000001,实验小学\n", encoding="utf-8")
    return path


def nothing_at_all(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def web_page(path: Path) -> Path:
    path.write_text("\ufeff\n<html><body><table><tr><td>学校</td></tr></table></body></html>", encoding="utf-8")
    return path


def xml_table(path: Path) -> Path:
    path.write_text('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>')
    return path


def pdf(path: Path) -> Path:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500))
    return path


def photo(path: Path) -> Path:
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    return path


def random_bytes(path: Path) -> Path:
    path.write_bytes(bytes((n * n * 7 + n // 3) % 256 for n in range(5000)))
    return path


def open_document(path: Path) -> Path:
    return zipped(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": '<office:document-content xmlns:office="urn:oasis"/>',
            "META-INF/manifest.xml": "<manifest/>",
        },
    )


def word_document(path: Path) -> Path:
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return zipped(path, {"[Content_Types].xml": content_types(main), "word/document.xml": "<w/>"})


def zip_of_a_workbook(path: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a", "b")
    return zipped(path, {"某县/填报.xlsx": inner.getvalue()})


def compound_file(path: Path, *streams: str) -> Path:
    """An OLE compound file: header, one table sector, one directory sector with these empty streams."""

    def entry(name: str, kind: int) -> bytes:
        raw = name.encode("utf-16-le")
        named = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2, kind, 1)
        return (named + struct.pack("<3L", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)).ljust(116, b"\0") + bytes(12)

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<4L", 1, 1, 0, 4096) + struct.pack("<4L", 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<L", 0) + b"\xff" * 432
    table = struct.pack("<2L", 0xFFFFFFFD, 0xFFFFFFFE).ljust(512, b"\xff")
    directory = entry("Root Entry", 5) + b"".join(entry(name, 2) for name in streams)
    path.write_bytes(header[:512] + table + directory.ljust(512, b"\0"))
    return path


def encrypted(path: Path) -> Path:
    return compound_file(path, "EncryptionInfo", "EncryptedPackage")


def old_xls(path: Path) -> Path:
    return compound_file(path, "Workbook")


def old_word(path: Path) -> Path:
    return compound_file(path, "WordDocument")


def enterprise_encrypted(path: Path) -> Path:
    path.write_bytes(b"\x62\x14\x23\x65\x3d\x00\x45\x2dE-SafeNet\x00\x00\x00LOCK" + bytes(800))
    return path


def zip_with_password(path: Path) -> Path:
    data = bytearray(book(path).read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)
    return path


def strict_open_xml(path: Path) -> Path:
    namespace = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    return book(path, changes={"xl/workbook.xml": workbook_xml("学校数据", namespace=namespace)})


def binary_workbook(path: Path) -> Path:
    main = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    return book(path, changes={"[Content_Types].xml": content_types(main)})


# Workbooks with something in them that has no business there


def macros(path: Path) -> Path:
    main = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    return book(path, changes={"[Content_Types].xml": content_types(main), "xl/vbaProject.bin": b"\xd0\xcf" * 50})


def macros_behind_a_plain_type(path: Path) -> Path:
    return book(path, changes={"xl/vbaProject.bin": b"\xd0\xcf" * 50})


def macro_sheet(path: Path) -> Path:
    return book(
        path,
        changes={
            "xl/_rels/workbook.xml.rels": relations(("xlMacrosheet", "sheets/sheet9.xml")),
            "xl/sheets/sheet9.xml": worksheet(""),
        },
    )


def external_link(path: Path) -> Path:
    return book(path, changes={"xl/externalLinks/externalLink1.xml": "<externalLink/>"})


def embedded_object(path: Path) -> Path:
    return book(path, changes={"xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0" + bytes(100)})


_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def entities_in_the_sheet(path: Path) -> Path:
    return sheet_book(path, '<?xml version="1.0"?>' + _ENTITIES + worksheet(ONE_ROW))


def entities_in_the_workbook(path: Path) -> Path:
    return book(path, changes={"xl/workbook.xml": _ENTITIES + workbook_xml("学校数据")})


def entities_in_the_strings(path: Path) -> Path:
    return book(path, changes={"xl/sharedStrings.xml": _ENTITIES + shared_strings("<t>&b;</t>")})


def entities_behind_a_long_comment(path: Path) -> Path:
    return sheet_book(path, "<!--" + "x" * (256 * 1024 - 10) + "-->" + _ENTITIES + worksheet(ONE_ROW))


def entities_in_wide_letters(path: Path) -> Path:
    wide = ('<?xml version="1.0" encoding="utf-16"?>' + _ENTITIES + "<x/>").encode("utf-16")
    return book(path, changes={"customXml/item1.xml": wide})


# Bombs


def _same(chunk: bytes, total: int) -> Iterator[bytes]:
    for _ in range(total // len(chunk)):
        yield chunk


def bomb_in_the_sheet(path: Path, megabytes: int = 200) -> Path:
    start = f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()

    def xml() -> Iterator[bytes]:
        yield start
        yield from _same(b" " * 65536, megabytes << 20)
        yield b"</sheetData></worksheet>"

    return sheet_book(path, xml())


def bomb_in_one_cell(path: Path) -> Path:
    def xml() -> Iterator[bytes]:
        yield f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="str"><v>'.encode()
        yield from _same(b"9" * 65536, 100 << 20)
        yield b"</v></c></row></sheetData></worksheet>"

    return sheet_book(path, xml())


def bomb_in_the_strings(path: Path) -> Path:
    def xml() -> Iterator[bytes]:
        yield f'<sst xmlns="{MAIN}">'.encode()
        yield from _same(b"<si><t>x</t></si>" * 4096, 120 << 20)
        yield b"</sst>"

    return book(path, '<row r="1"><c r="A1" t="s"><v>0</v></c></row>', {"xl/sharedStrings.xml": xml()})


def bomb_of_one_long_text(path: Path) -> Path:
    """Small, well-formed and within every limit of structure; but the reader copies the text for each cell."""
    text = "<t>" + "长" * 300_000 + "</t>"
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 5001))
    return book(path, rows, {"xl/sharedStrings.xml": shared_strings(text)})


def bomb_in_a_picture(path: Path) -> Path:
    return book(path, changes={"xl/media/image1.png": _same(bytes(65536), 140 << 20)})


def bomb_in_the_rest(path: Path) -> Path:
    """The size lies behind the rows, where nothing is read."""

    def xml() -> Iterator[bytes]:
        yield worksheet(ONE_ROW).encode()[: -len("</worksheet>")]
        yield from _same(b"<dataValidations/>" * 4096, 140 << 20)
        yield b"</worksheet>"

    return sheet_book(path, xml())


def bomb_of_formatting(path: Path) -> Path:
    """300 MB of empty rows with endless formatting, more than any honest sheet has."""

    def xml() -> Iterator[bytes]:
        yield f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()
        for start in range(1, 300_001, 1000):
            yield b"".join(b'<row r="%d" x="%b"/>' % (n, b"-" * 1000) for n in range(start, start + 1000))
        yield b"</sheetData></worksheet>"

    return zipped(path, good_parts() | {SHEET: xml()}, level=1)


def bomb_that_lies(path: Path) -> Path:
    """140 MB that the directory says are 100 bytes."""
    data = bytearray(bomb_in_the_sheet(path, megabytes=140).read_bytes())
    at = data.find(SHEET.encode(), data.find(b"PK\x01\x02")) - 46
    struct.pack_into("<L", data, at + 24, 100)
    path.write_bytes(data)
    return path


def bomb_of_one_part_many_times(path: Path) -> Path:
    """180 directory entries that all point at the same few packed bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = bytes(4 << 20)
    packed = packer.compress(body) + packer.flush()
    crc = zlib.crc32(body)
    data = bytearray(book(path).read_bytes())
    end = data.rfind(b"PK\x05\x06")
    count, _, directory = struct.unpack_from("<HLL", data, end + 10)
    listed = bytes(data[directory:end])
    start = directory
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), len(body), 1, 0) + b"x"
    for n in range(180):
        name = b"xl/media/%d.png" % n
        listed += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), len(body), len(name), *[0] * 5, start
        )
        listed += name
    whole = bytes(data[:directory]) + local + packed
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count + 180, count + 180, len(listed), len(whole), 0)
    path.write_bytes(whole + listed + tail)
    return path


def heavy_file(path: Path) -> Path:
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(21 << 20)
    return path


# Sheets that are too large or contradict themselves


def far_corners(path: Path) -> Path:
    return book(path, ONE_ROW + f'<row r="{LAST_ROW}"><c r="XFD{LAST_ROW}"><v>2</v></c></row>')


def far_below(path: Path) -> Path:
    """Within the columns, but the area between the two cells is too large."""
    return book(path, ONE_ROW + f'<row r="{LAST_ROW}"><c r="IV{LAST_ROW}"><v>2</v></c></row>')


def far_right(path: Path) -> Path:
    return book(path, '<row r="3"><c r="A3"><v>1</v></c><c r="IW3"><v>2</v></c></row>')


def far_corners_of_another_sheet(path: Path) -> Path:
    far = worksheet(ONE_ROW + f'<row r="{LAST_ROW}"><c r="XFD{LAST_ROW}"><v>2</v></c></row>')
    return zipped(path, good_parts(sheets=("学校数据", "备忘")) | {"xl/worksheets/sheet2.xml": far})


def too_many_rows(path: Path) -> Path:
    return book(path, "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 20_002)))


def same_cell_twice(path: Path) -> Path:
    return book(path, '<row r="2"><c r="B2"><v>777</v></c><c r="C2"><v>1</v></c><c r="B2"><v>999</v></c></row>')


def rows_reversed(path: Path) -> Path:
    return book(path, "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in (3, 2, 1)))


def same_row_twice(path: Path) -> Path:
    return book(path, ONE_ROW + '<row r="1"><c r="B1"><v>2</v></c></row>')


def cell_in_the_wrong_row(path: Path) -> Path:
    return book(path, '<row r="1"><c r="A7"><v>1</v></c></row>')


def too_many_sheets(path: Path) -> Path:
    return zipped(path, good_parts(sheets=tuple(f"表{n}" for n in range(51))))


def too_many_parts(path: Path) -> Path:
    return book(path, changes={f"xl/media/image{n}.png": b"x" for n in range(200)})


def two_data_sheets(path: Path) -> Path:
    return zipped(path, good_parts(sheets=("学校数据", " 学校数据")))


# Damage


def truncated(path: Path) -> Path:
    data = book(path, "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 900))).read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    return path


def without_its_middle(path: Path) -> Path:
    data = book(path, "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 900))).read_bytes()
    path.write_bytes(data[:1500] + data[1900:])
    return path


def flipped_bit(path: Path) -> Path:
    """One bit of a number in a part that is stored unpacked, so that only the checksum can tell."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in good_parts('<row r="1"><c r="A1"><v>4444</v></c></row>').items():
            archive.writestr(name, content if isinstance(content, str) else b"")
    path.write_bytes(path.read_bytes().replace(b"<v>4444</v>", b"<v>4445</v>"))
    return path


def part_twice(path: Path) -> Path:
    book(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL/Worksheets/Sheet1.xml", worksheet('<row r="1"><c r="A1"><v>999</v></c></row>'))
    return path


def unclosed_rows(path: Path) -> Path:
    return sheet_book(path, worksheet(ONE_ROW).replace("</row>", ""))


def sheet_cut_off(path: Path) -> Path:
    return sheet_book(path, worksheet(data_rows())[:-40])


def sheet_missing(path: Path) -> Path:
    parts = good_parts()
    del parts[SHEET]
    return zipped(path, parts)


def text_missing(path: Path) -> Path:
    return book(path, '<row r="1"><c r="A1" t="s"><v>7</v></c></row>', {"xl/sharedStrings.xml": shared_strings()})


def undefined_entity(path: Path) -> Path:
    return book(path, '<row r="1"><c r="A1" t="str"><v>&foo;</v></c></row>')


def broken_letters(path: Path) -> Path:
    return sheet_book(
        path, worksheet('<row r="1"><c r="A1" t="str"><v>@</v></c></row>').encode().replace(b"@", b"\xff")
    )


def no_workbook_part(path: Path) -> Path:
    parts = good_parts()
    del parts["xl/workbook.xml"]
    return zipped(path, parts)


def unknown_cell_type(path: Path) -> Path:
    return book(path, '<row r="1"><c r="A1" t="zzz"><v>1</v></c></row>')


# Good workbooks with a million formatted empty rows below their data

DATA_ROWS = 300
_COLUMNS = "ABCDEF"

EMPTY_ROWS = {
    "excel_rows": ("", '<row r="%(r)d" s="1" customFormat="1" ht="15"/>'),
    "excel_one_cell": (
        "",
        '<row r="%(r)d" spans="1:1" s="1" customFormat="1" ht="15" customHeight="1"><c r="A%(r)d" s="1"/></row>',
    ),
    "excel_three_cells": (
        "",
        '<row r="%(r)d" spans="1:3" s="1" customFormat="1" ht="15" customHeight="1" x14ac:dyDescent="0.25">'
        '<c r="A%(r)d" s="1"/><c r="B%(r)d" s="1"/><c r="C%(r)d" s="1"/></row>',
    ),
    "prefixed": (
        "x:",
        '<x:row r="%(r)d" spans="1:3" s="1" customFormat="1"><x:c r="A%(r)d" s="1" /><x:c r="B%(r)d" s="1" /></x:row>',
    ),
    "openpyxl": ("", '<row r="%(r)d"><c r="A%(r)d" s="1" /><c r="B%(r)d" s="1" t="n" /></row>'),
    "libreoffice": (
        "",
        '<row r="%(r)d" customFormat="false" ht="12.8" hidden="false" customHeight="false" outlineLevel="0" '
        'collapsed="false"><c r="A%(r)d" s="1"/><c r="B%(r)d" s="1"/><c r="C%(r)d" s="1"/></row>\n',
    ),
    "wps": (
        "",
        '<row r="%(r)d" customFormat="1" spans="1:3"><c r="A%(r)d" s="1"></c><c r="B%(r)d" s="1"><v></v></c>'
        '<c r="C%(r)d" s="1" t="s"/></row>',
    ),
    "style_first": ("", '<row s="1" r="%(r)d"><c s="1" r="A%(r)d"/></row>'),
    "formulas_to_nothing": (
        "",
        '<row r="%(r)d"><c r="A%(r)d" s="1" t="str"><f>IF(B%(r)d="","",B%(r)d*2)</f><v></v></c></row>',
    ),
}


def data_rows(prefix: str = "") -> str:
    p = prefix
    return "".join(
        f'<{p}row r="{n}">'
        + "".join(f'<{p}c r="{letter}{n}" s="0"><{p}v>{n}</{p}v></{p}c>' for letter in _COLUMNS)
        + f"</{p}row>"
        for n in range(1, DATA_ROWS + 1)
    )


def million_empty_rows(path: Path, style: str, last: int = LAST_ROW) -> Path:
    prefix, row = EMPTY_ROWS[style]
    declared = f'xmlns:{prefix[:-1]}="{MAIN}"' if prefix else f'xmlns="{MAIN}"'

    def xml() -> Iterator[bytes]:
        yield f'<?xml version="1.0"?>\n<{prefix}worksheet {declared} xmlns:x14ac="urn:x14ac">'.encode()
        yield f"<{prefix}sheetData>{data_rows(prefix)}".encode()
        for start in range(DATA_ROWS + 1, last + 1, 8192):
            yield "".join(row % {"r": n} for n in range(start, min(start + 8192, last + 1))).encode()
        yield f"</{prefix}sheetData></{prefix}worksheet>".encode()

    return zipped(path, good_parts() | {SHEET: xml()}, level=1)
