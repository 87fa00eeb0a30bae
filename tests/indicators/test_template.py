"""What a clerk gets with the county workbook: blank, and filled with what is known."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from python_calamine import CalamineWorkbook

from evaluation.trial import trial_rules
from indicators.catalogue import (
    COUNTY_COLUMNS,
    COUNTY_ITEMS,
    COUNTY_SHEET,
    EXTRA_FIELDS,
    EXTRA_GROUP,
    FIELD_BY_KEY,
    FIELDS,
    GRADES,
    GROUPS,
    GUIDE_SHEET,
    OPTION_SHEET,
    SCHOOL_SHEET,
    TEMPLATE_VERSION,
    TEMPLATE_VERSION_PROPERTY,
    Kind,
)
from indicators.checks.missing import BASIC_KEYS, RELAXATION_KEYS, SHARED_KEYS
from indicators.problem import Severity
from indicators.report import SchoolReport, Value
from indicators.workbook.last_year_sheet import LAST_YEAR_COUNTY_SHEET, LAST_YEAR_SHEET, LastYearUse
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import read_book
from indicators.workbook.template import write_template
from indicators.workbook.template_guide import INDICATOR_SOURCES
from indicators.workbook.trial_sheet import TRIAL_SHEET
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

# Limits of Excel for the words of a data validation; beyond them it calls the whole file damaged.
LONGEST_TITLE, LONGEST_PROMPT, LONGEST_ERROR = 32, 255, 225

KEYS = [field.key for field in FIELDS]
AMOUNTS = {
    Kind.YEAR: 1998,
    Kind.COUNT: 37,
    Kind.AREA: Decimal("1234.50"),
    Kind.MONEY: Decimal("1234567.123456"),
    Kind.DECIMAL: Decimal("0.149999"),
}


def school(**changed: Value) -> SchoolReport:
    """A school with a value in every column, but for those named."""
    values: dict[str, Value] = {f.key: AMOUNTS[f.kind] for f in FIELDS if f.kind in AMOUNTS}
    values |= {
        "code": "0090000017",
        "name": "示例县第一学校",
        "school_type": SchoolType.NINE_YEAR,
        "sponsor_type": SponsorType.COUNTY_EDUCATION,
        "urban_rural": UrbanRural.TOWN,
        "is_boarding": True,
        "is_dense_central": False,
        "music_room_areas": (Decimal("96"), Decimal("98.500000")),
        "art_room_areas": (),
    }
    return SchoolReport(values | changed)


def county_figures() -> dict[str, int | Decimal]:
    """A value for every row of 「县级数据」."""
    return {item.code: 3 if item.kind is Kind.GRADE else AMOUNTS[item.kind] for item in COUNTY_ITEMS}


def written(**arguments) -> bytes:
    target = BytesIO()
    write_template(target, **{"school_year": 2025, "county_code": "990101", "county_name": "示例县"} | arguments)
    return target.getvalue()


def opened(**arguments):
    return load_workbook(BytesIO(written(**arguments)))


def cells(content: bytes, sheet: str) -> list[list[object]]:
    """Every cell of a sheet as the reader's library sees it."""
    workbook = CalamineWorkbook.from_filelike(BytesIO(content))
    return workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def header_row(rows: list[list[object]]) -> int:
    """Index of the first row that holds 学校标识码: the rule by which the header row is found."""
    return next(i for i, row in enumerate(rows) if FIELDS[0].header in row)


def school_rows(content: bytes) -> list[dict[str, object]]:
    """The rows below the headers that hold something, by catalogue key; empty cells are ''."""
    rows = cells(content, SCHOOL_SHEET)
    return [dict(zip(KEYS, row, strict=True)) for row in rows[header_row(rows) + 1 :] if any(c != "" for c in row)]


def county_values(content: bytes) -> dict[object, object]:
    return {row[0]: row[2] for row in cells(content, COUNTY_SHEET)[1:]}


def validation_at(sheet, coordinate: str):
    found = [rule for rule in sheet.data_validations.dataValidation if coordinate in rule.sqref]
    assert len(found) == 1, f"{coordinate} has {len(found)} rules"
    return found[0]


