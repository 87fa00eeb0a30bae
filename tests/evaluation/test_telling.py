"""Who is told of a step, and what becomes of it: inbox, letters, bots, reminders. Nothing is lost while a receiver is
down, and nobody is told who may not see."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation import outbox, tasks, webhooks
from evaluation.inbox import unread_count
from evaluation.management.commands import work
from evaluation.models import Assignment, Evaluation, Message, OutboxEntry, Recusal
from evaluation.permissions import Refused, can_see_evaluation
from evaluation.reminders import remind_of_deadlines
from evaluation.sending_back import forward
from evaluation.telling import notify, told_people, who_is_told
from evaluation.webhooks import Webhook, read_webhooks, request_to, signature_of
from evaluation.workflow import TRANSITIONS, State, Step, transition
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD, ROOT
from tests.evaluation.reviewing import sent_back
from tests.evaluation.standing import decided
from tests.evaluation.walk import People, forwarded, people_of_county, signed

DAY = datetime.timedelta(days=1)
BOT = {"name": "bot", "kind": "plain", "secret": "s3cret", "url": "http://127.0.0.1:9/"}


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def strangers(other_county: County, county: County, people: People) -> None:
    """People next door, above other places, no longer here, and kept away."""
    add_division("980000", "邻省", DivisionLevel.PROVINCE)
    add_division("990200", "邻市", DivisionLevel.CITY, "990000")
    places = {code: Division.objects.get(pk=code) for code in ("990102", "990100", "990200", "990000", "980000")}
    for number, (party, place) in enumerate(
        [
            (Party.CLERK, "990102"), (Party.SIGNER, "990102"), (Party.CITY_REVIEWER, "990200"),
            (Party.INSPECTOR, "990000"), (Party.INSPECTOR, "980000"), (Party.CHIEF, "980000"),
            (Party.STEWARD, "990000"),
        ]
    ):  # fmt: skip
        appoint(f"stranger{number}", f"旁人{number}", party, places[place], PASSWORD)
    gone = appoint("gone", "离任者", Party.CITY_REVIEWER, places["990100"], PASSWORD)
    User.objects.filter(pk=gone.pk).update(is_active=False)


# ── Who is told ───────────────────────────────────────────────────────────────────────────────


def test_of_every_step_exactly_those_are_told_who_may_see_and_must_know(people, strangers, county):
    evaluation = signed(county, people.clerk, people.signer)
    for line in TRANSITIONS:
        allowed = {
            user for user in User.objects.all() if user.party in line.tells and can_see_evaluation(user, evaluation)
        }
        assert set(told_people(evaluation, line)) == allowed, line
        assert set(told_people(evaluation, line, people.chief)) == allowed - {people.chief}
    named = who_is_told(evaluation, transition(State.CITY_REVIEW, Step.FORWARD))
    assert named == ["省级督学 督学甲"]


def test_an_inspector_who_must_keep_away_is_not_told_but_the_chiefs_are(people, county):
    evaluation = signed(county, people.clerk, people.signer)
    line = transition(State.CITY_REVIEW, Step.FORWARD)
    Recusal.objects.create(
        inspector=people.inspector, county=county, ground=Recusal.Ground.HOME, declared_by=people.inspector
    )
    assert told_people(evaluation, line) == [people.chief, people.second_chief]
    assert who_is_told(evaluation, line) == ["省级督学尚未分配，先告知审定人 审定人甲、审定人乙"]
    Assignment.objects.update(ended_at=timezone.now())
    assert told_people(evaluation, line) == [people.chief, people.second_chief]


def test_a_step_tells_the_next_party_in_the_inbox_by_letter_and_the_bots_of_the_place(people, county, settings):
    User.objects.filter(pk=people.city.pk).update(email="city@example.org")
    settings.WEBHOOKS = [
        BOT | {"name": "all"}, BOT | {"name": "city", "place": "990100"}, BOT | {"name": "elsewhere", "place": "980000"}
    ]  # fmt: skip
    settings.SITE_URL = "https://portal.example.org"
    evaluation = signed(county, people.clerk, people.signer)
    line = Message.objects.get()
    assert (line.person, line.link) == (people.city, f"/evaluations/{evaluation.pk}/")
    assert "签报人甲（签报人）办理了“签报提交”，现在是“市级复核”，请您办理。" in line.text
    letter = OutboxEntry.objects.get(kind="email")
    assert (letter.target, letter.body["text"]) == ("city@example.org", line.text)
    assert letter.body["link"] == f"https://portal.example.org/evaluations/{evaluation.pk}/"
    bots = {entry.target: entry.body for entry in OutboxEntry.objects.filter(kind="webhook")}
    assert set(bots) == {"all", "city"}
    assert "签报人甲" not in bots["all"]["text"]
    assert "由市级复核办理" in bots["all"]["text"]


def test_a_step_that_is_refused_tells_nobody(people, county, settings):
    settings.WEBHOOKS = [BOT]
    evaluation = signed(county, people.clerk, people.signer)
    Message.objects.all().delete()
    OutboxEntry.objects.all().delete()
    with pytest.raises(Refused):
        forward(people.city, evaluation, evaluation.version + 7, "同意上报。")
    assert not Message.objects.exists()
    assert not OutboxEntry.objects.exists()


# ── The inbox ─────────────────────────────────────────────────────────────────────────────────


def test_an_inbox_is_its_persons_own_and_follows_the_post(client: Client, people, county, django_assert_num_queries):
    evaluation = signed(county, people.clerk, people.signer)
    line = Message.objects.get(person=people.city)
    with django_assert_num_queries(1):
        assert unread_count(people.city) == 1
    client.force_login(people.city)
    assert line.text in client.get(reverse("inbox")).content.decode()
    answer = client.post(reverse("inbox_open", args=[line.pk]))
    assert (answer.status_code, answer["Location"]) == (302, f"/evaluations/{evaluation.pk}/")
    assert unread_count(people.city) == 0
    client.force_login(people.chief)
    assert client.post(reverse("inbox_open", args=[line.pk])).status_code == 404
    assert line.text not in client.get(reverse("inbox")).content.decode()
    people.city.place = add_division("990200", "邻市", DivisionLevel.CITY, "990000")
    people.city.save()
    client.force_login(people.city)
    assert line.text not in client.get(reverse("inbox")).content.decode()
    assert client.post(reverse("inbox_open", args=[line.pk])).status_code == 404


def test_all_lines_are_marked_read_and_only_ones_own(client: Client, people, county):
    evaluation = signed(county, people.clerk, people.signer)
    notify(people.chief, evaluation, "请看。")
    client.force_login(people.city)
    client.post(reverse("inbox_read_all"))
    assert (unread_count(people.city), unread_count(people.chief)) == (0, 1)
    assert client.get(reverse("inbox_read_all")).status_code == 405


# ── Reminders ─────────────────────────────────────────────────────────────────────────────────


def test_a_county_is_reminded_once_before_the_deadline_of_a_send_back(people, county):
    evaluation = signed(county, people.clerk, people.signer)
    back = sent_back(people.city, evaluation, criteria=("G1",))
    Message.objects.all().delete()
    assert remind_of_deadlines(back.deadline - 5 * DAY) == 0
    assert remind_of_deadlines(back.deadline - DAY) == 2
    assert remind_of_deadlines(back.deadline) == 0
    assert {line.person for line in Message.objects.all()} == {people.clerk, people.signer}
    assert f"{back.deadline}" in Message.objects.first().text
    assert remind_of_deadlines(back.deadline + DAY) == 0


def test_the_chiefs_are_reminded_of_the_end_of_a_notice_and_the_county_of_its_reply(people, county):
    evaluation = decided(forwarded(county, people), people)
    notice = evaluation.notices.get()
    Message.objects.all().delete()
    assert remind_of_deadlines(notice.closes_on - 4 * DAY) == 0
    assert remind_of_deadlines(notice.closes_on) == 2
    assert "没有未答复的异议" in Message.objects.first().text
    assert remind_of_deadlines(notice.closes_on + DAY) == 2
    assert remind_of_deadlines(notice.closes_on + 2 * DAY) == 0
    assert {line.person for line in Message.objects.all()} == {people.chief, people.second_chief}
    Evaluation.objects.filter(pk=evaluation.pk).update(state=State.PROPOSED)
    proposal = evaluation.proposals.get()
    type(proposal).objects.filter(pk=proposal.pk).update(outcome="open", decided_by=None, decided_at=None)
    Message.objects.all().delete()
    assert remind_of_deadlines(proposal.reply_until) == 0, "the county said already that it has finished"
    type(proposal).objects.filter(pk=proposal.pk).update(finished_by=None, finished_at=None)
    assert remind_of_deadlines(proposal.reply_until) == 2
    assert {line.person for line in Message.objects.all()} == {people.clerk, people.signer}


# ── The outbox ────────────────────────────────────────────────────────────────────────────────


class Receiver:
    """A bot on this machine: up or down, and what it was sent."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b'{"errcode":0}'
        self.location = ""
        self.took: list[tuple[Any, bytes, str]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.took.append((self.headers, body, self.path))
                else:
                    receiver.refused += 1
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?access_token=t"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ids(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, *_ in self.took]


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    made = Receiver()
    settings.WEBHOOKS = [BOT | {"url": made.url}]
    yield made
    made.server.shutdown()


def wait(count: int, target: str = "bot") -> list[str]:
    bodies = [{"id": f"id-{n}", "text": f"第 {n} 条", "link": "https://portal.example.org/"} for n in range(count)]
    OutboxEntry.objects.bulk_create(OutboxEntry(kind="webhook", target=target, body=body) for body in bodies)
    return [body["id"] for body in bodies]


def all_due() -> None:
    OutboxEntry.objects.filter(state="waiting").update(not_before=timezone.now() - DAY)


def test_nothing_is_lost_while_the_receiver_is_down_and_everything_comes_once_when_it_is_up(db, receiver):
    ids = wait(20)
    receiver.status = 503
    assert outbox.send_outbox() == 0
    assert receiver.refused == 1, "a receiver that fails is left alone for the rest of the round"
    for _ in range(5):
        all_due()
        assert outbox.send_outbox() == 0
    assert OutboxEntry.objects.filter(state="waiting").count() == 20
    receiver.status = 200
    all_due()
    assert outbox.send_outbox() == 20
    assert sorted(receiver.ids()) == sorted(ids)
    all_due()
    assert outbox.send_outbox() == 0
    assert {entry.state for entry in OutboxEntry.objects.all()} == {"sent"}


def test_each_failure_waits_longer_and_after_many_the_entry_is_set_aside_until_put_back(db, receiver):
    wait(1)
    receiver.status = 500
    pauses = []
    for _ in range(outbox.MOST_ATTEMPTS):
        all_due()
        before = timezone.now()
        outbox.send_outbox()
        pauses.append(OutboxEntry.objects.get().not_before - before)
    assert pauses[0] < pauses[3] < pauses[6]
    assert max(pauses) <= outbox.LONGEST_PAUSE + datetime.timedelta(minutes=1)
    entry = OutboxEntry.objects.get()
    assert (entry.state, entry.attempts) == ("set_aside", outbox.MOST_ATTEMPTS)
    assert "500" in entry.error
    receiver.status = 200
    assert outbox.send_outbox() == 0
    assert outbox.put_back() == 1
    assert outbox.send_outbox() == 1


def test_whoever_dies_while_sending_frees_the_entry_and_it_keeps_its_id(db, receiver, monkeypatch):
    (identity,) = wait(1)

    def die(entry: OutboxEntry) -> None:
        webhooks.post(read_webhooks([BOT | {"url": receiver.url}])["bot"], entry.body)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            outbox.send_outbox()
    assert outbox.send_outbox() == 0, "the claim still holds"
    all_due()
    assert outbox.send_outbox() == 1
    assert receiver.ids() == [identity, identity]


def test_two_senders_at_once_send_nothing_twice(transactional_db, receiver):
    ids = wait(40)
    gate, sent = threading.Barrier(4), []

    def send() -> None:
        try:
            gate.wait()
            sent.append(outbox.send_outbox())
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == 40
    assert sorted(receiver.ids()) == sorted(ids)


def test_one_receiver_that_is_down_keeps_no_other_waiting(db, receiver, settings):
    settings.WEBHOOKS = [*settings.WEBHOOKS, BOT | {"name": "down", "url": "http://127.0.0.1:9/"}]
    wait(3, "down")
    wait(3)
    assert outbox.send_outbox() == 3


def test_the_idle_worker_and_the_beat_send_what_is_due(db, receiver, settings):
    wait(1)
    worker = work.Command()
    worker.next_sending = worker.next_reminding = 0.0
    worker.send_and_remind()
    assert len(receiver.took) == 1
    wait(1)
    worker.send_and_remind()
    assert len(receiver.took) == 1, "every two seconds is enough"
    beats = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.send_outbox.name, tasks.remind_of_deadlines.name} <= beats
    tasks.send_outbox()
    tasks.remind_of_deadlines()
    assert len(receiver.took) == 2


