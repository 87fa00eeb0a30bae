"""The uploaded file back with marks: what is marked, and that nothing else in it has changed."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET, TEMPLATE_VERSION_PROPERTY
from indicators.problem import Severity
from indicators.report import SchoolReport
from indicators.workbook.annotate import FILLS, MOST_IN_ONE_NOTE, Mark, annotate
from indicators.workbook.parts import CannotEdit, Package
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import read_book
from indicators.workbook.template import write_template
from tests import builders

SOFFICE = shutil.which("soffice")
ERROR = Mark(Severity.ERROR, "数字为负", SCHOOL_SHEET, "K4")
EXPLAIN = Mark(Severity.EXPLAIN, "请说明", SCHOOL_SHEET, "L5")
ADVICE = Mark(Severity.WARNING, "供参考", COUNTY_SHEET, "C3")
MARKS = [ERROR, EXPLAIN, ADVICE]


# ── Workbooks of real life ────────────────────────────────────────────────────────────────────


def by_openpyxl(path: Path) -> bytes:
    """Styles, widths, hidden rows and columns, validations, conditional colours, formulas, notes, merged titles."""

    def edit(book: Workbook) -> None:
        sheet = book[SCHOOL_SHEET]
        sheet.merge_cells("A1:H1")
        sheet["K4"].font = Font(bold=True, color="FF0000FF")
        sheet["K4"].number_format = "#,##0"
        sheet["B4"].comment = Comment("张老师：名称已核对", "张老师")
        sheet["K4"].comment = Comment("李老师：待核实", "李老师")
        sheet.column_dimensions["B"].width = 33.5
        sheet.column_dimensions["D"].hidden = True
        sheet.row_dimensions[5].hidden = True
        sheet.row_dimensions[6].height = 40
        sheet["BZ3"] = "=SUM(I3:I8)"
        validation = DataValidation(type="list", formula1='"是,否"', allow_blank=True)
        sheet.add_data_validation(validation)
        validation.add("F3:F20")
        red = PatternFill(bgColor="FFFF0000")
        sheet.conditional_formatting.add("I3:I20", CellIsRule(operator="lessThan", formula=["0"], fill=red))
        sheet.freeze_panes = "C3"
        sheet.auto_filter.ref = "A2:BM8"
        book.defined_names["在校生"] = DefinedName("在校生", attr_text=f"{SCHOOL_SHEET}!$I$3:$I$8")
        hidden = book.create_sheet("备用")
        hidden.sheet_state = "hidden"

    return builders.write_workbook(path, edit=edit).read_bytes()


def by_xlsxwriter(path: Path) -> bytes:
    """Shared strings, a picture, a chart, a table, a note and a form, as an export of another program has them."""
    book = xlsxwriter.Workbook(path)
    for name in (SCHOOL_SHEET, COUNTY_SHEET):
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True, "bg_color": "#DDEEFF", "border": 1})
        sheet.write_row(0, 0, ["学校标识码", "学校名称", "数值"], bold)
        for row in range(1, 12):
            sheet.write_row(row, 0, [f"314200000{row % 10}", f"第{row}小学 & <分校>", row * 1.5])
        sheet.write_formula("E3", "=SUM(C2:C12)", bold, 99)
        sheet.write_comment("A3", "原有批注")
        sheet.set_row(8, None, None, {"hidden": True})
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": [name, 1, 2, 11, 2]})
        sheet.insert_chart("H2", chart)
        sheet.add_table("L2:M5")
        sheet.set_column("B:B", 30, bold)
        sheet.set_header("&C页眉")
    book.close()
    return path.read_bytes()


def by_template(path: Path) -> bytes:
    """The portal's own template, with notes on its headers, protected, and filled in."""
    target = BytesIO()
    rows = [{key: row[key] for key in ("code", "name")} for row in builders.good_rows()]
    write_template(
        target, school_year=2026, county_code="990101", county_name="望棠区",
        schools=[SchoolReport(row) for row in rows],
    )  # fmt: skip
    path.write_bytes(target.getvalue())
    return target.getvalue()


