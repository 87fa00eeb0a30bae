"""Whoever waits is told how many wait in front of them, and asks the less often the more there are."""

from __future__ import annotations

import pytest
from django.urls import reverse

from evaluation.actions import upload_workbook
from evaluation.models import Job, JobState
from evaluation.queries import waiting_before
from reports.presenters.progress import progress


@pytest.fixture
def three_waiting(standard, clerk, county):
    return [upload_workbook(clerk, county, 2026, "甲.xlsx", str(n).encode()).jobs.get() for n in range(3)]


def test_only_what_waits_in_front_is_counted(three_waiting):
    assert [waiting_before(job) for job in three_waiting] == [0, 1, 2]
    Job.objects.filter(pk=three_waiting[0].pk).update(state=JobState.SET_ASIDE, finished_at=three_waiting[0].created_at)
    three_waiting[0].refresh_from_db()
    assert [waiting_before(job) for job in three_waiting] == [0, 0, 1]
    assert waiting_before(None) == 0


@pytest.mark.parametrize(
    ("ahead", "words", "pause"),
    [(0, "处理。", 1), (7, "前面还有 7 个文件", 1), (16, "前面还有 16 个文件", 3), (123, "前面还有约 120 个文件", 10)],
)
def test_the_place_in_the_queue_is_told_and_a_long_queue_is_asked_about_less_often(ahead, words, pause, three_waiting):
    told = progress(three_waiting[0], ahead)
    assert words in told.sentence
    assert told.pause == pause


def test_the_page_asks_again_as_soon_as_the_place_says_and_hears_of_a_new_place(client, clerk, three_waiting):
    client.force_login(clerk)
    last = three_waiting[2]
    page = client.get(reverse("submission", args=[last.submission_id])).content.decode()
    assert "前面还有 2 个文件" in page
    assert 'data-hx-trigger="every 1s"' in page
    address = reverse("submission_progress", args=[last.submission_id])
    seen = progress(last, 2).token
    assert client.get(address, {"seen": seen}, headers={"HX-Request": "true"}).status_code == 204
    three_waiting[0].delete()
    answer = client.get(address, {"seen": seen}, headers={"HX-Request": "true"})
    assert "前面还有 1 个文件" in answer.content.decode()