@pytest.fixture(scope="module")
def blank():
    return opened()


@pytest.fixture(scope="module")
def top(blank) -> int:
    """The sheet row of the first school."""
    sheet = blank[SCHOOL_SHEET]
    return next(cell.row for row in sheet for cell in row if cell.value == FIELDS[0].header) + 1


@pytest.fixture(scope="module")
def option_lists(blank):
    """A function from the formula of a drop-down to the entries it offers."""

    def entries(formula: str) -> tuple[str, ...]:
        sheet_name, area = formula.replace("'", "").split("!")
        rows = blank[sheet_name][area.replace("$", "")]
        return tuple(cell.value for row in rows for cell in row)

    return entries


# --- the contract ---------------------------------------------------------------------------------------------------


def test_the_sheets_stand_in_order_and_only_the_code_lists_are_hidden(blank):
    assert blank.sheetnames == [GUIDE_SHEET, SCHOOL_SHEET, COUNTY_SHEET, OPTION_SHEET]
    assert [sheet.sheet_state for sheet in blank] == ["visible", "visible", "visible", "hidden"]
    assert blank.active.title == GUIDE_SHEET


def test_the_headers_are_exactly_those_of_the_catalogue_in_their_order():
    rows = cells(written(), SCHOOL_SHEET)
    assert rows[header_row(rows)] == [field.header for field in FIELDS]


def test_the_workbook_carries_the_version_of_the_template(blank):
    assert {p.name: p.value for p in blank.custom_doc_props.props} == {TEMPLATE_VERSION_PROPERTY: TEMPLATE_VERSION}


def test_the_county_sheet_has_exactly_four_columns_and_a_row_for_every_item():
    rows = cells(written(), COUNTY_SHEET)
    assert tuple(rows[0]) == COUNTY_COLUMNS
    assert rows[1:] == [[item.code, item.name, "", item.unit] for item in COUNTY_ITEMS]


def test_a_blank_template_holds_no_school_and_no_figure():
    content = written()
    assert school_rows(content) == []
    assert set(county_values(content).values()) == {""}


def test_every_group_has_its_title_above_its_first_column(blank):
    titles = [cell.value for cell in blank[SCHOOL_SHEET][2] if cell.value]
    assert list(dict.fromkeys(titles)) == list(GROUPS)
    for merged in blank[SCHOOL_SHEET].merged_cells.ranges:
        assert merged.max_col <= 2 or merged.min_col > 2, f"{merged} crosses the edge of the frozen columns"


# --- help where it is needed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_the_note_on_a_header_gives_unit_source_and_help(blank, top, field):
    text = blank[SCHOOL_SHEET].cell(top - 1, FIELDS.index(field) + 1).comment.text
    assert field.source in text
    assert field.help in text
    if field.unit:
        assert f"单位：{field.unit}" in text


def test_unit_form_and_source_can_be_read_above_the_header_without_pointing_at_it(blank, top):
    hints = [blank[SCHOOL_SHEET].cell(top - 2, column + 1).value.split("\n") for column in range(len(FIELDS))]
    for hint, field in zip(hints, FIELDS, strict=True):
        assert hint[-1] == field.source
        assert (field.unit in hint) == bool(field.unit)
    assert hints[KEYS.index("funds_budget")][0] == "最多6位小数"
    assert hints[KEYS.index("teaching_area")][0] == "两位小数"
    assert hints[KEYS.index("graduates")][0] == "整数"


def test_every_county_item_has_a_note_with_its_help(blank):
    for row, item in enumerate(COUNTY_ITEMS, 2):
        assert item.help in blank[COUNTY_SHEET].cell(row, 2).comment.text


def test_a_column_of_one_stage_says_that_a_school_without_the_stage_leaves_it_empty(blank, top):
    for column, field in enumerate(FIELDS, 1):
        text = blank[SCHOOL_SHEET].cell(top - 1, column).comment.text
        assert ("的学校空着，不填 0" in text) == (field.stage is not None)


