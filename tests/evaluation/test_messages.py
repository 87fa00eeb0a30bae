"""A message is only a doorbell: forged, late, repeated or spoiled it changes nothing, and lost it only delays."""

from __future__ import annotations

import base64
import datetime
import json
import pickle  # noqa: TID251
import time
import uuid

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluation import jobs
from evaluation.models import Event, Finding, Job, JobState, NationalRun, RunBatch, Verdict
from evaluation.tasks import judge
from indicators.models import SchoolRecord
from tests.evaluation.test_celery import REDIS_URL, broker, celery_worker, until  # noqa: F401


def everything() -> list[object]:
    """All that a job may write."""
    return [list(table.objects.order_by("pk").values()) for table in (Job, Verdict, Finding, SchoolRecord, Event)]


def test_a_message_about_a_job_that_is_done_set_aside_or_not_there_changes_nothing(uploaded):
    job = uploaded.jobs.get()
    judge(job.pk)
    assert uploaded.verdicts.count() == 1
    before = everything()
    for _ in range(3):
        judge(job.pk)
    judge(job.pk + 1)
    assert everything() == before
    Job.objects.update(state=JobState.SET_ASIDE)
    before = everything()
    judge(job.pk)
    assert everything() == before


@pytest.mark.parametrize("minutes", [-1, 1])
def test_a_message_about_a_job_another_worker_holds_is_heard_only_when_its_lease_is_over(uploaded, minutes):
    held = jobs.claim()
    Job.objects.update(lease_until=timezone.now() + datetime.timedelta(minutes=minutes))
    judge(held.pk)
    assert uploaded.jobs.get().attempts == (1 if minutes > 0 else 2)
    assert uploaded.verdicts.count() == (0 if minutes > 0 else 1)


@pytest.mark.parametrize(
    "content",
    [
        None,
        True,
        "1",
        "1 OR 1=1",
        "",
        1.0,
        [1],
        {"pk": 1},
        -1,
        0,
        2**63,
        10**40,
        {"__reduce__": ["os.system", ["true"]]},
    ],
)
def test_a_message_with_anything_but_an_id_changes_nothing(uploaded, content):
    # A boolean is 1 to the database, a text of digits is a number to it: neither is what `ring` sends.
    Job.objects.update(id=1)
    before = everything()
    judge(content)
    assert everything() == before


@pytest.mark.parametrize(("args", "options"), [((), {}), ((1, 2), {}), ((1,), {"standard": "mine"}), ((), {"pk": 1})])
def test_a_message_with_other_arguments_is_refused(uploaded, args, options):
    before = everything()
    with pytest.raises(TypeError):
        judge(*args, **options)
    assert everything() == before


