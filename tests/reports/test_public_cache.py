"""Public pages are kept for a minute, for readers without a session alone."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from reports.public_cache import KEPT_SECONDS, kept_for_everybody


@pytest.fixture
def counted():
    """A kept view that says how often it was asked."""
    asked: list[str] = []

    @kept_for_everybody
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
