"""Public pages are kept for a minute, for readers without a session alone."""

from __future__ import annotations

import gzip

import pytest
from django.contrib.messages import INFO
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import RequestFactory
from django.urls import reverse

from reports.public_cache import KEPT_SECONDS, kept_by_query, kept_for_everybody


@pytest.fixture
def counted():
    """A kept view that says how often it was asked."""
    asked: list[str] = []

    @kept_by_query("page")
    def view(request: HttpRequest) -> HttpResponse:
        asked.append(request.get_full_path())
        return HttpResponse(f"{len(asked)}", status=404 if "missing" in request.GET else 200)

    return view, asked


def get(path: str = "/country/", **cookies: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    return request


def test_a_page_is_made_once_for_readers_without_a_session(counted):
    view, asked = counted
    assert [view(get()).content for _ in range(3)] == [b"1"] * 3
    assert view(get("/country/?page=2")).content == b"2"
    assert len(asked) == 2


def test_a_parameter_nobody_reads_leaves_no_page_behind(counted):
    view, asked = counted
    for address in ("/country/?x=1", "/country/?page=2&x=1", "/country/?PAGE=2") * 2:
        view(get(address))
    assert len(asked) == 6
    bare = kept_for_everybody(lambda request: HttpResponse(f"{asked.append('') or len(asked)}"))
    assert [bare(get("/other/?page=1")).content, bare(get("/other/?page=1")).content] == [b"7", b"8"]


def test_whoever_is_signed_in_never_gets_a_kept_page_and_leaves_none(counted):
    view, _ = counted
    assert view(get(sessionid="x")).content == b"1"
    assert view(get()).content == b"2"
    assert view(get(sessionid="x")).content == b"3"
    assert view(get()).content == b"2"


def test_what_is_not_there_is_not_kept(counted):
    view, asked = counted
    for _ in range(2):
        assert view(get("/?missing=1")).status_code == 404
    assert len(asked) == 2


def test_a_reader_who_has_the_page_already_is_told_so_in_a_line(counted):
    view, _ = counted
    first = view(get())
    request = RequestFactory().get("/country/", headers={"If-None-Match": first.headers["ETag"]})
    again = view(request)
    assert (again.status_code, again.content) == (304, b"")
    assert f"max-age={KEPT_SECONDS}" in first.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_kept_page_asks_the_database_nothing(client, standard, django_assert_num_queries):
    client.get(reverse("country"))
    with django_assert_num_queries(0):
        assert client.get(reverse("country")).status_code == 200


@pytest.mark.django_db
def test_a_person_sees_their_own_name_although_the_page_was_kept(client, clerk, standard):
    client.get(reverse("home"))
    client.force_login(clerk)
    assert "填报员甲" in client.get(reverse("home")).content.decode()
    client.logout()
    assert "填报员甲" not in client.get(reverse("home")).content.decode()


@pytest.mark.django_db
def test_a_kept_page_has_every_header_of_the_page_it_was_made_from_and_its_line_in_the_log(client, standard, caplog):
    first = client.get(reverse("country"))
    with caplog.at_level("INFO", "portal.requests"):
        again = client.get(reverse("country"))
    differing = {"X-Request-ID", "Server-Timing"}
    assert {k: v for k, v in again.headers.items() if k not in differing} == {
        k: v for k, v in first.headers.items() if k not in differing
    }
    assert "Content-Security-Policy" in again.headers
    assert again.headers["X-Frame-Options"] == "DENY"
    assert [record.getMessage() for record in caplog.records] == ["GET country 200"]


@pytest.mark.django_db
def test_a_page_travels_compressed_to_whoever_takes_it_so(client, standard):
    plain = client.get(reverse("country"))
    asked = {"gzip, deflate, br": True, "br;q=1.0, gzip;q=0.5": True, "gzip;q=0": False, "gzip;q=0.000": False}
    for accepted, is_compressed in asked.items():
        answer = client.get(reverse("country"), headers={"Accept-Encoding": accepted})
        assert ("Content-Encoding" in answer.headers) is is_compressed, accepted
        content = gzip.decompress(answer.content) if is_compressed else answer.content
        assert content == plain.content
    assert len(answer.content) > 0
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.django_db
def test_a_message_meant_for_one_reader_is_kept_for_nobody(client, standard):
    storage = CookieStorage(RequestFactory().get("/"))
    client.cookies["messages"] = storage._encode([Message(INFO, "只给一个人看的话")])
    assert "只给一个人看的话" in client.get(reverse("country")).content.decode()
    assert "只给一个人看的话" not in client.get(reverse("country")).content.decode()
    client.cookies.clear()
    assert "只给一个人看的话" not in client.get(reverse("country")).content.decode()


def test_a_page_with_a_form_of_one_reader_is_kept_for_nobody():
    view = kept_for_everybody(lambda request: HttpResponse(get_token(request)))
    assert view(get()).content != view(get()).content


@pytest.mark.django_db
def test_a_forged_host_gets_no_kept_page(client, standard):
    client.get(reverse("country"))
    assert client.get(reverse("country"), headers={"Host": "evil.example"}).status_code == 400