def rewritten(content: bytes, edit: Callable[[str, bytes], bytes]) -> bytes:
    """The same package with the text of its parts edited."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
    return out.getvalue()


def prefixed(name: str, data: bytes) -> bytes:
    """Sheets, styles and notes as some exporters write them: every element with a prefix."""
    if not re.search(r"worksheets/sheet\d+\.xml$|styles\.xml$|comments?\d+\.xml$|sharedStrings\.xml$", name):
        return data
    # openpyxl mixes in no other prefixes but those declared.
    data = re.sub(rb"<(/?)([A-Za-z]+)(?=[\s/>])", rb"<\1x:\2", data)
    return data.replace(
        b' xmlns="http://schemas.openxmlformats.org/spread', b' xmlns:x="http://schemas.openxmlformats.org/spread'
    )


def by_prefixes(path: Path) -> bytes:
    return rewritten(by_openpyxl(path), prefixed)


def by_hand(path: Path) -> bytes:
    """A minimal file: no styles, no addresses on cells, a shared formula, an empty row, a row left out."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    rows = (
        '<row><c t="inlineStr"><is><t>学校标识码</t></is></c><c><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>5</v></c><c r="K3"><f t="shared" ref="K3:K6" si="0">A3*2</f><v>10</v></c></row>'
        '<row r="4" spans="1:1"><c r="A4"><v>6</v></c></row><row r="5"/>'
        '<row r="6"><c r="K6"><f t="shared" si="0"/><v>0</v></c></row>'
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/a.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/b.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {space} xmlns:r="{relations}"><sheets>'
        f'<sheet name="{SCHOOL_SHEET}" sheetId="1" r:id="r1"/><sheet name="{COUNTY_SHEET}" sheetId="2" r:id="r2"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relations}/worksheet" Target="a.xml"/>'
        f'<Relationship Id="r2" Type="{relations}/worksheet" Target="/xl/b.xml"/></Relationships>',
        "xl/a.xml": f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>",
        "xl/b.xml": f"<worksheet {space}><sheetData/></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return path.read_bytes()


MAKERS = [by_openpyxl, by_xlsxwriter, by_template, by_prefixes, by_hand]


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def content(request, tmp_path) -> bytes:
    return request.param(tmp_path / "上报.xlsx")


def opened(content: bytes) -> Workbook:
    return load_workbook(BytesIO(content))


# ── What is marked ────────────────────────────────────────────────────────────────────────────


def test_each_marked_cell_is_coloured_and_says_severity_first_then_what_is_wrong(content):
    book = opened(annotate(content, MARKS))
    for mark in MARKS:
        cell = book[mark.sheet][mark.cell]
        assert cell.fill.fgColor.rgb == FILLS[mark.severity]
        assert cell.fill.fill_type == "solid"
        assert f"【{mark.severity.label}】{mark.message}" in cell.comment.text


def test_everything_but_the_marks_is_as_it_was(content):
    before, after = opened(content), opened(annotate(content, MARKS))
    assert before.sheetnames == after.sheetnames
    marked = {(mark.sheet, mark.cell) for mark in MARKS}
    is_styled = "xl/styles.xml" in Package(content)
    for name in before.sheetnames:
        old, new = before[name], after[name]
        assert old.sheet_state == new.sheet_state
        for row in range(1, max(old.max_row, new.max_row) + 1):
            for column in range(1, max(old.max_column, new.max_column) + 1):
                was, now = old.cell(row, column), new.cell(row, column)
                assert described(was.value) == described(now.value), now.coordinate
                assert was.number_format == now.number_format
                if is_styled:
                    assert looks(was) == looks(now), now.coordinate
                if (name, now.coordinate) not in marked:
                    assert repr(was.fill) == repr(now.fill), now.coordinate
                    assert (was.comment and was.comment.text) == (now.comment and now.comment.text)
        assert sizes(old.column_dimensions) == sizes(new.column_dimensions)
        assert sizes(old.row_dimensions) == sizes(new.row_dimensions)
        assert [v.sqref for v in old.data_validations.dataValidation] == [
            v.sqref for v in new.data_validations.dataValidation
        ]
        assert [r.sqref for r in old.conditional_formatting] == [r.sqref for r in new.conditional_formatting]
        assert old.merged_cells == new.merged_cells
        assert (old.freeze_panes, old.auto_filter.ref, old.protection.sheet) == (
            new.freeze_panes, new.auto_filter.ref, new.protection.sheet,
        )  # fmt: skip
        assert list(old.tables) == list(new.tables)
        assert len(old._charts) == len(new._charts)
    assert list(before.defined_names) == list(after.defined_names)
    assert [p.name for p in before.custom_doc_props.props] == [p.name for p in after.custom_doc_props.props]


