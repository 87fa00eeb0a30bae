"""「上年数据」 and 「上年县级数据」: what the county reported a year ago, in grey, in the same layout. Pure.

The reader knows nothing of these sheets. Colours in this year's sheets compare by 学校标识码 and by 代码, through
defined names: a colour rule that points at another sheet directly is refused by older programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from openpyxl.utils import get_column_letter, quote_sheetname  # type: ignore[import-untyped]
from openpyxl.workbook.defined_name import DefinedName  # type: ignore[import-untyped]

from indicators.catalogue import COUNTY_COLUMNS, COUNTY_ITEMS, FIELDS, GROUPS, Kind
from indicators.report import SchoolReport
from indicators.workbook.template_cells import cell_value, dress, dress_value, lay_on_paper, protect, put, put_text
from indicators.workbook.template_colours import colour_rule

LAST_YEAR_SHEET, LAST_YEAR_COUNTY_SHEET = "上年数据", "上年县级数据"
#: A change from last year larger than this share is coloured.
NOTABLE_CHANGE = Decimal("0.3")

#: openpyxl carries no types; the names say what is meant.
Sheet = Any
Workbook = Any
Figure = str | int | Decimal | None

_SCHOOLS_NAME, _FIGURES_NAME = "LastYearSchools", "LastYearFigures"
_GREY, _LIGHT, _CHANGED_FILL = "808080", "F5F5F5", "FFE699"
_LAST_COLUMN = get_column_letter(len(FIELDS))


class LastYearUse(StrEnum):
    """What a clerk wants done with last year's figures."""

    NONE = "none"
    BESIDE = "beside"
    START = "start"

    @property
    def label(self) -> str:
        return {"none": "空白", "beside": "上年数据对照", "start": "以上年数据为起始值"}[self.value]

    @property
    def words(self) -> str:
        """What the choice does, in a sentence."""
        return {
            "none": "只带学校名单，各项数据从头填写。",
            "beside": "上年数据另放一张工作表，变化超过 30% 的数会变色。",
            "start": "先填好上年的数，灰字；改过的变黑。没有改的数仍按本年数据上报，请逐项核对。",
        }[self.value]


def started_from(schools: Sequence[SchoolReport], last_year: Sequence[SchoolReport]) -> list[SchoolReport]:
    """This year's schools with last year's value wherever nothing is known yet; what was refused then is not used."""
    before = {school.values.get("code"): school.values for school in last_year}
    filled = []
    for school in schools:
        old = before.get(school.values.get("code"), {})
        start = {key: value for key, value in old.items() if value is not None}
        now = {key: value for key, value in school.values.items() if value is not None}
        filled.append(SchoolReport(start | now, row=school.row))
    return filled


def write_last_year(
    workbook: Workbook,
    year: str,
    schools: Sequence[SchoolReport],
    last_year: Sequence[SchoolReport],
    figures: Mapping[str, Figure],
    header_row: int,
) -> None:
    """Add both sheets. Schools of this year stand in the row they have in 「学校数据」; those that are there no more
    stand below. ``figures`` maps codes of 「县级数据」 to what stood in the cell."""
    before = {school.values.get("code"): school for school in last_year}
    rows = [before.pop(school.values.get("code"), None) for school in schools]
    rows += before.values()
    _write_schools(workbook.create_sheet(LAST_YEAR_SHEET), year, rows, header_row)
    _write_figures(workbook.create_sheet(LAST_YEAR_COUNTY_SHEET), figures)
    for name, sheet, area in (
        (_SCHOOLS_NAME, LAST_YEAR_SHEET, f"$A${header_row + 1}:${_LAST_COLUMN}${header_row + max(len(rows), 1)}"),
        (_FIGURES_NAME, LAST_YEAR_COUNTY_SHEET, f"$A$2:$C${len(COUNTY_ITEMS) + 1}"),
    ):
        workbook.defined_names[name] = DefinedName(name, attr_text=f"{quote_sheetname(sheet)}!{area}")