def test_a_receiver_taken_out_of_the_settings_is_called_no_more(db, receiver, settings):
    settings.WEBHOOKS = []
    wait(1)
    assert outbox.send_outbox() == 0
    assert OutboxEntry.objects.get().state == "set_aside"
    assert receiver.took == []


def test_a_redirect_is_not_followed(db, receiver):
    other = Receiver()
    receiver.status, receiver.location = 307, other.url
    wait(1)
    assert outbox.send_outbox() == 0
    assert other.took == []
    other.server.shutdown()


def test_a_bot_that_answers_with_an_error_has_not_taken_the_notice(db, receiver, settings):
    settings.WEBHOOKS = [BOT | {"url": receiver.url, "kind": "wecom"}]
    wait(1)
    receiver.answer = b'{"errcode":93000,"errmsg":"invalid webhook url"}'
    assert outbox.send_outbox() == 0
    assert "93000" in OutboxEntry.objects.get().error
    receiver.answer = b'{"errcode":0}'
    all_due()
    assert outbox.send_outbox() == 1
    told = json.loads(receiver.took[-1][1])
    assert told["msgtype"] == "text"
    assert "id-0" in told["text"]["content"]


def test_a_plain_receiver_can_check_who_signed_the_body(db, receiver):
    wait(1)
    outbox.send_outbox()
    headers, body, _ = receiver.took[0]
    expected = hmac.new(b"s3cret", headers["X-Portal-Timestamp"].encode() + b"\n" + body, hashlib.sha256).hexdigest()
    assert headers["X-Portal-Signature"] == expected == signature_of("s3cret", headers["X-Portal-Timestamp"], body)
    assert json.loads(body)["id"] == headers["Idempotency-Key"] == "id-0"