def test_every_cell_to_fill_in_tells_what_belongs_there_within_the_limits_of_excel(blank, top):
    places = [(SCHOOL_SHEET, f"{get_column_letter(c)}{top}", f.header, f.help) for c, f in enumerate(FIELDS, 1)]
    places += [(COUNTY_SHEET, f"C{row}", item.name, item.help) for row, item in enumerate(COUNTY_ITEMS, 2)]
    for sheet, coordinate, title, help_text in places:
        rule = validation_at(blank[sheet], coordinate)
        assert rule.showInputMessage
        assert rule.promptTitle == title
        assert help_text in rule.prompt
        assert len(rule.promptTitle) <= LONGEST_TITLE
        assert len(rule.prompt) <= LONGEST_PROMPT
        if rule.type is not None:
            assert rule.showErrorMessage
            assert 0 < len(rule.error) <= LONGEST_ERROR
            assert len(rule.errorTitle) <= LONGEST_TITLE


def test_the_guide_names_county_year_and_version_and_the_three_weights_of_a_problem():
    text = "\n".join(str(cell) for row in cells(written(), GUIDE_SHEET) for cell in row)
    for words in ("示例县（990101）", "2025—2026学年", TEMPLATE_VERSION, "2025 年 9 月 1 日"):
        assert words in text
    for severity in Severity:
        assert severity.label in text


def test_the_guide_traces_each_of_the_seven_indicators_to_its_columns():
    lines = {str(row[0]): str(row[1]) for row in cells(written(), GUIDE_SHEET)}
    assert len(INDICATOR_SOURCES) == 7
    for number, (name, keys, _) in enumerate(INDICATOR_SOURCES, 1):
        for key in keys:
            assert FIELD_BY_KEY[key].header in lines[f"{number}. {name}"]


# --- what may be typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [f for f in FIELDS if f.choices], ids=lambda field: field.key)
def test_a_choice_column_offers_exactly_the_choices_of_the_catalogue(blank, top, option_lists, field):
    column = get_column_letter(FIELDS.index(field) + 1)
    rule = validation_at(blank[SCHOOL_SHEET], f"{column}{top}")
    assert rule.type == "list"
    assert option_lists(rule.formula1) == field.choices


def test_every_grade_is_chosen_from_one_to_five(blank, option_lists):
    for row, item in enumerate(COUNTY_ITEMS, 2):
        rule = validation_at(blank[COUNTY_SHEET], f"C{row}")
        assert (rule.type == "list") == (item.kind is Kind.GRADE)
        if item.kind is Kind.GRADE:
            assert option_lists(rule.formula1) == GRADES


def test_a_bare_sponsor_code_is_let_through_as_the_help_promises(blank, top):
    column = get_column_letter(KEYS.index("sponsor_type") + 1)
    assert validation_at(blank[SCHOOL_SHEET], f"{column}{top}").errorStyle == "warning"


def test_numbers_are_held_to_the_limits_of_the_catalogue(blank, top):
    expected = {Kind.COUNT: ("whole", "0"), Kind.YEAR: ("whole", "1000")}
    for column, field in enumerate(FIELDS, 1):
        rule = validation_at(blank[SCHOOL_SHEET], f"{get_column_letter(column)}{top}")
        if field.kind.is_number:
            kind, least = expected.get(field.kind, ("decimal", "0"))
            assert (rule.type, rule.operator, rule.formula1) == (kind, None, least)
            assert rule.formula2 == str(field.greatest)
        assert rule.allow_blank


def test_a_school_code_has_ten_characters(blank, top):
    rule = validation_at(blank[SCHOOL_SHEET], f"A{top}")
    assert (rule.type, rule.operator, rule.formula1) == ("textLength", "equal", "10")


