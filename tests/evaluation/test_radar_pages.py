"""The radar from its start to the page of an evaluation: who starts it, what is stored, who is told what."""

from __future__ import annotations

import datetime
import json
import re
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from evaluation import jobs, radar
from evaluation.actions import run_job, run_waiting_jobs, upload_workbook
from evaluation.core.radar.rules import EXPECTED, INTAKE
from evaluation.demo import demo_county
from evaluation.generated import generated_counties
from evaluation.generated_store import store_nation
from evaluation.management.commands.demo import workbook_of
from evaluation.models import Event, Finding, Job, JobState, RadarHit, RadarScan, Verdict
from evaluation.permissions import Refused
from evaluation.radar_queries import counted_hits, hits_of_versions
from indicators.catalogue import DECIMAL_SCALE
from indicators.models import SchoolRecord, Submission
from reports.presenters.radar import sentence
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD
from tests.evaluation.reviewing import assign, chief, city_reviewer
from tests.evaluation.walk import explained, sign, signed

OTHER = "棠南县"
#: Schools of the story whose rows say enough to be compared; the smallest teaching point says too little.
SCHOOLS, COMPARED = 18, 17


@pytest.fixture
def steward(county) -> User:
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def other_signer(other_county) -> User:
    return appoint("signer2", "签报人乙", Party.SIGNER, other_county, PASSWORD)


def copied_upload(county: County, clerk: User, year: int | None = None) -> Submission:
    """The figures of 望棠区 under another county's codes, as somebody who copies a workbook would send them."""
    told = demo_county("990101", county.name, "passes")
    for school in told.schools:
        school.values["code"] = county.code + str(school.values["code"])[6:]
    year = year or current_school_year()
    version = upload_workbook(clerk, county, year, "copied.xlsx", workbook_of(told, county, year))
    run_waiting_jobs()
    version.refresh_from_db()
    assert version.is_readable
    return version


def scanned(steward: User, year: int | None = None) -> RadarScan:
    scan = radar.start_scan(steward, year or current_school_year())
    run_waiting_jobs()
    scan.refresh_from_db()
    assert scan.finished_at is not None
    return scan


@pytest.fixture
def evaluation(standard, county, clerk, signer, other_county, other_clerk):
    """望棠区 has signed; 棠南县 has a trial version with the very same figures."""
    evaluation = signed(county, clerk, signer)
    copied_upload(other_county, other_clerk)
    return evaluation


def text_of(client: Client, person: User, address: str) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def page_of(client: Client, person: User, evaluation) -> str:
    return text_of(client, person, reverse("evaluation", args=[evaluation.pk]))


# ── Starting and storing ──────────────────────────────────────────────────────────────────────


def test_only_the_steward_starts_a_scan_or_reads_its_counts(
    client, evaluation, steward, clerk, signer, inspector, county
):
    scan = radar.start_scan(steward, evaluation.school_year)
    pages = [reverse("radar"), reverse("radar_scan", args=[scan.pk]), reverse("radar_export", args=[scan.pk])]
    for person in (clerk, signer, inspector, city_reviewer(), chief()):
        with pytest.raises(Refused, match="管理员"):
            radar.start_scan(person, evaluation.school_year)
        client.force_login(person)
        assert [client.get(page).status_code for page in pages] == [404, 404, 404]
        assert client.post(pages[0], {"school_year": evaluation.school_year}).status_code == 404
    client.logout()
    assert client.get(pages[0]).headers["Location"].startswith(reverse("login"))
    client.force_login(steward)
    assert [client.get(page).status_code for page in pages] == [200, 200, 404]
    run_waiting_jobs()
    assert [client.get(page).status_code for page in pages] == [200, 200, 200]
    assert RadarScan.objects.count() == 1


