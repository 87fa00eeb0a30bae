"""What is seen is what is downloaded: every table of a public page, row by row, in the file beside it."""

from __future__ import annotations

import csv
import datetime
import io
import re
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from lxml import html
from openpyxl import load_workbook

from evaluation.certifying import revoke
from evaluation.models import Assignment, Certificate
from evaluation.publication_rules import set_fewest_pupils
from evaluation.published import verdict_behind
from indicators.models import SchoolRecord
from reports.exporters import Sheet, sheets_to_xlsx, to_csv
from reports.presenters.open_tables import Cell, Column, Table
from reports.table_export import comma_separated, workbook
from schools.models import County
from schools.queries import current_school_year
from tests.evaluation.standing import stands
from tests.evaluation.walk import People, in_notice, people_of_county
from tests.reports.test_compared_pages import beside

_MOST_QUERIES = 12
_HOSTILE = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|'/c calc'!A1", "甲\x00乙\x0b")


@pytest.fixture(autouse=True)
def _every_page_made_anew(monkeypatch):
    monkeypatch.setattr("reports.public_cache.KEPT_SECONDS", 0)


@pytest.fixture
def people(county, clerk, signer, standard):
    return people_of_county(county, clerk, signer)


def the_year_before(county: County, people: People) -> Certificate:
    """What the county published a year ago."""
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() - datetime.timedelta(days=365)):
        Assignment.objects.create(
            inspector=people.inspector, county=county, school_year=current_school_year(), assigned_by=people.chief
        )
        return stands(county, people).certificate


def plain(text: str) -> str:
    """Without the white space that tells nothing."""
    return re.sub(r"\s+", "", text)


def tables_of(page: str) -> list[list[list[str]]]:
    """The tables of a page: the header, then every row, with what reaches over several rows in each."""
    found = []
    for table in html.fromstring(page).iter("table"):
        for hidden in table.xpath(".//*[@aria-hidden='true']"):
            hidden.text, hidden[:] = "", []
        rows: list[list[str]] = []
        over: dict[int, tuple[int, str]] = {}
        for row in table.iter("tr"):
            cells, told = iter(row.xpath("./th|./td")), []
            while True:
                place = len(told)
                left, text = over.pop(place, (0, ""))
                if left:
                    told.append(text)
                    if left > 1:
                        over[place] = (left - 1, text)
                    continue
                cell = next(cells, None)
                if cell is None:
                    break
                text = plain(cell.text_content())
                text = "" if text == "—" else text
                told.append(text)
                if int(cell.get("rowspan", 1)) > 1:
                    over[place] = (int(cell.get("rowspan", 1)) - 1, text)
            rows.append(told)
        found.append(rows)
    return found


def offered(page: str) -> list[str]:
    """The addresses under which the tables of a page are offered."""
    links = html.fromstring(page).xpath("//p[@class='downloads']//a/@href")
    return [link for link in links if "/tables." in urlsplit(link).path]