def test_drop_downs_and_number_formats_go_on_below_the_ruled_rows(blank, top):
    sheet = blank[SCHOOL_SHEET]
    for column, field in enumerate(FIELDS, 1):
        letter = get_column_letter(column)
        assert validation_at(sheet, f"{letter}1500")
        wanted = "@" if field.kind in (Kind.CODE, Kind.TEXT, Kind.ROOMS) else "General"
        if field.kind.is_number:
            wanted = {0: "0", 2: "0.00", 6: "0.00####"}[field.places]
        assert sheet.column_dimensions[letter].number_format == wanted
        assert {sheet.cell(row, column).number_format for row in (top, top + 150, top + 299)} == {wanted}


def test_as_many_rows_are_ruled_as_asked_for_and_never_fewer_than_schools(top):
    assert opened(row_count=5)[SCHOOL_SHEET].max_row == top - 1 + 5
    assert opened(row_count=1, schools=[school()] * 3)[SCHOOL_SHEET].max_row == top - 1 + 3


def test_headers_and_school_names_stay_in_sight(blank, top):
    assert blank[SCHOOL_SHEET].freeze_panes == f"C{top}"
    assert blank[SCHOOL_SHEET].print_title_rows == f"$1:${top - 1}"
    assert blank[SCHOOL_SHEET].print_title_cols == "$A:$B"


def test_excel_does_not_offer_to_turn_school_codes_into_numbers(top):
    with ZipFile(BytesIO(written())) as package:
        sheet = package.read("xl/worksheets/sheet2.xml").decode()
    areas = re.search(r'<ignoredError sqref="([^"]+)" numberStoredAsText="1"', sheet)[1].split()
    assert range_boundaries(areas[0]) == (1, top, 1, 2000)
    # Excel calls a sheet damaged whose elements are out of order.
    assert sheet.index("<colBreaks") < sheet.index("<ignoredErrors") < sheet.index("<legacyDrawing")


# --- filled ---------------------------------------------------------------------------------------------------------


def test_a_filled_workbook_read_back_gives_exactly_the_values():
    [row] = school_rows(written(schools=[school()]))
    for field in FIELDS:
        if field.kind in AMOUNTS:
            assert type(row[field.key]) is float
            assert Decimal(str(row[field.key])) == AMOUNTS[field.kind], field.header
    assert {key: row[key] for key in KEYS if FIELD_BY_KEY[key].kind not in AMOUNTS} == {
        "code": "0090000017",
        "name": "示例县第一学校",
        "school_type": "九年一贯制学校",
        "sponsor_type": "7 县级教育部门",
        "urban_rural": "镇区",
        "is_boarding": "是",
        "is_dense_central": "否",
        "music_room_areas": "96;98.5",
        "art_room_areas": "",
    }


def test_what_is_written_for_a_choice_is_what_its_drop_down_offers():
    for key, members in (("school_type", SchoolType), ("sponsor_type", SponsorType), ("urban_rural", UrbanRural)):
        offered = [school(**{key: member}) for member in members if member is not SchoolType.VOCATIONAL]
        assert tuple(row[key] for row in school_rows(written(schools=offered))) == FIELD_BY_KEY[key].choices


def test_nought_is_written_and_nothing_known_stays_empty():
    reports = [school(senior_enrollment=0, teaching_area=Decimal(0)), school(senior_enrollment=None), SchoolReport({})]
    reports.append(school(code="0090000018"))
    rows = school_rows(written(schools=reports))
    assert (rows[0]["senior_enrollment"], rows[0]["teaching_area"]) == (0, 0)
    assert rows[1]["senior_enrollment"] == ""
    # The school of which nothing is known is an empty row, and the next one keeps its place below it.
    assert [row["code"] for row in rows] == ["0090000017", "0090000017", "0090000018"]


def test_every_county_figure_is_written_exactly_and_grades_as_roman_numerals():
    values = county_values(written(figures=county_figures()))
    for item in COUNTY_ITEMS:
        if item.kind is Kind.GRADE:
            assert values[item.code] == "Ⅲ"
        else:
            assert Decimal(str(values[item.code])) == AMOUNTS[item.kind], item.code


