"""From the cells of a workbook to what the county reported, and everything that is wrong with it at once. Pure.

Reading never stops at the first problem: each is noted at its cell, the value it concerns counts as missing,
and the rest is read on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from indicators.catalogue import (
    COUNTY_SHEET,
    SCHOOL_SHEET,
    TEMPLATE_VERSION,
    TEMPLATE_VERSION_PROPERTY,
)
from indicators.problem import Problem
from indicators.report import CountyReport
from indicators.workbook.county_sheet import CountyPart, read_figures
from indicators.workbook.headers import NO_ALIASES, Aliases
from indicators.workbook.notes import Notes, Place
from indicators.workbook.sandbox import Book, Sheet
from indicators.workbook.school_sheet import SchoolPart, read_schools

_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")
_CSV = "csv"


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What a workbook holds. ``columns`` maps the keys that could be read to column letters of 「学校数据」,
    ``figure_cells`` the codes of 「县级数据」 to the A1 address of their value. ``is_judgeable`` is False where
    nothing can be judged at all: no school could be read, or the template is not the current one."""

    report: CountyReport
    problems: tuple[Problem, ...]
    columns: Mapping[str, str]
    figure_cells: Mapping[str, str]
    is_judgeable: bool


def read_report(book: Book, aliases: Aliases = NO_ALIASES) -> ReadReport:
    """Type and check a whole workbook; whatever is wrong is in ``problems``, by sheet, row and column. ``aliases`` are
    other names of the headers of 「学校数据」 that are read as well."""
    is_csv = book.kind == _CSV
    notes = Notes([sheet.name.strip() for sheet in book.sheets])
    is_current = is_csv or _is_current_version(book.template_version, notes)

    schools = SchoolPart()
    sheet = book.sheets[0] if is_csv and book.sheets else _find_sheet(book, SCHOOL_SHEET)
    if sheet is not None:
        _note_hidden(sheet, notes)
        schools = read_schools(sheet, notes, is_csv=is_csv, aliases=aliases)
    else:
        names = "、".join(s.name for s in book.sheets)
        words = f"工作簿中没有名为「{SCHOOL_SHEET}」的工作表，无法读取学校数据。请使用模板，不要改工作表的名称。"
        notes.add("sheet.missing", words, Place(SCHOOL_SHEET), found=names[:200])

    county = CountyPart()
    sheet = None if is_csv else _find_sheet(book, COUNTY_SHEET)
    if sheet is not None:
        _note_hidden(sheet, notes)
        county = read_figures(sheet, notes)
    elif is_csv:
        words = f"CSV 文件只含学校数据；「{COUNTY_SHEET}」请用模板工作簿上传，否则以县级数据为依据的各项无法核算。"
        notes.add("county.not_in_csv", words, Place(COUNTY_SHEET))
    else:
        words = f"工作簿中没有名为「{COUNTY_SHEET}」的工作表，以县级数据为依据的各项无法核算。请从模板复制并填写。"
        notes.add("county.sheet_missing", words, Place(COUNTY_SHEET))

    return ReadReport(
        CountyReport(schools.schools, county.figures, schools.is_population_certain),
        notes.in_order(),
        schools.columns,
        county.cells,
        is_current and bool(schools.schools),
    )


def _note_hidden(sheet: Sheet, notes: Notes) -> None:
    """Figures nobody sees when the file is opened are read like all others: whoever signs should know."""
    if sheet.hidden:
        words = f"工作表「{sheet.name}」是隐藏的，打开文件时看不到，其中的数据仍按填报读取。请取消隐藏并核对。"
        notes.add("sheet.hidden", words, Place(sheet.name))


def _find_sheet(book: Book, name: str) -> Sheet | None:
    """The sheet of that name; a workbook with two of them has been refused before."""
    return next((sheet for sheet in book.sheets if sheet.name.strip() == name), None)


def _is_current_version(version: str | None, notes: Notes) -> bool:
    """Whether the workbook may be read as the current template; one without a version may."""
    place = Place("")
    if version is None or not version.strip():
        words = "工作簿没有模板版本（可能是自行制作或由其他程序导出），按当前模板读取，请核对表头和单位。"
        notes.add("template.none", words, place, header=TEMPLATE_VERSION_PROPERTY)
        return True
    found, current = version.strip(), _numbers(TEMPLATE_VERSION)
    if _VERSION.fullmatch(found):
        if _numbers(found) == current:
            return True
        if _numbers(found) < current:
            words = (
                f"工作簿是旧模板（版本 {found}），当前模板是 {TEMPLATE_VERSION}。请下载当前模板，"
                f"把「{SCHOOL_SHEET}」和「{COUNTY_SHEET}」的数据复制过去（选择性粘贴“数值”，注意对齐表头），再上传。"
            )
            notes.add("template.old", words, place, header=TEMPLATE_VERSION_PROPERTY, found=found[:60])
            return False
    words = (
        f"工作簿的模板版本“{found[:60]}”无法识别，当前模板是 {TEMPLATE_VERSION}。请下载当前模板，"
        f"把「{SCHOOL_SHEET}」和「{COUNTY_SHEET}」的数据复制过去（选择性粘贴“数值”，注意对齐表头），再上传。"
    )
    notes.add("template.unknown", words, place, header=TEMPLATE_VERSION_PROPERTY, found=found[:60])
    return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