def content_of(client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return b"".join(answer.streaming_content)


def check_the_files_of(client, address: str) -> dict[str, list[list[str]]]:
    """That each file a page offers has the rows of the page, and all of them together every table; the rows by file."""
    page = client.get(address).content.decode()
    shown, links = tables_of(page), offered(page)
    assert links, address
    left = [list(table) for table in shown]
    files = {}
    for link in links:
        if ".csv" not in link:
            continue
        header, *rows = list(csv.reader(io.StringIO(content_of(client, link).decode("utf-8-sig"))))
        files[link] = [header, *rows]
        # The apostrophe before what would be run is all that differs.
        rows = [[plain(re.sub(r"^'(?=[=+@\t\r-])", "", text)) for text in row] for row in rows]
        while rows:
            table = left.pop(0)
            first = len(header) - len(table[0])  # tables of one sheet are told apart by a first column
            assert [plain(text) for text in header[first:]] == table[0], link
            some, rows = rows[: len(table) - 1], rows[len(table) - 1 :]
            assert [row[first:] for row in some] == table[1:], link
            assert len({tuple(row[:first]) for row in some}) <= 1
    assert not left, (address, left)
    check_the_workbook(content_of(client, next(link for link in links if ".xlsx" in link)), list(files.values()))
    return files


def check_the_workbook(content: bytes, files: list[list[list[str]]]) -> None:
    """That the sheets say what the CSV files say, numbers as numbers; and where it all comes from."""
    book = load_workbook(io.BytesIO(content))
    assert len(book.worksheets) == len(files) + 1
    for sheet, rows in zip(book.worksheets, files, strict=False):
        assert sheet.freeze_panes == "B2"
        assert sheet.max_row == len(rows)
        for cells, row in zip(sheet.iter_rows(), rows, strict=True):
            for cell, text in zip(cells, row, strict=True):
                if isinstance(cell.value, int | float):
                    number = text.replace("−", "-").rstrip("%")
                    assert float(number) / (100 if text.endswith("%") else 1) == pytest.approx(cell.value)
                else:
                    assert (cell.value or "") == text.removeprefix("'")
                    assert cell.data_type != "f"
    about = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert about["网页"].startswith("http")
    assert about["导出时间"]


@pytest.mark.django_db
def test_every_public_page_offers_its_tables_as_it_shows_them(client, county, people, django_assert_max_num_queries):
    published = stands(county, people).certificate
    school = SchoolRecord.objects.filter(submission=verdict_behind(published).submission).order_by("code")[0]
    revoke(people.chief, published.evaluation, published.evaluation.version, "=1+1，查实数据有误。")
    pages = (
        reverse("country"),
        reverse("province", args=["990000"]),
        reverse("county", args=[county.pk]),
        reverse("result", args=[published.code]),
        reverse("result_school", args=[published.code, school.code]),
        reverse("corrections"),
        reverse("standard", args=[published.evaluation.standard_id]),
        reverse("rules"),
        f"{reverse('search')}?q={school.name[:2]}",
        f"{reverse('search')}?q={county.name}",
    )
    for address in pages:
        files = check_the_files_of(client, address)
        assert any(len(rows) > 1 for rows in files.values()), address
        links = offered(client.get(address).content.decode())
        for link in links:
            with django_assert_max_num_queries(_MOST_QUERIES):
                content_of(client, link)


@pytest.mark.django_db
def test_counties_and_years_side_by_side_are_offered_as_they_are_shown(client, county, other_county, people):
    the_year_before(county, people)
    one, other = stands(county, people).certificate, beside(other_county, people)
    similar = reverse("result_similar", args=[one.code])
    check_the_files_of(client, similar)
    chosen = check_the_files_of(client, f"{similar}?with={other.code}")
    assert all(f"with={other.code}" in link for link in chosen)
    assert client.get(f"{similar}?with=YZ-1").status_code == 200
    assert client.get(f"{similar}tables.xlsx?with=YZ-1").status_code == 404
    check_the_files_of(client, reverse("result_changes", args=[one.code]))
    check_the_files_of(client, reverse("result", args=[one.code]))


@pytest.mark.django_db
def test_what_is_put_up_is_offered_as_it_is_shown(client, county, people):
    _, notice = in_notice(county, people)
    check_the_files_of(client, reverse("notices"))
    check_the_files_of(client, reverse("notice", args=[notice.pk]))


@pytest.mark.django_db
def test_a_file_hides_the_small_schools_the_page_hides(client, county, people):
    published = stands(county, people).certificate
    set_fewest_pupils(people.chief, 200, "保护学生个人信息。")
    records = SchoolRecord.objects.filter(submission=verdict_behind(published).submission)
    small = [each for each in records if sum(filter(None, (each.primary_enrollment, each.junior_enrollment))) < 200]
    assert small
    files = check_the_files_of(client, reverse("result", args=[published.code]))
    told = "\n".join(",".join(row) for rows in files.values() for row in rows)
    assert not [each.code for each in small if each.code in told]
    beside_it = f"{reverse('result_school', args=[published.code, small[0].code])}tables.csv"
    assert client.get(beside_it).status_code == 404


@pytest.mark.django_db
def test_a_page_without_rows_offers_nothing_and_other_files_are_not_there(client, county, standard):
    assert not offered(client.get(reverse("corrections")).content.decode())
    for address in (
        reverse("county_tables", args=[county.pk, "csv"]),
        reverse("country_tables", args=["exe"]),
        f"{reverse('country_tables', args=['csv'])}?table=other",
        reverse("search_tables", args=["csv"]),
    ):
        assert client.get(address).status_code == 404, address


@pytest.mark.django_db
def test_the_file_of_a_list_is_of_the_page_that_is_shown(client, county, people, monkeypatch):
    monkeypatch.setattr("reports.public_views._A_PAGE", 1)
    published: Certificate = stands(county, people).certificate
    revoke(people.chief, published.evaluation, published.evaluation.version, "查实数据造假。")
    files = check_the_files_of(client, f"{reverse('corrections')}?page=1")
    assert [len(rows) for rows in files.values()] == [2]


def hostile_table() -> Table:
    heads = (Column("=名称"), Column("数", "人", is_number=True))
    rows = tuple((Cell(text), Cell(text)) for text in _HOSTILE)
    return Table("hostile", "表", "", (*heads, Column("办理", is_act=True)), tuple((*row, Cell("x")) for row in rows))


def test_nothing_typed_by_people_is_run_by_a_spreadsheet():
    content = comma_separated([hostile_table()], "").decode("utf-8-sig")
    assert "\x00" not in content
    assert "\x0b" not in content
    for row in csv.reader(io.StringIO(content)):
        assert not [text for text in row if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    sheet = load_workbook(io.BytesIO(workbook([hostile_table()], [("内容", "=1+1"), ("查找", "\x01=1")])))
    assert not [cell for each in sheet for row in each.iter_rows() for cell in row if cell.data_type == "f"]
    assert [cell.value for cell in sheet["表"][1]] == ["=名称", "数（人）"]


def test_two_counties_of_one_name_stay_two_columns():
    table = Table("t", "表", "", (Column("指标"), Column("县", is_number=True), Column("县", is_number=True)),
                  ((Cell("a"), Cell("0.50"), Cell("+0.12")), (Cell("b"), Cell("12.5%"), Cell("−0.03"))))  # fmt: skip
    assert comma_separated([table], "t").decode("utf-8-sig").splitlines()[1:] == ["a,0.50,+0.12", "b,12.5%,−0.03"]
    sheet = load_workbook(io.BytesIO(workbook([table], [("内容", "x")])))["表"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["a", 0.5, 0.12],
        ["b", 0.125, -0.03],
    ]
    assert [sheet["B2"].number_format, sheet["B3"].number_format, sheet["C3"].number_format] == [
        "0.00",
        "0.0%",
        "+0.00;−0.00;0",
    ]


def test_a_text_column_keeps_its_digits_as_text():
    import pandas as pd

    frame = pd.DataFrame([["0099"]], columns=["学校标识码"], dtype=str)
    book = load_workbook(io.BytesIO(sheets_to_xlsx([Sheet("表", frame, ())], [("内容", "x")])))
    assert book["表"]["A2"].value == "0099"
    assert to_csv(frame).decode("utf-8-sig").splitlines()[1] == "0099"