@pytest.mark.parametrize("grade", [0, 6, Decimal("2.5")])
def test_a_grade_outside_one_to_five_is_refused(grade):
    with pytest.raises(ValueError, match=r"C27: .* is no grade"):
        written(figures={"C27": grade})


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1234567890.123456")])
def test_a_number_that_a_cell_cannot_hold_exactly_is_refused(number):
    with pytest.raises(ValueError, match="cannot be held exactly"):
        written(schools=[school(teaching_area=number)])


def test_a_value_without_a_column_is_refused():
    with pytest.raises(ValueError, match="no column for"):
        written(schools=[school(robots=40)])
    with pytest.raises(ValueError, match="no row for"):
        written(figures={"C40": 1})


@pytest.mark.parametrize("name", ["=1+1", "+86 学校", "-示例学校", "@SUM(A1)", "#REF!", "0012", " 两端有空格 "])
def test_a_name_that_looks_like_something_else_stays_text(top, name):
    content = written(county_name=name, schools=[school(name=name)])
    assert school_rows(content)[0]["name"] == name
    cell = load_workbook(BytesIO(content))[SCHOOL_SHEET].cell(top, 2)
    assert (cell.data_type, cell.number_format) == ("s", "@")
    # The mark that keeps it text when a clerk opens the cell and leaves it again.
    assert cell.quotePrefix == (name[0] in "=+-@")
    with ZipFile(BytesIO(content)) as package:
        for part in package.namelist():
            assert b"<f>" not in package.read(part)


def test_the_mark_of_one_name_does_not_spread_to_other_cells(top):
    sheet = opened(schools=[school(name="=1+1"), school()])[SCHOOL_SHEET]
    assert [sheet.cell(row, 2).quotePrefix for row in (top, top + 1, top + 2)] == [True, False, False]


def test_control_characters_are_removed():
    content = written(county_name="示例\x00县", schools=[school(name="第一\x0b\x1f学\ud800校\n\ufffe")])
    assert school_rows(content)[0]["name"] == "第一学校"
    assert "示例县学校数据 2025—2026学年" in cells(content, SCHOOL_SHEET)[0]


# --- last year ------------------------------------------------------------------------------------------------------


def last_year() -> dict[str, object]:
    """Two schools of last year, one of them gone since, and the county's figures."""
    old = school(primary_enrollment=500, built_year=1999, junior_enrollment=None)
    gone = school(code="0090000099", name="撤并小学", primary_enrollment=60)
    return {"last_year": [gone, old], "last_year_figures": county_figures()}


def known() -> SchoolReport:
    """What the register knows of a school."""
    keys = ("code", "name", "school_type", "sponsor_type", "urban_rural")
    return SchoolReport({key: school().values[key] for key in keys})


def test_last_year_beside_stands_on_sheets_of_its_own_in_the_rows_of_this_year(top):
    book = opened(schools=[known()], **last_year(), last_year_use=LastYearUse.BESIDE)
    sheet, pupils = book[LAST_YEAR_SHEET], KEYS.index("primary_enrollment") + 1
    assert [cell.value for cell in sheet[top - 1]] == [field.header for field in FIELDS]
    assert [sheet.cell(row, 1).value for row in (top, top + 1)] == ["0090000017", "0090000099"]
    assert [sheet.cell(row, pupils).value for row in (top, top + 1)] == [500, 60]
    assert sheet.cell(top, pupils).font.color.rgb.endswith("808080")
    assert book[SCHOOL_SHEET].cell(top, pupils).value is None
    assert book[COUNTY_SHEET]["C2"].value is None
    assert book[LAST_YEAR_COUNTY_SHEET]["C2"].value == 0.149999
    for name in (LAST_YEAR_SHEET, LAST_YEAR_COUNTY_SHEET):
        assert book[name].protection.sheet
        assert not book[name].protection.password


