"""Hostile, broken and odd files sent through the real form and read by the real worker: never an error page, always the
cause in words; and whatever somebody typed is inert on every page and in every file that is taken away."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from evaluation.actions import run_waiting_jobs
from evaluation.models import JobState
from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from indicators.models import Submission
from indicators.workbook import sandbox
from tests.builders import cell_of
from tests.indicators import hostile
from tests.indicators.planting import A_DAY, SCHOOLS, Cell, good_parts, number, packed, text, with_cells
from tests.indicators.test_hostile_files import REFUSED

MOST_MEMORY = 300 * 1024 * 1024
PUPILS = cell_of("primary_enrollment", 0)
NAME = cell_of("name", 0)

Build = Callable[[Path], Path]


@pytest.fixture
def as_clerk(standard, client: Client, clerk) -> Client:
    client.force_login(clerk)
    return client


def sent(client: Client, path: Path, filename: str = "填报.xlsx") -> Submission | str:
    """The version that became of a file, judged by the worker, or the words the form refuses it with."""
    answer = client.post(reverse("upload"), {"file": SimpleUploadedFile(filename, path.read_bytes())}, follow=True)
    assert answer.status_code == 200
    submission = Submission.objects.order_by("-pk").first()
    if submission is None:
        return " ".join(re.findall(r'role="alert">([^<]+)<', answer.content.decode()))
    run_waiting_jobs()
    submission.refresh_from_db()
    # A reader that was lost is tried once more before the file is blamed.
    job = submission.jobs.get()
    if job.state == JobState.WAITING:
        submission.jobs.update(not_before=None)
        run_waiting_jobs()
    assert submission.jobs.get().state == JobState.DONE
    submission.refresh_from_db()
    return submission


def page(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return str(answer.content.decode())


# Every kind of bad file


@pytest.mark.parametrize(("build", "rule", "word"), REFUSED, ids=[build.__name__ for build, _, _ in REFUSED])
def test_a_bad_file_comes_to_a_page_that_names_the_cause(
    build: Build, rule: str, word: str, as_clerk: Client, tmp_path: Path
) -> None:
    told = sent(as_clerk, build(tmp_path / "file"))
    if isinstance(told, str):
        assert build in (hostile.nothing_at_all, hostile.heavy_file)
        assert ("空的" if build is hostile.nothing_at_all else "20 MB") in told
        return
    assert not told.is_readable
    assert not told.verdicts.exists()
    assert told.problems.get().rule == rule
    shown = page(as_clerk, "submission", told.pk)
    assert word in shown
    assert "请" in told.problems.get().message


def test_a_file_that_ends_the_reading_process_is_refused_in_words(as_clerk: Client, tmp_path: Path) -> None:
    told = sent(as_clerk, hostile.bomb_of_one_long_text(tmp_path / "file"))
    assert isinstance(told, Submission)
    assert told.problems.get().rule == "file.reader_stopped"
    assert "需要的时间、内存超过上限" in page(as_clerk, "submission", told.pk)


# Odd workbooks, which are read: what is odd is told at its place


def planted(cells: dict[str, Cell], edit: Callable[[Workbook], object] | None = None) -> Build:
    """A good workbook with some cells of 「学校数据」 written anew."""

    def build(path: Path) -> Path:
        parts = good_parts(path.parent, edit)
        path.write_bytes(packed(parts | {SCHOOLS: with_cells(parts[SCHOOLS], cells)}))
        return path

    return build


def with_wrong_dimensions(path: Path) -> Path:
    parts = good_parts(path.parent)
    xml, count = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', parts[SCHOOLS])
    assert count == 1
    path.write_bytes(packed(parts | {SCHOOLS: xml}))
    return path


def with_a_million_rows(path: Path) -> Path:
    """Formatted empty rows down to the last row that a sheet has."""
    parts = good_parts(path.parent)
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(10, hostile.LAST_ROW + 1)).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(
                name, content.replace(b"</sheetData>", rows + b"</sheetData>") if name == SCHOOLS else content
            )
    return path


def merged_headers(book: Workbook) -> None:
    book[SCHOOL_SHEET].merge_cells("A2:C2")


def header_twice(book: Workbook) -> None:
    book[SCHOOL_SHEET]["B2"] = book[SCHOOL_SHEET]["A2"].value


def hidden_sheets(book: Workbook) -> None:
    book[COUNTY_SHEET].sheet_state = "veryHidden"
    book.create_sheet("内部").sheet_state = "hidden"


#: Name, workbook, the rule that speaks and its cell; no rule where there is nothing to be told.
TOLD: list[tuple[str, Build, str, str]] = [
    ("wrong declared dimensions", with_wrong_dimensions, "", ""),
    ("1,048,576 rows", with_a_million_rows, "", ""),
    ("hidden sheets", planted({}, hidden_sheets), "sheet.hidden", ""),
    ("negative zero", planted({cell_of("primary_classes_over_45", 0): number("-0")}), "", ""),
    ("merged headers", planted({}, merged_headers), "header.missing", "A2"),
    ("duplicate headers", planted({}, header_twice), "header.twice", "B2"),
    ("error cell", planted({PUPILS: (' t="e"', "<v>#REF!</v>")}), "cell.error_value", PUPILS),
    ("date in a count", planted({PUPILS: A_DAY}), "cell.date", PUPILS),
    ("not a number", planted({PUPILS: number("NaN")}), "cell.error_value", PUPILS),
    ("1e308", planted({PUPILS: number("1e308")}), "cell.too_large", PUPILS),
    ("emoji", planted({PUPILS: text("😀")}), "cell.text", PUPILS),
    ("right-to-left text", planted({PUPILS: text("\u202e\u0645\u0631\u062d\u0628\u0627")}), "cell.text", PUPILS),
    ("32,767 characters", planted({NAME: text("长" * 32_767)}), "cell.too_long", NAME),
    ("uncalculated formula", planted({PUPILS: ("", "<f>1+1</f>")}), "cell.formula_without_value", PUPILS),
    *((f"text {sign}", planted({PUPILS: text(f"{sign}1+1")}), "cell.text", PUPILS) for sign in "=+-@"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "rule", "cell"), [each[1:] for each in TOLD], ids=[each[0] for each in TOLD])
def test_an_odd_workbook_is_read_and_told_about_at_its_place(
    build: Build, rule: str, cell: str, as_clerk: Client, tmp_path: Path
) -> None:
    path = build(tmp_path / "file")
    reading = sandbox.start_reading(path)
    reading.result()
    assert reading.peak_memory is not None
    assert reading.peak_memory < MOST_MEMORY
    told = sent(as_clerk, path)
    assert isinstance(told, Submission)
    assert told.is_readable
    shown = page(as_clerk, "submission", told.pk)
    found = {(problem.rule, problem.cell) for problem in told.problems.all()}
    if rule:
        assert (rule, cell) in found
        assert told.problems.filter(rule=rule).first().message[:20] in shown
    else:
        assert found == set()
        assert told.verdicts.exists()


#: Every kind that the task names, and the file here that is one.
NAMED = {
    "bombs": "bomb_in_the_sheet", "entity tricks": "entities_in_the_sheet", "external links": "external_link",
    "macros": "macros", "encrypted": "encrypted", "truncated": "truncated",
    "wrong declared dimensions": "wrong declared dimensions", "merged headers": "merged headers",
    "hidden sheets": "hidden sheets", "error cells": "error cell", "dates in count cells": "date in a count",
    "NaN": "not a number", "1e308": "1e308", "negative zero": "negative zero", "emoji": "emoji",
    "right-to-left text": "right-to-left text", "32,767-character cells": "32,767 characters",
    "texts that begin with =": "text =", "with +": "text +", "with -": "text -", "with @": "text @",
    "1,048,576 rows": "1,048,576 rows", "cells at the last row": "far_below", "duplicate headers": "duplicate headers",
    "xls": "old_xls", "ods": "open_document", "html named xlsx": "web_page",
}  # fmt: skip


def test_there_are_at_least_sixty_kinds_and_every_named_one_is_among_them() -> None:
    kinds = [build.__name__ for build, _, _ in REFUSED] + [name for name, *_ in TOLD]
    assert len(set(kinds)) == len(kinds) >= 60
    assert set(NAMED.values()) <= set(kinds)


# Whatever somebody typed

INJECTIONS = (
    "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1",
    "<script>alert(1)</script>", "{{ 7*7 }}{% now %}", '"><img src=x onerror=alert(1)>',
)  # fmt: skip
#: An export for spreadsheets must not give one of these as the first sign of a cell.
_LIVE = ("=", "+", "-", "@", "\t", "\r")


def injected(path: Path, names: tuple[str, ...]) -> Path:
    """A good workbook whose names, and one odd header, choice and figure, are what somebody typed to do harm."""
    cells = {cell_of("name", position): text(name) for position, name in enumerate(names)}
    cells |= {cell_of("urban_rural", 0): text(INJECTIONS[6]), PUPILS: text(INJECTIONS[0]), "BZ2": text("=1+1<b>")}
    return planted(cells)(path)


@pytest.fixture
def version(as_clerk: Client, tmp_path: Path) -> Submission:
    """The second of two versions, with other texts at every place."""
    for names, filename in (
        (INJECTIONS[:6], "=1+1.xlsx"),
        ((*INJECTIONS[6:], *INJECTIONS[:3]), "<script>alert(1).xlsx"),
    ):
        submission = sent(as_clerk, injected(tmp_path / "file", names), filename)
        assert isinstance(submission, Submission)
    return submission


def test_what_somebody_typed_is_escaped_on_every_page(version: Submission, as_clerk: Client) -> None:
    first = Submission.objects.order_by("pk")[0]
    pages = [
        page(as_clerk, "workspace"),
        page(as_clerk, "register_changes"),
        page(as_clerk, "submission_compare", version.pk, first.pk),
        *(
            text
            for each in (first, version)
            for text in (
                page(as_clerk, "submission", each.pk),
                page(as_clerk, "submission_tables", each.pk),
                *(page(as_clerk, "school", each.pk, record.code) for record in each.records.all()),
            )
        ),
    ]
    for text_ in pages:
        assert not re.search(r"<script>|<img|<b>", text_)
    whole = "".join(pages)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in whole
    assert "{{ 7*7 }}{% now %}" in whole
    assert "=cmd|&#x27; /C calc&#x27;!A0" in whole


def taken(client: Client, name: str, *args: Any, **query: str) -> bytes:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


@pytest.mark.parametrize("which", [0, 1])
def test_nothing_that_is_taken_away_runs(which: int, version: Submission, as_clerk: Client) -> None:
    versions = list(Submission.objects.order_by("pk"))
    this, other = versions[which], versions[1 - which]
    files = {
        "problems": taken(as_clerk, "submission_problems", this.pk),
        "schools": taken(as_clerk, "submission_export", this.pk, "xlsx"),
        "tables": taken(as_clerk, "submission_tables_export", this.pk),
        "comparison": taken(as_clerk, "comparison_export", this.pk, other.pk),
        "annotated": taken(as_clerk, "submission_annotated", this.pk),
    }
    seen = set()
    for name, content in files.items():
        for cell in (cell for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for cell in row):
            assert cell.data_type != "f", (name, cell.coordinate, cell.value)
            assert cell.hyperlink is None or cell.hyperlink.location, (name, cell.coordinate)
            seen.add(cell.value)
    assert set(this.records.values_list("name", flat=True)) <= seen
    table = list(csv.reader(io.StringIO(taken(as_clerk, "submission_export", this.pk, "csv").decode("utf-8-sig"))))
    texts = [text_ for row in table for text_ in row]
    assert not [text_ for text_ in texts if text_.startswith(_LIVE)]
    assert any(text_.startswith("'=cmd") for text_ in texts)


@pytest.mark.parametrize("use", ["beside", "start"])
def test_what_was_typed_last_year_is_text_in_the_template_of_this_year(
    use: str, version: Submission, as_clerk: Client
) -> None:
    Submission.objects.filter(pk=version.pk).update(school_year=version.school_year - 1)
    Submission.objects.exclude(pk=version.pk).update(school_year=version.school_year - 2)
    book = load_workbook(io.BytesIO(taken(as_clerk, "template_download", last_year=use)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    typed = [cell for cell in cells if str(cell.value).strip() in INJECTIONS]
    assert {cell.data_type for cell in typed} == {"s"}
    assert {"=cmd|' /C calc'!A0", "+1+1", "-1+1"} <= {cell.value for cell in typed}
