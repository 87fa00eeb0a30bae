"""The county workbook as it is handed out: blank, or the same workbook filled with what is known. Pure.

The sheets are laid out here; single cells in ``template_cells``, the words of the guide in ``template_guide``, colours
in ``template_colours``, last year's figures in ``last_year_sheet``, the formulas in ``trial_sheet``. The same
arguments give the same bytes.

The version of the template speaks of what is read, the headers of 「学校数据」 and 「县级数据」: sheets of help that
the reader does not know, notes and colours leave it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from itertools import groupby, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.packaging.custom import StringProperty  # type: ignore[import-untyped]
from openpyxl.utils import absolute_coordinate, get_column_letter, quote_sheetname  # type: ignore[import-untyped]
from openpyxl.worksheet.pagebreak import Break, ColBreak  # type: ignore[import-untyped]
from openpyxl.worksheet.properties import PageSetupProperties  # type: ignore[import-untyped]
from openpyxl.writer.excel import ExcelWriter  # type: ignore[import-untyped]

from indicators.catalogue import (
    ALL_FIELDS,
    COUNTY_COLUMNS,
    COUNTY_ITEM_BY_CODE,
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
    CountyItem,
    Field,
    Kind,
)
from indicators.report import SchoolReport
from indicators.workbook.last_year_sheet import LastYearUse, colour_changes, started_from, write_last_year
from indicators.workbook.template_cells import (
    TEXT_KINDS,
    cell_value,
    clean,
    dress,
    dress_value,
    form,
    half_widths,
    line_count,
    note,
    put,
    put_text,
    validation,
)
from indicators.workbook.template_colours import colour_school_rows
from indicators.workbook.template_guide import sections
from indicators.workbook.trial_rules import TrialRules
from indicators.workbook.trial_sheet import TRIAL_SHEET, write_trial

#: openpyxl carries no types; the name says what is meant.
Sheet = Any

_PORTAL = "县域义务教育优质均衡发展督导评估"
_GREY, _WHITE = "595959", "FFFFFF"
_TITLE_FILL, _HINT_FILL = "1F4E78", "F5F5F5"
#: Group of columns → dark fill of its title, light fill of its headers.
_GROUP_FILLS = MappingProxyType(
    dict(
        zip(
            (*GROUPS, EXTRA_GROUP),
            (
                ("1F4E78", "DDEBF7"),
                ("375623", "E2EFDA"),
                ("7F6000", "FFF2CC"),
                ("833C0C", "FCE4D6"),
                ("403151", "E4DFEC"),
                ("215967", "DAEEF3"),
                ("595959", "EDEDED"),
            ),
            strict=True,
        )
    )
)

_TITLE_ROW, _GROUP_ROW, _HINT_ROW, _HEADER_ROW = 1, 2, 3, 4
_COUNTY_HEADER_ROW = 1
#: Drop-downs and limits reach this row even where fewer rows are ruled: no county has as many schools.
_LAST_CHECKED_ROW = 2_000
#: Column widths in characters of the default font.
_WIDTHS = MappingProxyType(
    {
        Kind.CODE: 13.0,
        Kind.TEXT: 27.0,
        Kind.CHOICE: 10.0,
        Kind.YES_NO: 9.5,
        Kind.YEAR: 9.0,
        Kind.COUNT: 8.7,
        Kind.AREA: 11.5,
        Kind.MONEY: 12.0,
        Kind.ROOMS: 15.0,
    }
)
#: Columns up to this one stand frozen and on every printed page; a printed page ends with each of the others.
_LAST_TITLE_COLUMN = [field.key for field in FIELDS].index("name") + 1
_PAGE_END_COLUMNS = tuple(
    max(column for column, field in enumerate(FIELDS, 1) if field.group == group)
    for group in (GROUPS[1], GROUPS[2], GROUPS[-1])
)
#: First codes of the blocks of 「县级数据」, shaded by turns.
_COUNTY_BLOCKS = ("C01", "C05", "C09", "C13", "C15", "C18", "C21", "C24", "C27", "C33", "C39")


def write_template(
    target: BinaryIO | Path,
    *,
    school_year: int,
    county_code: str = "",
    county_name: str = "",
    schools: Sequence[SchoolReport] = (),
    figures: Mapping[str, int | Decimal] = MappingProxyType({}),
    row_count: int = 300,
    last_year: Sequence[SchoolReport] = (),
    last_year_figures: Mapping[str, int | Decimal] = MappingProxyType({}),
    last_year_use: LastYearUse = LastYearUse.NONE,
    trial: TrialRules | None = None,
    with_extra: bool = False,
) -> None:
    """Write the workbook of one county and one school year (2025 is 2025—2026学年) to a file or a path.

    ``schools`` fill 「学校数据」 in the order given, ``figures`` (C01…C39; grades as 1 to 5) fill 「县级数据」; what is
    missing or None stays an empty cell. ``row_count`` rows are ruled, more where there are more schools.
    ``last_year`` and ``last_year_figures`` are shown in grey on sheets of their own, or besides fill what is still
    empty, as ``last_year_use`` says. With ``trial`` a sheet computes the seven indicators while somebody types.
    ``with_extra`` adds the columns a workbook may do without at the right end; they are there as well where a school
    has a value for one.
    Raises ``ValueError`` for a key or code the catalogue does not know and for a number that a spreadsheet
    cannot hold exactly (not finite, or more than 15 significant digits).
    """
    year = f"{school_year}—{school_year + 1}学年"
    county = clean(county_name)
    workbook = Workbook()
    guide = workbook.active
    guide.title = GUIDE_SHEET
    school_sheet, county_sheet, option_sheet = (
        workbook.create_sheet(title) for title in (SCHOOL_SHEET, COUNTY_SHEET, OPTION_SHEET)
    )
    is_compared = last_year_use is not LastYearUse.NONE and bool(last_year or last_year_figures)
    if is_compared and last_year_use is LastYearUse.START:
        schools, figures = started_from(schools, last_year), {**last_year_figures, **figures}
    has_extra = with_extra or any(
        school.values.get(field.key) is not None for school in schools for field in EXTRA_FIELDS
    )
    fields = ALL_FIELDS if has_extra else FIELDS
    lists = _write_options(option_sheet)
    _write_guide(guide, school_year, year, county, clean(county_code))
    last_ruled = _HEADER_ROW + max(row_count, len(schools))
    last_checked = max(last_ruled, _LAST_CHECKED_ROW)
    _write_school_headers(school_sheet, year, county, fields)
    _rule_school_rows(school_sheet, last_ruled, fields)
    _validate_school_columns(school_sheet, last_checked, lists, fields)
    _fill_schools(school_sheet, schools, fields)
    _write_county_figures(county_sheet, figures, lists)
    colour_school_rows(school_sheet, _HEADER_ROW + 1, last_checked)
    if is_compared:
        old = {item.code: _figure(item, last_year_figures.get(item.code)) for item in COUNTY_ITEMS}
        write_last_year(
            workbook, f"{school_year - 1}—{school_year}学年", schools, last_year, old, header_row=_HEADER_ROW
        )
        colour_changes(school_sheet, county_sheet, _HEADER_ROW + 1, last_checked, last_year_use)
    if trial is not None:
        write_trial(
            workbook.create_sheet(TRIAL_SHEET, index=workbook.index(option_sheet)),
            trial,
            header_row=_HEADER_ROW,
            last_row=last_ruled,
            last_read_row=last_checked,
        )
    _set_up_pages((guide, school_sheet, county_sheet), year, county, has_extra)

    moment = datetime(school_year, 9, 1)
    workbook.properties.title = f"{county}{year}{_PORTAL}填报工作簿"
    workbook.properties.creator = _PORTAL
    workbook.properties.created = workbook.properties.modified = moment
    workbook.custom_doc_props.append(StringProperty(name=TEMPLATE_VERSION_PROPERTY, value=TEMPLATE_VERSION))
    content = _packed(workbook, school_sheet, last_checked, moment)
    if isinstance(target, Path):
        target.write_bytes(content)
    else:
        target.write(content)


# --- 选项 ----------------------------------------------------------------------------------------------------------


def _write_options(sheet: Sheet) -> dict[tuple[str, ...], str]:
    """One column per code list on the hidden sheet; gives the range behind each list's drop-down."""
    titles = {field.choices: field.header for field in reversed(FIELDS) if field.choices}
    titles[GRADES] = "质量监测等级"
    ranges = {}
    for column, (choices, title) in enumerate(titles.items(), 1):
        letter = get_column_letter(column)
        put_text(sheet.cell(1, column), title)
        dress(sheet.cell(1, column), bold=True)
        for row, choice in enumerate(choices, 2):
            put_text(sheet.cell(row, column), choice)
            dress(sheet.cell(row, column), number_format="@")
        sheet.column_dimensions[letter].width = 22
        ranges[choices] = (
            f"{quote_sheetname(sheet.title)}!{absolute_coordinate(f'{letter}2:{letter}{len(choices) + 1}')}"
        )
    sheet.sheet_state = "hidden"
    return ranges


