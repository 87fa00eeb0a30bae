"""A refused file is kept for its time and then given up; what was told about it stays."""

from __future__ import annotations

import datetime
import hashlib
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from config.celery import app
from evaluation.actions import run_waiting_jobs, upload_workbook
from indicators.actions import clear_refused_files, store_file
from indicators.header_mapping import why_not_reread
from indicators.kept import clear_files_that_are_due
from indicators.models import Evidence, PartialWorkbook, StoredFile, Submission
from indicators.tasks import clear_refused_files as task
from tests import builders

REFUSED = b"%PDF-1.4 no workbook"


@pytest.fixture
def refused(standard, clerk, county) -> Submission:
    return settled(upload_workbook(clerk, county, 2026, "报告.xlsx", REFUSED))


def settled(submission: Submission) -> Submission:
    run_waiting_jobs()
    submission.refresh_from_db()
    return submission


def aged(submission: Submission, days: float) -> Submission:
    """The version as it will be after some days."""
    moment = timezone.now() - datetime.timedelta(days=days)
    Submission.objects.filter(pk=submission.pk).update(uploaded_at=moment, read_at=moment)
    submission.refresh_from_db()
    return submission


def content_of(submission: Submission) -> bytes:
    return bytes(StoredFile.objects.get(pk=submission.file_id).content)


def test_a_refused_file_is_given_up_after_ninety_days_and_its_report_stays(refused, settings):
    assert settings.REFUSED_FILES_KEPT_DAYS == 90
    aged(refused, 89.9)
    assert clear_files_that_are_due() == 0
    assert content_of(refused) == REFUSED
    aged(refused, 90.1)
    assert clear_files_that_are_due() == 1
    assert content_of(refused) == b""
    stored = StoredFile.objects.get(pk=refused.file_id)
    assert stored.cleared_at is not None
    assert (stored.sha256, stored.size) == (hashlib.sha256(REFUSED).hexdigest(), len(REFUSED))
    assert [p.rule for p in refused.problems.all()] == ["file.not_a_workbook"]
    assert refused.filename == "报告.xlsx"
    assert clear_files_that_are_due() == 0, "it is cleared once"


def test_a_file_that_could_be_read_is_kept_whatever_its_verdict(standard, clerk, county, tmp_path):
    passed = builders.write_workbook(tmp_path / "a.xlsx").read_bytes()
    old_template = builders.write_workbook(tmp_path / "b.xlsx", template_version="1.0").read_bytes()
    versions = [settled(upload_workbook(clerk, county, 2026, "a.xlsx", each)) for each in (passed, old_template)]
    assert [version.is_readable for version in versions] == [True, False]
    for version in versions:
        aged(version, 400)
    assert clear_files_that_are_due() == 0


def test_a_file_still_to_be_read_is_kept(standard, clerk, county):
    waiting = upload_workbook(clerk, county, 2026, "a.xlsx", REFUSED)
    Submission.objects.update(uploaded_at=timezone.now() - datetime.timedelta(days=400))
    assert clear_files_that_are_due() == 0
    assert content_of(waiting) == REFUSED


def test_a_file_that_another_county_sent_lately_is_kept(refused, other_clerk, other_county):
    aged(refused, 400)
    later = settled(upload_workbook(other_clerk, other_county, 2026, "b.xlsx", REFUSED))
    assert clear_files_that_are_due() == 0
    aged(later, 91)
    assert clear_files_that_are_due() == 1


def test_a_file_that_is_evidence_too_is_kept(refused, clerk, county):
    aged(refused, 400)
    Evidence.objects.create(
        county=county, school_year=2026, criterion="D01", file=store_file(REFUSED), filename="a.pdf", kind="pdf",
        issued_by="县政府", issued_on=datetime.date(2026, 9, 1), proof_page="1", uploaded_by=clerk,
    )  # fmt: skip
    assert clear_files_that_are_due() == 0


