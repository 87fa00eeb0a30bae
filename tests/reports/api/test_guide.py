"""The page about the interface, the programs on it, which are run as they stand, and Swagger UI under the strict
policy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from django.urls import reverse

from evaluation.actions import run_waiting_jobs
from evaluation.demo import demo_county
from evaluation.management.commands.demo import workbook_of
from evaluation.standards import parsed_standard
from reports.api.guide import FOLDER, api_changes, examples, rate_words
from schools.queries import current_school_year
from schools.vocabulary import Stage
from tests.browser.chromium import DESK, PHONE, browser, check_fits, watched
from tests.reports.api.conftest import built, token_of

__all__ = ["browser"]


def started(name: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A program of the page, as somebody who copied it would start it."""
    with_what = [sys.executable] if name.endswith(".py") else ["sh"]
    command = [*with_what, str(FOLDER / "examples" / name), *arguments]
    environment = os.environ | environment | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def printed(program: subprocess.Popen[str]) -> str:
    """What it printed. A program that complains fails."""
    said, complained = program.communicate(timeout=120)
    assert (program.returncode, complained) == (0, ""), said + complained
    return said


@pytest.mark.django_db(transaction=True)
def test_the_programs_that_read_print_what_is_published(live_server):
    world = built()
    counties = json.loads(printed(started("1-counties.sh", SITE=live_server.url, PROVINCE="990000")))
    assert [each["code"] for each in counties["results"]] == [world.county.pk]
    lines = [line.split("\t") for line in printed(started("3_results.py", live_server.url)).splitlines()]
    standard = parsed_standard(world.certificate.evaluation.standard)
    assert {tuple(line[:3]) for line in lines} == {
        (world.certificate.code, stage.value, each.code) for stage in Stage for each in standard.indicators
    }
    assert all(float(line[3]) <= float(line[4]) for line in lines)


@pytest.mark.django_db(transaction=True)
def test_the_programs_that_upload_see_their_version_judged(live_server, standard, county, clerk, tmp_path):
    path = tmp_path / "工作簿.xlsx"
    path.write_bytes(workbook_of(demo_county(county.code, county.name, "passes"), county, current_school_year()))
    token = token_of(clerk)["Authorization"].removeprefix("Bearer ")
    told = printed(started("2-upload.sh", str(path), SITE=live_server.url, TOKEN=token))
    submission, job = (json.loads(line) for line in told.replace("}{", "}\n{").splitlines())
    assert (submission["version"], job["state"], job["is_over"]) == (1, "waiting", False)

    path.write_bytes(workbook_of(demo_county(county.code, county.name, "cell_missing"), county, current_school_year()))
    program = started("4_upload.py", live_server.url, str(path), TOKEN=token)
    deadline = time.monotonic() + 60
    while program.poll() is None and time.monotonic() < deadline:
        run_waiting_jobs()
        time.sleep(0.2)
    lines = printed(program).splitlines()
    assert lines[0] == "已收下：第 2 版"
    assert any("小学音乐专任教师数" in line for line in lines)
    assert lines[-1] == "不能判定"


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