def test_a_request_to_dingtalk_is_signed_as_dingtalk_asks():
    bot = Webhook("bot", "https://oapi.example.org/robot/send?access_token=t", "dingtalk", "SEC1")
    asked = parse_qs(urlsplit(request_to(bot, {"id": "1", "text": "话", "link": "l"}, 1_700_000_000.0).full_url).query)
    signed_text = b"1700000000000\nSEC1"
    assert asked["timestamp"] == ["1700000000000"]
    assert asked["sign"] == [base64.b64encode(hmac.new(b"SEC1", signed_text, hashlib.sha256).digest()).decode()]
    assert asked["access_token"] == ["t"]


@pytest.mark.parametrize(
    "said",
    [
        BOT | {"url": "file:///etc/passwd"},
        BOT | {"url": "ftp://example.org/"},
        BOT | {"url": "https:///no-host"},
        BOT | {"kind": "carrier-pigeon"},
        BOT | {"secret": ""},
        BOT | {"name": ""},
        BOT | {"colour": "red"},
    ],
)
def test_a_receiver_that_cannot_work_is_refused_when_the_portal_starts(said):
    with pytest.raises(ImproperlyConfigured, match="WEBHOOKS"):
        read_webhooks([said])


def test_the_portal_does_not_start_with_a_receiver_that_cannot_work(tmp_path):
    bad = os.environ | {"WEBHOOKS": json.dumps([BOT | {"url": "file:///etc/passwd"}]), "VAR_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=bad, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert "WEBHOOKS" in ran.stderr


def test_a_letter_goes_out_with_an_id_that_stays(people, county, settings):
    User.objects.filter(pk=people.city.pk).update(email="city@example.org")
    settings.SITE_URL = "https://portal.example.org:8443"
    signed(county, people.clerk, people.signer)
    entry = OutboxEntry.objects.get(kind="email")
    assert outbox.send_outbox() == 1
    (letter,) = mail.outbox
    assert letter.to == ["city@example.org"]
    assert letter.extra_headers["Message-ID"] == f"<{entry.body['id']}@portal.example.org>"
    assert f"{entry.body['link']}\n" in letter.body


def test_a_mail_server_that_is_down_loses_no_letter(db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    body = {"id": "1", "subject": "s", "text": "t", "link": "l"}
    OutboxEntry.objects.create(kind="email", target="a@example.org", body=body)
    assert outbox.send_outbox() == 0
    assert OutboxEntry.objects.get().state == "waiting"


def test_the_mail_server_is_read_from_one_address(tmp_path):
    names = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    words = f"from django.conf import settings as s; print(*(getattr(s, 'EMAIL_' + name) for name in {names}))"
    url = {"EMAIL_URL": "smtp://portal:a%40b@mail.example.org:587/?tls=1", "VAR_DIR": str(tmp_path)}
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | url
    ran = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == [
        "django.core.mail.backends.smtp.EmailBackend", "mail.example.org", "587", "portal", "a@b", "True", "False"
    ]  # fmt: skip