def looks(cell: Any) -> tuple[str, ...]:
    return tuple(map(repr, (cell.font, cell.alignment, cell.protection, cell.border)))


def described(value: Any) -> Any:
    return vars(value) if hasattr(value, "ref") else value


def sizes(dimensions: Any) -> dict[Any, Any]:
    return {
        key: (d.hidden, getattr(d, "width", None), getattr(d, "height", None), d.outlineLevel)
        for key, d in dimensions.items()
        if d.hidden or getattr(d, "customWidth", False) or getattr(d, "height", None)
    }


def test_parts_that_carry_no_mark_are_the_same_bytes_in_the_same_order(content):
    out = annotate(content, [ERROR])
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(BytesIO(out)) as new:
        assert new.testzip() is None
        kept = old.namelist()
        assert new.namelist()[: len(kept)] == kept
        changed = {name for name in kept if old.read(name) != new.read(name)}
        [school] = [sheet.part for sheet in Package(content).sheets() if sheet.name == SCHOOL_SHEET]
        allowed = re.compile(r"\[Content_Types\].xml|.*\.rels|.*styles.*|.*comments?.*\.xml|.*\.vml")
        assert {name for name in changed if not allowed.fullmatch(name)} == {school}
        assert [i.date_time for i in new.infolist()[: len(kept)]] == [i.date_time for i in old.infolist()]


def test_the_reader_reads_the_same_values_from_the_marked_file(tmp_path):
    content = by_openpyxl(tmp_path / "a.xlsx")
    (tmp_path / "b.xlsx").write_bytes(annotate(content, MARKS))
    assert read_book(tmp_path / "a.xlsx") == read_book(tmp_path / "b.xlsx")
    assert opened(content).custom_doc_props[TEMPLATE_VERSION_PROPERTY].value


def test_a_note_that_was_there_is_kept_and_ours_stands_below_it(tmp_path):
    book = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), MARKS))
    text = book[SCHOOL_SHEET]["K4"].comment.text
    assert text.index("李老师：待核实") < text.index("【必须更正】数字为负")
    assert book[SCHOOL_SHEET]["B4"].comment.text == "张老师：名称已核对"
    assert book[SCHOOL_SHEET]["K4"].font.bold
    assert book[SCHOOL_SHEET]["K4"].number_format == "#,##0"


def test_one_cell_has_one_note_the_gravest_first_and_its_colour(tmp_path):
    marks = [
        Mark(Severity.WARNING, "小数位数多", SCHOOL_SHEET, "AA5"),
        Mark(Severity.ERROR, "不是数字", SCHOOL_SHEET, "AA5", fix="12"),
        Mark(Severity.EXPLAIN, "请说明", SCHOOL_SHEET, "AA5"),
    ]
    cell = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), marks))[SCHOOL_SHEET]["AA5"]
    assert cell.comment.text == "【必须更正】不是数字\n建议填入：12\n【必须说明】请说明\n【提示】小数位数多"
    assert cell.fill.fgColor.rgb == FILLS[Severity.ERROR]


