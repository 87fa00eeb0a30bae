"""Signing in: locked after wrong passwords, a second factor, sessions that end; and what is recorded of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config import settings as project_settings
from evaluation import people
from evaluation.models import Event
from evaluation.permissions import Refused
from schools import second_factor
from schools.actions import appoint
from schools.models import County, Division, User
from schools.vocabulary import Party
from tests.conftest import PASSWORD, ROOT

_NOON = 1_792_123_215.0


@pytest.fixture
def chief(county: County) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, Division.objects.get(pk="990000"), PASSWORD)


def sign_in(client: Client, username: str = "clerk", password: str = PASSWORD, **more: str):
    return client.post(reverse("login"), {"username": username, "password": password}, **more)


def kinds() -> list[str]:
    return list(Event.objects.order_by("number").values_list("kind", flat=True))


@pytest.fixture(autouse=True)
def _phone_and_server_in_step(monkeypatch):
    # A half minute that ends between two lines of a test would make it fail once in a long while.
    monkeypatch.setattr("django_otp.plugins.otp_totp.models.time", SimpleNamespace(time=lambda: _NOON))


def code_now(device: TOTPDevice, steps: int = 0) -> str:
    """What the phone shows now, or so many half minutes later."""
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits)
    generator.time = _NOON + steps * device.step
    return f"{generator.token():06d}"


def set_up(person: User) -> tuple[TOTPDevice, list[str]]:
    """A confirmed device; the code of the half minute before is the one used up."""
    device = second_factor.begin(person)
    _, codes = people.confirm_second_factor(person, code_now(device, -1))
    device.refresh_from_db()
    return device, codes


# ── Passwords and lock-out ────────────────────────────────────────────────────────────────────


def test_signing_in_and_out_leaves_events_and_gives_the_session_a_new_key(client, clerk):
    client.get(reverse("login"))
    client.session.save()
    before = client.session.session_key
    assert sign_in(client).status_code == 302
    assert client.session.session_key != before
    client.post(reverse("logout"))
    assert client.get(reverse("workspace")).status_code == 302
    rows = Event.objects.order_by("number").values_list("kind", "actor", "county")
    assert list(rows) == [("login", clerk.pk, clerk.place_id), ("logout", clerk.pk, clerk.place_id)]


def test_after_five_wrong_passwords_even_the_right_one_waits_and_the_page_says_until_when(client, clerk, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        answer = sign_in(client, password="wrong-password")
        assert answer.status_code == 200
        assert "用户名或密码不正确" in answer.content.decode()
    locked = sign_in(client, password="wrong-password")
    right = sign_in(client)
    until = timezone.localtime(AccessAttempt.objects.get().attempt_time + settings.AXES_COOLOFF_TIME)
    for answer in (locked, right):
        assert answer.status_code == 429
        assert "暂停登录" in answer.content.decode()
        assert f"{until:%Y-%m-%d %H:%M:%S}" in answer.content.decode()
        assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60
    # Recorded once, however long somebody tries on; without what was typed.
    assert kinds() == ["login_locked"]
    assert Event.objects.get().county_id == clerk.place_id
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)
    assert sign_in(client).status_code == 302


def test_a_locked_name_is_refused_before_any_password_is_hashed(client, clerk, settings, monkeypatch):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, password="wrong-password")
    hashed = []
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashed.append(args))
    monkeypatch.setattr(MD5PasswordHasher, "verify", lambda *args: hashed.append(args))
    assert sign_in(client).status_code == 429
    assert hashed == []


def test_the_lock_is_on_one_name_from_one_address(client, clerk, signer, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, password="wrong-password")
    assert sign_in(Client(), "signer").status_code == 302
    assert sign_in(Client(), REMOTE_ADDR="10.1.2.3").status_code == 302
    assert sign_in(Client(), REMOTE_ADDR="127.0.0.1").status_code == 429


def test_a_right_password_clears_the_count(client, clerk, settings):
    for _ in range(2):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            assert sign_in(client, password="wrong-password").status_code == 200
        assert sign_in(client).status_code == 302
        client.logout()


def test_a_name_nobody_has_is_locked_too_and_not_recorded(client, db, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = sign_in(client, "my-password-in-the-wrong-field", "x")
    assert answer.status_code == 429
    assert kinds() == []
    stored = "".join(AccessAttempt.objects.values_list("post_data", flat=True))
    assert "password=x" not in stored


def test_the_desk_of_the_steward_has_no_second_door(client, clerk):
    answer = client.post("/steward/login/", {"username": "clerk", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("login"))
    client.force_login(clerk)
    assert client.get("/steward/", follow=True).status_code == 404


def test_keys_of_second_factors_and_tries_to_sign_in_are_on_no_desk(client, db):
    client.force_login(User.objects.create_superuser("boss", password=PASSWORD))
    listed = client.get(reverse("admin:index")).content.decode()
    assert "schools/user/" in listed
    assert not re.search(r"otp|axes", listed)


def test_passwords_are_hashed_with_argon2(clerk, settings):
    settings.PASSWORD_HASHERS = project_settings.PASSWORD_HASHERS
    clerk.set_password(PASSWORD)
    assert clerk.password.startswith(Argon2PasswordHasher.algorithm)
    assert clerk.check_password(PASSWORD)


def test_a_new_password_ends_the_other_sessions_and_is_recorded(client, clerk):
    other = Client()
    for each in (client, other):
        sign_in(each)
    new = {"old_password": PASSWORD, "new_password1": "fresh-long-one", "new_password2": "fresh-long-one"}
    wrong = client.post(reverse("password"), new | {"old_password": "x"})
    assert "现在的密码不正确" in wrong.content.decode()
    weak = client.post(
        reverse("password"), new | {"new_password1": "填报员甲填报员", "new_password2": "填报员甲填报员"}
    )
    assert weak.status_code == 200
    assert client.post(reverse("password"), new).status_code == 302
    assert client.get(reverse("account")).status_code == 200
    assert other.get(reverse("account")).status_code == 302
    assert kinds() == ["login", "login", "password_change"]
    assert sign_in(Client()).status_code == 200
    assert sign_in(Client(), password="fresh-long-one").status_code == 302


# ── Second factor ─────────────────────────────────────────────────────────────────────────────


def test_setting_up_shows_a_code_to_scan_and_recovery_codes_once(client, clerk):
    sign_in(client)
    assert "开始设置" in client.get(reverse("second_factor")).content.decode()
    client.post(reverse("second_factor_begin"))
    device = TOTPDevice.objects.get()
    page = client.get(reverse("second_factor")).content.decode()
    assert second_factor.typed_key(device) in page
    assert re.search(r'<path class="qr-dark" d="M\d', page)
    assert client.post(reverse("second_factor"), {"code": "000000"}).status_code == 422
    assert not second_factor.has_second_factor(clerk)
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    done = client.post(reverse("second_factor"), {"code": code_now(device)}).content.decode()
    codes = set(StaticToken.objects.values_list("token", flat=True))
    assert len(codes) == 10
    assert all(code in done for code in codes)
    again = client.get(reverse("second_factor")).content.decode()
    assert not any(code in again for code in codes)
    assert second_factor.typed_key(device) not in again
    assert kinds() == ["login", "second_factor_on"]
    assert client.get(reverse("workspace")).status_code == 200


def test_after_the_password_the_code_is_owed_before_anything_else(client, clerk):
    device, _ = set_up(clerk)
    assert sign_in(client).status_code == 302
    owed = f"{reverse('second_factor_code')}?next=%2Fworkspace%2F"
    for name in ("workspace", "password", "account", "home", "checklist"):
        answer = client.get(reverse(name))
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith(reverse("second_factor_code"))
    assert client.get(reverse("workspace")).headers["Location"] == owed
    assert client.get(reverse("second_factor")).headers["Location"] == reverse("second_factor_code")
    for name in ("second_factor_remove", "recovery_codes", "upload"):
        assert client.post(reverse(name), {"remove-password": PASSWORD}).status_code == 302
    assert second_factor.has_second_factor(clerk)
    assert client.get("/api/v1/submissions/1/").status_code == 403
    assert client.get(reverse("workspace"), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    before = client.session.session_key
    answer = client.post(reverse("second_factor_code"), {"code": code_now(device), "next": "/workspace/"})
    assert answer.headers["Location"] == "/workspace/"
    assert client.session.session_key != before
    assert client.get(reverse("workspace")).status_code == 200
    assert kinds()[-2:] == ["login", "second_factor_code"]
    client.post(reverse("logout"))
    assert client.get(reverse("login")).status_code == 200


def test_the_way_on_never_leaves_the_site(client, clerk):
    device, _ = set_up(clerk)
    sign_in(client)
    answer = client.post(
        reverse("second_factor_code"), {"code": code_now(device), "next": "https://elsewhere.example/"}
    )
    assert answer.headers["Location"] == reverse("workspace")


def test_a_wrong_code_is_refused_and_costs_a_wait_even_for_the_right_one(client, clerk):
    device, _ = set_up(clerk)
    sign_in(client)
    wrong = next(code for code in ("000000", "111111") if code not in [code_now(device, n) for n in (-2, -1, 0, 1)])
    answer = client.post(reverse("second_factor_code"), {"code": wrong})
    assert answer.status_code == 422
    assert "验证码不正确" in answer.content.decode()
    answer = client.post(reverse("second_factor_code"), {"code": code_now(device)})
    assert answer.status_code == 422
    assert re.search(r"请 \d+ 秒后再试", answer.content.decode())
    device.refresh_from_db()
    assert device.throttling_failure_count == 1
    TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timezone.timedelta(seconds=5))
    assert client.post(reverse("second_factor_code"), {"code": code_now(device)}).status_code == 302


def test_a_code_works_once(clerk, settings):
    settings.OTP_TOTP_THROTTLE_FACTOR = 0
    device, _ = set_up(clerk)
    code = code_now(device)
    assert people.check_second_factor(clerk, code) == device
    with pytest.raises(Refused, match="已经用过"):
        people.check_second_factor(clerk, code)
    people.check_second_factor(clerk, code_now(device, 1))


@pytest.mark.django_db(transaction=True)
def test_of_two_with_the_same_code_at_once_one_gets_in(clerk, settings):
    settings.OTP_TOTP_THROTTLE_FACTOR = 0
    device, _ = set_up(clerk)
    code, ready, said = code_now(device), threading.Barrier(2), []

    def check() -> None:
        try:
            ready.wait(10)
            people.check_second_factor(clerk, code)
            said.append("in")
        except Refused:
            said.append("out")
        finally:
            connection.close()

    threads = [threading.Thread(target=check) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == ["in", "out"]


def test_a_recovery_code_works_once_instead_of_the_phone_and_fresh_ones_replace_the_rest(client, clerk):
    _, codes = set_up(clerk)
    sign_in(client)
    assert client.post(reverse("second_factor_code"), {"code": f" {codes[0].upper()} "}).status_code == 302
    assert client.get(reverse("workspace")).status_code == 200
    with pytest.raises(Refused):
        people.check_second_factor(clerk, codes[0])
    assert client.post(reverse("recovery_codes"), {"codes-password": "wrong"}).status_code == 422
    fresh = client.post(reverse("recovery_codes"), {"codes-password": PASSWORD}).content.decode()
    assert not any(code in fresh for code in codes)
    assert second_factor.codes_left(clerk) == 10
    assert not StaticToken.objects.filter(token=codes[1]).exists()


def test_it_is_taken_away_with_the_password_alone_or_by_the_steward_with_a_reason(client, clerk, county):
    device, _ = set_up(clerk)
    sign_in(client)
    client.post(reverse("second_factor_code"), {"code": code_now(device)})
    assert client.post(reverse("second_factor_remove"), {"remove-password": "wrong"}).status_code == 422
    assert second_factor.has_second_factor(clerk)
    assert client.post(reverse("second_factor_remove"), {"remove-password": PASSWORD}).status_code == 302
    assert not second_factor.has_second_factor(clerk)
    assert kinds()[-1] == "second_factor_off"
    set_up(clerk)
    steward = appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)
    with pytest.raises(Refused, match="写明原因"):
        people.reset_second_factor(steward, clerk, "")
    people.reset_second_factor(steward, clerk, "手机遗失，已当面核实")
    assert not second_factor.has_second_factor(clerk)
    assert StaticToken.objects.count() == 0
    assert kinds()[-1] == "second_factor_reset"


@pytest.mark.parametrize("party", list(Party))
def test_where_it_is_a_duty_inspectors_chiefs_and_stewards_set_it_up_before_anything_else(
    client, county, settings, party
):
    settings.REQUIRE_SECOND_FACTOR = True
    place = {"county": county.pk, "city": "990100", "province": "990000"}[party.place_level]
    person = appoint("somebody", "某人", party, Division.objects.get(pk=place), PASSWORD)
    sign_in(client, "somebody")
    answer = client.get(reverse("workspace"))
    if party not in (Party.INSPECTOR, Party.CHIEF, Party.STEWARD):
        assert answer.status_code == 200
        return
    assert answer.headers["Location"].startswith(reverse("second_factor"))
    assert client.get("/steward/").status_code == 302
    page = client.get(reverse("second_factor"))
    assert "必须启用两步验证" in page.content.decode()
    client.post(reverse("second_factor_begin"))
    device = TOTPDevice.objects.get(user=person)
    assert client.post(reverse("second_factor"), {"code": code_now(device)}).status_code == 200
    assert client.get(reverse("workspace")).status_code == 200
    # A session that never gave a code is asked for one, whatever began it.
    other = Client()
    other.force_login(person)
    assert other.get(reverse("workspace")).headers["Location"].startswith(reverse("second_factor_code"))


# ── Sessions ──────────────────────────────────────────────────────────────────────────────────


def _age(client: Client, **seconds: int) -> None:
    session = client.session
    for key, before in seconds.items():
        session[key] = int(time.time()) - before
    session.save()


def test_a_session_nobody_uses_ends_and_one_in_use_goes_on(client, clerk, settings):
    sign_in(client)
    _age(client, seen_at=settings.SESSION_IDLE_SECONDS - 5)
    assert client.get(reverse("workspace")).status_code == 200
    assert int(time.time()) - client.session["seen_at"] < 5
    _age(client, seen_at=settings.SESSION_IDLE_SECONDS + 5)
    answer = client.get(reverse("workspace"), follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("login"))
    assert "60 分钟没有操作" in answer.content.decode()


def test_a_waiting_page_that_asks_by_itself_does_not_keep_a_session_alive(client, clerk):
    sign_in(client)
    _age(client, seen_at=600)
    client.get(reverse("workspace"), headers={"HX-Request": "true"})
    assert int(time.time()) - client.session["seen_at"] >= 600


def test_a_session_ends_after_a_working_day_however_busy(client, clerk, settings):
    sign_in(client)
    _age(client, signed_in_at=settings.SESSION_COOKIE_AGE + 5, seen_at=10)
    answer = client.get(reverse("workspace"), follow=True)
    assert "登录已满 8 小时" in answer.content.decode()


def test_the_cookies_of_a_session_are_not_for_scripts_nor_for_other_sites(client, clerk):
    client.get(reverse("login"))
    sign_in(client)
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"], name
        assert client.cookies[name]["samesite"] == "Lax", name


# ── The whole site ────────────────────────────────────────────────────────────────────────────


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found = []
    for each in resolver.url_patterns:
        found += _patterns(each) if isinstance(each, URLResolver) else [each]
    return found


def test_no_view_is_exempt_from_csrf_but_the_one_mail_programs_ask():
    exempt = []
    for pattern in _patterns(get_resolver()):
        view = pattern.callback
        # Django REST framework exempts its views and checks again for whoever comes with a session.
        if getattr(view, "csrf_exempt", False) and not hasattr(view, "cls"):
            exempt.append(str(pattern.pattern))
    assert len(_patterns(get_resolver())) > 50
    # Mail programs end letters for their reader, with nothing but the link (RFC 8058).
    assert exempt == ["unsubscribe/<str:token>/"]


def test_the_api_asks_whoever_comes_with_a_session_for_the_csrf_token():
    # A token is in a header no other site can send; whoever has none comes with the session, and its CSRF check.
    assert project_settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] == [
        "reports.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ]


def test_a_form_without_the_token_is_refused(clerk):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk)
    for name in ("logout", "password", "second_factor_begin", "upload"):
        assert strict.post(reverse(name)).status_code == 403, name
    assert sign_in(strict).status_code == 403


def test_pages_of_accounts_carry_the_strict_policy_and_nothing_inline(client, clerk):
    sign_in(client)
    client.post(reverse("second_factor_begin"))
    for name in ("account", "password", "second_factor", "home"):
        answer = client.get(reverse(name))
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son[a-z]+=", answer.content.decode()), name


def test_the_deployment_check_is_clean_behind_tls(tmp_path):
    environment = os.environ | {
        "HTTPS": "1",
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "k7Zq" * 15 + "a1B2c3",
        "ALLOWED_HOSTS": "portal.example.org",
    }
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    shown = subprocess.run(
        [sys.executable, "-c", "from config import settings as s; print(s.REQUIRE_SECOND_FACTOR)"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "True"
    assert project_settings.REQUIRE_SECOND_FACTOR is (os.environ.get("HTTPS") == "1")
