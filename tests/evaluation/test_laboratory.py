"""The standard laboratory: what a document would change is known before it is put in force."""

from __future__ import annotations

import datetime
import json
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from evaluation import actions, jobs, laboratory
from evaluation.actions import load_standard, run_waiting_jobs
from evaluation.generated import generated_counties
from evaluation.generated_store import NotEmpty, store_nation
from evaluation.models import Finding, Job, JobState, LaboratoryRun, Standard, Verdict
from evaluation.permissions import Refused
from evaluation.queries import verdict_of
from indicators.models import SchoolRecord, Submission
from schools.actions import appoint
from schools.models import Division, School
from schools.vocabulary import Party
from tests.conftest import PASSWORD, ROOT, STANDARD_PATH

YEAR = 2026
DAY = datetime.date(2026, 11, 1)
NATIONAL = STANDARD_PATH.read_text(encoding="utf-8")
HEADER = """
code = "99-trial"
name = "试用标准"
short_name = "试用"
document = "征求意见稿"
issued_on = 2026-10-01
extends = "2017-quality"
"""
STRICTER = (HEADER + '[coefficient.limits]\nPRIMARY = "0.001"\nJUNIOR = "0.45"\n').encode()
LOOSER = (HEADER + '[coefficient.limits]\nPRIMARY = "0.51"\nJUNIOR = "0.45"\n').encode()


@pytest.fixture
def steward(county):
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def judged(uploaded):
    run_waiting_jobs()
    assert verdict_of(uploaded).passed is True
    return uploaded


def test_a_run_names_the_counties_whose_verdict_changes_and_the_item_that_does_it(judged, steward):
    run = laboratory.start_run(steward, Standard.objects.get(), STRICTER, YEAR)
    assert run.result is None
    before = (Verdict.objects.count(), Finding.objects.count(), Standard.objects.count())
    run_waiting_jobs()
    run.refresh_from_db()
    assert run.result["counties"] == 1
    assert run.result["moves"] == [{"before": "met", "after": "not_met", "counties": 1}]
    [changed] = run.result["changed"]
    assert (changed["code"], changed["before"], changed["after"]) == (judged.county_id, "met", "not_met")
    assert changed["no_longer"] == []
    assert changed["newly"] == [f"小学 L{n} 差异系数" for n in range(1, 8)]
    assert (Verdict.objects.count(), Finding.objects.count(), Standard.objects.count()) == before


def test_the_same_standard_changes_nobody(judged, steward):
    run = laboratory.start_run(steward, Standard.objects.get(), NATIONAL.encode(), YEAR)
    run_waiting_jobs()
    run.refresh_from_db()
    assert run.result["changed"] == []
    assert all(item["before"] == item["after"] for item in run.result["items"])


def test_a_looser_document_is_refused_with_the_item_and_nothing_is_queued(judged, steward):
    with pytest.raises(Refused, match="差异系数"):
        laboratory.start_run(steward, Standard.objects.get(), LOOSER, YEAR)
    assert not LaboratoryRun.objects.exists()


def test_only_the_newest_version_of_a_county_counts_and_only_of_the_year(judged, steward, clerk, story_workbook):
    newer = actions.upload_workbook(clerk, judged.county, YEAR, "b.xlsx", story_workbook("one_school_short"))
    run_waiting_jobs()
    found = laboratory.counties_of_year(YEAR)
    assert found.submissions.tolist() == [newer.pk]
    assert laboratory.counties_of_year(YEAR - 1).submissions.tolist() == []


def test_only_the_steward_starts_or_reads_a_run(judged, steward, clerk, signer, inspector, client):
    run = laboratory.start_run(steward, Standard.objects.get(), STRICTER, YEAR)
    addresses = [
        reverse("laboratory"),
        reverse("laboratory_run", args=[run.pk]),
        reverse("laboratory_export", args=[run.pk]),
    ]
    for person in (clerk, signer, inspector):
        with pytest.raises(Refused, match="管理员"):
            laboratory.start_run(person, Standard.objects.get(), STRICTER, YEAR)
        client.force_login(person)
        assert [client.get(address).status_code for address in addresses] == [404, 404, 404]
    client.force_login(steward)
    assert client.get(addresses[0]).status_code == 200
    assert client.get(addresses[2]).status_code == 404
    run_waiting_jobs()
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]