# --- 填报说明 ------------------------------------------------------------------------------------------------------

_GUIDE_WIDTHS = (27, 75)


def _write_guide(sheet: Sheet, school_year: int, year: str, county: str, county_code: str) -> None:
    for column, width in zip("AB", _GUIDE_WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    place = f"{county}（{county_code}）" if county and county_code else county or county_code or "＿＿＿＿＿＿＿＿"
    title = f"{_PORTAL}\n填报工作簿"
    row = _guide_band(sheet, 1, title, 58, size=16, ink=_WHITE, fill=_TITLE_FILL, horizontal="center")
    facts = f"县（市、区）：{place}　　学年：{year}　　模板版本：{TEMPLATE_VERSION}"
    row = _guide_band(sheet, row, facts, 26, size=10.5, fill=_GROUP_FILLS[GROUPS[0]][1], horizontal="center")
    for section in sections(school_year):
        row = _guide_band(sheet, row, section.heading, 28, size=12, ink=_TITLE_FILL, vertical="bottom")
        for line in section.lines:
            for cell, text in zip(sheet[f"A{row}:B{row}"][0], line, strict=True):
                put_text(cell, text)
                dress(cell, size=10.5, ruled=True, wrap=True, indent=1)
            dress(sheet.cell(row, 1), size=10.5, bold=True, ruled=True, wrap=True, indent=1, fill=_HINT_FILL)
            lines_needed = max(line_count(text, width - 4) for text, width in zip(line, _GUIDE_WIDTHS, strict=True))
            sheet.row_dimensions[row].height = 17 * lines_needed + 6
            row += 1
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = _TITLE_FILL


def _guide_band(sheet: Sheet, row: int, text: str, height: float, **look: Any) -> int:
    """A line across both columns of the guide; gives the row below it. ``height`` in points."""
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)
    cell = sheet.cell(row, 1)
    put_text(cell, text)
    dress(cell, bold=True, wrap=True, **look)
    sheet.row_dimensions[row].height = height
    return row + 1


