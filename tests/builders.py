"""Workbooks built in code: a small county that passes the whole standard of 2017, and a large one from a seed.

Rows are what a clerk types: catalogue key → cell, choices as their labels, rooms as ``96;98.5``. A key that is not
there is an empty cell. Tests take a good row and spoil one cell of it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty
from openpyxl.utils import get_column_letter

from indicators.catalogue import (
    COUNTY_COLUMNS,
    COUNTY_ITEMS,
    COUNTY_SHEET,
    FIELD_BY_KEY,
    FIELDS,
    GUIDE_SHEET,
    SCHOOL_SHEET,
    TEMPLATE_VERSION,
    TEMPLATE_VERSION_PROPERTY,
)
from indicators.workbook.sandbox import Book, Sheet
from schools.vocabulary import SchoolType, SponsorType

Row = dict[str, Any]
Figures = dict[str, Any]

KEYS: tuple[str, ...] = tuple(field.key for field in FIELDS)
GROUP_ROW, HEADER_ROW, FIRST_ROW = 1, 2, 3

#: Amounts a weighted pupil (1 : 1.1 : 1.32), enough for both stages of every type.
_TEACHING_AREA, _SPORTS_GROUND, _EQUIPMENT, _ROOMS_PER_100 = 6.5, 10.6, 0.29, 3.1
_WEIGHTS = (1.0, 1.1, 1.32)


def school_row(
    code: str,
    name: str,
    school_type: SchoolType,
    *,
    primary: int = 0,
    junior: int = 0,
    senior: int = 0,
    place: str = "镇区",
    sponsor: SponsorType = SponsorType.COUNTY_EDUCATION,
    boarding: bool = False,
    built: int = 2012,
    plenty: float = 1.0,
) -> Row:
    """A school that passes everything; ``plenty`` raises what it has by that factor. No pupils, no figures."""
    row: Row = {
        "code": code,
        "name": name,
        "school_type": school_type.label,
        "sponsor_type": sponsor.choice,
        "urban_rural": place,
        "is_boarding": "是" if boarding else "否",
        "built_year": built,
        "is_dense_central": "否",
    }
    if not primary + junior:
        return row
    if primary:
        row |= _stage_cells("primary", primary, 42, 15.5, plenty)
    if junior:
        row |= _stage_cells("junior", junior, 46, 11.5, plenty)
        leavers = max(junior // 3, 1)
        row |= {
            "graduates": leavers,
            "entrants_three_years_ago": leavers + 1,
            "transferred_in": 2,
            "transferred_out": 2,
            "deceased": 0,
        }
    if school_type.has_senior_stage:
        row["senior_enrollment"] = senior
    pupils = primary + junior
    weighted = sum(w * p for w, p in zip(_WEIGHTS, (primary, junior, senior), strict=True))
    indoor = round(0.5 * weighted, 2) if pupils > 400 else 0
    teachers = row.get("primary_full_time_teachers", 0) + row.get("junior_full_time_teachers", 0)
    rooms = ceil((row.get("primary_classes", 0) + row.get("junior_classes", 0)) / 12)
    # A school under 100 pupils is funded as if it had 100.
    budget = round(max(pupils, 105) * 0.098 + senior * 0.12, 4)
    return row | {
        "migrant_enrollment": pupils // 12,
        "certified_teachers": teachers,
        "trained_teachers": teachers,
        "teaching_area": round(_TEACHING_AREA * plenty * weighted + indoor, 2),
        "indoor_sports_area": indoor,
        "sports_ground_area": round(_SPORTS_GROUND * plenty * weighted, 2),
        "other_sports_area": 0,
        "rented_sports_area": 0,
        "equipment_value": round(_EQUIPMENT * plenty * weighted, 4),
        "multimedia_rooms": ceil(_ROOMS_PER_100 * plenty * weighted / 100),
        "music_room_areas": ";".join(["96", "98.5", "102"][i % 3] for i in range(rooms)),
        "art_room_areas": ";".join(["90", "92.25"][i % 2] for i in range(rooms)),
        "funds_budget": budget,
        "funds_final": round(budget * 0.99, 4),
        "training_budget": round(budget * 0.056, 4),
        "funds_allocated": budget,
    }


def _stage_cells(stage: str, pupils: int, class_size: int, pupils_per_teacher: float, plenty: float) -> Row:
    """The cells of one stage: ``class_size`` bounds its classes, all teachers above the required degree."""
    most_grades = 6 if stage == "primary" else 3
    classes = max(ceil(pupils / class_size), min(most_grades, ceil(pupils / 10)))
    teachers = max(ceil(pupils / pupils_per_teacher * plenty), 4)
    masters = teachers // 12
    cells: Row = {
        "enrollment": pupils,
        "grades": min(most_grades, classes),
        "classes": classes,
        "largest_class": min(ceil(pupils / classes) + 1, pupils),
        "classes_over_45" if stage == "primary" else "classes_over_50": 0,
        "in_zone_enrollment": pupils,
        "full_time_teachers": teachers,
        "bachelor_teachers": teachers - masters,
        "master_teachers": masters,
        "doctor_teachers": 0,
        "backbone_teachers": ceil(pupils * 0.013 * plenty),
        "pe_teachers": ceil(pupils * 0.006 * plenty),
        "music_teachers": ceil(pupils * 0.003) if pupils >= 200 else 0,
        "fine_art_teachers": ceil(pupils * 0.003) if pupils >= 200 else 0,
        "arts_teachers": 0 if pupils >= 200 else 1,
        "shared_arts_teachers": 0,
    }
    if stage == "primary":
        cells["associate_teachers"] = teachers // 6
        cells["bachelor_teachers"] -= cells["associate_teachers"]
    return {f"{stage}_{key}": value for key, value in cells.items()}


def good_rows() -> list[Row]:
    """Six schools of one county: a town and a rural primary school, a junior school, a 九年一贯制学校, a 完全中学
    and a 教学点 of 60 pupils. Both stages pass the whole standard of 2017, and nothing is to be said about any cell."""
    return [
        school_row(
            "3142000001", "清河县实验小学", SchoolType.PRIMARY_SCHOOL,
            primary=1260, place="城区", built=2008, plenty=1.05,
        ),
        school_row("3142000002", "清河县柳林镇中心小学", SchoolType.PRIMARY_SCHOOL, primary=540, plenty=1.15),
        school_row("3142000003", "清河县第二中学", SchoolType.JUNIOR_SCHOOL, junior=1150, place="城区", built=2015),
        school_row(
            "3142000004", "清河县滨江九年一贯制学校", SchoolType.NINE_YEAR,
            primary=630, junior=420, boarding=True, plenty=1.1,
        ),
        school_row(
            "3142000005", "清河县第一中学", SchoolType.COMPLETE_MIDDLE,
            junior=600, senior=900, place="城区", built=1998, plenty=1.08,
        ),
        school_row("0142000006", "柳林镇石桥教学点", SchoolType.TEACHING_POINT, primary=60, place="乡村", plenty=1.2),
    ]  # fmt: skip


def special_row(code: str = "3142000007") -> Row:
    """A 特殊教育学校: it stays out of every calculation, and only its basic information is filled in."""
    return school_row(code, "清河县特殊教育学校", SchoolType.SPECIAL, place="城区")


def good_figures() -> Figures:
    """County figures that pass every item of 2017 that is computed from them; grades as Ⅰ to Ⅴ."""
    figures: Figures = {
        "C01": 48.62, "C02": 30.15, "C03": 14, "C04": 212,
        "C05": 52380.5, "C06": 4210, "C07": 19860, "C08": 36540,
        "C09": 720, "C10": 940, "C11": 96.8, "C12": 110,
        "C13": 98600, "C14": 96200.55, "C15": 360, "C16": 96, "C17": 24,
        "C18": 1000, "C19": 620, "C20": 260, "C21": 400, "C22": 352, "C23": 20,
        "C24": 130, "C25": 127, "C26": 0, "C39": 2015,
    }  # fmt: skip
    figures |= dict(zip((f"C{n}" for n in range(27, 33)), ("Ⅳ", "Ⅲ", "Ⅳ", "Ⅲ", "Ⅲ", "Ⅴ"), strict=True))
    figures |= dict(zip((f"C{n}" for n in range(33, 39)), (0.11, 0.12, 0.09, 0.1, 0.145, 0.08), strict=True))
    return figures


def county_rows(seed: int, count: int = 300) -> list[Row]:
    """A county of ``count`` schools of all types, the same for the same seed; nothing is to be said about it."""
    random = Random(seed)
    types = (
        [SchoolType.PRIMARY_SCHOOL] * 55
        + [SchoolType.TEACHING_POINT] * 17
        + [SchoolType.JUNIOR_SCHOOL] * 14
        + [SchoolType.NINE_YEAR] * 8
        + [SchoolType.COMPLETE_MIDDLE] * 3
        + [SchoolType.TWELVE_YEAR, SchoolType.SPECIAL, SchoolType.PRIMARY_SCHOOL]
    )
    rows = []
    for number in range(1, count + 1):
        school_type = types[(number * 37) % len(types)]
        pupils = {"primary": 0, "junior": 0, "senior": 0}
        if school_type is SchoolType.TEACHING_POINT:
            pupils["primary"] = random.randint(12, 130)
        elif school_type.stages:
            for stage in school_type.stages:
                pupils[stage.value.lower()] = random.randint(150, 1100 if school_type.is_continuous else 1900)
            if school_type.has_senior_stage:
                pupils["senior"] = random.randint(300, 2000)
        rows.append(
            school_row(
                f"{random.choice('0123')}{number:03d}{random.randint(0, 999_999):06d}",
                f"清河县第{number}{school_type.label}",
                school_type,
                **pupils,
                place=random.choice(("城区", "镇区", "乡村")),
                sponsor=random.choice((SponsorType.COUNTY_EDUCATION, SponsorType.COUNTY_OTHER, SponsorType.PRIVATE)),
                boarding=random.random() < 0.2,
                built=random.randint(1955, 2024),
                plenty=random.uniform(1.0, 1.3),
            )
        )
    return rows


def write_workbook(
    path: Path,
    rows: Sequence[Row] | None = None,
    figures: Figures | None = None,
    *,
    keys: Sequence[str] = KEYS,
    headers: Mapping[str, str] | None = None,
    template_version: str | None = TEMPLATE_VERSION,
    group_titles: bool = True,
    edit: Callable[[Workbook], object] | None = None,
) -> Path:
    """Write rows and figures (the good ones by default) as a county would; ``{}`` as figures leaves every value empty.

    ``keys`` are the columns in their order, ``headers`` other words for some of them; a key that the catalogue does
    not know is a header itself. The header row is row 2 under the group titles, row 1 without them. ``edit`` is
    done to the whole book before it is saved.
    """
    book = Workbook()
    guide = book.active
    guide.title = GUIDE_SHEET
    guide["A1"] = "学校标识码为 10 位数字，按文本填写"
    sheet = book.create_sheet(SCHOOL_SHEET)
    if group_titles:
        sheet.append([FIELD_BY_KEY[key].group if key in FIELD_BY_KEY else None for key in keys])
    sheet.append([header_of(key, headers) for key in keys])
    for row in good_rows() if rows is None else rows:
        sheet.append([row.get(key) for key in keys])
    county = book.create_sheet(COUNTY_SHEET)
    county.append(COUNTY_COLUMNS)
    values = good_figures() if figures is None else figures
    for item in COUNTY_ITEMS:
        county.append([item.code, item.name, values.get(item.code), item.unit])
    if template_version is not None:
        book.custom_doc_props.append(StringProperty(name=TEMPLATE_VERSION_PROPERTY, value=template_version))
    if edit is not None:
        edit(book)
    book.save(path)
    return path


def write_csv(path: Path, rows: Sequence[Row] | None = None, *, encoding: str = "utf-8") -> Path:
    """Write the rows as the plain export of 「学校数据」."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow([FIELD_BY_KEY[key].header for key in KEYS])
        for row in good_rows() if rows is None else rows:
            writer.writerow(["" if row.get(key) is None else row[key] for key in KEYS])
    return path


