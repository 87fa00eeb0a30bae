"""The shape of the house: directions of imports, purity of the method, names, what must never be in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command, get_commands

from tests.conftest import ROOT

APPS = ("config", "schools", "indicators", "evaluation", "reports")
PURE = (
    "evaluation/core",
    "indicators/workbook",
    "indicators/checks",
    "indicators/catalogue.py",
    "schools/vocabulary.py",
)


def python_files(*places: str) -> list[Path]:
    files: list[Path] = []
    for place in places:
        path = ROOT / place
        files += [path] if path.is_file() else [p for p in path.rglob("*.py") if "migrations" not in p.parts]
    assert files, places
    return files


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_imports_only_go_down_and_the_method_is_pure():
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_pure_modules_read_no_clock_and_roll_no_dice():
    for path in python_files(*PURE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("today", "now", "utcnow", "random"):
                raise AssertionError(f"{path.relative_to(ROOT)}:{node.lineno} uses {node.attr}")


def test_no_room_has_a_drawer_for_odds_and_ends():
    names = {path.stem for path in python_files(*APPS)}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "managers", "signals"}


def test_no_guard_is_an_assert():
    for path in python_files(*APPS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Assert), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_public_function_and_class_says_what_it_means():
    silent = []
    for path in python_files(*APPS):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if is_public and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.name}")
    framework = re.compile(r"(apps\.py:\w+Config|:Command|models\.py:\w+Manager|admin\.py:\w+)$")
    assert [name for name in silent if not framework.search(name)] == []


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_lock_files_pin_everything_and_name_no_index():
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text().splitlines()
        packages = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert all(re.match(r"[a-z0-9._-]+(\[[a-z-]+\])?==\S+ \\$", line) for line in packages)
        assert "://" not in "".join(lines)
        assert not any(line.startswith("psycopg==") for line in packages), "Django would prefer psycopg 3"


def test_nothing_in_the_repository_names_this_machine():
    machine = re.compile(r"(^|[^a-z.])/(work|root|farm)/|/tmp/bash" + "_jobs")
    for path in tracked_files():
        if path.suffix in {".lock", ".csv"} or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pytest.fail(f"{path.relative_to(ROOT)} is a binary file")
        assert not machine.search(text), path.relative_to(ROOT)


def test_pages_hold_no_inline_script_or_style():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=\"", text), path.relative_to(ROOT)


class TestCompose:
    @pytest.fixture
    def services(self):
        return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]

    def test_it_describes_web_worker_postgres_and_redis_with_health_checks(self, services):
        assert {"web", "worker", "postgres", "redis"} <= set(services)
        assert all("healthcheck" in services[name] for name in ("web", "postgres", "redis"))
        assert all(services[name]["read_only"] for name in ("web", "worker"))

    def test_its_secrets_come_from_the_environment(self, services):
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        assert set(re.findall(r"\$\{(\w+):\?", text)) == {"SECRET_KEY", "POSTGRES_PASSWORD"}

    def test_its_commands_are_commands_of_this_project(self, services):
        web = services["web"]["command"]
        checked = subprocess.run(
            [sys.executable, "-m", *web, "--check-config"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        known = get_commands()
        named = re.findall(r"manage\.py (\w+)", services["migrate"]["command"][2])
        assert named
        assert set(named) <= set(known)
        worker = [sys.executable, "-m", *services["worker"]["command"], "--help"]
        asked = subprocess.run(worker, cwd=ROOT, capture_output=True, text=True, check=False)
        assert asked.returncode == 0, asked.stderr