# --- 学校数据 ------------------------------------------------------------------------------------------------------


def _write_school_headers(sheet: Sheet, year: str, county: str, fields: Sequence[Field]) -> None:
    """Title, group titles, a line of forms and sources, and the headers: the frozen head of the sheet."""
    title = f"{county}学校数据 {year}"
    centred = {"fill": _TITLE_FILL, "horizontal": "center", "shrink": True}
    _band(sheet, _TITLE_ROW, 1, _LAST_TITLE_COLUMN, title, size=12, **centred)
    reminder = "一所学校一行；没有的学段空着，有而数量为零的填 0；表头的文字不要改；鼠标停在表头上看说明。"
    for first, last in pairwise((_LAST_TITLE_COLUMN, *_PAGE_END_COLUMNS)):
        _band(sheet, _TITLE_ROW, first + 1, last, reminder, fill=_TITLE_FILL, indent=1)
    if len(fields) > len(FIELDS):
        words = "这几栏可以全部空着；表头的文字不要改。"
        _band(sheet, _TITLE_ROW, len(FIELDS) + 1, len(fields), words, fill=_TITLE_FILL, indent=1)
    for group, members in groupby(enumerate(fields, 1), key=lambda pair: pair[1].group):
        columns = [column for column, _ in members]
        dark = _GROUP_FILLS[group][0]
        # A merged cell must not cross the edge of the frozen columns: half of it would scroll away.
        frozen = [column for column in columns if column <= _LAST_TITLE_COLUMN]
        for part in (frozen, columns[len(frozen) :]):
            if part:
                _band(sheet, _GROUP_ROW, part[0], part[-1], group, fill=dark, horizontal="center", size=11)
    for column, field in enumerate(fields, 1):
        hint, header = sheet.cell(_HINT_ROW, column), sheet.cell(_HEADER_ROW, column)
        put_text(hint, "\n".join(words for words in (form(field), field.unit, field.source) if words))
        dress(hint, size=8, ink=_GREY, fill=_HINT_FILL, ruled=True, horizontal="center", wrap=True)
        put_text(header, field.header)
        dress(header, bold=True, fill=_GROUP_FILLS[field.group][1], ruled=True, horizontal="center", wrap=True)
        header.comment = note(field)
        widest = max((half_widths(choice) + 3.0 for choice in field.choices), default=0.0)
        sheet.column_dimensions[get_column_letter(column)].width = max(widest, _WIDTHS[field.kind])
    for row, height in ((_TITLE_ROW, 28), (_GROUP_ROW, 20), (_HINT_ROW, 48), (_HEADER_ROW, 66)):
        sheet.row_dimensions[row].height = height
    sheet.freeze_panes = sheet.cell(_HEADER_ROW + 1, _LAST_TITLE_COLUMN + 1)


