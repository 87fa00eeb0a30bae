"""Templates: the default ones, those a province edits, and those somebody sends to do harm."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import etree

from evaluation.document_making import DocumentKind, FillingFailed, maker
from reports.documents import filling
from reports.documents.language import names_of, problems_of
from reports.documents.placeholders import PICTURE, REQUIRED, sample_of, schema_of
from reports.documents.template_text import TextRefused, read_text
from tests.reports.documents import SEAL, W, changed, parts_of, said, text_of, with_paragraph, with_relation

KIND = DocumentKind.FEEDBACK
#: What people could type to find out what happens: templates, XML, formulas, a turned direction, controls.
HOSTILE = "甲{{ 7*7 }}{% for x in y %}{_{ 8*8 }_}<w:p/>&amp;\"'=cmd|' /C calc'!A0\u202e乙\x07\x0c\x00\ufeff]]>"
_EMU_A_TWIP = 635
INERT = "甲{{ 7*7 }}{% for x in y %}"


@pytest.fixture(scope="module")
def template() -> bytes:
    return maker().default_template(KIND)


def problems(content: bytes, kind: DocumentKind = KIND) -> str:
    """What is said of a template; that it says something."""
    found = list(maker().template_problems(kind, content))
    assert found
    assert all(each.endswith(("。", "）。")) for each in found), found
    return "\n".join(found)


# ── The default ones ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_a_default_template_may_be_downloaded_and_uploaded_again(kind):
    content = maker().default_template(kind)
    assert list(maker().template_problems(kind, content)) == []
    assert maker().default_template(kind) == content


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_a_default_template_uses_real_headings_repeats_its_header_rows_and_counts_its_pages(kind):
    document = Document(io.BytesIO(maker().default_template(kind)))
    styles = [paragraph.style.name for paragraph in document.paragraphs]
    assert styles.count("Heading 1") >= 4 or kind is DocumentKind.FEEDBACK
    assert "Title" in styles
    fields = [each.text.strip() for each in document.sections[0].footer.part.element.iter(f"{W}instrText")]
    assert fields == ["PAGE", "NUMPAGES"]
    heads = [table for table in document.tables if table._tbl.find(f".//{W}tblHeader") is not None]
    assert heads
    assert document.sections[0].page_width.cm == pytest.approx(21, abs=0.01)
    for table in document.tables:
        width = sum(int(column.get(qn("w:w"))) for column in table._tbl.tblGrid)
        section = document.sections[0]
        room = section.page_width - section.left_margin - section.right_margin
        assert width <= room / _EMU_A_TWIP + len(table._tbl.tblGrid), table.rows[0].cells[0].text


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_a_default_template_prints_everything_that_tells_a_document_from_others(kind):
    document = Document(io.BytesIO(maker().default_template(kind)))
    text = "\n".join(document.element.body.itertext())
    assert [name for name in REQUIRED if f"{{{{ {name} }}}}" not in text] == ["校验码"]
    assert "{{ 校验码 }}" in "".join(document.sections[0].header.part.element.itertext())
    fonts = document.styles["Normal"].element.find(f".//{W}rFonts")
    assert fonts.get(qn("w:eastAsia")) == "仿宋"


def test_a_text_that_means_nothing_is_refused():
    with pytest.raises(TextRefused):
        read_text("[表 10 20]\n| 一格\n[完]")
    with pytest.raises(TextRefused):
        read_text("[表 10 20]\n| 一 | 二")


# ── Texts of people ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_what_people_typed_is_only_text_in_the_document(kind):
    facts = hostile_facts(schema_of(kind))
    filled = maker().fill(kind, facts, None, SEAL)
    calm = maker().fill(kind, sample_of(schema_of(kind)), None, SEAL)
    assert INERT in text_of(filled)
    assert "49" not in text_of(filled).replace(SEAL.sha256, "")
    body, other = (etree.fromstring(parts_of(each)["word/document.xml"]) for each in (filled, calm))
    assert [element.tag for element in body.iter()] == [element.tag for element in other.iter()]
    raw = b"".join(parts_of(filled).values()).decode("utf-8", "replace")
    assert not set("\x00\x07\x0c\u202e\ufeff") & set(text_of(filled))
    assert "<w:p/>甲" not in raw


def hostile_facts(schema):
    """Facts in which every text is hostile."""
    if isinstance(schema, dict):
        return {name: hostile_facts(each) for name, each in schema.items() if each != PICTURE}
    if isinstance(schema, list):
        return [hostile_facts(schema[0]) for _ in range(2)]
    return True if schema is False else HOSTILE


def test_names_of_people_leave_with_the_template(template):
    document = Document(io.BytesIO(template))
    document.core_properties.author = document.core_properties.last_modified_by = "王秘书"
    target = io.BytesIO()
    document.save(target)
    filled = maker().fill(KIND, sample_of(schema_of(KIND)), target.getvalue(), SEAL)
    assert "王秘书".encode() not in b"".join(parts_of(filled).values())


# ── A province's own ──────────────────────────────────────────────────────────────────────────


def test_a_province_may_say_it_in_its_own_words(template):
    own = with_paragraph(template, said("本省通知：{{ 县名 }}（{{ 维度|length }} 个方面）{% if 问题 %}整改{% endif %}"))
    assert list(maker().template_problems(KIND, own)) == []
    filled = maker().fill(KIND, sample_of(schema_of(KIND)) | {"县名": "望棠区"}, own, SEAL)
    assert "本省通知：望棠区（2 个方面）整改" in text_of(filled)


def test_a_placeholder_word_cut_into_pieces_is_one_all_the_same(template):
    pieces = "<w:p>" + "".join(f"<w:r><w:t>{part}</w:t></w:r>" for part in ("{", "{ 县", "名 }", "}")) + "</w:p>"
    own = with_paragraph(template, pieces)
    assert list(maker().template_problems(KIND, own)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 县明 }}", "占位符“县明”不存在，是不是“县名”"),
        ("{% for 行 in 维度 %}{{ 行.名字 }}{% endfor %}", "占位符“行.名字”不存在"),
        ("{{ 维度 }}", "是一个列表"),
        ("{% for 行 in 维度 %}{{ 行 }}{% endfor %}", "是一行"),
        ("{% for 行 in 县名 %}{% endfor %}", "不是列表"),
        ("{% for 甲 in 问题 %}{% for 乙 in 问题 %}{{ 乙.标题 }}{% endfor %}{% endfor %}", "外层那一行自己的列表"),
        ("{% for 甲 in 维度 %}", "写法有误"),
        ("{{ 县名", "写法有误"),
        ("{{ 7*7 }}", "不能使用的写法"),
        ("{{ 县名() }}", "不能使用的写法"),
        ("{{ 县名.__class__ }}", "不存在"),
        ("{{ 县名|safe }}", "过滤器"),
        ("{% autoescape false %}{{ 县名 }}{% endautoescape %}", "不能使用的写法"),
        ("{% set 甲 = 县名 %}", "不能使用的写法"),
        ("{% macro 甲() %}{% endmacro %}", "不能使用的写法"),
        ("{% include '/etc/passwd' %}", "不能使用的写法"),
        ("{% import 'os' as 甲 %}", "不能使用的写法"),
        ("{{ range(9)|join }}", "不"),
        ("{% for 文号 in 问题 %}{% endfor %}", "同名的占位符"),
        ("{{ 问题|first }}", "由文字组成的列表"),
        ("{{ 问题|last }}", "由文字组成的列表"),
        ("{{ 问题|join(',') }}", "由文字组成的列表"),
        ("{{ 问题|default('') }}", "default 只能用于文字和图片"),
        ("{{ ''|default(问题, true) }}", "是一个列表"),
        ("{{ 县名|length }}", "length 只能用于列表"),
        ("{{ 问题 if 县名 else '' }}", "是一个列表"),
        ("{{ 县名 and 问题 }}", "是一个列表"),
        ("{{ 县名 if 问题 }}", "不符合条件时"),
        ("{{ not 问题 }}", "判断的结果"),
        ("{{ 县名 == '' }}", "判断的结果"),
        ("{{ none }}", "文字、整数和占位符"),
        ("{% for 行 in 维度 %}{{ loop.first }}{% endfor %}", "请用 {% if loop.first %}"),
        ("{{r 县名 }}", "不能使用的标记"),
        ("{% cellbg 县名 %}", "不能使用的标记"),
        ("{%- if 问题 %}{% endif %}", "不能使用的标记"),
    ],
)
def test_what_a_template_may_not_say_is_named(template, text, words):
    assert words in problems(with_paragraph(template, said(text)))


def test_every_bad_placeholder_is_named_at_once(template):
    told = problems(with_paragraph(template, said("{{ 甲甲甲 }}") + said("{{ 乙乙乙 }}")))
    assert "甲甲甲" in told
    assert "乙乙乙" in told


def test_a_template_without_number_and_hash_is_refused(template):
    def drop(parts):
        body = parts["word/document.xml"].decode()
        parts["word/document.xml"] = body.replace("{{ 查验地址 }}", "").encode()

    assert "{{ 查验地址 }}" in problems(changed(template, drop))


SEAL_TAGS = "".join(f"{{{{ {name} }}}}" for name in REQUIRED)


def without_seal(content: bytes, instead: str) -> bytes:
    """The same template with its seal in other words."""

    def replace(parts):
        for name in parts:
            if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", name):
                for wanted in REQUIRED:
                    parts[name] = parts[name].replace(f"{{{{ {wanted} }}}}".encode(), b"")

    return with_paragraph(changed(content, replace), instead)


@pytest.mark.parametrize(
    "instead",
    [
        said("{% if none %}" + SEAL_TAGS + "{% endif %}"),
        said("{% if 问题 %}" + SEAL_TAGS + "{% endif %}"),
        said("{% if not 问题 %}" + SEAL_TAGS + "{% endif %}"),
        said("{% if 文号 and 校验码 and 查验地址 and 查验二维码 %}{% endif %}"),
    ],
)
def test_a_template_that_names_the_seal_and_does_not_print_it_is_refused(template, instead):
    assert list(maker().template_problems(KIND, without_seal(template, said(SEAL_TAGS)))) == []
    told = problems(without_seal(template, instead))
    assert all(f"{{{{ {name} }}}}" in told for name in REQUIRED)
    assert "没有印出" in told


def test_a_seal_in_hidden_text_is_not_printed(template):
    hidden = said(SEAL_TAGS).replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>")
    told = problems(without_seal(template, hidden))
    # A picture gets a run of its own when it is filled in, which is not hidden: it is printed.
    texts = [name for name in REQUIRED if name != "查验二维码"]
    assert len(texts) == len(REQUIRED) - 1
    assert all(f"{{{{ {name} }}}}" in told for name in texts)
    assert "没有印出" in told


def test_no_document_leaves_without_its_seal_whatever_its_template_asks_for(template):
    # Neither of the two trials meets this condition's other side.
    sly = without_seal(template, said("{% if 县名 != '棠南县' %}" + SEAL_TAGS + "{% endif %}"))
    assert list(maker().template_problems(KIND, sly)) == []
    facts = sample_of(schema_of(KIND))
    assert SEAL.number in text_of(maker().fill(KIND, facts, sly, SEAL))
    with pytest.raises(FillingFailed, match="没有印出"):
        maker().fill(KIND, facts | {"县名": "棠南县"}, sly, SEAL)


def test_a_list_of_texts_may_be_joined_and_rows_may_be_counted(template):
    own = with_paragraph(
        template,
        said(
            "{{ 成效|join('、') }}，{% if 成效 %}{{ 成效|first }}{% endif %}，{{ 问题|length }}，{{ 县名|default('') }}"
        ),
    )
    assert list(maker().template_problems(KIND, own)) == []


def test_a_loop_that_leaves_its_table_is_refused(template):
    table = (
        "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc><w:p><w:r><w:t>{%tr for 行 in 维度 %}"
        "</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    assert problems(with_paragraph(template, table + said("{%p endfor %}")))


# ── Hostile files ─────────────────────────────────────────────────────────────────────────────


def test_files_that_are_no_documents_are_refused_each_with_its_reason():
    assert "不是 Word 文档" in problems(b"hello")
    assert "旧版 Word" in problems(b"\xd0\xcf\x11\xe0" + bytes(600))
    assert "损坏" in problems(b"PK\x03\x04" + bytes(200))
    assert "MB" in problems(b"PK" + bytes(6 * 1024 * 1024))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/workbook.xml", "<workbook/>")
    assert "不是 Word 文档" in problems(target.getvalue())


def test_macros_objects_and_foreign_parts_are_refused(template):
    def add(name: str, content: bytes = b"x"):
        return changed(template, lambda parts: parts.update({name: content}))

    assert "含有宏" in problems(add("word/vbaProject.bin"))
    assert "嵌入" in problems(add("word/embeddings/oleObject1.bin"))
    assert "用不到" in problems(add("word/fonts/font1.odttf"))
    assert "用不到" in problems(add("word/media/image9.svg"))

    def macro_type(parts):
        types = parts["[Content_Types].xml"].decode()
        plain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        parts["[Content_Types].xml"] = types.replace(
            plain, "application/vnd.ms-word.document.macroEnabled.main+xml"
        ).encode()

    assert "含有宏" in problems(changed(template, macro_type))


@pytest.mark.parametrize(
    ("kind", "target", "mode", "of", "words"),
    [
        ("attachedTemplate", "http://evil.example/x.dotm", "External", "settings", "外部的 Word 模板"),
        ("image", "http://evil.example/x.png", "External", "document", "链接到外部"),
        ("image", "file:///etc/passwd", "", "document", "链接到外部"),
        ("hyperlink", "http://evil.example/", "External", "document", "超链接"),
        ("oleObject", "embeddings/x.xml", "", "document", "不能带的内容"),
        ("aFChunk", "chunk.xml", "", "document", "不能带的内容"),
        ("frame", "http://evil.example/", "External", "webSettings", "外部"),
        ("subDocument", "other.xml", "External", "document", "外部"),
    ],
)
def test_nothing_of_another_place_is_fetched(template, kind, target, mode, of, words):
    assert words in problems(with_relation(template, kind, target, mode, of))


def field(code: str) -> str:
    """A field as Word writes it."""
    kinds = "".join(
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
        + (f"<w:r><w:instrText>{code}</w:instrText></w:r>" if kind == "begin" else "")
        for kind in ("begin", "end")
    )
    return f"<w:p>{kinds}</w:p>"


@pytest.mark.parametrize(
    "code",
    [
        'INCLUDETEXT "/etc/passwd"',
        'INCLUDEPICTURE "http://evil.example/x.png"',
        'DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc"',
        "DDE excel x",
        "IF 1 = 1 2 3",
        'HYPERLINK "http://evil.example/"',
        "MACROBUTTON x y",
        "{{ 县名 }}",
    ],
)
def test_fields_that_fetch_or_act_are_refused(template, code):
    assert "域" in problems(with_paragraph(template, field(code)))
    simple = code.replace('"', "&quot;")
    assert problems(with_paragraph(template, f'<w:p><w:fldSimple w:instr="{simple}"/></w:p>'))


def test_fields_cut_into_pieces_are_refused_all_the_same(template):
    pieces = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>INCLUDE</w:instrText></w:r>'
        '<w:r><w:instrText>TEXT "x"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    assert "INCLUDETEXT" in problems(with_paragraph(template, pieces))


def test_fields_that_only_count_are_allowed(template):
    own = with_paragraph(template, field('TOC \\o "1-2" \\h') + field('HYPERLINK \\l "_Toc1"') + field("PAGEREF _Toc1"))
    assert list(maker().template_problems(KIND, own)) == []


@pytest.mark.parametrize("kind", ["t", "delText"])
@pytest.mark.parametrize("code", ['INCLUDEPICTURE "http://evil.example/x.png"', "PAGE"])
def test_a_code_of_a_field_written_as_plain_text_is_refused(template, kind, code):
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{each}"/></w:r>' for each in ("begin", "separate", "end"))
    text, inner = f"<w:r><w:{kind}>{code}</w:{kind}></w:r>", begin + separate + said("x")[5:-6]
    assert "普通文字" in problems(with_paragraph(template, f"<w:p>{begin}{text}{separate}{end}</w:p>"))
    # The result of a field within a code is code as well.
    nested = f"<w:p>{begin}{inner}{text}{end}{separate}{end}</w:p>"
    assert "普通文字" in problems(with_paragraph(template, nested))


def test_the_result_of_a_field_is_text(template):
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{each}"/></w:r>' for each in ("begin", "separate", "end"))
    code = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    own = with_paragraph(template, f"<w:p>{begin}{code}{separate}<w:r><w:t>1</w:t></w:r>{end}</w:p>{said('后面')}")
    assert list(maker().template_problems(KIND, own)) == []


HEADER_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"


@pytest.mark.parametrize("inside", [field('INCLUDEPICTURE "http://evil.example/x.png"'), "<w:altChunk/>", said("x")])
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("x/header9.xml", "../x/header9.xml"),
        ("x/header9.xml", "/x/header9.xml"),
        ("customXml/header9.xml", "../customXml/header9.xml"),
        ("word/header9.png", "header9.png"),
    ],
)
def test_a_header_that_lies_where_no_header_lies_is_refused(template, name, target, inside):
    def add(parts):
        parts[name] = f'<w:hdr xmlns:w="{W.strip("{}")}">{inside}</w:hdr>'.encode()
        types = parts["[Content_Types].xml"].decode()
        more = f'<Override PartName="/{name}" ContentType="{HEADER_TYPE}"/></Types>'
        parts["[Content_Types].xml"] = types.replace("</Types>", more).encode()

    assert problems(changed(with_relation(template, "header", target, ""), add))


@pytest.mark.parametrize("name", ["x/header9.xml", "docProps/custom.xml", "customXml/item9.xml"])
@pytest.mark.parametrize("inside", [field("DDEAUTO x"), field("LINK x"), "<w:altChunk/>"])
def test_every_part_is_looked_at_wherever_it_lies(template, name, inside):
    content = f'<w:hdr xmlns:w="{W.strip("{}")}">{inside}</w:hdr>'.encode()
    assert problems(changed(template, lambda parts: parts.update({name: content})))


def test_a_package_whose_text_is_another_part_is_refused(template):
    def lead_away(parts):
        parts["x/document.xml"] = parts["word/document.xml"]
        parts["_rels/.rels"] = parts["_rels/.rels"].replace(b'"word/document.xml"', b'"x/document.xml"')

    assert "内部结构" in problems(changed(template, lead_away))


@pytest.mark.parametrize(
    "xml",
    [
        '<w:altChunk r:id="x" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>',
        "<w:p><w:r><w:object/></w:r></w:p>",
        "<w:p><w:r><w:control/></w:r></w:p>",
        '<w:p><w:bookmarkStart w:id="1" w:name="{{ 县名 }}"/></w:p>',
        "<w:p><!-- {{ 县名 }} --></w:p>",
        "<w:p><?mso x?></w:p>",
    ],
)
def test_elements_that_act_or_hide_are_refused(template, xml):
    assert problems(with_paragraph(template, xml))


def test_entities_are_refused(template):
    def declare(parts):
        body = parts["word/document.xml"]
        at = body.index(b"?>") + 2
        doctype = b'<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        parts["word/document.xml"] = body[:at] + doctype + body[at:]

    assert "DOCTYPE" in problems(changed(template, declare))


def test_a_bomb_ends_one_process_and_not_the_next_question(template):
    def inflate(parts):
        parts["word/theme/theme1.xml"] = b"<a>" + b" " * (60 * 1024 * 1024) + b"</a>"

    assert "过大" in problems(changed(template, inflate))
    assert list(maker().template_problems(KIND, template)) == []


def test_a_template_that_wants_too_much_time_is_stopped(template, monkeypatch):
    # Every row once more for every row: refused where it is uploaded, and stopped where it got in all the same.
    many = "".join("{% for 甲 in 维度 %}" for _ in range(12)) + "x" + "{% endfor %}" * 12
    greedy = with_paragraph(template, said(many))
    assert "外层那一行自己的列表" in problems(greedy)
    facts = sample_of(schema_of(KIND)) | {"维度": [{"名称": "", "情况": "", "结论": ""}] * 60}
    with pytest.raises(FillingFailed, match="中止"):
        maker().fill(KIND, facts, greedy, SEAL)
    assert maker().fill(KIND, sample_of(schema_of(KIND)), template, SEAL)


def test_a_filling_process_that_is_gone_is_started_anew(template):
    facts = sample_of(schema_of(KIND))
    before = maker().fill(KIND, facts, None, SEAL)
    filling._process._child.kill()
    assert maker().fill(KIND, facts, None, SEAL) == before


def test_the_filling_process_knows_nothing_of_ours():
    facts = sample_of(schema_of(KIND))
    maker().fill(KIND, facts, None, SEAL)
    environment = Path(f"/proc/{filling._process._child.pid}/environ").read_bytes()
    assert b"SECRET" not in environment
    assert b"DATABASE" not in environment


def test_the_language_is_told_by_its_schema_alone():
    schema = {"甲": "", "列": [{"乙": ""}]}
    assert problems_of("{{ 甲 }}{% for 行 in 列 %}{{ loop.index }}{{ 行.乙 }}{{ 行['乙'] }}{% endfor %}", schema) == []
    assert problems_of("{% for 行 in 列 %}{% endfor %}{{ 行.乙 }}", schema) == ["占位符“行”不存在。"]
    assert problems_of("{% for 行 in 列 recursive %}{% endfor %}", schema)
    assert names_of("{{ 甲") == set()