def test_a_scan_stores_its_hits_and_changes_nothing_else(evaluation, steward):
    before = (Verdict.objects.count(), Finding.objects.count(), Submission.objects.count(), Event.objects.count())
    scan = scanned(steward)
    versions = {version.county_id: version for version in Submission.objects.all()}
    assert (scan.submissions, scan.rows) == (2, SchoolRecord.objects.count())
    assert before == (
        Verdict.objects.count(), Finding.objects.count(), Submission.objects.count(), Event.objects.count()
    )  # fmt: skip
    copied = scan.hits.filter(rule="radar.copied_row", submission=versions["990101"])
    codes = {(r.submission_id, r.row): r.code for r in SchoolRecord.objects.all()}
    assert copied.count() == 10  # as many as are listed of one county
    for hit in copied:
        assert hit.other == versions["990102"]
        assert codes[hit.submission_id, hit.row][6:] == codes[hit.other_id, hit.other_row][6:]
        assert hit.told["same"] >= 12
    whole = scan.hits.get(rule="radar.copied_county", submission=versions["990101"])
    assert (whole.row, whole.other) == (0, versions["990102"])
    assert (whole.told["same"], whole.told["of"]) == (SCHOOLS, SCHOOLS)
    assert copied.order_by("-weight", "row").first().told["left_out"] == COMPARED - 10


def test_scans_are_numbered_and_the_earlier_stays(evaluation, steward):
    first, second = scanned(steward), scanned(steward)
    assert first.pk < second.pk
    assert first.hits.count() == second.hits.count() > 0
    assert list(first.hits.values_list("rule", "submission", "row", "key", "told")) == list(
        second.hits.values_list("rule", "submission", "row", "key", "told")
    )


def test_a_year_without_figures_and_a_year_being_scanned_are_refused_in_words(client, evaluation, steward):
    with pytest.raises(Refused, match="没有可以核算的数据"):
        radar.start_scan(steward, 2014)
    radar.start_scan(steward, evaluation.school_year)
    with pytest.raises(Refused, match="正在扫描"):
        radar.start_scan(steward, evaluation.school_year)
    client.force_login(steward)
    for typed, words in (("", "请填写学年"), ("abc", "请填写学年"), ("1999", "不早于"), ("2014", "没有可以核算的数据")):
        answer = client.post(reverse("radar"), {"school_year": typed})
        assert answer.status_code == 200
        assert words in answer.content.decode()
    assert RadarScan.objects.count() == 1


def test_a_worker_that_lost_its_lease_stores_no_hit(evaluation, steward, monkeypatch):
    scan = radar.start_scan(steward, evaluation.school_year)
    job = jobs.claim(scan.job.pk)
    store = radar.store_hits

    def taken_over(*about):
        store(*about)

    real = jobs.finish

    def finish(own: Job) -> None:
        Job.objects.filter(pk=own.pk).update(attempts=own.attempts + 1, worker="another:1")
        real(own)

    monkeypatch.setattr(jobs, "finish", finish)
    monkeypatch.setattr(radar, "store_hits", taken_over)
    run_job(job)
    scan.refresh_from_db()
    assert scan.finished_at is None
    assert not scan.hits.exists()


def test_a_scan_whose_worker_died_is_taken_up_again(evaluation, steward):
    scan = radar.start_scan(steward, evaluation.school_year)
    job = jobs.claim(scan.job.pk)
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
    run_waiting_jobs()
    scan.refresh_from_db()
    assert scan.finished_at is not None
    assert Job.objects.get(pk=job.pk).attempts == 2


def test_the_year_before_is_laid_beside_the_year(standard, steward, db):
    list(store_nation(generated_counties(6, 120, seed=3, year=2029), 2029))
    list(store_nation(generated_counties(6, 120, seed=3, year=2030), 2030))
    version = Submission.objects.filter(school_year=2030).order_by("pk").first()
    jumped = version.records.filter(teaching_area__gt=2000 * DECIMAL_SCALE).order_by("row").first()
    SchoolRecord.objects.filter(pk=jumped.pk).update(teaching_area=jumped.teaching_area * 9)
    scan = scanned(steward, 2030)
    hit = scan.hits.get(rule="radar.jump", submission=version, row=jumped.row, key="teaching_area")
    assert hit.other.school_year == 2029
    assert hit.other.county_id == version.county_id
    assert hit.other.records.get(row=hit.other_row).code == jumped.code
    assert hit.told["now"] == pytest.approx(jumped.teaching_area * 9 / DECIMAL_SCALE)
    alone = scanned(steward, 2029)
    assert not alone.hits.filter(rule="radar.jump").exists()


def test_the_command_scans_and_prints_the_counts(evaluation):
    out = StringIO()
    call_command("radar", "--year", str(evaluation.school_year), stdout=out)
    scan = RadarScan.objects.get()
    assert scan.requested_by is None
    assert scan.job.state == JobState.DONE
    assert "2 个县" in out.getvalue()
    assert re.search(r"radar\.copied_county +2 处，2 个县", out.getvalue())
    with pytest.raises(CommandError, match="没有可以核算的数据"):
        call_command("radar", "--year", "2014")


