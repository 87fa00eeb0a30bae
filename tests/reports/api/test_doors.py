"""What every door keeps: kept answers, limits, refusals in one shape and in Chinese, whatever is sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisDown

from evaluation.people import make_api_token
from reports.api.throttles import PublicRate
from schools.models import ApiToken

pytestmark = pytest.mark.django_db
_CHINESE = re.compile("[\u4e00-\u9fff]")


def is_refusal(answer) -> bool:
    told = answer.json()
    return 400 <= answer.status_code < 500 and bool(_CHINESE.search(told["detail"])) and bool(told["code"])


def test_an_open_answer_is_kept_for_a_minute_and_does_not_travel_twice(client, county, django_assert_num_queries):
    address = reverse("api_counties")
    first = client.get(address)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    with django_assert_num_queries(0):
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        other = client.get(address, headers={"If-None-Match": '"another"'})
    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, other.content) == (200, first.content)
    assert again.headers["Access-Control-Allow-Origin"] == first.headers["Access-Control-Allow-Origin"] == "*"


def test_whoever_has_signed_in_is_given_the_same_open_answer(client, county, clerk):
    stranger = client.get(reverse("api_counties")).content
    client.force_login(clerk)
    assert client.get(reverse("api_counties")).content == stranger


def test_notices_are_never_kept_but_have_an_etag(client, standard):
    answer = client.get(reverse("api_notices"))
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(reverse("api_notices"), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_scripts_of_other_sites_read_open_answers_and_nothing_else(client, county, bearer):
    assert "Access-Control-Allow-Origin" in client.get(reverse("api_counties")).headers
    assert "Access-Control-Allow-Credentials" not in client.get(reverse("api_counties")).headers
    own = client.get(reverse("api_submissions"), headers=bearer | {"Origin": "https://example.org"})
    assert own.status_code == 200
    assert "Access-Control-Allow-Origin" not in own.headers
    assert own.headers["Cache-Control"] == "no-store"


def test_too_many_requests_of_one_address_are_refused_with_how_long_to_wait(client, county, settings):
    settings.API_RATES = settings.API_RATES | {"public": "2/min"}
    caches["shared"].clear()
    addresses = [reverse("api_counties") + f"?page_size={number}" for number in (1, 2, 3)]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 429]
    refused = client.get(addresses[2])
    assert is_refusal(refused)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert client.get(addresses[0]).status_code == 200, "what is kept is given all the same"
    assert client.get(addresses[2], REMOTE_ADDR="192.0.2.7").status_code == 200
    forged = client.get(reverse("api_counties") + "?page_size=4", headers={"X-Forwarded-For": "198.51.100.1"})
    assert forged.status_code == 429, "without a proxy of our own nobody chooses the address they come from"


def test_each_token_has_a_rate_of_its_own(client, clerk, signer, bearer, settings):
    settings.API_RATES = settings.API_RATES | {"token": "1/min"}
    caches["shared"].clear()
    other = {"Authorization": f"Bearer {make_api_token(signer, '另一个程序', 30, is_verified=False)[1]}"}
    address = reverse("api_account")
    assert [client.get(address, headers=bearer).status_code for _ in range(2)] == [200, 429]
    assert client.get(address, headers=other).status_code == 200


def test_counters_that_are_down_refuse_nobody(client, county, monkeypatch, settings):
    class Down:
        def get(self, *args: object) -> object:
            raise RedisDown

    settings.API_RATES = settings.API_RATES | {"public": "1/min"}
    monkeypatch.setattr(PublicRate, "cache", Down())
    addresses = [reverse("api_counties") + f"?page_size={number}" for number in (1, 2, 3)]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]


HOSTILE = [
    "?province=%00", "?province=99", "?province=９９００００", "?name=%00", "?name=" + "长" * 41, "?state=x",
    "?certified=yes",
    "?certified=", "?page=0", "?page=-1", "?page=abc", "?page=1e3", "?page=１", "?page=99999999999999999999999",
    "?page_size=201", "?page_size=0", "?page_size=", "?provice=990000", "?%00=1", "?" + "a" * 3000 + "=1",
    "?province=990000%0A", "?city=' OR 1=1 --", "?format=xml", "?page=NaN", "?name=%ff%fe",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_a_parameter_that_is_wrong_is_refused_in_words(client, county, query):
    answer = client.get(reverse("api_counties") + query)
    assert answer.status_code in (400, 404), answer.content
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "path",
    [
        "counties/%00/", "counties/99999999999999999999/", "counties/x'y/", "results/%00/",
        "results/" + "9" * 400 + "/",
        "results/YZ-2026-990101-99/", "results/YZ-2026-990101-99/schools/%00/", "notices/0/",
        "notices/999999999999999999999999/", "notices/-1/", "notices/x/", "standards/../../etc/", "standards/%2e%2e/",
        "submissions/99999999999999999999999/", "nothing/", "provinces/990101/", "standards/UPPER/",
    ],
)  # fmt: skip
def test_an_address_there_is_not_is_refused_in_words(client, county, bearer, path):
    answer = client.get(f"/api/v1/{path}", headers=bearer)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/json")
    assert is_refusal(answer)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_another_method_is_refused_with_those_there_are(client, county, method):
    answer = getattr(client, method)(reverse("api_counties"))
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert is_refusal(answer)


def test_another_type_than_json_is_refused_and_not_kept_for_others(client, county):
    refused = client.get(reverse("api_counties"), headers={"Accept": "application/xml"})
    assert refused.status_code == 406
    assert is_refusal(refused)
    assert client.get(reverse("api_counties"), headers={"Accept": "*/*"}).status_code == 200


def test_a_page_for_people_that_is_not_there_stays_a_page(client, db):
    answer = client.get("/nothing-here/")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_address_that_keeps_bringing_wrong_tokens_is_refused(client, bearer, settings):
    settings.API_RATES = settings.API_RATES | {"token": "2/min"}
    caches["shared"].clear()
    address, wrong = reverse("api_account"), {"Authorization": "Bearer wrong"}
    assert [client.get(address, headers=wrong).status_code for _ in range(4)] == [401, 401, 429, 429]
    refused = client.get(address, headers=wrong)
    assert is_refusal(refused)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert client.get(address, headers=bearer, REMOTE_ADDR="192.0.2.7").status_code == 200


# ── Sending a file ────────────────────────────────────────────────────────────────────────────


def test_a_request_that_is_no_form_is_refused(client, bearer):
    answer = client.post(reverse("api_submissions"), b"{}", content_type="application/json", headers=bearer)
    assert answer.status_code == 415
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"--x", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\nPK', b"\x00" * 64,
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x00.xlsx"\r\n\r\nPK\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.exe"\r\n\r\nPK\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nPK\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.xlsx"\r\n\r\nPK\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="only_some_schools"\r\n\r\non\r\n--x--\r\n',
    ],
    ids=range(11),
)  # fmt: skip
def test_a_form_that_is_broken_or_holds_no_workbook_is_refused(client, bearer, body):
    answer = client.generic(
        "POST", reverse("api_submissions"), body, content_type="multipart/form-data; boundary=x", headers=bearer
    )
    if answer.status_code == 202:
        # Django mends what of a form it can: then a file has come, and the worker says what is in it.
        assert b"PK" in body
        return
    assert answer.status_code == 400, answer.content
    assert is_refusal(answer)


def test_a_form_without_a_boundary_is_refused(client, bearer):
    answer = client.generic(
        "POST", reverse("api_submissions"), b"x", content_type="multipart/form-data", headers=bearer
    )
    assert answer.status_code == 400
    assert is_refusal(answer)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(client, bearer, settings):
    settings.UPLOAD_LIMIT = 1000
    address = reverse("api_submissions")
    little = client.post(address, {"file": SimpleUploadedFile("a.xlsx", b"x" * 1001)}, headers=bearer)
    much = client.post(address, {"file": SimpleUploadedFile("a.xlsx", b"x" * 100_000)}, headers=bearer)
    for answer in (little, much):
        assert answer.status_code == 413
        assert is_refusal(answer)


# ── Who asks ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer a b", "Bearer wrong", "Bearer " + "x" * 5000, "Bearer 令牌", "Bearer \udcff", "Basic YTpi"],
)
def test_a_stranger_is_told_how_to_come_in(client, bearer, header):
    answer = client.get(
        reverse("api_submissions"), HTTP_AUTHORIZATION=header.encode("utf-8", "surrogateescape").decode("latin-1")
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert is_refusal(answer)


def test_a_session_needs_its_csrf_token_and_a_program_none(clerk, bearer):
    def form() -> dict[str, SimpleUploadedFile]:
        return {"file": SimpleUploadedFile("a.csv", "学校标识码\n".encode())}

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(clerk)
    refused = browser.post(reverse("api_submissions"), form())
    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf_failed"
    assert Client(enforce_csrf_checks=True).post(reverse("api_submissions"), form(), headers=bearer).status_code == 202


def test_no_token_is_kept_as_it_is(bearer):
    text = bearer["Authorization"].split()[1]
    token = ApiToken.objects.get()
    assert text not in (token.digest, token.seal)
    assert not token.token_key.startswith(text)


@pytest.mark.parametrize(("rate", "is_fine"), [("", True), ("5/hour", True), ("viel", False), ("0/min", False)])
def test_a_rate_of_the_environment_is_looked_at_when_the_site_starts(rate, is_fine):
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"], env=os.environ | {"API_RATE_PUBLIC": rate},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is is_fine, done.stderr.decode()
    assert is_fine or "API_RATE_PUBLIC is like 120/min" in done.stderr.decode()