def test_a_cell_with_very_many_problems_counts_the_rest(tmp_path):
    marks = [Mark(Severity.ERROR, f"第{n}个", SCHOOL_SHEET, "A2") for n in range(60)]
    text = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), marks))[SCHOOL_SHEET]["A2"].comment.text
    assert text.count("【必须更正】") == MOST_IN_ONE_NOTE
    assert "这里还有 52 个问题" in text


def test_what_has_no_cell_is_said_at_the_start_of_its_sheet_or_of_the_first_one(tmp_path):
    marks = [Mark(Severity.ERROR, "整表的问题", COUNTY_SHEET), Mark(Severity.ERROR, "缺工作表", "不存在", "C7")]
    book = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), marks))
    assert "整表的问题" in book[COUNTY_SHEET]["A1"].comment.text
    assert "缺工作表" in book.worksheets[0]["A1"].comment.text


def test_a_mark_inside_a_merged_area_is_shown_at_its_first_cell(tmp_path):
    book = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), [Mark(Severity.ERROR, "标题", SCHOOL_SHEET, "C1")]))
    assert "标题" in book[SCHOOL_SHEET]["A1"].comment.text


def test_cells_and_rows_that_are_not_written_are_made_in_their_order(tmp_path):
    places = ["A1", "B2", "Z3", "A4", "C4", "K5", "A9", "K6"]
    marks = [Mark(Severity.ERROR, place, SCHOOL_SHEET, place) for place in places]
    out = annotate(by_hand(tmp_path / "a.xlsx"), marks)
    sheet = opened(out)[SCHOOL_SHEET]
    assert all(place in sheet[place].comment.text for place in places)
    text = zipfile.ZipFile(BytesIO(out)).read("xl/a.xml").decode()
    rows = [int(number) for number in re.findall(r'<row r="(\d+)"', text)]
    assert rows == sorted(rows) == [2, 3, 4, 5, 6, 9]
    assert 'spans="1:1"' not in text


def test_a_new_cell_wears_the_format_of_its_column(tmp_path):
    content = by_xlsxwriter(tmp_path / "a.xlsx")
    cell = opened(annotate(content, [Mark(Severity.ERROR, "缺", SCHOOL_SHEET, "B30")]))[SCHOOL_SHEET]["B30"]
    assert cell.font.bold
    assert cell.border.left.style == "thin"


def test_what_somebody_typed_is_inert_in_a_note(tmp_path):
    nasty = "=cmd|' /C calc'!A0 & <script>\x00\x0b\ud800]]> \r\n“🏫”"
    text = opened(annotate(by_openpyxl(tmp_path / "a.xlsx"), [Mark(Severity.ERROR, nasty, SCHOOL_SHEET, "K4")]))[
        SCHOOL_SHEET
    ]["K4"].comment.text
    assert "=cmd|' /C calc'!A0 & <script>]]>" in text
    assert "🏫" in text


def test_a_file_without_problems_comes_back_as_it_is(content):
    assert annotate(content, []) == content


def test_marking_twice_gives_the_same_bytes(content):
    assert annotate(content, MARKS) == annotate(content, MARKS)


def test_a_marked_file_can_be_marked_again(content):
    twice = opened(annotate(annotate(content, MARKS), MARKS))
    assert twice[SCHOOL_SHEET]["K4"].comment.text.count("【必须更正】数字为负") == 2


def test_every_problem_of_a_spoilt_workbook_stands_at_its_own_cell(tmp_path):
    rows = builders.good_rows()
    rows[0]["primary_enrollment"] = "1,260"
    rows[2]["junior_classes"] = None
    rows[3]["code"] = "31420000"
    path = builders.write_workbook(tmp_path / "a.xlsx", rows)
    problems = read_report(read_book(path)).problems
    marks = [Mark(p.severity, p.message, p.sheet, p.cell, p.fix) for p in problems]
    book = opened(annotate(path.read_bytes(), marks))
    assert problems
    for problem in problems:
        assert problem.message in book[problem.sheet][problem.cell or "A1"].comment.text


