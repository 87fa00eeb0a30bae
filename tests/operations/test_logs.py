"""Every line of the log carries its ids, and no line carries a secret or a person."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys

import pytest
from django.conf import settings as project_settings
from django.test import Client
from django.utils.log import configure_logging

from evaluation import actions, people
from evaluation.logs import JsonLines, PlainLines, bound, masked
from evaluation.request_log import RequestLog
from schools.actions import appoint
from schools.models import Division
from schools.vocabulary import Party
from tests.conftest import PASSWORD, ROOT
from tests.evaluation import walk


@pytest.fixture
def lines():
    """What is logged meanwhile, as it would be written in a deployment."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def of_requests(found: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in found if line["logger"] == "portal.requests"]


def test_each_request_has_one_line_with_its_id_route_status_and_time(db, client, lines):
    answer = client.get("/accounts/login/")
    [line] = of_requests(lines())
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["route"], line["status"], line["level"]) == ("login", 200, "INFO")
    assert line["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert "user" not in line


def test_a_sane_id_of_the_load_balancer_is_kept_and_an_odd_one_is_replaced(db, client, lines):
    for given in ("0123456789abcdef", "req-2026.11_22"):
        assert client.get("/", headers={"x-request-id": given}).headers["X-Request-ID"] == given
    for given in ("short", "x" * 65, 'a"b{}cdefgh', "甲乙丙丁戊己庚辛", "two words in it"):
        assert re.fullmatch("[0-9a-f]{32}", client.get("/", headers={"x-request-id": given}).headers["X-Request-ID"])
    assert client.get("/").headers["X-Request-ID"] != client.get("/").headers["X-Request-ID"]


def test_a_person_is_logged_by_primary_key_alone(county, clerk, client, lines):
    client.force_login(clerk)
    client.get("/workspace/")
    [line] = of_requests(lines())
    assert line["user"] == clerk.pk
    told = json.dumps(lines(), ensure_ascii=False)
    assert clerk.username not in told
    assert clerk.full_name not in told


def test_what_a_page_is_about_is_in_its_line(standard, county, clerk, signer, client, lines):
    evaluation = walk.signed(county, clerk, signer)
    client.force_login(signer)
    client.get(f"/evaluations/{evaluation.pk}/")
    client.get(f"/submissions/{evaluation.filing.submission_id}/")
    about, submission = of_requests(lines())
    assert about["evaluation"] == evaluation.pk
    assert submission["submission"] == evaluation.filing.submission_id


def test_a_line_logged_within_a_request_carries_the_ids_of_the_request(rf, lines):
    def answer(request):
        logging.getLogger("evaluation.somewhere").warning("said within")
        return Client().get("/healthz/live")

    RequestLog(answer)(rf.get("/", headers={"x-request-id": "balancer-1234"}))
    logging.getLogger("evaluation.somewhere").warning("said outside")
    within, *_, outside = [line for line in lines() if line["logger"] == "evaluation.somewhere"]
    assert within["request_id"] == "balancer-1234"
    assert "request_id" not in outside


def test_what_a_job_logs_says_which_job_it_is_and_for_which_submission(standard, county, clerk, lines, monkeypatch):
    monkeypatch.setattr(actions, "_read", lambda uploaded: 1 / 0)
    submission = walk.uploaded(county, clerk)
    job = submission.jobs.get()
    [failure] = [line for line in lines() if line["logger"] == "evaluation.actions"]
    assert (failure["job"], failure["submission"], failure["attempt"]) == (job.pk, submission.pk, 1)
    assert "ZeroDivisionError" in failure["exception"]


def test_a_link_of_invitation_is_in_no_line(db, client, lines, caplog):
    secret = "aVerySecretTokenOfAnInvitation0123456789"
    for path in (f"/invitations/{secret}/", f"/invitations/{secret}", f"/nowhere/invitations/{secret}/?a=1"):
        client.get(path)
    logging.getLogger("django.request").error("Internal Server Error: %s", f"/invitations/{secret}/")
    logging.getLogger("somebody").error("sent https://portal/invitations/%s/ on", secret)
    told = json.dumps(lines(), ensure_ascii=False)
    assert "invitations/***" in told
    assert secret not in told


def test_signing_in_leaves_no_name_password_or_address_in_the_log(county, clerk, client, lines):
    for password in (PASSWORD, *["wrong-password"] * 6):
        client.post("/accounts/login/", {"username": clerk.username, "password": password})
    told = json.dumps([line for line in lines() if not str(line["logger"]).startswith("django.db")])
    assert "portal.requests" in told
    for secret in (f'"{clerk.username}"', f"'{clerk.username}'", PASSWORD, "wrong-password", "127.0.0.1"):
        assert secret not in told, secret


def test_an_error_in_a_page_is_logged_with_its_trace_and_without_what_was_sent(db, lines, monkeypatch):
    monkeypatch.setattr("evaluation.sign_in.SignIn.get", lambda *args, **options: 1 / 0)
    answer = Client(raise_request_exception=False).get("/accounts/login/?next=/people/&token=tell-nobody")
    assert answer.status_code == 500
    failure = next(line for line in lines() if line["level"] == "ERROR")
    assert "ZeroDivisionError" in failure["exception"]
    assert failure["request_id"] == answer.headers["X-Request-ID"]
    assert "tell-nobody" not in json.dumps(lines())


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("GET /invitations/abcDEF-_1/ HTTP", "GET /invitations/***/ HTTP"),
        ("Not Found: /subscribe/confirm/ab-1:1tX:sig_-2/", "Not Found: /subscribe/confirm/***/"),
        ("POST /unsubscribe/ab-1:sig_-2/ HTTP", "POST /unsubscribe/***/ HTTP"),
        ("GET /subscribe/sent/ HTTP", "GET /subscribe/sent/ HTTP"),
        ("/verify/?code=8k2&x=1", "/verify/?code=***&x=1"),
        ("?access_token=abc", "?access_token=***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("postgres://portal:hunter2@db:5432/portal", "postgres://***@db:5432/portal"),
        ("SMTPRecipientsRefused zhang.san@edu.example.cn", "SMTPRecipientsRefused ***"),
        ("身份证 11010519491231002X 无效", "身份证 *** 无效"),
        ("电话 13800138000。", "电话 ***。"),
        ("DETAIL:  Key (username)=(zhangsan) already exists.", "DETAIL: ***"),
        ("学校 3111000001 第 5 行", "学校 3111000001 第 5 行"),
        ("job 17 failed at attempt 2", "job 17 failed at attempt 2"),
    ],
)
def test_what_opens_a_door_or_names_a_person_is_masked_and_nothing_else(said, written):
    assert masked(said) == written