class TestRings:
    @pytest.fixture
    def many_waiting(self, uploaded, clerk):
        """Far more jobs than a sweep may ring for, all of them late."""
        late = timezone.now() - 2 * jobs.RING_AGAIN_AFTER
        job = uploaded.jobs.get()
        run = NationalRun.objects.create(
            standard=job.standard, school_year=2026, as_of=late.date(), submissions=200, rows=1
        )
        for _ in range(200):
            batch = RunBatch.objects.create(run=run, province="990000", submissions=[], rows=1)
            Job.objects.create(batch=batch, standard=job.standard, created_at=late)

    @pytest.fixture
    def queue(self, monkeypatch):
        """What waits in the broker, and whether it answers."""
        told = {"messages": [], "is_down": False, "asked": 0}

        def send(args, **options):
            told["asked"] += 1
            if told["is_down"]:
                raise OperationalError("Connection refused")
            told["messages"].append(args[0])

        monkeypatch.setattr(jobs.settings, "REDIS_URL", "redis://127.0.0.1:1/0")
        monkeypatch.setattr(judge, "apply_async", send)
        monkeypatch.setattr(jobs, "_messages_waiting", lambda: len(told["messages"]))
        monkeypatch.setattr(jobs, "_deaf_until", 0.0)
        return told

    def test_a_sweep_rings_a_bounded_number_of_times_and_never_fills_a_queue_nobody_empties(self, many_waiting, queue):
        assert jobs.ring_waiting() == jobs.MOST_RINGS
        assert len(set(queue["messages"])) == jobs.MOST_RINGS
        for _ in range(20):
            assert jobs.ring_waiting() == 0
        assert len(queue["messages"]) == jobs.MOST_RINGS
        del queue["messages"][:30]
        assert jobs.ring_waiting() == 30

    def test_without_counting_what_waits_the_queue_would_grow_with_every_sweep(self, many_waiting, queue, monkeypatch):
        monkeypatch.setattr(jobs, "_messages_waiting", lambda: 0)
        for _ in range(20):
            jobs.ring_waiting()
        assert len(queue["messages"]) == 20 * jobs.MOST_RINGS

    def test_a_broker_that_is_down_is_asked_once_and_gets_nothing_afterwards(self, many_waiting, queue):
        queue["is_down"] = True
        for _ in range(20):
            assert jobs.ring_waiting() == 0
        # However often it is swept, and whatever is uploaded meanwhile.
        assert not any(jobs.ring(number) for number in range(300))
        assert queue["asked"] == 1
        queue["is_down"] = False
        assert queue["messages"] == []

    def test_a_broker_that_is_back_is_rung_at_again(self, many_waiting, queue, monkeypatch):
        queue["is_down"] = True
        jobs.ring_waiting()
        queue["is_down"] = False
        assert jobs.ring_waiting() == 0
        monkeypatch.setattr(jobs, "monotonic", lambda: time.monotonic() + 4)
        assert jobs.ring_waiting() == jobs.MOST_RINGS

    def test_what_somebody_waits_for_is_rung_for_first(self, many_waiting, uploaded, queue):
        Job.objects.update(created_at=timezone.now() - 2 * jobs.RING_AGAIN_AFTER)
        jobs.ring_waiting()
        assert queue["messages"][0] == uploaded.jobs.get().pk


def _message(body: bytes, content_type: str, task: str = "evaluation.judge") -> str:
    """A message as Celery's queue in Redis holds it, with a body of our making."""
    number = str(uuid.uuid4())
    delivery = {"exchange": "", "routing_key": "celery"}
    properties = {"correlation_id": number, "delivery_mode": 2, "delivery_info": delivery, "priority": 0}
    properties |= {"body_encoding": "base64", "delivery_tag": number, "reply_to": number}
    headers = {"lang": "py", "task": task, "id": number, "root_id": number, "argsrepr": "", "kwargsrepr": "{}"}
    told = {"body": base64.b64encode(body).decode(), "content-encoding": "utf-8", "content-type": content_type}
    return json.dumps(told | {"headers": headers, "properties": properties})


class Planted:
    """What runs code where somebody unpickles it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (exec, (f"open({self.path!r}, 'w').close()",))


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_spoiled_messages_runs_none_of_them_and_does_its_job(
    broker,  # noqa: F811
    uploaded,
    worker_environment,
    tmp_path,
):
    planted = tmp_path / "planted"
    job = uploaded.jobs.get()
    poison = pickle.dumps(((Planted(str(planted)),), {}, {}))
    pickle.loads(poison)  # noqa: S301
    assert planted.exists(), "the poison must work where it is swallowed"
    planted.unlink()
    arguments = json.dumps([[job.pk], {}, {}]).encode()
    broker.rpush(
        "celery",
        _message(poison, "application/x-python-serialize"),
        _message(b"\xff no json", "application/json"),
        _message(json.dumps([["1; DROP TABLE"], {}, {}]).encode(), "application/json"),
        _message(json.dumps([[job.pk, job.pk], {"x": 1}, {}]).encode(), "application/json"),
        _message(arguments, "application/json", task="os.system"),
        _message(arguments, "application/json", task="evaluation.no_such_task"),
    )
    with celery_worker(worker_environment):
        assert until(lambda: uploaded.jobs.get().state == JobState.DONE, 60)
        assert until(lambda: broker.llen("celery") == 0, 20)
        assert uploaded.jobs.get().attempts == 1
    assert not planted.exists()
    assert Verdict.objects.count() == 1