@pytest.mark.parametrize(("state", "is_cleared"), [("refused", True), ("ready", False), ("reading", False)])
def test_a_partial_workbook_counts_like_a_version(refused, clerk, state, is_cleared):
    aged(refused, 400)
    partial = PartialWorkbook.objects.create(
        base=refused, file_id=refused.file_id, filename="a.xlsx", uploaded_by=clerk, state=state
    )
    assert clear_files_that_are_due() == 0, "it came today"
    PartialWorkbook.objects.filter(pk=partial.pk).update(uploaded_at=timezone.now() - datetime.timedelta(days=91))
    assert clear_files_that_are_due() == is_cleared


def test_the_same_bytes_sent_again_are_there_again_as_a_version_of_their_own(refused, clerk, county):
    aged(refused, 91)
    clear_files_that_are_due()
    again = upload_workbook(clerk, county, 2026, "报告.xlsx", REFUSED)
    assert (again.version, content_of(again)) == (2, REFUSED)
    assert StoredFile.objects.get(pk=again.file_id).cleared_at is None
    settled(again)
    assert clear_files_that_are_due() == 0, "its time begins anew"
    assert upload_workbook(clerk, county, 2026, "报告.xlsx", REFUSED) == again


def test_the_pages_say_until_when_a_refused_file_is_kept_and_since_when_it_is_gone(refused, client, clerk):
    client.force_login(clerk)
    page, file = (reverse(name, args=[refused.pk]) for name in ("submission", "submission_file"))
    until = timezone.localtime(refused.read_at + datetime.timedelta(days=90))
    told = client.get(page).content.decode()
    assert f"保存 90 天，到 {until:%Y-%m-%d}" in told
    assert b"".join(client.get(file).streaming_content) == REFUSED

    aged(refused, 91)
    clear_files_that_are_due()
    told = client.get(page).content.decode()
    assert f"原文件保存满 90 天，已于 {timezone.localdate():%Y-%m-%d} 清除；问题报告仍在" in told
    assert file not in told
    assert "PDF" in told
    answer = client.get(file)
    assert answer.status_code == 410
    assert "重新上传这个文件" in answer.content.decode()
    assert client.get(reverse("submission_problems", args=[refused.pk])).status_code == 200
    assert why_not_reread(refused)


def test_a_page_of_a_file_that_was_read_says_nothing_about_keeping(standard, client, clerk, county, tmp_path):
    content = builders.write_workbook(tmp_path / "a.xlsx").read_bytes()
    version = settled(upload_workbook(clerk, county, 2026, "a.xlsx", content))
    client.force_login(clerk)
    assert "保存 90 天" not in client.get(reverse("submission", args=[version.pk])).content.decode()


def test_a_cleared_file_is_nobody_elses(refused, client, other_clerk):
    aged(refused, 91)
    clear_files_that_are_due()
    client.force_login(other_clerk)
    assert client.get(reverse("submission_file", args=[refused.pk])).status_code == 404


def test_command_task_and_worker_clear_what_is_due(refused, clerk, county):
    told = StringIO()
    aged(refused, 91)
    call_command("clear_refused", stdout=told)
    assert "已清除 1 个" in told.getvalue()
    assert task.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
    again = aged(settled(upload_workbook(clerk, county, 2026, "报告.xlsx", REFUSED)), 91)
    task()
    assert content_of(again) == b""


def test_the_embedded_worker_clears_once_a_day_and_outlives_a_failure(refused, monkeypatch):
    from django.db import OperationalError

    from evaluation.management.commands import work

    calls: list[object] = []

    def clear() -> int:
        calls.append(len(calls))
        raise OperationalError("database is locked")

    def pack() -> int:
        calls.append("packed")
        raise ValueError("no licence")

    monkeypatch.setattr(work, "clear_files_that_are_due", clear)
    monkeypatch.setattr(work, "build_due", pack)
    command = work.Command()
    command.next_clearing = 0.0
    command.clear_once_a_day()
    command.clear_once_a_day()
    # One duty that fails, however, keeps neither the others back nor the jobs.
    assert calls == [0, "packed"]


def test_nothing_is_given_up_before_its_moment(refused):
    assert clear_refused_files(refused.read_at) == 0
    assert clear_refused_files(refused.read_at + datetime.timedelta(seconds=1)) == 1
