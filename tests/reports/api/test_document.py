"""The OpenAPI document: whole, in Chinese, and only ever growing."""

from __future__ import annotations

import re

import pytest
from django.urls import NoReverseMatch, reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from reports.api import urls
from reports.api.document import document_lines, openapi_document
from reports.api.guide import FOLDER
from tests.conftest import ROOT

_CHINESE = re.compile("[\u4e00-\u9fff]")
_PAGES = {"api_guide", "api_docs", "api_document"}
_RECORDED = FOLDER / "v1.txt"


@pytest.fixture(scope="module")
def document():
    openapi_document.cache_clear()
    with GENERATOR_STATS.silence():
        found = openapi_document()
    return found


def test_it_is_openapi_3_1_and_made_without_a_warning(document):
    assert document["openapi"] == "3.1.0"
    validate_schema(document)
    assert not GENERATOR_STATS, dict(GENERATOR_STATS._warn_cache)


def test_version_1_only_grows(document):
    recorded, now = set(_RECORDED.read_text(encoding="utf-8").splitlines()), set(document_lines(document))
    gone, new = sorted(recorded - now), sorted(now - recorded)
    assert not gone, f"programs rely on these lines of {_RECORDED.relative_to(ROOT)}: {gone}"
    assert not new, f"record what is new: manage.py api_document --lines > {_RECORDED.relative_to(ROOT)}; {new}"


def test_every_address_is_in_it(document):
    routes = {str(each.pattern) for each in urls.urlpatterns if each.name not in _PAGES}
    told = {path.removeprefix("/api/").replace("{", "<").replace("}", ">") for path in document["paths"]}
    assert {re.sub(r"<\w+:(\w+)>", lambda found: f"<{found[1].replace('pk', 'id')}>", each) for each in routes} == told


def test_every_operation_says_in_chinese_what_it_does_and_how_it_refuses(document):
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            assert _CHINESE.search(told["summary"]), (path, method)
            assert _CHINESE.search(told["description"]), (path, method)
            is_open = "security" not in told
            refusals = {status for status in told["responses"] if status.startswith("4")}
            assert refusals >= ({"400", "404", "405", "406", "429"} | (set() if is_open else {"401", "403"})), path
            for parameter in told.get("parameters", ()):
                assert _CHINESE.search(parameter["description"]), (path, parameter["name"])
            for answer in told["responses"].values():
                assert _CHINESE.search(answer["description"]) or answer["description"] == "", (path, answer)


def test_every_field_says_in_chinese_what_it_is(document):
    for name, shape in document["components"]["schemas"].items():
        for field, told in shape.get("properties", {}).items():
            words = told.get("description", "")
            assert name.startswith("Paginated") or _CHINESE.search(words), (name, field)


def test_nothing_a_person_must_do_is_in_it(document):
    acting = {(method, path) for path, methods in document["paths"].items() for method in methods if method != "get"}
    assert acting == {("post", "/api/v1/submissions/")}
    for words in ("签报", "复核", "审定"):
        assert words in document["info"]["description"]


def test_it_is_served_to_everybody(client, db, document):
    answer = client.get(reverse("api_document"))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json() == document
    with pytest.raises(NoReverseMatch):
        reverse("schema")
