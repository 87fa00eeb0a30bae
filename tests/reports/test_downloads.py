"""The county's own file back, the list of problems, and the way to put things right on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from evaluation.actions import run_waiting_jobs, upload_workbook
from indicators.catalogue import COUNTY_ITEMS, COUNTY_SHEET, SCHOOL_SHEET
from indicators.explanations import explain
from indicators.models import Submission
from tests import builders

PUPILS = builders.cell_of("primary_enrollment", 0)
NASTY = "@SUM(A1)<script>alert(1)</script>"


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Callable[..., Submission]:
    def make(filename: str = "清河县 上报.xlsx", content: bytes | None = None) -> Submission:
        if content is None:
            rows = builders.good_rows()
            rows[0]["primary_enrollment"] = "1,260"
            rows[1]["name"] = NASTY
            rows[1]["primary_classes"] = "三十"
            content = builders.write_workbook(tmp_path / "a.xlsx", rows).read_bytes()
        submission = upload_workbook(clerk, county, 2026, filename, content)
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def version(judged) -> Submission:
    return judged()


def signed_in(client: Client, person: Any) -> Client:
    client.force_login(person)
    return client


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def page(client: Client, version: Submission) -> str:
    return client.get(reverse("submission", args=[version.pk])).content.decode()


def test_the_file_comes_back_with_every_problem_at_its_cell(version, client, clerk):
    answer = signed_in(client, clerk).get(reverse("submission_annotated", args=[version.pk]))
    book = load_workbook(BytesIO(body(answer)))
    assert "1260" in book[SCHOOL_SHEET][PUPILS].comment.text
    assert book[SCHOOL_SHEET][PUPILS].value == "1,260"
    for problem in version.problems.exclude(cell=""):
        assert problem.message in book[problem.sheet][problem.cell].comment.text
    assert "attachment" in answer["Content-Disposition"]
    assert "_%E6%A0%87%E6%B3%A8.xlsx" in answer["Content-Disposition"]


def test_the_list_holds_every_problem_and_nothing_a_spreadsheet_would_run(version, client, clerk):
    answer = signed_in(client, clerk).get(reverse("submission_problems", args=[version.pk]))
    sheet = load_workbook(BytesIO(body(answer))).active
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    assert len(rows) == version.problems.count()
    assert [row[9] for row in rows if row[3] == PUPILS] == ["1260"]
    assert next(row[5] for row in rows if row[4] == "3142000002") == NASTY
    assert all(cell.data_type in "sn" for row in sheet.iter_rows() for cell in row)


def test_both_are_for_the_county_alone(version, client, signer, other_clerk, inspector):
    addresses = [reverse(name, args=[version.pk]) for name in ("submission_annotated", "submission_problems")]
    for address in addresses:
        assert client.get(address).status_code == 302
        assert signed_in(client, signer).get(address).status_code == 200
        for person in (other_clerk, inspector):
            assert signed_in(client, person).get(address).status_code == 404
        client.logout()
    for person in (other_clerk, inspector):
        for name in ("accept_repairs", "correct_cell"):
            assert signed_in(client, person).post(reverse(name, args=[version.pk])).status_code == 404


def test_before_it_is_read_there_is_nothing_to_take_away(standard, clerk, county, client, tmp_path):
    content = builders.write_workbook(tmp_path / "a.xlsx").read_bytes()
    waiting = upload_workbook(clerk, county, 2026, "a.xlsx", content)
    for name in ("submission_annotated", "submission_problems"):
        assert signed_in(client, clerk).get(reverse(name, args=[waiting.pk])).status_code == 404


def test_a_csv_file_has_a_list_and_a_sentence_instead_of_marks(judged, client, clerk, tmp_path):
    version = judged("上报.csv", builders.write_csv(tmp_path / "a.csv").read_bytes())
    signed_in(client, clerk)
    text = page(client, version)
    assert "CSV 文件不能带颜色和批注" in text
    assert "下载标注后的原文件" not in text
    answer = client.get(reverse("submission_annotated", args=[version.pk]), follow=True)
    assert "CSV 文件不能带颜色和批注" in answer.content.decode()
    assert body(client.get(reverse("submission_problems", args=[version.pk])))


def test_a_refused_file_has_its_list_too(judged, client, clerk):
    version = judged("坏.xlsx", b"PK\x03\x04 broken")
    text = page(signed_in(client, clerk), version)
    assert "系统没有读取这个文件" in text
    assert body(client.get(reverse("submission_problems", args=[version.pk])))


def test_a_proposal_is_ticked_accepted_and_told_about(version, client, clerk):
    text = page(signed_in(client, clerk), version)
    [problem] = re.findall(r'name="problem" value="(\d+)" form="accept-repairs"', text)
    assert "建议：填 1260" in text
    assert "按类采纳：</span>去掉千分位逗号 <small>1 处</small>" in text
    answer = client.post(reverse("accept_repairs", args=[version.pk]), {"problem": [problem, "x", "9" * 30]})
    newest = Submission.objects.get(version=2)
    assert answer.headers["Location"] == reverse("submission", args=[newest.pk])
    run_waiting_jobs()
    text = page(client, newest)
    assert re.search(r"本版在<a [^>]*>第 1 版</a>上更正了 1 个单元格", text)
    changes = text[text.index('id="changes"') : text.index('id="problems"')]
    for words in (PUPILS, "1,260", "1260", "采纳修复建议", "填报员甲"):
        assert words in changes
    assert "已更正 1 个单元格，保存为第 2 版" in text


def test_a_kind_is_accepted_with_one_button(version, client, clerk):
    signed_in(client, clerk).post(reverse("accept_repairs", args=[version.pk]), {"kind": "separators"})
    assert Submission.objects.get(version=2).changes.get().after == "1260"


def test_a_cell_is_corrected_from_its_row(version, client, clerk):
    cell = builders.cell_of("primary_classes", 1)
    signed_in(client, clerk)
    assert f'name="cell" value="{cell}"' in page(client, version)
    sent = {"sheet": SCHOOL_SHEET, "cell": cell, "typed": "14"}
    client.post(reverse("correct_cell", args=[version.pk]), sent)
    change = Submission.objects.get(version=2).changes.get()
    assert (change.before, change.after) == ("三十", "14")


def test_what_cannot_be_done_is_said_on_the_page(version, client, clerk):
    signed_in(client, clerk)
    sent = {"sheet": SCHOOL_SHEET, "cell": PUPILS, "typed": "-1"}
    assert "是负数" in client.post(reverse("correct_cell", args=[version.pk]), sent, follow=True).content.decode()
    for sent in ({}, {"sheet": NASTY, "cell": NASTY, "typed": NASTY}):
        text = client.post(reverse("correct_cell", args=[version.pk]), sent, follow=True).content.decode()
        assert "不是可以在线更正的数据单元格" in text
        assert "<script>alert" not in text
    assert "没有选中" in client.post(reverse("accept_repairs", args=[version.pk]), follow=True).content.decode()
    assert Submission.objects.count() == 1


def test_the_signer_sees_the_proposals_and_why_not(version, client, signer):
    text = page(signed_in(client, signer), version)
    assert "签报人不更正数据" in text
    assert "建议：填 1260" in text
    assert "accept-repairs" not in text
    assert "在线更正</summary>" not in text
    client.post(reverse("accept_repairs", args=[version.pk]), {"kind": "separators"})
    assert Submission.objects.count() == 1


def test_an_older_version_offers_no_corrections(version, client, clerk):
    signed_in(client, clerk).post(reverse("accept_repairs", args=[version.pk]), {"kind": "separators"})
    text = page(client, version)
    assert "已有更新的版本（第 2 版）" in text
    assert "accept-repairs" not in text


def test_get_changes_nothing(version, client, clerk):
    signed_in(client, clerk)
    for name in ("accept_repairs", "correct_cell"):
        assert client.get(reverse(name, args=[version.pk])).status_code == 405


def test_any_cell_of_a_school_is_corrected_from_its_page(version, client, clerk, signer):
    address = reverse("school", args=[version.pk, "3142000003"])
    cell = builders.cell_of("junior_classes", 2)
    now = builders.good_rows()[2]["junior_classes"]
    text = signed_in(client, clerk).get(address).content.decode()
    assert f'<option value="{cell}">{cell} 初中班级数：{now}</option>' in text
    assert "填写的内容没有采用" in client.get(reverse("school", args=[version.pk, "3142000002"])).content.decode()
    client.post(reverse("correct_cell", args=[version.pk]), {"sheet": SCHOOL_SHEET, "cell": cell, "typed": "26"})
    change = Submission.objects.get(version=2).changes.get()
    assert (change.before, change.after, change.header) == (str(now), "26", "初中班级数")
    text = signed_in(client, signer).get(address).content.decode()
    assert "签报人不更正数据" in text
    assert "correct-typed" not in text


# ── Explanations in the list, county figures on the page ──────────────────────────────────────


def test_the_list_tells_what_was_explained_by_whom_and_when(judged, client, clerk, tmp_path):
    rows = builders.good_rows()
    rows[0]["multimedia_rooms"] = 900
    rows[1]["multimedia_rooms"] = 800
    version = judged(content=builders.write_workbook(tmp_path / "b.xlsx", rows).read_bytes())
    asked = version.problems.filter(rule="multimedia.above_classes").order_by("position")
    written = explain(clerk, version, asked[0], "新建录播教室，已核对资产账。")
    answer = signed_in(client, clerk).get(reverse("submission_problems", args=[version.pk]))
    sheet = load_workbook(BytesIO(body(answer))).active
    told = {row[3]: row[10] for row in sheet.iter_rows(min_row=5, values_only=True)}
    when = timezone.localtime(written.written_at)
    assert told[asked[0].cell] == f"新建录播教室，已核对资产账。\n（{clerk}，{when:%Y-%m-%d %H:%M}）"
    assert told[asked[1].cell] is None


def test_every_county_figure_can_be_corrected_on_the_page_without_a_problem(version, client, clerk):
    place = builders.figure_cell("C03")
    assert not version.problems.filter(cell=place).exists()
    told = page(signed_in(client, clerk), version)
    block = told[told.index("county-figures-title") :]
    for item in COUNTY_ITEMS:
        assert item.name in block
        if item.code in builders.good_figures():
            assert f'<input type="hidden" name="cell" value="{builders.figure_cell(item.code)}">' in block, item.code
    assert "<span>48.62 <small>万人</small></span>" in block
    assert "<span>Ⅳ</span>" in block
    sent = {"sheet": COUNTY_SHEET, "cell": place, "typed": "15"}
    client.post(reverse("correct_cell", args=[version.pk]), sent)
    run_waiting_jobs()
    revised = Submission.objects.get(version=2)
    assert revised.figures.get(code="C03").value == 15
    assert [(change.cell, change.before, change.after) for change in revised.changes.all()] == [(place, "14", "15")]


def test_a_county_figure_without_a_value_says_so(judged, client, clerk, tmp_path):
    figures = builders.good_figures() | {"C03": "不详"}
    version = judged(content=builders.write_workbook(tmp_path / "b.xlsx", figures=figures).read_bytes())
    told = page(signed_in(client, clerk), version)
    row = next(row for row in told.split("<tr>") if '<span class="code">C03</span>' in row and "单元格" in row)
    assert "没有可用的数值" in row
    assert f'value="{builders.figure_cell("C03")}"' in row


def test_the_signer_reads_the_county_figures_and_corrects_none(version, client, signer):
    told = page(signed_in(client, signer), version)
    block = told[told.index("county-figures-title") :]
    assert "48.62" in block
    assert "<form" not in block[: block.index("</section>")]
