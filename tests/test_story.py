"""One county from the blank template to the verdict page, through the doors a clerk uses."""

from __future__ import annotations

from io import BytesIO

from django.urls import reverse
from openpyxl import load_workbook

from evaluation.actions import run_waiting_jobs
from indicators.catalogue import COUNTY_SHEET, FIELD_BY_KEY, SCHOOL_SHEET
from tests.builders import Row, good_figures, good_rows
from tests.conftest import PASSWORD


def filled_in(content: bytes, rows: list[Row] | None = None) -> bytes:
    """The downloaded workbook as a clerk fills it: cell by cell under the headers, and beside the codes."""
    book = load_workbook(BytesIO(content))
    sheet = book[SCHOOL_SHEET]
    header = next(row for row in sheet.iter_rows() if any(cell.value == FIELD_BY_KEY["code"].header for cell in row))
    column = {cell.value: cell.column for cell in header}
    for position, row in enumerate(rows or good_rows(), header[0].row + 1):
        for key, typed in row.items():
            sheet.cell(position, column[FIELD_BY_KEY[key].header]).value = typed
    figures = good_figures()
    for code, _, value, *_ in book[COUNTY_SHEET].iter_rows(min_row=2):
        if code.value in figures:
            value.value = figures[code.value]
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_county_comes_from_the_blank_template_to_its_verdict(client, settings, standard, clerk, signer):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    clerk.set_password(PASSWORD)
    clerk.save()
    client.post(reverse("login"), {"username": "clerk", "password": PASSWORD})
    assert "望棠区" in client.get(reverse("workspace")).content.decode()

    blank = b"".join(client.get(reverse("template_download")).streaming_content)
    file = BytesIO(filled_in(blank))
    file.name = "望棠区_填报.xlsx"
    answer = client.post(reverse("upload"), {"file": file})
    page = answer.headers["Location"]
    assert "可以关闭" in client.get(page).content.decode()

    assert run_waiting_jobs() == 1
    told = client.get(page).content.decode()
    assert "能够核算的各项均已达标" in told
    assert "清河县实验小学" in told
    assert "差异系数上限 0.45" in told
    assert "必须更正 0 条" in told

    client.logout()
    client.force_login(signer)
    assert client.get(page).status_code == 200