def test_the_page_waits_without_javascript_and_then_tells_the_result(judged, steward, client):
    client.force_login(steward)
    document = SimpleUploadedFile("trial.toml", STRICTER)
    form = {"before": "2017-quality", "loaded": "", "draft": document, "school_year": YEAR}
    answer = client.post(reverse("laboratory"), form, follow=True)
    assert 'http-equiv="refresh"' in answer.content.decode()
    run_waiting_jobs()
    page = client.get(answer.request["PATH_INFO"]).content.decode()
    assert "1 个县、18 所学校，有 1 个县的结论改变：1 个由可达标变为不达标。" in page
    assert judged.county.name in page
    assert "小学 L1 差异系数" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"draft": SimpleUploadedFile("a.toml", LOOSER)}, "差异系数"),
        ({"draft": SimpleUploadedFile("a.toml", b"code = ")}, "TOML"),
        ({"draft": SimpleUploadedFile("a.toml", b"\xff\xfe\x00")}, "标准文件"),
        ({}, "选一个"),
        ({"loaded": "2017-quality", "draft": SimpleUploadedFile("a.toml", STRICTER)}, "选一个"),
        ({"loaded": "2017-quality", "school_year": "abc"}, "学年"),
        ({"loaded": "no-such"}, "请选择列出的标准"),
    ],
)
def test_what_cannot_be_tried_is_said_above_the_form(judged, steward, client, change, words):
    client.force_login(steward)
    form = {"before": "2017-quality", "loaded": "", "school_year": str(YEAR)} | change
    answer = client.post(reverse("laboratory"), form)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not LaboratoryRun.objects.exists()


def test_a_run_whose_worker_died_is_taken_up_again(judged, steward):
    run = laboratory.start_run(steward, Standard.objects.get(), STRICTER, YEAR)
    job = jobs.claim()
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
    run_waiting_jobs()
    run.refresh_from_db()
    assert run.result is not None
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
    assert Job.objects.get(pk=job.pk).attempts == 2


def test_the_command_prints_the_same_as_the_page(judged, tmp_path):
    path = tmp_path / "trial.toml"
    path.write_bytes(STRICTER)
    out = StringIO()
    call_command("compare_standards", "2017-quality", str(path), "--year", str(YEAR), stdout=out)
    assert "1 个县的结论改变" in out.getvalue()
    assert f"{judged.county_id} 示例省望棠区  可达标 → 不达标：新不达标 小学 L1 差异系数" in out.getvalue()
    with pytest.raises(CommandError, match="没有载入标准 nothing"):
        call_command("compare_standards", "nothing", "2017-quality")
    path.write_bytes(LOOSER)
    with pytest.raises(CommandError, match=r"第 .* 行"):
        call_command("compare_standards", "2017-quality", str(path))


def test_the_standard_of_2012_can_be_compared_too(judged, steward):
    basic = load_standard((ROOT / "fixtures/standards/2012-basic.toml").read_bytes())[0]
    run = laboratory.start_run(steward, Standard.objects.get(pk="2017-quality"), basic.document.encode(), YEAR)
    run_waiting_jobs()
    run.refresh_from_db()
    assert run.result["moves"] == [{"before": "met", "after": "unknown", "counties": 1}]
    assert "小学综合差异系数" in run.result["changed"][0]["newly"]


# ── The generated nation ──────────────────────────────────────────────────────────────────────


def test_a_generated_nation_is_fictional_seeded_and_can_be_judged(db, standard_document):
    counties = list(generated_counties(8, 200, seed=7, year=YEAR))
    again = list(generated_counties(8, 200, seed=7, year=YEAR))
    assert [c.codes for c in counties] == [c.codes for c in again]
    assert all((c.columns["books"] == d.columns["books"]).all() for c, d in zip(counties, again, strict=True))
    assert all(c.name.startswith("模拟") and int(c.code[:2]) not in range(11, 16) for c in counties)
    assert list(store_nation(counties, YEAR))[-1] == (8, sum(len(c.codes) for c in counties))
    assert SchoolRecord.objects.count() == School.objects.count() == sum(len(c.codes) for c in counties)
    result = laboratory.result_of(laboratory.counties_of_year(YEAR), standard_document, standard_document, YEAR, DAY)
    assert result["counties"] == 8
    assert json.dumps(result, allow_nan=False)


def test_a_nation_never_touches_a_county_that_has_versions_of_the_year(db):
    list(store_nation(generated_counties(2, 10), YEAR))
    with pytest.raises(NotEmpty):
        list(store_nation(generated_counties(2, 10), YEAR))
    assert Submission.objects.count() == 2