# ── Odd and broken files ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("broken", [b"", b"PK\x03\x04", b"not a zip", b"code,name\n1,2\n"])
def test_what_is_no_workbook_is_refused_with_words(broken):
    with pytest.raises(CannotEdit, match="不能在原文件上改动"):
        annotate(broken, MARKS)


@pytest.mark.parametrize(
    "extra",
    [b"<!-- <row r='1'/> -->", b"<![CDATA[<row>]]>", b"<?php row ?>"],
)
def test_a_sheet_with_hidden_text_is_left_alone(tmp_path, extra):
    content = rewritten(
        by_openpyxl(tmp_path / "a.xlsx"),
        lambda name, data: data.replace(b"<sheetData>", b"<sheetData>" + extra) if "sheets/sheet" in name else data,
    )
    with pytest.raises(CannotEdit):
        annotate(content, MARKS)


def test_a_mutated_file_is_marked_or_refused_and_nothing_else(tmp_path):
    chance = random.Random(20261121)
    sources = [maker(tmp_path / f"{maker.__name__}.xlsx") for maker in (by_openpyxl, by_xlsxwriter, by_hand)]
    for _ in range(300):
        source = chance.choice(sources)

        def spoil(name: str, data: bytes) -> bytes:
            if chance.random() < 0.75 or not data:
                return data
            at, length = chance.randrange(len(data)), chance.choice((1, 3, 20))
            return data[:at] + chance.choice((b"", b"<", b'"', b"/>", b"9" * 30, data[:50])) + data[at + length :]

        try:
            annotate(rewritten(source, spoil), MARKS)
        except CannotEdit as refusal:
            assert "。" in str(refusal)  # noqa: PT017


def test_a_file_with_damaged_bytes_is_marked_or_refused_and_nothing_else(tmp_path):
    chance = random.Random(20261122)
    source = by_xlsxwriter(tmp_path / "a.xlsx")
    for _ in range(300):
        damaged = bytearray(source)
        for _ in range(chance.choice((1, 5, 50))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(CannotEdit):
            annotate(bytes(damaged), MARKS)


# ── LibreOffice ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def office() -> str:
    if SOFFICE is None:
        words = "LibreOffice did not open the marked files: none here (Debian: apt-get install libreoffice-calc)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return SOFFICE


def test_libreoffice_opens_every_marked_file_and_keeps_its_notes(office, tmp_path):
    sources = []
    for maker in MAKERS:
        path = tmp_path / f"{maker.__name__}.xlsx"
        path.write_bytes(annotate(maker(tmp_path / "source.xlsx"), MARKS))
        sources.append(path)
    done = subprocess.run(
        [office, "--headless", "--norestore", f"-env:UserInstallation=file://{tmp_path}/profile",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", tmp_path / "out", *sources],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    assert "repair" not in done.stderr.lower()
    for path in sources:
        book = load_workbook(tmp_path / "out" / path.name)
        for mark in MARKS:
            cell = book[mark.sheet][mark.cell]
            assert mark.message in cell.comment.text, path.name
            assert cell.fill.fgColor.rgb == FILLS[mark.severity], path.name


@pytest.mark.parametrize(
    "flood", [b"<comment ref='A1'>", b"<comment ref='A1'><text>", b"<authors>", b"<comment ref='K4'><text><r>"]
)
def test_a_flood_of_beginnings_without_ends_costs_no_time(tmp_path, flood):
    content = rewritten(
        by_openpyxl(tmp_path / "a.xlsx"),
        lambda name, data: (
            data.replace(b"<commentList>", b"<commentList>" + flood * 200_000) if "comment" in name else data
        ),
    )
    begin = time.perf_counter()
    with contextlib.suppress(CannotEdit):
        annotate(content, MARKS)
    assert time.perf_counter() - begin < 5
