"""What the README claims, a test holds; its two commands are run in a fresh copy without a virtual environment."""

from __future__ import annotations

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from django.core.management import get_commands

from config import settings as project_settings
from evaluation.workflow import diagram
from tests.conftest import ROOT
from tests.test_architecture import tracked_files

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_the_two_commands_and_the_commands_it_shows_exist():
    assert "    make run\n" in README
    assert "    make test\n" in README
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"manage\.py (\w+)", README):
        assert command in get_commands(), command


def test_every_file_and_folder_the_readmes_name_is_there():
    method = (ROOT / "evaluation/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", README)) - {"var/"}
    named |= {f"evaluation/{name}" for name in re.findall(r"`(core/\w+\.py)`", method)}
    assert len(named) > 15
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_settings_the_readme_lists_are_the_settings_that_are_read():
    [listed] = re.findall(r"environment variables:\n(.+?)\.\n", README, re.DOTALL)
    for name in re.findall(r"`(\w+)`", listed):
        assert name in (project_settings.__doc__ or ""), name


def test_the_diagram_of_rooms_is_the_order_the_contracts_hold():
    drawn = re.findall(r"^(config|reports|evaluation|indicators|schools) {2,}\S", README, re.MULTILINE)
    layers = re.search(r"layers = \[(.+)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert layers is not None
    assert drawn == re.findall(r'"(\w+)"', layers[1])


def test_the_workflow_is_printed_from_its_table():
    assert f"```\n{diagram()}\n```" in README


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("fresh") / "portal"
    for path in tracked_files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return copy


def _bare_environment() -> dict[str, str]:
    dropped = (
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "VAR_DIR",
        "CI",
        "VIRTUAL_ENV",
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
    )
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    kept = {name: value for name, value in kept.items() if not name.startswith(("PYTEST_", "COV_", "DJANGO_"))}
    kept["PATH"] = os.pathsep.join(p for p in kept["PATH"].split(os.pathsep) if ".venv" not in p)
    return kept


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.checkout
@pytest.mark.xdist_group("checkout")
def test_make_run_in_a_fresh_copy_serves_the_portal_with_the_demo_province(checkout):
    port = _free_port()
    log = checkout / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=checkout, env=_bare_environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 420
        while address not in log.read_text() or not _answers(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        printed = log.read_text()
        assert "clerk990101" in printed
        [password] = re.findall(r"密码均为 (\S+)）", printed)
        page = _sign_in(address, "clerk990101", password)
        assert "望棠区" in page
        assert "第 1 版" in re.sub(r"<[^>]+>", "", page) or "version" in page
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(40)


@pytest.mark.checkout
@pytest.mark.xdist_group("checkout")
def test_make_test_in_a_fresh_copy_runs_the_tests(checkout):
    # The whole suite is what runs this test; in the copy a part of it shows that the command stands alone.
    done = subprocess.run(
        ["make", "test", "ARGS=tests/schools tests/evaluation/test_exact.py"],
        cwd=checkout, env=_bare_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=3) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _sign_in(address: str, username: str, password: str) -> str:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    form = opener.open(f"{address}/accounts/login/").read().decode()
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[:1]
    data = urllib.parse.urlencode({"username": username, "password": password, "csrfmiddlewaretoken": token}).encode()
    return opener.open(f"{address}/accounts/login/", data).read().decode()