def _band(sheet: Sheet, row: int, first: int, last: int, text: str, **look: Any) -> None:
    """White text on a dark fill across merged columns."""
    for column in range(first, last + 1):
        dress(sheet.cell(row, column), bold=True, ink=_WHITE, ruled=True, **look)
    put_text(sheet.cell(row, first), text)
    sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)


def _rule_school_rows(sheet: Sheet, last_ruled: int, fields: Sequence[Field]) -> None:
    """Borders and number formats down to the last ruled row; formats alone for the whole column below it."""
    sheet.sheet_format.defaultRowHeight = 18
    sheet.sheet_format.customHeight = True
    for column, field in enumerate(fields, 1):
        dress_value(sheet.column_dimensions[get_column_letter(column)], field, ruled=False)
        top = sheet.cell(_HEADER_ROW + 1, column)
        dress_value(top, field, ruled=True)
        for row in range(_HEADER_ROW + 2, last_ruled + 1):
            # One style for the column: giving each of 20,000 cells its own costs seconds.
            sheet.cell(row, column)._style = top._style
    sheet.sheet_properties.tabColor = _GROUP_FILLS[GROUPS[1]][0]


def _validate_school_columns(
    sheet: Sheet, last_row: int, lists: Mapping[tuple[str, ...], str], fields: Sequence[Field]
) -> None:
    for column, field in enumerate(fields, 1):
        letter = get_column_letter(column)
        cells = f"{letter}{_HEADER_ROW + 1}:{letter}{last_row}"
        sheet.add_data_validation(validation(field, field.header, cells, lists))


def _fill_schools(sheet: Sheet, schools: Sequence[SchoolReport], fields: Sequence[Field]) -> None:
    column_of = {field.key: column for column, field in enumerate(fields, 1)}
    for row, school in enumerate(schools, _HEADER_ROW + 1):
        told = {key: value for key, value in school.values.items() if value is not None}
        if unknown := school.values.keys() - FIELD_BY_KEY.keys():
            raise ValueError(f"no column for {sorted(unknown)}")
        for key, value in told.items():
            put(sheet.cell(row, column_of[key]), cell_value(value))


# --- 县级数据 ------------------------------------------------------------------------------------------------------


def _write_county_figures(
    sheet: Sheet, figures: Mapping[str, int | Decimal], lists: Mapping[tuple[str, ...], str]
) -> None:
    if unknown := figures.keys() - COUNTY_ITEM_BY_CODE.keys():
        raise ValueError(f"no row for {sorted(unknown)}")
    for column, (header, width) in enumerate(zip(COUNTY_COLUMNS, (9, 40, 20, 11), strict=True), 1):
        cell = sheet.cell(_COUNTY_HEADER_ROW, column)
        put_text(cell, header)
        dress(cell, size=11, bold=True, ink=_WHITE, fill=_TITLE_FILL, ruled=True, horizontal="center")
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[_COUNTY_HEADER_ROW].height = 26
    shades = ("DDEBF7", "EDF3FA")
    block = -1
    for row, item in enumerate(COUNTY_ITEMS, _COUNTY_HEADER_ROW + 1):
        block += item.code in _COUNTY_BLOCKS
        code, name, amount, unit = (sheet.cell(row, column) for column in range(1, 5))
        for cell, text in ((code, item.code), (name, item.name), (unit, item.unit)):
            put_text(cell, text)
            dress(cell, size=10.5, fill=shades[block % 2], ruled=True, horizontal="center")
        dress(name, size=10.5, fill=shades[block % 2], ruled=True, indent=1)
        name.comment = note(item)
        dress_value(amount, item, ruled=True)
        put(amount, _figure(item, figures.get(item.code)))
        sheet.add_data_validation(validation(item, item.name, amount.coordinate, lists))
        sheet.row_dimensions[row].height = 19
    sheet.freeze_panes = sheet.cell(_COUNTY_HEADER_ROW + 1, 1)
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = _GROUP_FILLS[GROUPS[3]][0]


