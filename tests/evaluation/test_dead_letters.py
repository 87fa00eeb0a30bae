"""What was set aside is on a page of the steward, without trial data, and runs again when the steward says so."""

from __future__ import annotations

import datetime
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluation import actions, jobs, outbox, reviving
from evaluation.models import Event, Job, JobState, NationalRun, OutboxEntry, RunBatch, RunState
from evaluation.permissions import Refused
from schools.actions import add_division, appoint
from schools.models import Division
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD

SECRET = "ValueError: 望棠区第一小学 1234"


@pytest.fixture
def steward(county):
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def steward_elsewhere(county):
    place = add_division("980000", "别的省", DivisionLevel.PROVINCE)
    return appoint("steward2", "管理员乙", Party.STEWARD, place, PASSWORD)


def fail_until_set_aside(monkeypatch, error: Exception | None = None) -> None:
    def fail(*args):
        raise error or ValueError("望棠区第一小学 1234")

    with monkeypatch.context() as patched:
        patched.setattr(actions, "_read", fail)
        for _ in range(jobs.MOST_ATTEMPTS):
            Job.objects.update(not_before=None)
            actions.run_waiting_jobs()


@pytest.fixture
def set_aside(uploaded, monkeypatch):
    fail_until_set_aside(monkeypatch)
    job = uploaded.jobs.get()
    assert (job.state, job.error) == (JobState.SET_ASIDE, SECRET)
    return job


def page(client, user) -> str:
    client.force_login(user)
    return client.get(reverse("dead_letters")).content.decode()


def test_the_page_tells_what_failed_and_why_and_nothing_of_the_trial(client, steward, set_aside):
    told = page(client, steward)
    assert "望棠区" in told
    assert "第 1 版" in told
    assert "程序出错" in told
    assert "ValueError: … …" in told
    assert "第一小学" not in told
    assert "1234" not in told


def test_a_revived_job_is_judged_and_the_revival_is_one_event(client, steward, set_aside, uploaded):
    client.force_login(steward)
    before = Event.objects.count()
    client.post(reverse("job_revive", args=[set_aside.pk]))
    assert actions.run_waiting_jobs() == 1
    assert uploaded.verdicts.count() == 1
    event = Event.objects.get(kind="jobs_revived")
    assert Event.objects.count() == before + 1
    assert (event.actor, event.county_id) == (steward, "990101")
    assert json.loads(event.payload)["jobs"] == [set_aside.pk]
    # Once more says so in words, and is no event.
    answer = client.post(reverse("job_revive", args=[set_aside.pk]), follow=True)
    assert "没有可以重新处理的任务" in answer.content.decode()
    assert Event.objects.filter(kind="jobs_revived").count() == 1


def test_all_of_a_kind_are_revived_at_once_with_one_event(client, steward, set_aside):
    client.force_login(steward)
    client.post(reverse("jobs_revive", args=["partial"]))
    assert Job.objects.get().state == JobState.SET_ASIDE
    client.post(reverse("jobs_revive", args=["submission"]))
    assert Job.objects.get().state == JobState.WAITING
    assert Event.objects.filter(kind="jobs_revived").count() == 1
    assert client.post(reverse("jobs_revive", args=["id"])).status_code == 404


def test_only_a_steward_of_the_province_has_any_of_it(
    client, clerk, inspector, steward_elsewhere, set_aside, django_user_model
):
    doors = [("job_revive", [set_aside.pk]), ("jobs_revive", ["submission"]), ("outbox_all_again", [])]
    for person in (clerk, inspector):
        client.force_login(person)
        assert client.get(reverse("dead_letters")).status_code == 404
        for name, args in doors:
            assert client.post(reverse(name, args=args)).status_code == 404
    assert "望棠区" not in page(client, steward_elsewhere)
    client.post(reverse("job_revive", args=[set_aside.pk]))
    client.post(reverse("jobs_revive", args=["submission"]))
    assert Job.objects.get().state == JobState.SET_ASIDE
    boss = django_user_model.objects.create_superuser("boss", password=PASSWORD)
    assert "望棠区" in page(client, boss)