def record(message: str, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("portal", logging.WARNING, __file__, 1, message, None, None)
    made.__dict__.update(more)
    return made


def test_only_named_fields_come_into_a_line_whatever_a_library_hangs_on_it(rf):
    request = rf.post("/people/", {"full_name": "张三"})
    told = json.loads(JsonLines().format(record("甲\n乙", request=request, username="zhangsan", fields={"rows": 3})))
    assert set(told) == {"time", "level", "logger", "message", "rows"}
    assert told["message"] == "甲\n乙"
    assert "\n" not in JsonLines().format(record("甲\n乙"))


def test_a_terminal_gets_plain_lines_with_the_same_ids_and_masks():
    plain = PlainLines("{levelname} {message}", style="{")
    with bound(job=7, submission=None):
        assert plain.format(record("read /invitations/abc/")) == "WARNING read /invitations/***/ [job=7]"
    assert plain.format(record("later")) == "WARNING later"


def test_the_settings_write_json_where_that_is_asked_for(worker_environment):
    script = (
        "import django, logging; django.setup()\n"
        "logging.getLogger('django.request').warning('unread')\n"
        "logging.getLogger('axes').warning('zhangsan failed')\n"
        "logging.getLogger('portal.requests').info('seen')\n"
    )
    told = {}
    for form in ("json", "plain"):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=worker_environment | {"LOG_FORMAT": form},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told[form] = done.stderr
    assert [json.loads(line)["message"] for line in told["json"].splitlines()] == ["seen"]
    assert told["plain"] == ""
    refused = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=worker_environment | {"LOG_FORMAT": "xml"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "LOG_FORMAT is json or plain" in refused.stderr


def test_the_handlers_of_django_that_would_write_unmasked_are_gone():
    configure_logging(project_settings.LOGGING_CONFIG, project_settings.LOGGING)
    assert logging.getLogger("django").handlers == []
    for handler in logging.getLogger("django.server").handlers + logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            assert isinstance(handler.formatter, PlainLines | JsonLines)


def test_an_invitation_that_is_sent_and_opened_leaves_its_token_nowhere(county, lines):
    steward = appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)
    _, token = people.invite(steward, "张新", Party.CLERK, county)
    assert Client().get(f"/invitations/{token}/").status_code == 200
    told = json.dumps(lines())
    assert of_requests(lines())
    assert token not in told
    assert "张新" not in told