def test_last_year_as_start_fills_what_is_still_empty_and_the_register_comes_first(top):
    named = SchoolReport({**known().values, "name": "新校名"})
    book = opened(schools=[named], **last_year(), last_year_use=LastYearUse.START)
    row = dict(zip(KEYS, (cell.value for cell in book[SCHOOL_SHEET][top]), strict=True))
    assert (row["name"], row["primary_enrollment"], row["built_year"]) == ("新校名", 500, 1999)
    assert (row["junior_enrollment"], row["is_boarding"], row["music_room_areas"]) == (None, "是", "96;98.5")
    assert book[SCHOOL_SHEET].cell(top + 1, 1).value is None
    assert book[COUNTY_SHEET]["C2"].value == 0.149999


def test_what_was_refused_last_year_is_no_start_value(top):
    refused = SchoolReport({"code": "0090000017", "primary_enrollment": None}, frozenset({"primary_enrollment"}))
    book = opened(schools=[known()], last_year=[refused], last_year_use=LastYearUse.START)
    assert book[SCHOOL_SHEET].cell(top, KEYS.index("primary_enrollment") + 1).value is None


def test_without_figures_of_last_year_every_choice_is_the_blank_template():
    assert written(last_year_use=LastYearUse.BESIDE) == written(last_year_use=LastYearUse.START) == written()
    assert written(**last_year()) == written()


@pytest.mark.parametrize("use", [LastYearUse.BESIDE, LastYearUse.START])
def test_the_reader_knows_nothing_of_last_years_sheets(tmp_path, use):
    path, plain = tmp_path / "对照.xlsx", tmp_path / "空.xlsx"
    write_template(
        path, school_year=2025, schools=[school()], figures=county_figures(), **last_year(), last_year_use=use
    )
    write_template(plain, school_year=2025, schools=[school()], figures=county_figures())
    assert read_report(read_book(path)) == read_report(read_book(plain))


def rules_at(sheet, coordinate: str) -> list[str]:
    """The formulas of the colour rules that reach a cell, in their order."""
    ranges = sheet.conditional_formatting
    found = [(rule.priority, rule.formula[0]) for area in ranges if coordinate in area.cells for rule in area.rules]
    return [formula for _, formula in sorted(found)]


def test_a_change_of_more_than_thirty_percent_is_coloured_by_the_code_of_the_school(top):
    book = opened(schools=[known()], **last_year(), last_year_use=LastYearUse.BESIDE)
    column = KEYS.index("primary_backbone_teachers") + 1
    cell = f"{get_column_letter(column)}{top}"
    old = f"VLOOKUP($A{top},LastYearSchools,{column},FALSE)"
    assert f"AND(ISNUMBER({cell}),ISNUMBER({old}),ABS({cell}-{old})>0.3*ABS({old}))" in rules_at(
        book[SCHOOL_SHEET], cell
    )
    assert not any(formula.endswith(f"={old})") for formula in rules_at(book[SCHOOL_SHEET], cell))
    start = opened(schools=[known()], **last_year(), last_year_use=LastYearUse.START)
    assert f"AND(NOT(ISBLANK({cell})),{cell}={old})" in rules_at(start[SCHOOL_SHEET], cell)
    assert start.defined_names["LastYearSchools"].attr_text == f"'上年数据'!$A${top}:$BK${top + 1}"


# --- colours that follow the typing ---------------------------------------------------------------------------------


def test_cells_that_are_asked_for_are_coloured_while_empty_and_those_for_relaxations_are_not(blank, top):
    sheet = blank[SCHOOL_SHEET]
    for key in KEYS:
        cell = f"{get_column_letter(KEYS.index(key) + 1)}{top}"
        is_asked = any("ISBLANK(" in formula for formula in rules_at(sheet, cell))
        asked = key in (*BASIC_KEYS, *SHARED_KEYS, "senior_enrollment") or (
            FIELD_BY_KEY[key].stage is not None and key not in RELAXATION_KEYS
        )
        assert is_asked == asked, key


def test_a_part_larger_than_its_whole_is_coloured_on_both(blank, top):
    sheet = blank[SCHOOL_SHEET]
    indoor, teaching = (get_column_letter(KEYS.index(k) + 1) for k in ("indoor_sports_area", "teaching_area"))
    formula = f"AND(ISNUMBER(${teaching}{top}),SUM(${indoor}{top})>${teaching}{top})"
    for letter in (indoor, teaching):
        assert formula in rules_at(sheet, f"{letter}{top}")
        assert formula in rules_at(sheet, f"{letter}2000")


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_bytes():
    assert written(schools=[school()], figures=county_figures()) == written(
        schools=[school()], figures=county_figures()
    )


