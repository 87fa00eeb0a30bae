"""A .docx looked at without trusting it: what is in the package, and nothing in it that acts or fetches. Pure: runs in
the process that touches the template, before and after it is filled."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from indicators.workbook.archive import Archive, Refused

MAX_FILE = 5 * 1024 * 1024
MAX_INFLATED = 40 * 1024 * 1024
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "purl.oclc.org/ooxml"
_MAIN = "word/document.xml"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
#: What the parts of a plain document are to each other; whatever else a part is, it is refused.
_KINDS = frozenset(
    (
        "officeDocument", "core-properties", "extended-properties", "custom-properties", "thumbnail", "styles",
        "stylesWithEffects", "settings", "webSettings", "fontTable", "theme", "numbering", "footnotes", "endnotes",
        "header", "footer", "image", "customXml", "customXmlProps", "comments", "commentsExtended", "commentsIds",
        "people", "glossaryDocument", "classificationlabels",
    )
)  # fmt: skip
_PICTURES = (".png", ".jpg", ".jpeg", ".gif")
_PARTS = (".xml", ".rels", *_PICTURES)
#: What stands beside the text and not among it: it may lie outside of ``word/``, and may hold notes of programs.
_BESIDE = frozenset(
    ("officeDocument", "core-properties", "extended-properties", "custom-properties", "customXml", "customXmlProps",
     "classificationlabels")
)  # fmt: skip
#: Fields that only count and repeat what stands in the document itself.
_FIELDS = frozenset(
    ["PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "TOC", "PAGEREF", "REF", "SEQ", "STYLEREF", "TITLE"]
)
_ACTIVE = frozenset(
    ("altChunk", "object", "control", "subDoc", "mailMerge", "attachedTemplate", "dataBinding", "OLEObject", "movie",
     "frameset", "embedRegular", "embedBold", "embedItalic", "embedBoldItalic")
)  # fmt: skip
_ACTIVE_TAGS = tuple(f"{{*}}{name}" for name in sorted(_ACTIVE))
_CODES = frozenset((f"{_W}instrText", f"{_W}delInstrText"))
_FIELD_TAGS = (*sorted(_CODES), f"{_W}fldChar", f"{_W}fldSimple", f"{_W}t", f"{_W}delText", f"{_W}sym")
_NAMES = {"w": _W.strip("{}")}
_OPENS = "contains(., '{{') or contains(., '{%') or contains(., '{#')"
_TAGGED_ATTRIBUTES = etree.XPath(f"//@*[{_OPENS}]", namespaces=_NAMES)
_TAGGED_TEXTS = etree.XPath(
    f"//text()[({_OPENS}) and not(parent::w:t) and not(parent::w:instrText)]", namespaces=_NAMES
)


class TemplateRefused(Exception):
    """The file cannot be a template; the message is Chinese."""


def check_size(content: bytes) -> None:
    """Raises TemplateRefused for a file that is too large to be looked at."""
    if len(content) > MAX_FILE:
        raise TemplateRefused(f"文件超过 {MAX_FILE // 1024 // 1024} MB。请删除或压缩图片后再上传。")


def check_package(content: bytes) -> None:
    """Look at a .docx part by part. Raises TemplateRefused with the first thing that must not be there."""
    check_size(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise TemplateRefused("这是旧版 Word（.doc）或加密的文件。请在 Word 或 WPS 中另存为不加密的 .docx。")
    if not content.startswith(b"PK"):
        raise TemplateRefused("这不是 Word 文档（.docx）。请在 Word 或 WPS 中另存为 .docx 后再上传。")
    try:
        _check(Archive(content))
    except Refused as refused:
        raise TemplateRefused(_ZIP_WORDS.get(refused.rule, _DAMAGED)) from refused


_DAMAGED = "文件已损坏，或不是完整的 .docx。请在 Word 或 WPS 中打开，另存为新的 .docx 后再上传。"
_ZIP_WORDS = {
    "file.encrypted": "文件设有打开密码。请取消密码后另存，再上传。",
    "file.doctype": "文件内部含有不允许的声明（DOCTYPE），正常的 Word 文档没有这种内容。",
    "file.inflates_too_much": "文件解压后过大，不能使用。",
    "file.too_many_parts": "文件内部的部件过多，不能使用。请复制到新文档中另存。",
}


def _check(archive: Archive) -> None:
    names = archive.parts.keys()
    if "[content_types].xml" not in names or _MAIN not in names:
        raise TemplateRefused("这不是 Word 文档（.docx），或内部结构与普通文档不同。请另存为新的 .docx 后再上传。")
    for name in sorted(names):
        if "vbaproject" in name or "vbadata" in name:
            raise TemplateRefused("文件含有宏。请另存为不含宏的 Word 文档（.docx）。")
        if "/embeddings/" in name or "/activex/" in name or name.endswith((".bin", ".ole")):
            raise TemplateRefused("文件中嵌入了其他文件或控件（对象）。请删除后再上传。")
        if not name.endswith(_PARTS):
            raise TemplateRefused("文件中有 Word 模板用不到的内容（如嵌入的字体、图形格式）。图片请使用 PNG 或 JPEG。")
    for name in sorted(names):
        if name.endswith((".xml", ".rels")):
            _check_part(name, _parsed(_whole(archive, name, archive.xml(name))))
        else:
            _whole(archive, name, archive.inflate(name))


def _whole(archive: Archive, name: str, chunks: Iterator[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if archive.inflated > MAX_INFLATED:
            raise TemplateRefused(_ZIP_WORDS["file.inflates_too_much"])
    return bytes(content)


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise TemplateRefused(_DAMAGED) from None
    if root.getroottree().docinfo.doctype:
        raise TemplateRefused(_ZIP_WORDS["file.doctype"])
    return root


def _check_part(name: str, root: etree._Element) -> None:
    if name == "[content_types].xml":
        _check_types(root)
        return
    if name.endswith(".rels"):
        _check_relations(root)
    if name == "_rels/.rels":
        _check_main(root)
    # Where a part lies says nothing of what it is: a header may lie anywhere, and every part is looked at.
    _check_active(root)
    if name.startswith("word/"):
        _check_content(root)


def _check_main(root: etree._Element) -> None:
    """Programs find the text by this relation, wherever it leads: it must lead to the part that was looked at."""
    found = [
        each.get("Target", "").lstrip("/").lower()
        for each in root.iter(f"{{{_RELATIONS}}}Relationship")
        if each.get("Type", "").endswith("/officeDocument")
    ]
    if found != [_MAIN]:
        raise TemplateRefused("这不是 Word 文档（.docx），或内部结构与普通文档不同。请另存为新的 .docx 后再上传。")


def _check_place(kind: str, target: str) -> None:
    """What is printed lies in ``word/``, and what is no picture has no name of one. Raises TemplateRefused."""
    is_picture = kind in ("image", "thumbnail")
    is_outside = ".." in target or (target.startswith("/") and not target.lower().startswith("/word/"))
    if (not is_picture and not target.lower().endswith(".xml")) or (
        kind != "thumbnail" and kind not in _BESIDE and is_outside
    ):
        raise TemplateRefused("文件内部部件的位置与普通 Word 文档不同。请复制到新文档中另存后再上传。")


def _check_relations(root: etree._Element) -> None:
    for each in root.iter(f"{{{_RELATIONS}}}Relationship"):
        kind = each.get("Type", "").rpartition("/")[2]
        if each.get("TargetMode", "Internal") != "Internal":
            raise TemplateRefused(_EXTERNAL.get(kind, _ELSEWHERE))
        if _STRICT in each.get("Type", ""):
            raise TemplateRefused("文件是“Strict Open XML”格式。请另存为普通的 Word 文档（.docx）。")
        if kind not in _KINDS:
            raise TemplateRefused("文件中有 Word 模板不能带的内容（对象、程序或嵌入的文件）。请复制到新文档中另存。")
        if "://" in each.get("Target", ""):
            raise TemplateRefused(_EXTERNAL["image"])
        _check_place(kind, each.get("Target", ""))


_ELSEWHERE = "文件引用了外部的内容，系统不会去读取。请把内容放进文档后再上传。"
_EXTERNAL = {
    "attachedTemplate": "文件挂接了外部的 Word 模板（.dotx）。请在“开发工具—文档模板”中改回 Normal 后再上传。",
    "hyperlink": "文件中有超链接。请选中后“取消超链接”，只保留文字，再上传。",
    "image": "文件中的图片是链接到外部的。请把图片插入文档本身，再上传。",
}


def _check_types(root: etree._Element) -> None:
    told = {each.get("PartName", ""): each.get("ContentType", "") for each in root}
    if any("macroenabled" in kind.lower() for kind in told.values()):
        raise TemplateRefused("文件含有宏。请另存为不含宏的 Word 文档（.docx）。")
    main = next((kind for name, kind in told.items() if name.lower() == f"/{_MAIN}"), "")
    if any(name.lower().endswith(_PICTURES) and not kind.lower().startswith("image/") for name, kind in told.items()):
        raise TemplateRefused(_DAMAGED)
    if main != _MAIN_TYPE:
        raise TemplateRefused("这不是普通的 Word 文档（.docx）。请在 Word 或 WPS 中另存为“Word 文档（*.docx）”。")


def _check_content(root: etree._Element) -> None:
    if next(root.iter(etree.Comment, etree.ProcessingInstruction), None) is not None:
        raise TemplateRefused("文件内部含有注释或处理指令，正常的 Word 文档没有这种内容。请复制到新文档中另存。")
    if _TAGGED_ATTRIBUTES(root):
        raise TemplateRefused("占位符放在了图片说明、书签等属性里。请把占位符写在正文、表格、页眉或页脚中。")
    if _TAGGED_TEXTS(root):
        raise TemplateRefused("占位符放在了不能放的地方（域代码或图形内部）。请把占位符写在正文、表格、页眉或页脚中。")


def _check_active(root: etree._Element) -> None:
    """Nothing in a part acts, nothing fetches: no object, and no field but those that count."""
    if next(root.iter(*_ACTIVE_TAGS), None) is not None:
        raise TemplateRefused("文件中有嵌入的对象、控件、邮件合并或子文档。请删除后再上传。")
    codes: list[str] = []
    # Of every field that is open, whether its code still goes on: it does until the field is separated or ends.
    in_code: list[bool] = []
    for element in root.iter(*_FIELD_TAGS):
        if element.tag == f"{_W}fldSimple":
            _check_field(element.get(f"{_W}instr", ""))
        elif element.tag == f"{_W}fldChar":
            # The words of one field may lie in several runs, and a field within another.
            _check_field("".join(codes))
            codes = []
            _step(in_code, element.get(f"{_W}fldCharType", ""))
        elif element.tag in _CODES:
            codes.append(element.text or "")
        elif any(in_code):
            # Programs take what is written there for the code as well.
            raise TemplateRefused("文件中有域的代码写成了普通文字。请删除这个域，或转为普通文字（Ctrl+Shift+F9）。")
    _check_field("".join(codes))


def _step(in_code: list[bool], kind: str) -> None:
    """Go on from one sign of a field to what follows it."""
    if kind == "begin":
        in_code.append(True)
    elif in_code and kind == "separate":
        in_code[-1] = False
    elif in_code and kind == "end":
        in_code.pop()


def _check_field(code: str) -> None:
    words = code.split()
    is_inner_link = [word.upper() for word in words[:2]] == ["HYPERLINK", "\\L"]
    if words and words[0].upper() not in _FIELDS and not is_inner_link:
        raise TemplateRefused(
            f"文件中有不能使用的域（{words[0][:20]}）。只能使用页码、目录和交叉引用；其他的请删除或转为普通文字（Ctrl+Shift+F9）。"
        )
    if any("{" in word for word in words):
        raise TemplateRefused("占位符放在了域代码里。请把占位符写在正文、表格、页眉或页脚中。")
