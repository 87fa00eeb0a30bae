"""The page about the interface, the programs on it, which are run as they stand, and Swagger UI under the strict
policy."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.urls import reverse

from reports.api.guide import FOLDER, api_changes, examples, rate_words
from tests.browser.chromium import DESK, PHONE, browser, check_fits, watched

__all__ = ["browser"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["3_results.py"])
def test_a_program_on_the_page_runs_as_it_stands(live_server, standard, name):
    done = subprocess.run(
        [sys.executable, str(FOLDER / "examples" / name), live_server.url],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"}, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_the_page_shows_every_program_and_every_address(client, db):
    shown = client.get(reverse("api_guide")).content.decode()
    for example in examples():
        assert example.title in shown
    assert "/api/v1/results/{code}/schools/" in shown
    assert api_changes()[0]["version"] in shown
    assert len(list((FOLDER / "examples").glob("*.py"))) + len(list((FOLDER / "examples").glob("*.sh"))) == 4


def test_rates_are_said_in_words():
    assert rate_words("120/min") == "每分钟最多 120 次"
    assert rate_words(None) == "不限"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_swagger_ui_asks_the_interface_under_the_strict_policy(live_server, browser, county, size):
    context = browser.new_context(viewport=size)
    page, complaints = watched(context)
    page.goto(live_server.url + reverse("api_docs"))
    page.get_by_role("button", name="载入试用工具").click()
    page.locator(".opblock", has_text="/api/v1/provinces/").first.locator(".opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.get_by_text("示例省").first.wait_for()
    check_fits(page)
    context.close()
    assert not complaints