def book_of(rows: Sequence[Row] | None = None, figures: Figures | None = None) -> Book:
    """The content that reading the workbook of ``write_workbook`` gives, without a file: for tests in great number."""
    school_rows: list[list[Any]] = [[FIELD_BY_KEY[key].header for key in KEYS]]
    school_rows += [[row.get(key) for key in KEYS] for row in (good_rows() if rows is None else rows)]
    values = good_figures() if figures is None else figures
    county_rows: list[list[Any]] = [list(COUNTY_COLUMNS)]
    county_rows += [[item.code, item.name, values.get(item.code), item.unit] for item in COUNTY_ITEMS]
    sheets = (
        Sheet(SCHOOL_SHEET, False, _numbered(school_rows, HEADER_ROW)),
        Sheet(COUNTY_SHEET, False, _numbered(county_rows, 1)),
    )
    return Book("xlsx", TEMPLATE_VERSION, sheets)


def _numbered(rows: Sequence[Sequence[Any]], first: int) -> list[tuple[int, list[Any]]]:
    """Rows with their sheet row; every number as the float that a spreadsheet holds."""
    return [
        (number, [float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in row])
        for number, row in enumerate(rows, first)
    ]


def header_of(key: str, headers: Mapping[str, str] | None = None) -> str:
    """The header of a column; a key that the catalogue does not know stands for itself."""
    if headers is not None and key in headers:
        return headers[key]
    return FIELD_BY_KEY[key].header if key in FIELD_BY_KEY else key


def cell_of(key: str, position: int, keys: Sequence[str] = KEYS) -> str:
    """A1 address of a school's cell, schools counted from 0, in a workbook with group titles."""
    return f"{get_column_letter(list(keys).index(key) + 1)}{FIRST_ROW + position}"


def figure_cell(code: str) -> str:
    """A1 address of the value of a county figure."""
    return f"C{[item.code for item in COUNTY_ITEMS].index(code) + 2}"