# ── The steward ───────────────────────────────────────────────────────────────────────────────


def test_the_steward_sees_counts_by_rule_and_province_and_no_county(client, evaluation, steward):
    scan = scanned(steward)
    page = text_of(client, steward, reverse("radar_scan", args=[scan.pk]))
    assert f"看了 2 个县、{2 * SCHOOLS} 所学校" in page
    assert re.search(
        rf"与外县学校的数据完全相同</th><td data-label=\"处数\" class=\"number\">{2 * COMPARED}</td>", page
    )
    assert "至少有 12 项不是 0 或空" in page
    assert "示例省" in page
    body = page[page.index("<main") :]
    assert "望棠区" not in body
    assert OTHER not in body
    nobody = text_of(client, steward, reverse("radar_scan", args=[scan.pk]) + "?province=别省")
    assert re.search(r"与外县学校的数据完全相同</th><td data-label=\"处数\" class=\"number\">0</td>", nobody)


def test_the_table_taken_away_is_an_event_and_says_what_the_page_says(client, evaluation, steward):
    scan = scanned(steward)
    client.force_login(steward)
    before = Event.objects.filter(kind="download").count()
    answer = client.get(reverse("radar_export", args=[scan.pk]))
    sheets = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    rows = [[cell.value for cell in row] for row in sheets.worksheets[0].iter_rows(min_row=2)]
    counts = {row[2]: row[3] for row in rows}
    assert counts["radar.copied_row"] == 2 * COMPARED
    assert {row[0] for row in rows} == {"示例省"}
    assert not any("望棠区" in str(cell) for row in rows for cell in row)
    assert any("至少有 12 项" in str(row[1].value) for row in sheets.worksheets[1].iter_rows())
    [event] = Event.objects.filter(kind="download")[before:]
    assert json.loads(event.payload)["what"] == "数据雷达计数表"


def test_the_steward_is_led_from_the_workspace_to_the_radar_and_waits_without_javascript(client, evaluation, steward):
    assert reverse("radar") in text_of(client, steward, reverse("workspace"))
    answer = client.post(reverse("radar"), {"school_year": evaluation.school_year}, follow=True)
    assert 'http-equiv="refresh"' in answer.content.decode()
    run_waiting_jobs()
    assert "看了 2 个县" in client.get(answer.request["PATH_INFO"]).content.decode()
    assert "已完成" in text_of(client, steward, reverse("radar"))


def test_counts_hold_what_is_listed_and_what_is_only_counted(evaluation, steward):
    scan = scanned(steward)
    counted = {each.rule: each for each in counted_hits(scan)}
    for each in scan.hits.order_by().values("rule").annotate(n=Count("pk")):
        assert counted[each["rule"]].hits - counted[each["rule"]].left_out == each["n"]


# ── The inspector ─────────────────────────────────────────────────────────────────────────────


def test_an_inspector_is_told_in_sentences_and_the_other_county_is_not_named(
    client, evaluation, steward, inspector, county
):
    assign(inspector, county, evaluation.school_year)
    scanned(steward)
    for person in (inspector, chief()):
        page = page_of(client, person, evaluation)
        assert re.search(r"各项数据（不是 0 的 \d+ 项）与另一县的一所学校完全相同。", page)
        assert re.search(r"全县 18 所学校中有 18 所的校舍、场地和设备与另一县的学校完全相同。", page)
        assert "另有 7 处没有逐一列出" in page
        assert "县里看不到这些内容" in page
        assert OTHER not in page
        school = county.schools.first() or SchoolRecord.objects.filter(submission=evaluation.filing.submission).first()
        assert reverse("school", args=[evaluation.filing.submission_id, school.code]) in page


def test_the_other_county_is_named_to_whoever_may_see_what_it_signed(
    client, standard, county, clerk, signer, other_county, other_clerk, other_signer, steward, inspector
):
    evaluation = signed(county, clerk, signer)
    version = copied_upload(other_county, other_clerk)
    explained(other_clerk, version)
    sign(other_county, other_signer)
    scanned(steward)
    assign(inspector, county, evaluation.school_year)
    seen_by_chief, seen_by_inspector = (page_of(client, person, evaluation) for person in (chief(), inspector))
    assert f"/submissions/{version.pk}/schools/" in seen_by_chief
    assert f">{OTHER}" in seen_by_chief
    # The inspector was given the one county only.
    assert OTHER not in seen_by_inspector
    assert "另一县的一所学校" in seen_by_inspector


