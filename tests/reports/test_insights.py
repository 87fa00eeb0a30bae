"""Two pages behind a verdict: who makes a coefficient what it is, and how firm the verdict is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from redis.exceptions import ConnectionError as RedisConnectionError

from evaluation import working
from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.columns import columns_of
from evaluation.core.gaps import joined, joined_to_floor, row_gaps
from evaluation.core.sensitivity import sensitivity
from evaluation.core.verdict import judge, judge_report
from evaluation.judged import judged as verdicts
from evaluation.models import JobState
from indicators.models import Submission
from indicators.report import CountyReport, SchoolReport
from indicators.workbook.read import read_report
from reports import firmness_kept
from reports.firmness_kept import Loaded, prepare_firmness
from reports.presenters.coefficient import CoefficientPage, coefficient_page
from schools.vocabulary import SchoolType, Stage
from tests import builders
from tests.evaluation.random_counties import AS_OF, random_county
from tests.reports.test_pages import school_pages

Judged = Callable[..., Submission]


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Judged:
    def make(rows: list[builders.Row] | None = None, **options: Any) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows, **options)
        submission = upload_workbook(clerk, county, 2026, "清河县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def judged_by_a_worker(standard, clerk, county, tmp_path) -> Callable[[Callable[..., None]], Submission]:
    """A version a worker has judged while somebody listened."""

    def make(listener: Callable[..., None]) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx")
        submission = upload_workbook(clerk, county, 2026, "清河县.xlsx", path.read_bytes())
        verdicts.connect(listener)
        try:
            assert working.work_on()
        finally:
            verdicts.disconnect(listener)
        return submission

    return make


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


def page_of(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200, answer
    return answer.content.decode()


def words_of(page: str) -> str:
    """What a person reads, without tags and line breaks."""
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page))


def unequal() -> list[builders.Row]:
    """One primary school with so many backbone teachers that the coefficient fails, and two below their limit."""
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = 60
    rows[1]["primary_backbone_teachers"] = 1
    rows[3]["primary_backbone_teachers"] = 2
    return rows


def presented(rows: list[builders.Row], code: str, standard: Any, position: int = 0) -> CoefficientPage:
    schools, figures, ordered = columns_of([read_report(builders.book_of(rows)).report])
    result = judge(schools, figures, standard, AS_OF).stages[position]
    indicator = next(each for each in standard.indicators if each.code == code)
    return coefficient_page(result, sensitivity(result, indicator, standard), indicator, standard, ordered)


# ── Who makes a coefficient what it is ────────────────────────────────────────────────────────


def test_the_first_sentence_names_coefficient_limit_and_the_schools_that_make_up_most_of_the_spread(standard_document):
    page = presented(unequal(), "L2", standard_document)
    told = re.fullmatch(
        r"小学 L2 县级以上骨干教师的差异系数 ([\d.]+)，高于 0\.50：(\d+) 所学校占差距的 ([\d.]+)%。", page.sentence
    )
    assert told, page.sentence
    assert told[1] == page.coefficient
    shares = [float(line.share.removesuffix("%")) for line in page.lines]
    assert shares == sorted(shares, reverse=True)
    count = int(told[2])
    assert sum(shares[:count]) == pytest.approx(float(told[3]), abs=0.2)
    assert sum(shares[: count - 1]) < 50 <= sum(shares[:count]) + 0.1
    assert [page.lines[0].name, page.lines[0].code] == ["清河县实验小学", "3142000001"]


@pytest.mark.parametrize(
    ("code", "position", "spoil", "words"),
    [
        ("L1", 0, {}, "不高于 0.50："),
        ("L2", 0, {"primary_backbone_teachers": None}, "无法核算，没有差距可分析"),
    ],
)
def test_the_sentence_says_what_the_coefficient_came_to(standard_document, code, position, spoil, words):
    rows = builders.good_rows()
    rows[0] |= spoil
    page = presented(rows, code, standard_document, position)
    assert words in page.sentence
    assert (page.chart is None) is ("无法" in words)
    assert page.lift_sentence == ""


def test_one_school_alone_has_no_spread_to_divide(standard_document):
    page = presented(builders.good_rows()[:1], "L2", standard_document)
    assert page.sentence.endswith("仅一所学校，没有校际差距。")
    assert page.chart is None
    assert [(line.share, line.without) for line in page.lines] == [("——", "——")]


def test_the_schools_to_lift_are_told_with_whole_persons(standard_document):
    rows = builders.good_rows()
    for position, teachers in ((0, 14), (1, 0), (3, 0), (5, 0)):
        rows[position]["primary_backbone_teachers"] = teachers
    page = presented(rows, "L2", standard_document)
    assert page.lifts, page.lift_sentence
    assert re.search(
        r"把下列 \d+ 所学校提高到要求，共差 \d+ 名县级以上骨干教师，差异系数降到 0\.\d+，", page.lift_sentence
    )
    assert all(re.fullmatch(r"差 \d+ 名县级以上骨干教师", lift.words) for lift in page.lifts)


def test_a_spread_between_schools_that_all_reach_their_limit_is_said_to_be_that(standard_document):
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = 80
    page = presented(rows, "L2", standard_document)
    assert page.mark.key == "not_met"
    assert page.lift_sentence.startswith("各校都已达到要求")


def test_the_page_shows_chart_and_table_of_the_same_schools_and_links_to_them(judged, as_clerk):
    submission = judged(unequal())
    page = page_of(as_clerk, "coefficient", submission.pk, "PRIMARY", "L2")
    [chart] = re.findall(r"<svg class=\"chart\".*?</svg>", page, re.S)
    assert "style=" not in chart
    assert re.search(r"<title id=\"influence-chart-title\">小学 L2 县级以上骨干教师：各校占差距的比例</title>", chart)
    assert "<desc" in chart
    names = re.findall(r'<text class="chart-fill-ink" x="0"[^>]*>([^<]+)<', chart)
    assert names
    table = page[page.index("influence-table") :]
    assert names == re.findall(r'<th scope="row"[^>]*><a [^>]*>([^<]+)</a>', table)[: len(names)]
    assert reverse("school", args=[submission.pk, "3142000001"]) in table
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_table_is_taken_away_as_it_is_shown(judged, as_clerk):
    submission = judged(unequal())
    page = words_of(page_of(as_clerk, "coefficient", submission.pk, "PRIMARY", "L2"))
    contents = {}
    for suffix in ("csv", "xlsx"):
        answer = as_clerk.get(reverse("coefficient_export", args=[submission.pk, "PRIMARY", "L2", suffix]))
        assert answer.status_code == 200
        contents[suffix] = b"".join(answer.streaming_content)
    rows = list(csv.DictReader(io.StringIO(contents["csv"].decode("utf-8-sig"))))
    assert rows[0]["学校名称"] == "清河县实验小学"
    for row in rows:
        assert row["去掉该校后的差异系数"] in page
        assert row["占差距的比例（%）"] in page
    sheet = load_workbook(io.BytesIO(contents["xlsx"])).worksheets[0]
    assert sheet.max_row == len(rows) + 1


# ── How firm the verdict is ───────────────────────────────────────────────────────────────────


def test_a_verdict_that_hangs_on_one_cell_says_which_from_what_to_what(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["certified_teachers"] -= 1
    submission = judged(rows)
    page = words_of(page_of(as_clerk, "firmness", submission.pk))
    told = re.search(r"结论只差一个数据：清河县实验小学的“([^”]+)”（([A-Z]+3)）如果不是(\d+)而是(\d+)，", page)
    assert told, page[:900]
    assert abs(int(told[3]) - int(told[4])) == 1
    # The verdict page says the same and leads here.
    verdict = page_of(as_clerk, "submission", submission.pk)
    assert told[0] in words_of(verdict)
    assert reverse("firmness", args=[submission.pk]) in verdict
    assert reverse("coefficient", args=[submission.pk, "PRIMARY", "L2"]) in verdict


def test_a_worker_makes_the_sentence_of_a_verdict_ready_and_the_page_does_not_compute_it(
    judged_by_a_worker, as_clerk, monkeypatch
):
    submission = judged_by_a_worker(prepare_firmness)

    def again(self: Loaded) -> None:
        raise AssertionError("computed for a page")

    monkeypatch.setattr(Loaded, "firmness", again)
    assert "结论最薄弱的一处：" in words_of(page_of(as_clerk, "submission", submission.pk))


def test_what_makes_pages_ready_may_fail_and_the_verdict_stands(judged_by_a_worker, caplog):
    def fails(**told: Any) -> None:
        raise ValueError("spoiled")

    submission = judged_by_a_worker(fails)
    assert submission.jobs.get().state == JobState.DONE
    assert submission.verdicts.exists()
    assert "spoiled" in caplog.text


def test_without_the_store_of_sentences_they_are_computed(judged, as_clerk, monkeypatch):
    submission = judged()
    told = words_of(page_of(as_clerk, "submission", submission.pk))

    def away(*asked: Any, **more: Any) -> None:
        raise RedisConnectionError("away")

    asked = []

    def counted(*keys: Any, **more: Any) -> None:
        asked.append(keys)
        away()

    for name in ("get_many", "set_many"):
        monkeypatch.setattr(caches["shared"], name, counted)
    monkeypatch.setattr(firmness_kept, "_deaf_until", 0.0)
    caches["default"].clear()
    assert words_of(page_of(as_clerk, "submission", submission.pk)) == told
    assert len(asked) == 1, "one that hangs is asked once, then left alone for a while"
    assert words_of(page_of(as_clerk, "submission", submission.pk)) == told


def test_a_passing_county_is_told_its_weakest_place(judged, as_clerk):
    page = words_of(page_of(as_clerk, "firmness", judged().pk))
    assert "结论最薄弱的一处：" in page
    assert "结论就会变为未达标。" in page
    assert "少1名即不达标" in page


def test_a_county_with_something_unknown_is_told_to_fill_it_in_first(judged, as_clerk):
    rows = builders.good_rows()
    rows[0]["primary_backbone_teachers"] = None
    page = words_of(page_of(as_clerk, "firmness", judged(rows).pk))
    assert "有数据无法核算，结论还没有形成" in page


def test_findings_decided_within_rounding_are_marked_and_counted(judged, as_clerk):
    figures = builders.good_figures() | {"C18": 10_000, "C19": 5_004}
    submission = judged(figures=figures)
    page = page_of(as_clerk, "firmness", submission.pk)
    counted = re.search(r"有(\d+)个判定标为临界", words_of(page))
    assert counted
    table = page[page.index("firmness-table") :]
    [line] = [row for row in re.findall(r"<tr>.*?</tr>", table, re.S) if ">G14<" in row]
    assert "临界" in line
    assert f"有{counted[1]}个判定临界" in words_of(page_of(as_clerk, "submission", submission.pk))


# ── Gaps of one school in one sentence ────────────────────────────────────────────────────────


def test_a_school_is_told_all_it_lacks_in_one_sentence_and_what_comes_first(judged, as_clerk):
    row = builders.school_row("3142000001", "滨江学校", SchoolType.PRIMARY_SCHOOL, primary=500)
    row |= {f"primary_{subject}_teachers": 0 for subject in ("music", "fine_art", "arts")}
    row |= {"primary_pe_teachers": 3, "equipment_value": 91.6}
    row |= {"sports_ground_area": 3440, "indoor_sports_area": 0, "teaching_area": 3000}
    submission = judged([row])
    page = words_of(page_of(as_clerk, "school", submission.pk, "3142000001"))
    assert "差2名体育艺术专任教师、310㎡体育运动场馆、8.4万元教学仪器设备，才能使各项都达到要求" in page
    assert "不足85%的必须先补上：差1名体育艺术专任教师。" in page


def test_the_sentence_of_the_core_and_of_the_page_are_the_same(standard_document):
    seen = 0
    for seed in range(15):
        report = random_county(seed)
        schools, figures, ordered = columns_of([report])
        judgement = judge(schools, figures, standard_document, AS_OF)
        told = {
            (str(ordered[int(school)].values.get("code")), result.stage.label): row_gaps(result, row, standard_document)
            for result in judgement.stages
            for row, school in enumerate(result.school)
        }
        for _, page in school_pages(report, standard_document):
            for row in page.rows:
                gaps = told[page.code, row.label]
                assert (row.gaps, row.floor_gaps) == (joined(gaps), joined_to_floor(gaps)), (seed, page.code)
                seen += bool(row.gaps)
    assert seen > 30


def test_a_value_that_reaches_its_limit_says_how_little_less_would_not(standard_document):
    """The amount told is taken from the cell, and one step less than that is taken: the first fails, the second not."""
    seen = set()
    for seed in range(15):
        report = random_county(seed)
        for school, page in school_pages(report, standard_document):
            for row in page.rows:
                for line in row.lines:
                    if not line.slack or (line.code, row.label) in seen:
                        continue
                    assert not line.gap
                    stage = next(stage for stage in Stage if stage.label == row.label)
                    indicator = next(each for each in standard_document.indicators if each.code == line.code)
                    key = indicator.stages[stage].plus[0]
                    amount = Decimal(re.fullmatch(r"少 ([\d.]+) (?:名|间|㎡|万元)即低于要求", line.slack)[1])
                    step = Decimal(1) if isinstance(school.values[key], int) else Decimal("0.01")
                    if amount > school.values[key]:
                        continue
                    seen.add((line.code, row.label))
                    for less, is_reached in ((amount, False), (amount - step, True)):
                        value = type(school.values[key])(school.values[key] - less)
                        changed = SchoolReport({**school.values, key: value}, school.rejected, school.row)
                        schools = tuple(changed if each is school else each for each in report.schools)
                        told = judge_report(CountyReport(schools, report.figures), standard_document, AS_OF)
                        rows = [r for r in told["schools"] if (r["code"], r["stage"]) == (page.code, stage.value)]
                        assert [line.code in r["attained"] for r in rows] == [is_reached] * len(rows)
    assert {code for code, _ in seen} == {f"L{n}" for n in range(1, 8)}


# ── Who sees what, and at what cost ───────────────────────────────────────────────────────────


def test_the_pages_exist_for_the_own_county_alone(judged, client, clerk, other_clerk, inspector):
    submission = judged()
    addresses = [
        reverse("coefficient", args=[submission.pk, "JUNIOR", "L7"]),
        reverse("coefficient_export", args=[submission.pk, "JUNIOR", "L7", "csv"]),
        reverse("firmness", args=[submission.pk]),
    ]
    for person, status in ((clerk, 200), (other_clerk, 404), (inspector, 404)):
        client.force_login(person)
        assert [client.get(address).status_code for address in addresses] == [status] * 3
    client.logout()
    assert [client.get(address).status_code for address in addresses] == [302] * 3


def test_coefficients_that_do_not_exist_are_not_there(judged, as_clerk):
    pk = judged().pk
    for stage, code in (("SENIOR", "L1"), ("PRIMARY", "L8"), ("primary", "L1")):
        assert as_clerk.get(reverse("coefficient", args=[pk, stage, code])).status_code == 404
    assert as_clerk.get(reverse("coefficient_export", args=[pk, "PRIMARY", "L1", "pdf"])).status_code == 404


def test_a_version_that_was_not_judged_has_no_such_pages(standard, clerk, county, as_clerk):
    waiting = upload_workbook(clerk, county, 2026, "甲.xlsx", b"x")
    assert as_clerk.get(reverse("firmness", args=[waiting.pk])).status_code == 404
    assert as_clerk.get(reverse("coefficient", args=[waiting.pk, "PRIMARY", "L1"])).status_code == 404


def test_the_pages_take_as_many_queries_for_a_hundred_schools_as_for_six(
    judged, as_clerk, django_assert_max_num_queries
):
    counts = []
    for rows in (builders.good_rows(), builders.county_rows(7, 100)):
        submission = judged(rows)
        for name, args in (("firmness", ()), ("coefficient", ("PRIMARY", "L4"))):
            with django_assert_max_num_queries(10) as queries:
                page_of(as_clerk, name, submission.pk, *args)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


def test_a_long_county_lists_the_closest_rows_and_says_how_many_are_left_out(judged, as_clerk):
    page = words_of(page_of(as_clerk, "firmness", judged(builders.county_rows(7, 100)).pk))
    listed = re.search(r"一校一学段一行，(\d+)行；另有(\d+)行离界限更远，没有列出", page)
    assert listed
    assert int(listed[1]) >= 50
