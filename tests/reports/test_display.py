"""A reader's choice of larger type and high contrast: kept in their browser, shown to nobody else, never in the way of
pages that are kept for everybody."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from reports.display import COOKIE, Display

pytestmark = pytest.mark.django_db


def choose(client: Client, size: str = "large", contrast: str = "high", back: str = "/search/"):
    return client.post(reverse("display"), {"size": size, "contrast": contrast, "back": back})


def root(client: Client, address: str = "/country/") -> str:
    page = client.get(address).content.decode()
    return page[page.index("<html") : page.index("<head>")].strip()


def test_a_choice_is_kept_and_leads_back_to_the_page_it_was_made_on(client):
    answer = choose(client)
    assert answer.url == "/search/"
    cookie = answer.cookies[COOKIE]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("large.high", True, "Lax")
    assert root(client) == '<html lang="zh-Hans" class="text-large contrast-high">'
    assert 'value="large" id="id_size_1" required checked' in client.get(reverse("display")).content.decode()


def test_the_standard_is_chosen_by_keeping_nothing(client):
    choose(client)
    choose(client, "normal", "normal")
    assert root(client) == '<html lang="zh-Hans">'


def test_a_page_that_is_kept_shows_nobody_another_readers_choice(client):
    other = Client()
    choose(other, "larger", "normal")
    assert root(client) == '<html lang="zh-Hans">'
    assert root(other) == '<html lang="zh-Hans" class="text-larger">'
    assert root(client) == '<html lang="zh-Hans">'


def test_pages_are_kept_for_every_choice_and_a_made_up_one_adds_none(client, django_assert_num_queries):
    for value in ("large.high", "normal.normal"):
        client.cookies[COOKIE] = value
        root(client)
        with django_assert_num_queries(0):
            root(client)
    client.cookies[COOKIE] = "x" * 50
    with django_assert_num_queries(0):
        assert root(client) == '<html lang="zh-Hans">'


def test_a_page_says_to_caches_on_the_way_that_it_depends_on_the_cookie(client):
    answer = client.get("/country/")
    assert "Cookie" in answer.headers["Vary"].split(", ")
    etag = answer.headers["ETag"]
    choose(client)
    assert client.get("/country/", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "/display/?back=/display/", ""],
)
def test_the_way_back_leads_to_a_page_of_this_site(client, back):
    assert choose(client, back=back).url == "/"


def test_the_link_on_the_page_itself_leads_to_the_same_page_and_no_deeper(client):
    shown = client.get(reverse("display"), {"back": "/country/"}).content.decode()
    own = f'href="{reverse("display")}?back=%2Fcountry%2F"'
    assert shown.count(own) == shown.count(f"{reverse('display')}?") == 2


def test_what_is_no_choice_is_asked_again(client):
    answer = choose(client, size="huge")
    assert answer.status_code == 200
    assert COOKIE not in answer.cookies
    assert 'aria-describedby="id_size_error"' in answer.content.decode()


@pytest.mark.parametrize("said", ["", "large", "large.", "large.high.more", "<b>.high"])
def test_whatever_else_a_cookie_says_is_the_standard(rf, said):
    rf.cookies[COOKIE] = said
    assert Display.of(rf.get("/")) == Display()
