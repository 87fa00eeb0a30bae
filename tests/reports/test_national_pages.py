"""The steward's pages of national runs: started, watched without JavaScript, steered, read and taken away."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from evaluation import jobs, national
from evaluation.actions import run_job
from evaluation.models import Event, Job, JobState, NationalRun, RunState, RunVerdict
from evaluation.national_queries import judged_counties
from schools.actions import appoint
from schools.models import Division
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.evaluation.nation import DAY, YEAR, finish, store_counties

SEEDS = (4, 6, 20, 40, 41, 42)


@pytest.fixture
def steward(county):
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def nation(standard, clerk):
    return store_counties(clerk, SEEDS)


@pytest.fixture
def run(nation, standard, steward) -> NationalRun:
    return national.start_run(steward, standard, YEAR, DAY, most_counties=2)


def page_of(run: NationalRun) -> str:
    return reverse("national_run", args=[run.pk])


def test_the_form_starts_a_run_and_its_page_refreshes_without_javascript(nation, steward, client):
    client.force_login(steward)
    answer = client.post(reverse("national_runs"), {"standard": "2017-quality", "school_year": YEAR}, follow=True)
    run = NationalRun.objects.get()
    assert answer.request["PATH_INFO"] == page_of(run)
    page = answer.content.decode()
    assert "正在核算：已核算 0 / 6 个县（0%）。" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    finish(run)
    assert "6 个县有结论：" in client.get(page_of(run)).content.decode()
    assert "已完成" in client.get(reverse("national_runs")).content.decode()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"standard": "2017-quality", "school_year": "2019"}, "2019 学年还没有可以核算的县"),
        ({"standard": "2017-quality", "school_year": "abc"}, "请填写学年开始的年份"),
        ({"standard": "2017-quality", "school_year": "1999"}, "学年不早于"),
        ({"standard": "none", "school_year": "2026"}, "请选择列出的标准"),
        ({}, "请选择标准"),
    ],
)
def test_what_cannot_be_started_is_said_above_the_form(nation, steward, client, form, words):
    client.force_login(steward)
    answer = client.post(reverse("national_runs"), form)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not NationalRun.objects.exists()


def test_a_second_run_of_the_same_year_is_refused_in_words(run, steward, client):
    client.force_login(steward)
    page = client.post(reverse("national_runs"), {"standard": "2017-quality", "school_year": YEAR}).content.decode()
    assert f"第 {run.pk} 号，正在核算" in page
    assert NationalRun.objects.count() == 1


def test_for_everybody_else_the_pages_do_not_exist(run, clerk, signer, inspector, client):
    own = [run.pk]
    reads = [reverse("national_runs"), page_of(run), reverse("national_run_progress", args=own),
             reverse("national_run_export", args=own)]  # fmt: skip
    steps = [reverse(f"national_run_{step}", args=own) for step in ("pause", "resume", "cancel")]
    for person in (clerk, signer, inspector):
        client.force_login(person)
        assert [client.get(address, headers={"HX-Request": "true"}).status_code for address in reads] == [404] * 4
        assert [client.post(address).status_code for address in steps] == [404] * 3
    client.logout()
    assert {client.get(address).status_code for address in reads} == {302}
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_the_buttons_pause_resume_and_cancel_and_a_late_click_is_told(run, steward, client):
    client.force_login(steward)
    page = client.post(reverse("national_run_pause", args=[run.pk]), follow=True).content.decode()
    assert "已暂停：已核算 0 / 6 个县" in page
    assert "继续</button>" in page
    assert jobs.claim() is None
    page = client.post(reverse("national_run_resume", args=[run.pk]), follow=True).content.decode()
    assert "暂停</button>" in page
    run_job(jobs.claim())
    page = client.post(reverse("national_run_cancel", args=[run.pk]), follow=True).content.decode()
    assert "2 个县有结论" in page
    assert "核算已取消，其余 4 个县没有核算。" in page
    page = client.post(reverse("national_run_pause", args=[run.pk]), follow=True).content.decode()
    assert "这次核算现在是“已取消”" in page


def test_the_moving_part_says_nothing_while_nothing_changed_and_reloads_when_all_is_over(run, steward, client):
    client.force_login(steward)
    address = reverse("national_run_progress", args=[run.pk])
    htmx = {"HX-Request": "true"}
    assert client.get(address).status_code == 302
    first = client.get(address, headers=htmx)
    assert 'max="6"' in first.content.decode()
    seen = first.context["progress"].token
    assert client.get(address, {"seen": seen}, headers=htmx).status_code == 204
    run_job(jobs.claim())
    assert "已核算 2 / 6 个县（33%）" in client.get(address, {"seen": seen}, headers=htmx).content.decode()
    finish(run)
    assert client.get(address, headers=htmx).headers["HX-Refresh"] == "true"


def test_the_result_counts_provinces_and_items_as_the_verdicts_do(run, steward, client):
    finish(run)
    client.force_login(steward)
    page = client.get(page_of(run)).context["page"]
    verdicts = list(RunVerdict.objects.filter(run=run).prefetch_related("findings"))
    assert {name: found.all for name, found in page.provinces} == {"98省": 2, "99省": 4}
    for word, passed in (("met", True), ("not_met", False), ("unknown", None)):
        assert sum(getattr(found, word) for _, found in page.provinces) == sum(v.passed is passed for v in verdicts)
    assert len(page.items) == len(verdicts[0].findings.all())
    for line in page.items:
        assert line.met + line.not_met + line.unknown + line.to_judge == len(verdicts), line.label
    statuses = [finding.status for verdict in verdicts for finding in verdict.findings.all()]
    assert sum(line.not_met for line in page.items) == statuses.count("not_met")
    assert sum(line.unknown for line in page.items) == statuses.count("unknown")
    by_no_item = [v for v in verdicts if v.passed is False and not v.findings.filter(status="not_met").exists()]
    assert by_no_item
    assert page.beside == f"另有 {len(by_no_item)} 个县没有不达标的项目，因有学校没有达到学校标准而不达标。"


def test_a_county_without_a_verdict_is_named_with_the_reason(run, nation, steward, client, monkeypatch):
    read = national.stored_counties

    def stored_counties(keys):
        if nation[2].pk in keys:
            raise ValueError("<b>坏数据</b>")
        return read(keys)

    monkeypatch.setattr(national, "stored_counties", stored_counties)
    finish(run)
    client.force_login(steward)
    page = client.get(page_of(run)).content.decode()
    assert "5 个县有结论" in page
    assert "1 个县没有结论，原因见下。" in page
    assert nation[2].county.name in page
    assert "ValueError: &lt;b&gt;坏数据&lt;/b&gt;" in page


def test_the_table_to_take_away_lists_every_county_and_is_an_event(run, nation, steward, client):
    client.force_login(steward)
    address = reverse("national_run_export", args=[run.pk])
    assert client.get(address).status_code == 404
    finish(run)
    answer = client.get(address)
    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    header, *rows = book["各县结论"].iter_rows(values_only=True)
    assert header[1] == "区划代码"
    assert [row[1] for row in rows] == sorted(version.county_id for version in nation)
    for row, county in zip(rows, judged_counties(run), strict=True):
        assert row[4] == {True: "可达标", False: "不达标", None: "无法核算"}[county.passed]
        assert len((row[6] or "").split("、")) == max(len(county.not_met), 1)
    assert any("差异系数" in (row[6] or "") + (row[7] or "") for row in rows)
    about = dict(book["说明"].iter_rows(values_only=True))
    assert about["结果摘要"] == national.run_digest(run)
    assert Event.objects.filter(kind="download", actor=steward).count() == 1


def test_the_pages_take_as_many_queries_for_few_counties_as_for_many(
    run, steward, client, django_assert_max_num_queries
):
    client.force_login(steward)
    with django_assert_max_num_queries(14):
        client.get(page_of(run))
    finish(run)
    with django_assert_max_num_queries(18):
        client.get(page_of(run))
    with django_assert_max_num_queries(24):
        b"".join(client.get(reverse("national_run_export", args=[run.pk])).streaming_content)
    assert not Job.objects.exclude(state=JobState.DONE).exists()


def test_the_steward_finds_the_way_there(steward, client):
    client.force_login(steward)
    assert reverse("national_runs") in client.get(reverse("workspace")).content.decode()