def test_the_county_and_its_city_see_nothing_of_it(client, evaluation, steward, clerk, signer, inspector, county):
    scanned(steward)
    for person in (clerk, signer, city_reviewer()):
        page = page_of(client, person, evaluation)
        assert "雷达" not in page
        assert "另一县" not in page
        assert "雷达" not in text_of(client, person, reverse("desk"))
    # Control: the same page says it to the inspector.
    assign(inspector, county, evaluation.school_year)
    assert "数据雷达" in page_of(client, inspector, evaluation)


def test_the_queue_counts_the_places_for_those_who_see_them(client, evaluation, steward, inspector, county):
    assign(inspector, county, evaluation.school_year)
    assert "雷达" not in text_of(client, inspector, reverse("desk"))
    scan = scanned(steward)
    version = evaluation.filing.submission
    own = scan.hits.filter(submission=version, rule__startswith="radar.").count()
    assert hits_of_versions([version.pk]) == {version.pk: own}
    assert f"雷达指向 {own} 处" in text_of(client, inspector, reverse("desk"))


def test_before_any_scan_and_where_another_version_was_scanned_the_page_says_so(
    client, evaluation, steward, inspector, county, clerk
):
    assign(inspector, county, evaluation.school_year)
    assert "还没有用数据雷达扫描过" in page_of(client, inspector, evaluation)
    scan = scanned(steward)
    RadarHit.objects.filter(submission=evaluation.filing.submission).delete()
    assert "没有指向本县的地方" in page_of(client, inspector, evaluation)
    earlier = evaluation.filing.submission.read_at - datetime.timedelta(minutes=1)
    RadarScan.objects.filter(pk=scan.pk).update(requested_at=earlier)
    assert "看的不是签报的这一版" in page_of(client, inspector, evaluation)


def test_the_page_takes_as_many_queries_however_many_hits_there_are(client, evaluation, steward, inspector, county):
    assign(inspector, county, evaluation.school_year)
    scan = scanned(steward)
    client.force_login(inspector)
    address, spent = reverse("evaluation", args=[evaluation.pk]), []
    assert scan.hits.filter(submission=evaluation.filing.submission).count() > 10
    copied = scan.hits.filter(rule="radar.copied_row", submission=evaluation.filing.submission)
    few = list(copied.values_list("pk", flat=True)[:2])
    for _ in range(2):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        spent.append(len(queries))
        scan.hits.exclude(pk__in=few).delete()
    assert spent[0] == spent[1]


def test_every_rule_has_a_sentence_with_its_figures():
    told = {
        "same": 15, "places": 3, "of": 20, "indicator": "L4", "stage": "PRIMARY", "value": 91.25, "middle": 6.0,
        "peers": 4000, "type": "primary_school", "size": 2, "limit": 4.5, "above": 18, "below": 1, "beyond": 2,
        "digit": 0, "times": 14, "round": 15, "everywhere": 0.02, "change": "last_year.teaching_area", "now": 9000.0,
        "then": 1000.0, "usual": 0.01, "pupils": 300.0, "had": 500.0, "area": 9000.0, "room": 1000.0, "schools": 4,
    }  # fmt: skip
    sentences = {code: sentence(code, "teaching_area", told, {}) for code in EXPECTED if code != INTAKE}
    assert all(words.endswith("。") and re.search(r"\d", words) for words in sentences.values())
    assert "91.2" in sentences["radar.outlier"]
    assert "15.2 倍" in sentences["radar.outlier"]
    assert "4000 所" in sentences["radar.outlier"]
    assert "9000 ㎡，上年 1000 ㎡" in sentences["radar.jump"]
    assert "18 所刚好达标" in sentences["radar.limit_heap"]


def test_a_county_of_another_province_is_not_counted_to_this_one(evaluation, steward):
    add_division("980000", "别省", DivisionLevel.PROVINCE)
    scan = scanned(steward)
    assert {each.province for each in counted_hits(scan)} == {"示例省"}