def _write_schools(sheet: Sheet, year: str, rows: Sequence[SchoolReport | None], header_row: int) -> None:
    put_text(sheet["A1"], f"上年数据 {year}（只供对照，不用填写，也不读取；行与下载时的「学校数据」对应）")
    dress(sheet["A1"], size=11, bold=True, ink=_GREY)
    for column, field in enumerate(FIELDS, 1):
        header = sheet.cell(header_row, column)
        put_text(header, field.header)
        dress(header, ink=_GREY, fill=_LIGHT, ruled=True, horizontal="center", wrap=True)
        sheet.column_dimensions[get_column_letter(column)].width = 27 if field.key == "name" else 12
        top = sheet.cell(header_row + 1, column)
        dress_value(top, field, ruled=True, ink=_GREY)
        for row in range(header_row + 2, header_row + 1 + len(rows)):
            sheet.cell(row, column)._style = top._style
    for row, school in enumerate(rows, header_row + 1):
        for column, field in enumerate(FIELDS, 1):
            if school is not None:
                put(sheet.cell(row, column), cell_value(school.values.get(field.key)))
    sheet.row_dimensions[header_row].height = 66
    sheet.freeze_panes = sheet.cell(header_row + 1, 3)
    lay_on_paper(sheet, 4, f"{header_row}:{header_row}")
    _finish(sheet)


def _write_figures(sheet: Sheet, figures: Mapping[str, Figure]) -> None:
    for column, (header, width) in enumerate(zip(COUNTY_COLUMNS, (9, 40, 20, 11), strict=True), 1):
        put_text(sheet.cell(1, column), f"上年{header}" if column == len(COUNTY_COLUMNS) - 1 else header)
        dress(sheet.cell(1, column), ink=_GREY, fill=_LIGHT, ruled=True, horizontal="center")
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row, item in enumerate(COUNTY_ITEMS, 2):
        code, name, amount, unit = (sheet.cell(row, column) for column in range(1, 5))
        for cell, text in ((code, item.code), (name, item.name), (unit, item.unit)):
            put_text(cell, text)
            dress(cell, ink=_GREY, ruled=True)
        dress_value(amount, item, ruled=True, ink=_GREY)
        put(amount, figures.get(item.code))
    lay_on_paper(sheet, 1, "1:1")
    _finish(sheet)


def _finish(sheet: Sheet) -> None:
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = "A6A6A6"
    protect(sheet)


def colour_changes(school_sheet: Sheet, county_sheet: Sheet, first_row: int, last_row: int, use: LastYearUse) -> None:
    """Amber where a figure moved notably since last year; grey ink where a start value still stands unchanged."""
    for column, field in enumerate(FIELDS, 1):
        if field.group == GROUPS[0]:
            continue
        letter = get_column_letter(column)
        old = f"VLOOKUP($A{first_row},{_SCHOOLS_NAME},{column},FALSE)"
        area = f"{letter}{first_row}:{letter}{last_row}"
        _colour(school_sheet, area, f"{letter}{first_row}", old, field.kind, use)
    for row, item in enumerate(COUNTY_ITEMS, 2):
        _colour(county_sheet, f"C{row}", f"C{row}", f"VLOOKUP($A{row},{_FIGURES_NAME},3,FALSE)", item.kind, use)


def _colour(sheet: Sheet, area: str, cell: str, old: str, kind: Kind, use: LastYearUse) -> None:
    if kind.is_number and kind is not Kind.YEAR:
        test = f"AND(ISNUMBER({cell}),ISNUMBER({old}),ABS({cell}-{old})>{NOTABLE_CHANGE}*ABS({old}))"
        sheet.conditional_formatting.add(area, colour_rule(test, _CHANGED_FILL))
    if use is LastYearUse.START:
        sheet.conditional_formatting.add(area, colour_rule(f"AND(NOT(ISBLANK({cell})),{cell}={old})", ink=_GREY))
