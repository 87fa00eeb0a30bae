"""No request with a control character reaches a look-up: PostgreSQL takes no NUL, and not every reader is kind."""

from __future__ import annotations

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
_CODE = "YZ-2026-990101-01"


@pytest.mark.parametrize(
    "address",
    [
        "/compare/?c=%00",
        "/compare/tables.xlsx?c=990101%00",
        "/search/?q=ab%00",
        "/search/tables.xlsx?q=ab%01",
        "/search/?q=ok&%00=x",
        "/verify/?number=%00",
        "/results/%00/",
        f"/results/{_CODE}/schools/%00/",
        f"/results/{_CODE}/similar/?with=%00",
        "/counties/%00/",
        "/counties/%00/feed.atom",
        "/counties/%00/subscribe/",
        "/provinces/%00/",
        "/standards/%00/",
        "/certificates/%00/",
        "/certificates/%00.pdf",
        "/documents/%00/",
        "/objections/%00/",
        "/subscribe/confirm/%00/",
        "/invitations/%00/",
        "/accounts/login/?next=%00",
        "/static/%00.css",
    ],
)
def test_an_address_with_a_control_character_is_refused_in_words(client, county, standard, address):
    client.raise_request_exception = False
    answer = client.get(address)
    assert answer.status_code in {400, 404}, address
    if not address.startswith("/static/"):
        assert "请求无法处理" in answer.content.decode()
        assert "Content-Security-Policy" in answer.headers


def test_a_cookie_or_a_form_with_a_control_character_is_refused(client, clerk):
    client.raise_request_exception = False
    cookie = {"HTTP_COOKIE": r'sessionid="\000"'}
    assert client.get(reverse("workspace"), **cookie).status_code == 400
    sent = {"content_type": "application/x-www-form-urlencoded"}
    assert client.post(reverse("login"), "username=a%00&password=b", **sent).status_code == 400


def test_words_pasted_in_several_lines_are_no_reason_to_refuse(client, county):
    answer = client.get("/compare/?c=%E6%9C%9B%09%0D%0A990101")
    assert answer.status_code == 200
    assert "990101" in answer.content.decode() or county.name in answer.content.decode()