def test_a_door_that_changes_something_takes_no_get(client, steward, set_aside):
    client.force_login(steward)
    assert client.get(reverse("job_revive", args=[set_aside.pk])).status_code == 405
    assert client.get(reverse("outbox_all_again")).status_code == 405


@pytest.fixture
def run_with_a_lost_batch(standard):
    run = NationalRun.objects.create(
        standard=standard, school_year=2026, as_of=datetime.date(2026, 11, 1), submissions=1, rows=1
    )
    batch = RunBatch.objects.create(run=run, province="990000", submissions=[], rows=1)
    job = jobs.enqueue_batch(batch)
    Job.objects.filter(pk=job.pk).update(attempts=jobs.MOST_ATTEMPTS)
    assert jobs.claim() is None
    run.refresh_from_db()
    return run


def test_a_run_whose_last_batch_is_set_aside_is_over_and_goes_on_when_it_is_revived(run_with_a_lost_batch, steward):
    assert run_with_a_lost_batch.state == RunState.DONE
    assert reviving.revive(steward, Job.objects.all()) == 1
    run_with_a_lost_batch.refresh_from_db()
    assert (run_with_a_lost_batch.state, run_with_a_lost_batch.finished_at) == (RunState.RUNNING, None)
    assert jobs.claim() is not None


def test_what_belonged_to_a_cancelled_run_is_not_revived(run_with_a_lost_batch, steward):
    NationalRun.objects.update(state=RunState.CANCELLED)
    with pytest.raises(Refused):
        reviving.revive(steward, Job.objects.all())
    assert not jobs.revive(Job.objects.get())


@pytest.fixture
def letters(steward, clerk):
    clerk.email = "clerk@example.test"
    clerk.save()
    body = {"id": "1", "subject": "内情", "text": "内情", "link": "/"}
    old = {"body": body, "state": OutboxEntry.State.SET_ASIDE, "attempts": outbox.MOST_ATTEMPTS}
    mail, robot = OutboxEntry.Kind.EMAIL, OutboxEntry.Kind.WEBHOOK
    return [
        OutboxEntry.objects.create(kind=mail, target=clerk.email, error="SMTPException: no", **old),
        OutboxEntry.objects.create(kind=mail, target="else@example.test", error="OSError: no", **old),
        OutboxEntry.objects.create(kind=robot, target="群", error="NotTaken: 403", **old),
    ]


def test_notices_that_were_set_aside_are_sent_again_by_the_steward_of_their_receiver(client, steward, letters):
    told = page(client, steward)
    assert "clerk@example.test" in told
    assert "else@example.test" not in told
    assert "内情" not in told
    client.post(reverse("outbox_again", args=[letters[0].pk]))
    client.post(reverse("outbox_again", args=[letters[1].pk]))
    states = dict(OutboxEntry.objects.values_list("pk", "state"))
    assert [states[each.pk] for each in letters] == ["waiting", "set_aside", "set_aside"]
    client.post(reverse("outbox_all_again"))
    states = dict(OutboxEntry.objects.values_list("pk", "state"))
    assert [states[each.pk] for each in letters] == ["waiting", "set_aside", "waiting"]
    assert Event.objects.filter(kind="outbox_again").count() == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("OperationalError: server closed", "数据库中断"),
        ("FileRefused: 系统繁忙", "读取进程"),
        ("Stuck: x", "没有进展"),
        ("连续 5 次处理中断，没有留下错误信息。", "中途停止"),
        ("KeyError: 'x'", "程序出错"),
    ],
)
def test_an_error_is_told_in_words(error, words):
    assert words in reviving.error_in_words(error)


def test_the_page_tells_that_work_waits_and_nobody_works(client, steward, uploaded):
    Job.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=5))
    assert "没有工作进程报到" in page(client, steward)
