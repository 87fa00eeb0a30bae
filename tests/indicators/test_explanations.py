"""What must be explained is explained once for a value: kept while it stays, asked for again once it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from indicators.explanations import (
    ExplanationRefused,
    explain,
    explanations_for,
    is_explained,
    open_explanations,
    why_not_explain,
)
from indicators.models import Explanation, ReportedProblem, Submission
from indicators.problem import Severity
from schools.actions import register_schools
from schools.models import County, School, User
from schools.vocabulary import SchoolType, SponsorType, UrbanRural
from tests import builders

RULE = "multimedia.above_classes"
TEXT = "含 2026 年新建实训楼的录播教室。"
JUNIOR, TOWN = 2, 0


@pytest.fixture
def upload(standard, clerk: User, county: County, tmp_path: Path):
    """Upload the good workbook with some cells of its junior school changed, and judge it."""

    def make(rows: list[builders.Row] | None = None, school_year: int = 2026, **cells: Any) -> Submission:
        if rows is None:
            rows = builders.good_rows()
            rows[JUNIOR] |= {"multimedia_rooms": 300} | cells
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows)
        submission = upload_workbook(clerk, county, school_year, "清河县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


def asked(submission: Submission) -> ReportedProblem:
    return submission.problems.get(rule=RULE)


def test_what_must_be_explained_is_open_until_it_is(upload, clerk):
    submission = upload()
    problem = asked(submission)
    assert problem.severity == Severity.EXPLAIN
    assert list(open_explanations(submission)) == [problem]
    assert not is_explained(submission)
    explain(clerk, submission, problem, f"  {TEXT}\r\n第二行 ")
    written = explanations_for(submission)[problem.fingerprint]
    assert (written.text, written.written_by, written.rule) == (f"{TEXT}\n第二行", clerk, RULE)
    assert is_explained(submission)


def test_an_explanation_survives_a_new_version_in_which_the_value_is_the_same(upload, clerk):
    first = upload()
    explain(clerk, first, asked(first), TEXT)
    second = upload(built_year=2001)
    assert second.version == 2
    assert explanations_for(second)[asked(second).fingerprint].text == TEXT
    assert is_explained(second)


def test_an_explanation_survives_rows_that_move(upload, clerk):
    first = upload()
    explain(clerk, first, asked(first), TEXT)
    rows = builders.good_rows()
    rows[JUNIOR] |= {"multimedia_rooms": 300}
    second = upload(rows[::-1])
    assert asked(second).cell != asked(first).cell
    assert is_explained(second)


def test_a_changed_value_is_asked_about_again_and_the_old_version_keeps_its_explanation(upload, clerk):
    first = upload()
    explain(clerk, first, asked(first), TEXT)
    second = upload(multimedia_rooms=310)
    assert explanations_for(second) == {}
    assert not is_explained(second)
    assert is_explained(first)
    third = upload(multimedia_rooms=300, built_year=2002)
    assert is_explained(third)


def test_the_same_finding_of_another_year_is_asked_about_again(upload, clerk):
    first = upload()
    explain(clerk, first, asked(first), TEXT)
    later = upload(school_year=2027)
    assert not is_explained(later)


def test_the_newest_explanation_counts_and_the_older_stays_recorded(upload, clerk):
    submission = upload()
    problem = asked(submission)
    for text in (TEXT, TEXT, "更正：含录播教室 12 间。"):
        explain(clerk, submission, problem, text)
    assert explanations_for(submission)[problem.fingerprint].text == "更正：含录播教室 12 间。"
    assert [e.text for e in Explanation.objects.order_by("pk")] == [TEXT, "更正：含录播教室 12 间。"]


@pytest.mark.parametrize("text", ["", "   ", "短", "  四个字啊  ", "长" * 1001])
def test_an_explanation_too_short_or_too_long_is_refused_with_its_length(upload, clerk, text):
    submission = upload()
    with pytest.raises(ExplanationRefused, match="5 至 1000"):
        explain(clerk, submission, asked(submission), text)
    assert not Explanation.objects.exists()


def test_only_the_clerk_of_the_county_explains(upload, clerk, signer, other_clerk, inspector):
    submission = upload()
    assert why_not_explain(clerk, submission) == ""
    for person in (signer, other_clerk, inspector):
        with pytest.raises(ExplanationRefused, match="本县的填报员"):
            explain(person, submission, asked(submission), TEXT)


def test_errors_and_advice_are_not_explained_away(upload, clerk):
    submission = upload(primary_backbone_teachers=None, junior_backbone_teachers=-3)
    problem = submission.problems.get(severity=Severity.ERROR)
    with pytest.raises(ExplanationRefused, match="更正后重新上传"):
        explain(clerk, submission, problem, TEXT)


def test_a_problem_of_another_version_is_refused(upload, clerk):
    first, second = upload(), upload(multimedia_rooms=310)
    with pytest.raises(ExplanationRefused, match="不属于这一版"):
        explain(clerk, second, asked(first), TEXT)


def test_a_problem_without_fingerprint_is_never_taken_as_explained(upload, clerk):
    submission = upload()
    submission.problems.filter(rule=RULE).update(fingerprint="")
    with pytest.raises(ExplanationRefused, match="重新上传"):
        explain(clerk, submission, asked(submission), TEXT)
    Explanation.objects.create(
        county=submission.county, school_year=2026, fingerprint="", rule=RULE, text=TEXT, written_by=clerk
    )
    assert not is_explained(submission)


def test_a_version_that_has_not_been_read_is_not_explained(standard, clerk, county, tmp_path):
    path = builders.write_workbook(tmp_path / "filled.xlsx")
    assert not is_explained(upload_workbook(clerk, county, 2026, "a.xlsx", path.read_bytes()))


def test_a_good_workbook_asks_for_no_explanation(upload):
    submission = upload(builders.good_rows())
    assert not submission.problems.exists()
    assert is_explained(submission)


def test_last_year_and_the_register_take_part_in_the_checks_of_an_upload(upload, county):
    def registered(code: str, name: str) -> School:
        return School(
            code=code, name=name, county=county, school_type=SchoolType.PRIMARY_SCHOOL,
            sponsor_type=SponsorType.COUNTY_EDUCATION, urban_rural=UrbanRural.URBAN,
        )  # fmt: skip

    upload(builders.good_rows(), school_year=2025)
    register_schools([registered("3142000001", "清河县实验小学"), registered("3142009999", "清河县失踪小学")])
    rows = builders.good_rows()
    rows[TOWN] |= {"equipment_value": 900}
    told = [(p.rule, p.school) for p in upload(rows).problems.all()]
    assert ("last_year.equipment", "3142000001") in told
    assert ("last_year.unchanged", "3142000003") in told
    assert ("register.missing", "3142009999") in told
    assert ("register.unknown", "3142000003") in told
    assert ("register.unknown", "3142000001") not in told


def test_only_a_readable_version_of_last_year_is_compared_with(upload, clerk, county):
    upload_workbook(clerk, county, 2025, "坏.xlsx", "这不是工作簿".encode())
    run_waiting_jobs()
    assert not upload(builders.good_rows()).problems.filter(rule__startswith="last_year.").exists()


# ── On the pages ──────────────────────────────────────────────────────────────────────────────


def page(client: Client, submission: Submission, **query: str) -> str:
    answer = client.get(reverse("submission", args=[submission.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def send(client: Client, submission: Submission, text: str, **query: str):
    address = reverse("explain", args=[submission.pk, asked(submission).position])
    return client.post(f"{address}?severity=explain" if not query else address, {"text": text}, query_params=query)


def test_the_page_asks_for_the_explanation_takes_it_and_shows_who_wrote_it(upload, client, clerk):
    submission = upload()
    client.force_login(clerk)
    before = page(client, submission)
    assert "还有 1 条没有说明" in before
    assert "尚未说明" in before
    answer = send(client, submission, TEXT)
    position = asked(submission).position
    assert answer.url == f"{reverse('submission', args=[submission.pk])}?severity=explain#explanation-{position}"
    after = page(client, submission)
    assert "均已说明" in after
    assert TEXT in after
    assert "填报员甲" in after
    assert "全部已说明" in after


def test_the_page_of_a_school_has_the_same_form_and_comes_back_to_it(upload, client, clerk):
    submission = upload()
    client.force_login(clerk)
    address = reverse("school", args=[submission.pk, "3142000003"])
    text = client.get(address).content.decode()
    assert "尚未说明" in text
    assert "school=3142000003" in text
    assert send(client, submission, TEXT, school="3142000003").url.startswith(f"{address}#explanation-")


def test_the_signer_reads_explanations_and_is_offered_no_form(upload, client, clerk, signer):
    submission = upload()
    explain(clerk, submission, asked(submission), TEXT)
    client.force_login(signer)
    text = page(client, submission)
    assert TEXT in text
    assert "<textarea" not in text
    send(client, submission, "签报人代写的说明。")
    assert Explanation.objects.count() == 1


def test_a_refused_explanation_says_why(upload, client, clerk):
    submission = upload()
    client.force_login(clerk)
    send(client, submission, "短")
    assert "5 至 1000 个字" in page(client, submission)


def test_for_another_county_there_is_nothing_to_explain(upload, client, other_clerk, inspector):
    submission = upload()
    for person in (other_clerk, inspector):
        client.force_login(person)
        assert send(client, submission, TEXT).status_code == 404
    client.logout()
    assert send(client, submission, TEXT).status_code == 302
    assert not Explanation.objects.exists()


def test_a_problem_that_is_not_there_is_not_found_and_reading_is_no_writing(upload, client, clerk):
    submission = upload()
    client.force_login(clerk)
    assert client.post(reverse("explain", args=[submission.pk, 999]), {"text": TEXT}).status_code == 404
    assert client.get(reverse("explain", args=[submission.pk, asked(submission).position])).status_code == 405


def test_whatever_is_written_is_text(upload, client, clerk):
    submission = upload()
    explain(clerk, submission, asked(submission), "<script>alert(1)</script>\n第二行")
    client.force_login(clerk)
    text = page(client, submission)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>第二行" in text