def _figure(item: CountyItem, value: int | Decimal | None) -> str | int | Decimal | None:
    """What stands in the cell for a county figure: grades as Ⅰ to Ⅴ, numbers as they are."""
    if value is None or item.kind is not Kind.GRADE:
        return value
    if value not in range(1, len(GRADES) + 1):
        raise ValueError(f"{item.code}: {value} is no grade")
    return GRADES[int(value) - 1]


# --- paper and package --------------------------------------------------------------------------------------------


def _set_up_pages(sheets: tuple[Sheet, Sheet, Sheet], year: str, county: str, has_extra: bool) -> None:
    """A4: the wide sheet landscape on three pages side by side with whole groups on each, the others one page wide.
    With the columns that may be left out it takes four pages, and breaks where the program fits it."""
    _, school_sheet, county_sheet = sheets
    for sheet in sheets:
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
        sheet.page_margins.left = sheet.page_margins.right = 0.4
        sheet.page_margins.top = sheet.page_margins.bottom = 0.65
        sheet.page_margins.header = sheet.page_margins.footer = 0.3
        sheet.print_options.horizontalCentered = True
        # An ampersand starts a code in headers and footers.
        sheet.oddHeader.left.text = f"{county} {year}".strip().replace("&", "&&")
        sheet.oddHeader.right.text = f"{_PORTAL} {sheet.title}"
        sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.orientation = "portrait"
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    county_sheet.page_setup.fitToHeight = 1

    # 63 columns on one width could not be read. Excel, fitting to three, ignores the breaks; the column widths are
    # balanced so that it breaks at the same places.
    school_sheet.page_setup.orientation = "landscape"
    school_sheet.page_setup.fitToWidth = 4 if has_extra else 3
    school_sheet.page_setup.pageOrder = "overThenDown"
    school_sheet.print_options.horizontalCentered = False
    breaks = ColBreak()
    for column in _PAGE_END_COLUMNS if has_extra else _PAGE_END_COLUMNS[:-1]:
        breaks.append(Break(id=column))
    school_sheet.col_breaks = breaks
    school_sheet.print_title_rows = f"{_TITLE_ROW}:{_HEADER_ROW}"
    school_sheet.print_title_cols = f"A:{get_column_letter(_LAST_TITLE_COLUMN)}"


def _packed(workbook: Any, school_sheet: Sheet, last_row: int, moment: datetime) -> bytes:
    """The bytes of the workbook, every part dated ``moment``.

    One element that openpyxl cannot write is added: without it Excel flags every school code as "number stored
    as text" and offers to turn it into a number, which would cost its leading zeros.
    """
    letters = [get_column_letter(column) for column, field in enumerate(FIELDS, 1) if field.kind in TEXT_KINDS]
    cells = " ".join(f"{letter}{_HEADER_ROW + 1}:{letter}{last_row}" for letter in letters)
    ignored = f'<ignoredErrors><ignoredError sqref="{cells}" numberStoredAsText="1"/></ignoredErrors>'.encode()
    raw, packed = BytesIO(), BytesIO()
    # Not workbook.save(), which would stamp the present time into the properties.
    ExcelWriter(workbook, ZipFile(raw, "w")).save()
    with ZipFile(raw) as parts, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            content = parts.read(name)
            if name == school_sheet.path.removeprefix("/"):
                content = re.sub(rb"(?=<legacyDrawing )", ignored, content, count=1)
            part = ZipInfo(name, moment.timetuple()[:6])
            part.compress_type = ZIP_DEFLATED
            archive.writestr(part, content)
    return packed.getvalue()
