"""The pages: who sees what, what every figure says, and that nothing typed by anybody runs."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.conclusion import conclusion
from evaluation.core.rounding import coefficient_text, figure, printed_number
from evaluation.core.verdict import judge_report
from evaluation.models import Assignment, Job
from indicators.catalogue import FIELD_BY_KEY, SCHOOL_SHEET, Kind
from indicators.models import Submission
from indicators.problem import Problem, Severity
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.read import read_report
from reports.presenters import problems as problem_presenter
from reports.presenters.figures import equals
from reports.presenters.progress import progress
from reports.presenters.school import SchoolPage, school_page
from reports.presenters.verdict import VerdictPage, verdict_page
from schools.queries import current_school_year
from schools.vocabulary import SchoolType
from tests import builders
from tests.conftest import PASSWORD, STANDARD_PATH
from tests.evaluation.random_counties import AS_OF, random_county

Judged = Callable[..., Submission]


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Judged:
    """A version with the given rows, uploaded and judged by the real actions."""

    def make(rows: list[builders.Row] | None = None, **options: Any) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows, **options)
        submission = upload_workbook(clerk, county, 2026, "清河县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def present(standard_document) -> Callable[..., VerdictPage]:
    """The page of rows judged without a database."""

    def make(rows: list[builders.Row] | None = None, figures: builders.Figures | None = None) -> VerdictPage:
        report = read_report(builders.book_of(rows, figures)).report
        return verdict_page(judge_report(report, standard_document, AS_OF), standard_document, {})

    return make


def page_of(client: Client, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# ── Who sees what ─────────────────────────────────────────────────────────────────────────────


def addresses_of(submission: Submission) -> list[str]:
    code = submission.records.first().code
    return [
        reverse("submission", args=[submission.pk]),
        reverse("submission_progress", args=[submission.pk]),
        reverse("school", args=[submission.pk, code]),
        reverse("submission_file", args=[submission.pk]),
        reverse("submission_export", args=[submission.pk, "csv"]),
        reverse("submission_export", args=[submission.pk, "xlsx"]),
    ]


def test_a_version_exists_for_its_own_county_alone(judged, client, clerk, signer, other_clerk, inspector):
    addresses = addresses_of(judged())
    for person in (clerk, signer):
        client.force_login(person)
        for address in addresses:
            assert client.get(address, headers={"HX-Request": "true"}).status_code == 200, address
    for person in (other_clerk, inspector):
        client.force_login(person)
        for address in addresses:
            assert client.get(address, headers={"HX-Request": "true"}).status_code == 404, address
        assert client.post(reverse("retry", args=[Submission.objects.get().pk])).status_code == 404


def test_whoever_is_not_signed_in_is_asked_to_sign_in(judged, client):
    for address in [*addresses_of(judged()), reverse("workspace"), reverse("template_download")]:
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("login")), address


def test_schools_and_versions_that_are_not_there_are_not_there(judged, as_clerk):
    pk = judged().pk
    for name, args in (
        ("submission", [pk + 1]),
        ("school", [pk, "0000000000"]),
        ("school", [pk, "' OR 1=1 --"]),
        ("submission_export", [pk, "pdf"]),
        ("standard", ["2099"]),
    ):
        answer = as_clerk.get(reverse(name, args=args))
        assert answer.status_code == 404, (name, args)
        assert "没有这个页面" in answer.content.decode()


def test_the_first_page_and_the_standard_are_open_to_everybody(standard, client):
    assert "7 项资源配置指标" in page_of(client, "home")
    text = page_of(client, "standard", standard.code)
    for words in ("城乡四统一", "有编不补", "1700", "每 12 个班级配备音乐", standard.sha256):
        assert words in text, words
    document = content_of(client.get(reverse("standard_document", args=[standard.code])))
    assert document == STANDARD_PATH.read_bytes()
    assert hashlib.sha256(document).hexdigest() == standard.sha256


def test_the_first_page_says_so_where_no_standard_is_loaded(db, client):
    assert "尚未载入评估标准" in page_of(client, "home")


def test_an_inspector_sees_counties_but_no_trial_and_no_count_of_trials(judged, client, inspector, county):
    judged()
    year = current_school_year()
    Assignment.objects.create(county=county, school_year=year, inspector=inspector, assigned_by=inspector)
    client.force_login(inspector)
    text = page_of(client, "workspace")
    assert "试算数据只有县（市、区）自己看得到" in text
    assert "望棠区" in text
    assert "清河县.xlsx" not in text
    assert 'type="file"' not in text


def test_a_person_without_a_party_is_sent_to_the_steward_pages_only_if_staff(db, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root", password=PASSWORD))
    assert reverse("admin:index") in page_of(client, "workspace")
    client.force_login(django_user_model.objects.create_user("nobody", password=PASSWORD))
    assert "还没有指定身份和地区" in page_of(client, "workspace")
    assert client.get(reverse("template_download")).status_code == 404
    assert client.post(reverse("upload")).status_code == 404


def test_signing_in_answers_in_chinese_and_leads_to_the_desk(clerk, client):
    wrong = client.post(reverse("login"), {"username": "clerk", "password": "wrong"})
    assert "用户名或密码不正确" in wrong.content.decode()
    right = client.post(reverse("login"), {"username": "clerk", "password": PASSWORD})
    assert right.url == reverse("workspace")
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).url == reverse("home")


def test_a_waiting_page_whose_session_ran_out_is_led_to_the_whole_login_page(db, client):
    answer = client.get(reverse("submission_progress", args=[1]), headers={"HX-Request": "true"}, follow=True)
    assert answer.headers["HX-Refresh"] == "true"


# ── Uploading ─────────────────────────────────────────────────────────────────────────────────


def test_the_signer_sees_the_upload_greyed_with_the_reason_and_is_refused_with_the_same(client, signer, standard):
    client.force_login(signer)
    text = page_of(client, "workspace")
    assert re.search(r"<button[^>]+disabled[^>]*>上传并试算", text)
    [reason] = re.findall(r'id="why-not">([^<]+)<', text)
    assert "签报人不上传数据" in reason
    answer = client.post(reverse("upload"), {"file": SimpleUploadedFile("a.xlsx", b"x")}, follow=True)
    assert f'role="alert">{reason}' in answer.content.decode()
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "请先选择要上传的文件"),
        (SimpleUploadedFile("a.xlsx", b""), "这个文件是空的"),
        (SimpleUploadedFile("a.xls", b"x"), "另存为 .xlsx"),
        (SimpleUploadedFile("a.xlsx.exe", b"x"), "只接受 .xlsx 工作簿或 .csv"),
        (SimpleUploadedFile("a.xlsx", b"x" * 2048), "超过上限"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(standard, as_clerk, settings, file, words):
    settings.UPLOAD_LIMIT = 1024
    answer = as_clerk.post(reverse("upload"), {"file": file} if file else {}, follow=True)
    assert answer.status_code == 200
    [told] = re.findall(r'role="alert">([^<]+)<', answer.content.decode())
    assert words in told
    assert not Submission.objects.exists()


def test_an_upload_leads_to_its_progress_and_the_same_bytes_lead_there_again(standard, as_clerk):
    answers = [as_clerk.post(reverse("upload"), {"file": SimpleUploadedFile("甲.xlsx", b"x")}) for _ in range(2)]
    assert {answer.url for answer in answers} == {reverse("submission", args=[Submission.objects.get().pk])}
    assert "正在排队" in page_of(as_clerk, "submission", Submission.objects.get().pk)


def test_a_form_without_its_token_is_refused_in_chinese(standard, clerk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk)
    answer = client.post(reverse("upload"), {"file": SimpleUploadedFile("甲.xlsx", b"x")})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_the_template_is_named_after_county_and_year(as_clerk):
    answer = as_clerk.get(reverse("template_download"))
    assert "%E6%9C%9B%E6%A3%A0%E5%8C%BA_20" in answer.headers["Content-Disposition"]
    assert "学校数据" in load_workbook(io.BytesIO(content_of(answer))).sheetnames


def test_last_years_figures_are_offered_as_three_choices_once_there_are_any(judged, as_clerk):
    assert 'type="radio"' not in page_of(as_clerk, "workspace")
    Submission.objects.filter(pk=judged().pk).update(school_year=current_school_year() - 1)
    page = page_of(as_clerk, "workspace")
    assert page.count('type="radio"') == 3
    for words in ("空白", "上年数据对照", "以上年数据为起始值"):
        assert words in page


def test_the_template_carries_last_years_figures_as_the_clerk_chose(judged, as_clerk):
    Submission.objects.filter(pk=judged().pk).update(school_year=current_school_year() - 1)

    def template(**query: str) -> Any:
        answer = as_clerk.get(reverse("template_download"), query)
        return load_workbook(io.BytesIO(content_of(answer)))

    plain, beside, start = template(), template(last_year="beside"), template(last_year="start")
    code, pupils = (list(FIELD_BY_KEY).index(key) + 1 for key in ("code", "primary_enrollment"))
    for book in (plain, beside, start):
        # Nobody is registered yet: the schools of last year are listed.
        assert book["学校数据"].cell(6, code).value == "3142000001"
        assert "七项指标试算" in book.sheetnames
    assert plain["学校数据"].cell(6, pupils).value is None
    assert "上年数据" not in plain.sheetnames
    assert beside["学校数据"].cell(6, pupils).value is None
    assert beside["上年数据"].cell(6, pupils).value == 1260
    assert start["学校数据"].cell(6, pupils).value == 1260
    assert start["县级数据"]["C2"].value == 48.62


def test_an_unknown_choice_for_the_template_is_no_page(standard, as_clerk):
    assert as_clerk.get(reverse("template_download"), {"last_year": "other"}).status_code == 404


def test_last_years_figures_of_another_county_are_nobody_elses(judged, client, other_clerk):
    Submission.objects.filter(pk=judged().pk).update(school_year=current_school_year() - 1)
    client.force_login(other_clerk)
    answer = client.get(reverse("template_download"), {"last_year": "start"})
    book = load_workbook(io.BytesIO(content_of(answer)))
    assert "上年数据" not in book.sheetnames
    assert book["学校数据"].cell(5, 1).value is None


# ── A version on its way ──────────────────────────────────────────────────────────────────────


def test_progress_names_the_stage_and_reloads_with_and_without_script(standard, as_clerk, clerk, county):
    submission = upload_workbook(clerk, county, 2026, "甲.xlsx", b"x")
    later = timezone.now() + datetime.timedelta(minutes=1)
    Job.objects.update(state="running", stage="computing", schools_read=45, attempts=1, lease_until=later)
    text = page_of(as_clerk, "submission", submission.pk)
    assert "核算与判定，已读取 45 所学校" in text
    assert re.search(r'class="progress-current" aria-current="step">核算', text)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in text
    assert 'aria-live="polite"' in text
    assert "可以关闭本页" in text


def test_polling_says_nothing_while_nothing_changes_and_reloads_the_page_at_the_end(judged, as_clerk, clerk, county):
    submission = upload_workbook(clerk, county, 2026, "甲.xlsx", b"x")
    address = reverse("submission_progress", args=[submission.pk])
    asks = {"HX-Request": "true"}
    first = as_clerk.get(address, headers=asks)
    assert "正在排队" in first.content.decode()
    seen = progress(submission.jobs.get()).token
    assert as_clerk.get(address, {"seen": seen}, headers=asks).status_code == 204
    assert as_clerk.get(address).url == reverse("submission", args=[submission.pk])
    run_waiting_jobs()
    assert as_clerk.get(address, {"seen": seen}, headers=asks).headers["HX-Refresh"] == "true"


def test_a_job_set_aside_says_what_to_do_and_runs_again_on_request(standard, as_clerk, clerk, county):
    submission = upload_workbook(clerk, county, 2026, "甲.xlsx", b"x")
    secret = "MemoryError: internal"
    Job.objects.update(state="set_aside", finished_at=timezone.now(), error=secret)
    text = page_of(as_clerk, "submission", submission.pk)
    assert "重新处理" in text
    assert "文件完好保存" in text
    assert secret not in text
    answer = as_clerk.post(reverse("retry", args=[submission.pk]), follow=True)
    assert "正在排队" in answer.content.decode()
    again = as_clerk.post(reverse("retry", args=[submission.pk]), follow=True)
    assert "无需重新处理" in again.content.decode()


def test_a_file_that_cannot_be_judged_shows_its_problems_and_no_verdict(standard, as_clerk, clerk, county):
    submission = upload_workbook(clerk, county, 2026, "甲.xlsx", "不是工作簿".encode())
    run_waiting_jobs()
    text = page_of(as_clerk, "submission", submission.pk)
    assert "未能判定" in text
    assert submission.problems.get().message.split("。")[0] in text
    assert not re.search(r"差异系数|mark-met", text)


def test_an_older_version_keeps_its_figures_and_points_to_the_newest(judged, as_clerk):
    first = judged()
    second = judged(builders.good_rows()[:-1])
    assert f'最新的是<a href="{reverse("submission", args=[second.pk])}">第 2 版' in page_of(
        as_clerk, "submission", first.pk
    )
    assert "最新的是" not in page_of(as_clerk, "submission", second.pk)
    listed = page_of(as_clerk, "workspace")
    assert listed.index("第 2 版") < listed.index("第 1 版")


# ── The verdict ───────────────────────────────────────────────────────────────────────────────


def test_the_sentence_names_what_fails_with_the_figures_of_the_tables(present):
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = 80
    rows[1]["trained_teachers"] -= 1
    page = present(rows)
    told = next(line for line in page.stages[0].lines if line.code == "L2")
    assert told.mark.label == "不达标"
    assert f"小学 L2 县级以上骨干教师差异系数 {told.coefficient}，高于 0.50" in page.conclusion.sentence
    assert "G9 教师培训不达标" in page.conclusion.sentence
    assert page.conclusion.word == "未达标"


def test_a_county_that_still_waits_for_inspectors_is_not_called_a_pass(present):
    page = present()
    assert page.conclusion.key == "to_judge"
    assert "目前不能得出最终结论" in page.conclusion.sentence
    assert all(line.mark.label == "达标" for stage in page.stages for line in stage.lines)


def test_missing_data_says_so_everywhere_and_never_达标(present):
    rows = builders.good_rows()
    rows[2]["junior_backbone_teachers"] = None
    page = present(rows)
    junior = page.stages[1]
    line = next(line for line in junior.lines if line.code == "L2")
    assert (line.coefficient, line.mean, line.mark.label, line.value) == ("无法核算", "无法核算", "无法核算", None)
    assert [school.name for school in line.missing] == ["清河县第二中学"]
    row = next(row for row in junior.rows if row.name == "清河县第二中学")
    assert (row.mark.label, row.cells[1].text) == ("无法核算", "无法核算")
    assert "无法核算：L2" in row.remark
    assert junior.composite == "无法核算"
    assert page.conclusion.word == "未能判定"
    assert "达标。" not in page.conclusion.sentence.replace("不能视为达标。", "")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (builders.good_rows()[:1], "没有参与计算的初中学校"),
        ([row | {"junior_backbone_teachers": 0} for row in builders.good_rows()], "全县合计为 0"),
        ([*builders.good_rows(), builders.good_rows()[0]], "学校范围不明确"),
    ],
)
def test_an_undefined_coefficient_says_why(present, rows, words):
    page = present(rows)
    explained = [line for stage in page.stages for line in stage.lines if words in line.explanation]
    assert explained
    assert {line.mark.label for line in explained} == {"无法核算"}


def test_a_single_school_has_coefficient_zero_and_the_page_says_why(present):
    line = present(builders.good_rows()[2:3]).stages[1].lines[0]
    assert (line.coefficient, line.explanation) == ("0.000", "仅一所学校，差异系数为 0。")


def test_a_figure_never_prints_onto_or_across_its_limit():
    half = Fraction(1, 2)
    assert coefficient_text(0.501787, False, half, 2) == "0.502"
    assert coefficient_text(0.5000004, False, half, 3) == "0.5000004"
    assert coefficient_text(0.5, True, half, 3) == "0.500"
    assert coefficient_text(0.5000000000000001, True, half, 3) == "0.500"
    assert coefficient_text(0.5, False, half, 3) == "略高于0.500"
    assert printed_number("0.502") == 0.502
    assert printed_number("无法核算") is None
    assert 0.5 < printed_number("略高于0.500") < 0.5 + 1e-15
    assert figure(4.2, 2, Fraction("4.2"), Fraction("3.57")) == "4.20"
    assert figure(4.1999, 2, Fraction("4.2"), Fraction("3.57")) == "4.1999"
    assert figure(3.5699, 2, Fraction("4.2"), Fraction("3.57")) == "3.5699"
    assert figure(3.8249, 2, Fraction("4.5"), Fraction("3.825")) == "3.82"
    assert figure(2.675, 2) == "2.68"
    assert (equals(Fraction(1, 4), "0.25"), equals(Fraction(1, 3), "0.33")) == ("=", "≈")


def test_what_is_printed_lies_on_the_side_that_was_judged(standard_document):
    for seed in range(60):
        result = judge_report(random_county(seed), standard_document, AS_OF)
        for stage, view in zip(("PRIMARY", "JUNIOR"), verdict_page(result, standard_document, {}).stages, strict=True):
            for line in view.lines:
                passed = result["stages"][stage]["indicators"][line.code]["passed"]
                if passed is not None and not line.coefficient.startswith("略"):
                    assert (Fraction(line.coefficient) <= Fraction(line.limit)) == passed, (seed, line)
            limits = {i.code: i.stages[stage].limit for i in standard_document.indicators}
            for row in view.rows:
                for cell in row.cells:
                    if cell.mark.key == "unknown":
                        assert cell.text == "无法核算"
                    else:
                        assert (Fraction(cell.text) >= limits[cell.code]) == (cell.mark.key == "met"), (seed, cell)
                        floor = limits[cell.code] * standard_document.floor_share
                        assert (Fraction(cell.text) >= floor) == (cell.mark.key != "not_met"), (seed, cell)


def test_every_random_county_has_a_sentence_that_agrees_with_its_verdict(standard_document):
    words = {True: ("达标", "尚待评定"), False: ("未达标",), None: ("未能判定",)}
    for seed in range(120):
        result = judge_report(random_county(seed), standard_document, AS_OF)
        told = conclusion(result, standard_document)
        assert told.word in words[result["passed"]], seed
        if result["passed"] is False:
            assert not told.sentence.endswith("未达标。。"), seed
        if result["passed"] is None:
            assert "无法核算" in told.sentence, seed


def test_the_page_of_a_verdict_says_what_it_stands_on(judged, as_clerk, standard):
    rows = [*builders.good_rows(), builders.special_row()]
    rows[0]["music_room_areas"] = "50"
    submission = judged(rows)
    text = page_of(as_clerk, "submission", submission.pk)
    for words in (
        standard.sha256[:12],
        "填报员甲",
        "示例省锦棠市望棠区",
        "只列出，不决定是否达标",
        "特殊教育学校不参与校际均衡计算",
        "未达到的学校 1 所",
        "本标准的处理：按每种各 1 间计算",
        "民办学校和非县级举办的学校是否参与计算",
        "音乐专用教室不足的学校1所",
        "由督学根据佐证材料评定",
        "必须更正 0 条",
    ):
        assert words in text, words


def test_open_questions_of_a_rule_are_told_only_where_they_decided(present):
    def notes(page: VerdictPage, code: str) -> tuple[str, ...]:
        return next(line.notes for group in page.groups for line in group.lines if line.code == code)

    assert notes(present(), "G7") == ()
    assert "分母为 0" in notes(present(figures=builders.good_figures() | {"C12": 0}), "G7")[0]


def test_a_page_takes_as_many_queries_for_three_hundred_schools_as_for_six(
    judged, as_clerk, django_assert_max_num_queries
):
    few, many = builders.good_rows(), builders.county_rows(7, 300)
    for rows in (few, many):
        rows[0]["sports_ground_area"] = -1  # a table of problems on either page
    small, large = judged(few), judged(many)
    counts = []
    for submission in (small, large):
        with django_assert_max_num_queries(29) as queries:
            page_of(as_clerk, "submission", submission.pk)
        counts.append(len(queries))
        with django_assert_max_num_queries(15):
            page_of(as_clerk, "school", submission.pk, submission.records.first().code)
    assert counts[0] == counts[1]
    with django_assert_max_num_queries(16):
        page_of(as_clerk, "workspace")


# ── Problems ──────────────────────────────────────────────────────────────────────────────────


def test_problems_are_counted_filtered_and_carry_cell_and_school(judged, as_clerk):
    rows = builders.good_rows()
    rows[1]["primary_backbone_teachers"] = -3
    submission = judged(rows)
    cell = builders.cell_of("primary_backbone_teachers", 1)
    text = page_of(as_clerk, "submission", submission.pk)
    table = text[text.index('id="problems"') :]
    for words in (cell, "清河县柳林镇中心小学", "小学县级以上骨干教师数", "-3", "清河县.xlsx，第 1 版"):
        assert words in table, words
    assert "必须更正 1 条" in text
    errors = page_of(as_clerk, "submission", submission.pk, severity="error")
    assert cell in errors[errors.index('id="problems"') :]
    assert "没有这一类问题" in page_of(as_clerk, "submission", submission.pk, severity="warning")
    for nonsense in ("' OR 1", "errorx"):
        assert cell in page_of(as_clerk, "submission", submission.pk, severity=nonsense)
    of_school = page_of(as_clerk, "school", submission.pk, rows[1]["code"])
    assert cell in of_school[of_school.index("本校的数据问题") :]
    assert "本校一行没有发现数据问题" in page_of(as_clerk, "school", submission.pk, rows[0]["code"])


def test_a_page_of_problems_that_is_not_there_is_the_nearest_one(judged, as_clerk, monkeypatch):
    monkeypatch.setattr(problem_presenter, "PAGE_SIZE", 2)
    rows = builders.good_rows()
    for row in rows[:5]:
        row["teaching_area"] = -1
    pk = judged(rows).pk
    for number, cells in (("1", (0, 1)), ("3", (4,)), ("99", (4,)), ("0", (0, 1)), ("-1", (0, 1)), ("x" * 9, (0, 1))):
        table = page_of(as_clerk, "submission", pk, page=number).split('id="problems"')[1]
        shown = [i for i in range(5) if f">{builders.cell_of('teaching_area', i)}<" in table]
        assert shown == list(cells), number


def test_every_severity_is_counted_even_without_problems():
    counts = problem_presenter.severity_counts({"error": 3}, "error")
    assert [(c.severity, c.count, c.is_chosen) for c in counts] == [
        ("error", 3, True),
        ("explain", 0, False),
        ("warning", 0, False),
    ]
    problem = Problem(Severity.ERROR, "cell.missing", "未填写", school="0000000001").as_dict()
    [line] = problem_presenter.problem_lines([problem], {"0000000001": "甲校"})
    assert (line.school, line.school_code, line.mark.label) == ("甲校", "0000000001", "必须更正")


# ── One school ────────────────────────────────────────────────────────────────────────────────


def school_pages(report: CountyReport, standard: Any) -> list[tuple[SchoolReport, SchoolPage]]:
    columns = dict.fromkeys(FIELD_BY_KEY, "A")
    result = judge_report(report, standard, AS_OF)
    codes = [school.values.get("code") for school in report.schools]
    return [
        (school, school_page(result, standard, school, columns))
        for school, code in zip(report.schools, codes, strict=True)
        if code and codes.count(code) == 1
    ]


def worked_out(formula: str) -> Fraction:
    """The value of a printed formula, its words left out."""
    terms = re.sub(r"[^\d.()+\-−×÷ ]", "", formula).replace("−", "-").replace("×", "*").replace("÷", "/")
    return eval(re.sub(r"[\d.]+", r"Fraction('\g<0>')", terms))  # noqa: S307


def test_every_formula_works_out_to_the_value_beside_it(standard_document):
    seen = 0
    for seed in range(40):
        for _, page in school_pages(random_county(seed), standard_document):
            for line in (line for row in page.rows for line in row.lines):
                assert (line.cell.text == "无法核算") == (line.formula == ""), (seed, page.code, line)
                if line.formula:
                    places = len(line.cell.text.partition(".")[2])
                    assert figure(worked_out(line.formula), places) == line.cell.text, (seed, page.code, line)
                    seen += 1
                if line.share:
                    formula, _, text = re.split("([=≈])", line.share)
                    assert figure(worked_out(formula), len(text.partition(".")[2])) == text.strip()
    assert seen > 500


def test_a_gap_is_the_smallest_amount_that_reaches_the_limit(standard_document):
    seen = set()
    for seed in range(25):
        report = random_county(seed)
        for school, page in school_pages(report, standard_document):
            for row in page.rows:
                for line in row.lines:
                    for words, mark in ((line.gap, {"met"}), (line.floor_gap, {"met", "floor"})):
                        if words and (line.code, row.label, words[-1]) not in seen:
                            seen.add((line.code, row.label, words[-1]))
                            check_gap(report, school, row.label, line.code, words, mark, standard_document)
    assert {code for code, _, _ in seen} == {f"L{n}" for n in range(1, 8)}


def check_gap(report, school, label, code, words, reached, standard) -> None:
    amount = Decimal(re.fullmatch(r"差 ([\d.]+) (名|间|㎡|万元)", words)[1])
    stage = "PRIMARY" if label == "小学" else "JUNIOR"
    indicator = next(i for i in standard.indicators if i.code == code)
    key = indicator.stages[stage].plus[0]
    step = Decimal(1) if FIELD_BY_KEY[key].kind is Kind.COUNT else Decimal("0.01")
    for more, is_reached in ((amount, True), (amount - step, False)):
        value = school.values[key] + (int(more) if FIELD_BY_KEY[key].kind is Kind.COUNT else more)
        changed = SchoolReport(dict(school.values) | {key: value}, school.rejected, school.row)
        schools = tuple(changed if s is school else s for s in report.schools)
        result = judge_report(CountyReport(schools, report.figures), standard, AS_OF)
        row = next(r for r in result["schools"] if r["code"] == school.values["code"] and r["stage"] == stage)
        mark = "met" if code in row["attained"] else "floor" if code in row["at_85"] else "not_met"
        assert (mark in reached) == is_reached, (code, words, more)


def worked_school(school_type: SchoolType, **cells: Any) -> builders.Row:
    return builders.school_row("3142000001", "滨江学校", school_type, **cells)


def test_the_split_of_shared_assets_is_shown_as_arithmetic(standard_document):
    row = worked_school(SchoolType.NINE_YEAR, primary=166, junior=210)
    row |= {"sports_ground_area": 23226, "indoor_sports_area": 0}
    [(_, page)] = school_pages(read_report(builders.book_of([row])).report, standard_document)
    assert page.split == "小学 1×166 + 初中 1.1×210 = 397"
    share = next(line.share for line in page.rows[0].lines if line.code == "L5")
    assert share == "(运动场地面积 23226 + 室内体育用房面积 0) × 166 ÷ 397 ≈ 9711.63"
    share = next(line.share for line in page.rows[1].lines if line.code == "L5")
    assert share == "(运动场地面积 23226 + 室内体育用房面积 0) × (1.1 × 210) ÷ 397 ≈ 13514.37"
    assert page.rows[0].lines[0].share == ""

    row = worked_school(SchoolType.COMPLETE_MIDDLE, junior=500, senior=1000)
    [(_, page)] = school_pages(read_report(builders.book_of([row])).report, standard_document)
    assert page.split == "初中 1×500 + 高中 1.2×1000 = 1700"


def test_a_value_shows_its_formula_its_limit_its_gap_and_its_cells(standard_document):
    row = worked_school(SchoolType.PRIMARY_SCHOOL, primary=500)
    row |= {"primary_associate_teachers": 3, "primary_bachelor_teachers": 15, "primary_master_teachers": 0}
    row |= {"equipment_value": 91.6}
    [(_, page)] = school_pages(read_report(builders.book_of([row])).report, standard_document)
    first = page.rows[0].lines[0]
    assert first.formula == "(专科 3 + 本科 15 + 硕士 0 + 博士 0) × 100 ÷ 500"
    assert (first.sign, first.cell.text, first.limit, first.floor) == ("=", "3.60", "4.2", "3.57")
    assert (first.cell.mark.label, first.gap, first.floor_gap) == ("仅达85%", "差 3 名", "")
    assert (first.sources[0].header, first.sources[0].found, first.sources[0].cell) == ("小学专科教师数", "3", "A3")
    assert page.rows[0].lines[5].gap == "差 8.4 万元"
    assert page.split == ""


def test_a_school_page_names_the_cells_that_are_missing(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["primary_associate_teachers"] = None
    rows[0]["primary_bachelor_teachers"] = "很多"
    submission = judged(rows)
    text = page_of(as_clerk, "school", submission.pk, rows[0]["code"])
    assert "下列数据未填写或未采用，补齐后才能核算" in text
    assert re.search(rf"未填写</td><td class=\"cell\">{builders.cell_of('primary_associate_teachers', 0)}<", text)
    assert re.search(rf"未采用</td><td class=\"cell\">{builders.cell_of('primary_bachelor_teachers', 0)}<", text)


def test_a_school_page_names_the_items_it_does_not_meet_and_only_its_own_stages(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["trained_teachers"] -= 2
    text = page_of(as_clerk, "school", judged(rows).pk, rows[0]["code"])
    items = text[text.index("其余要求中涉及本校的") :]
    assert "G9</span> 教师培训" in items
    assert "五年满360学时专任教师数" in items
    assert "初中专任教师数" not in items


def test_an_excluded_school_has_a_page_with_the_reason(judged, as_clerk):
    rows = [*builders.good_rows(), builders.special_row()]
    text = page_of(as_clerk, "school", judged(rows).pk, rows[-1]["code"])
    assert "不参与校际均衡计算：特殊教育学校" in text


# ── Nothing typed runs ────────────────────────────────────────────────────────────────────────

HOSTILE = ("<script>alert(1)</script>", '="1"', "=1+1", "+1", "@SUM(A1)", '"><img src=x onerror=alert(1)>')


def as_typed(workbook: Workbook) -> None:
    """A name with an equals sign is text in the cell, as after an apostrophe, and no formula."""
    for [cell] in workbook[SCHOOL_SHEET].iter_rows(min_col=2, max_col=2):
        cell.data_type = "s"


@pytest.fixture
def hostile(judged) -> Submission:
    rows = builders.good_rows()
    for row, name in zip(rows, HOSTILE, strict=True):
        row["name"] = name
    rows[0]["urban_rural"] = "<b>城区</b>"
    submission = judged(rows, edit=as_typed)
    Submission.objects.update(filename='<i>"a".xlsx')
    return submission


def test_whatever_was_typed_is_text_on_every_page(hostile, as_clerk):
    texts = [page_of(as_clerk, "submission", hostile.pk), page_of(as_clerk, "workspace")]
    texts += [page_of(as_clerk, "school", hostile.pk, record.code) for record in hostile.records.all()]
    for text in texts:
        assert not re.search(r"<script>|<img|<b>|<i>", text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in texts[0]
    assert "&lt;b&gt;城区" in texts[0]


def test_no_page_needs_an_inline_script_or_style(hostile, as_clerk):
    names = [("submission", hostile.pk), ("workspace",), ("home",), ("standard", "2017-quality")]
    for name, *args in names:
        text = page_of(as_clerk, name, *args)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=", text), name
        assert text.count("<h1") == 1
        assert '<html lang="zh-Hans">' in text
        assert 'href="#main"' in text


def test_the_file_comes_back_as_it_was_and_only_as_a_download(hostile, as_clerk):
    answer = as_clerk.get(reverse("submission_file", args=[hostile.pk]))
    assert hashlib.sha256(content_of(answer)).hexdigest() == hostile.file_id
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def exported(client: Client, submission: Submission, suffix: str) -> bytes:
    return content_of(client.get(reverse("submission_export", args=[submission.pk, suffix])))


def test_what_the_page_shows_is_what_is_downloaded(hostile, as_clerk, standard_document):
    result = json.loads(hostile.verdicts.get().document)
    page = verdict_page(result, standard_document, {})
    shown = [
        [row.name, row.enrollment, *(cell.text for cell in row.cells), row.mark.label, row.remark]
        for stage in page.stages
        for row in stage.rows
    ]
    content = exported(as_clerk, hostile, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [[row[2].removeprefix("'"), *row[6:]] for row in table[1:]] == shown

    sheet = load_workbook(io.BytesIO(exported(as_clerk, hostile, "xlsx")))["学校明细"]
    cells = list(sheet.iter_rows(min_row=2))
    for cell_row, shown_row in zip(cells, shown, strict=True):
        printed = [as_displayed(cell) for cell in cell_row]
        assert [printed[2], *printed[6:]] == shown_row


def as_displayed(cell: Cell) -> str:
    """What a spreadsheet shows: the number with the places of its format."""
    if cell.data_type != "n":
        return cell.value
    return f"{cell.value:.{len(cell.number_format.partition('.')[2])}f}"


def test_nothing_in_a_download_is_a_formula(hostile, as_clerk):
    table = list(csv.reader(io.StringIO(exported(as_clerk, hostile, "csv").decode("utf-8-sig"))))
    texts = [text for row in table for text in row]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    assert {"'=1+1", "'+1", "'@SUM(A1)"} <= set(texts)
    workbook = load_workbook(io.BytesIO(exported(as_clerk, hostile, "xlsx")))
    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {"=1+1", "+1", "@SUM(A1)"} <= {cell.value for cell in cells if cell.quotePrefix}


def test_error_pages_stand_without_a_request_and_speak_chinese():
    for name, words in (("400", "请求无法处理"), ("403", "不能进行这项操作"), ("500", "系统出错了")):
        assert words in render_to_string(f"{name}.html")


def test_every_template_is_used():
    root = Path(__file__).resolve().parents[2]
    sources = [path.read_text(encoding="utf-8") for path in (root / "templates").rglob("*.html")]
    apps = ("reports", "evaluation", "indicators", "schools")
    sources += [path.read_text(encoding="utf-8") for app in apps for path in (root / app).rglob("*.py")]
    for path in (root / "templates").rglob("*.html"):
        name = path.relative_to(root / "templates").as_posix()
        assert name[0].isdigit() or any(f'"{name}"' in text for text in sources), name