def test_the_template_is_written_to_a_path_as_to_a_file(tmp_path):
    path = tmp_path / "模板.xlsx"
    write_template(path, school_year=2025, county_code="990101", county_name="示例县")
    assert path.read_bytes() == written()


def test_three_hundred_schools_are_all_written():
    schools = [school(code=f"{n:010}") for n in range(300)]
    content = written(schools=schools, figures=county_figures())
    assert len(school_rows(content)) == 300


@pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="NOT TESTED: soffice is not on PATH, so no office program has opened the template (libreoffice-calc)",
)
def test_an_office_program_opens_it_and_saves_the_same_values_and_drop_downs(tmp_path: Path, top):
    content = written(schools=[school(), school(name="=1+1", code="0000000000")], figures=county_figures())
    (tmp_path / "in.xlsx").write_bytes(content)
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
            "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(tmp_path / "in.xlsx"),
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    saved = (tmp_path / "out" / "in.xlsx").read_bytes()
    assert school_rows(saved) == school_rows(content)
    assert county_values(saved) == county_values(content)
    workbook = load_workbook(BytesIO(saved))
    assert workbook[OPTION_SHEET].sheet_state == "hidden"
    sheet = workbook[SCHOOL_SHEET]
    lists = [FIELDS.index(f) + 1 for f in FIELDS if f.choices]
    assert {validation_at(sheet, f"{get_column_letter(column)}{top}").type for column in lists} == {"list"}
    assert all(sheet.cell(top - 1, column + 1).comment for column in range(len(FIELDS)))


# ── The columns a workbook may do without ─────────────────────────────────────────────────────


def test_extra_columns_stand_at_the_right_end_and_move_nothing(tmp_path, standard_document):
    rules = trial_rules(standard_document)
    books = []
    for with_extra in (False, True):
        path = tmp_path / f"{with_extra}.xlsx"
        write_template(path, school_year=2025, schools=[school()], trial=rules, row_count=3, with_extra=with_extra)
        books.append(load_workbook(path))
    plain, extra = (book[SCHOOL_SHEET] for book in books)
    for row in range(1, 8):
        for column in range(1, len(FIELDS) + 1):
            assert extra.cell(row, column).value == plain.cell(row, column).value
    formulas = [
        [getattr(cell.value, "text", cell.value) for row in book[TRIAL_SHEET].iter_rows() for cell in row]
        for book in books
    ]
    assert formulas[0] == formulas[1]
    assert extra.cell(2, len(FIELDS) + 1).value == EXTRA_GROUP
    validated = {str(area) for rule in extra.data_validations.dataValidation for area in rule.sqref.ranges}
    for column, field in enumerate(EXTRA_FIELDS, len(FIELDS) + 1):
        letter = get_column_letter(column)
        assert extra.cell(4, column).value == field.header
        assert field.help in extra.cell(4, column).comment.text
        assert any(area.startswith(f"{letter}5:{letter}") for area in validated)
    assert plain.max_column == len(FIELDS)


def test_figures_in_extra_columns_are_read_back_and_bring_their_columns(tmp_path):
    path = tmp_path / "extra.xlsx"
    write_template(path, school_year=2025, schools=[school(computers=410, books=None)])
    [read] = read_report(read_book(path)).report.schools
    assert (read.values["computers"], read.values.get("books")) == (410, None)


def test_last_years_extra_figures_start_this_years(tmp_path):
    path = tmp_path / "start.xlsx"
    before = [school(computers=410)]
    now = [SchoolReport({key: before[0].values[key] for key in ("code", "name")})]
    write_template(path, school_year=2025, schools=now, last_year=before, last_year_use=LastYearUse.START)
    [read] = read_report(read_book(path)).report.schools
    assert read.values["computers"] == 410
