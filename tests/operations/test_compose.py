"""docker-compose.yml without docker: every command of it is run here, and what keeps the services apart is read."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from django.db import connection

from config import settings as project_settings
from config.probe import main as probe
from evaluation.models import WorkerPulse
from tests.conftest import ROOT
from tests.evaluation.test_celery import REDIS_URL
from tests.operations.conftest import server_of
from tests.operations.test_metrics import free_port

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = ("migrate", "front", "web", "uploads", "worker", "beat", "backup")
ONCE = ("migrate", "backup")
STAYING = [name for name in SERVICES if name not in ONCE]
GUNICORN = runpy.run_path(str(ROOT / "config/gunicorn.py"))


def seconds(told: str) -> float:
    return float(told.removesuffix("s"))


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root_or_may_become_it(name):
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_writes_beside_its_volumes_and_memory(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert any(place.split(":")[0] == "/tmp" for place in service["tmpfs"])
    for volume in service.get("volumes", ()):
        # Named volumes: no folder of the host is open to a container.
        assert volume.split(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", STAYING)
def test_every_service_that_stays_has_a_health_check_limits_and_time_to_stop(name):
    service = SERVICES[name]
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert seconds(check["timeout"]) < seconds(check["interval"]) or name in ("postgres", "redis")
    assert seconds(service["stop_grace_period"]) >= 10
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_not_started_again(name):
    assert SERVICES[name]["restart"] == "no"
    assert SERVICES[name]["healthcheck"] == {"disable": True}


def test_everything_of_ours_starts_after_the_tables_are_made():
    for name in ("web", "uploads", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_what_is_at_hand_may_end_before_the_supervisor_kills():
    within = float(SERVICES["worker"]["environment"]["STOP_WITHIN"])
    assert within + 10 <= seconds(SERVICES["worker"]["stop_grace_period"])
    for name in ("web", "uploads"):
        assert GUNICORN["graceful_timeout"] + 5 <= seconds(SERVICES[name]["stop_grace_period"])
    assert GUNICORN["graceful_timeout"] < GUNICORN["timeout"]
    assert GUNICORN["max_requests_jitter"] > 0


def test_the_database_and_the_doorbells_are_reached_from_inside_alone():
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inner"]
        assert "ports" not in SERVICES[name]
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["front"]


def test_one_clock_rings_however_many_workers_there_are():
    beating = [name for name in OURS if "beat" in SERVICES[name]["command"] or "-B" in SERVICES[name]["command"]]
    assert beating == ["beat"]


def test_every_variable_that_is_set_is_one_that_is_read():
    known = f"{project_settings.__doc__}{GUNICORN['__doc__']}"
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert re.search(rf"^{variable}\b", known, re.MULTILINE), variable


def test_the_user_of_the_services_is_the_one_the_image_makes():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [uid] = re.findall(r"useradd .*--uid (\d+)", dockerfile)
    assert f"USER {uid}:{uid}" in dockerfile
    assert {SERVICES[name]["user"] for name in OURS} == {f"{uid}:{uid}"}
    [command] = re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE)
    assert yaml.safe_load(command) == SERVICES["web"]["command"]
    # The programs that make backups are those of the server.
    version = SERVICES["postgres"]["image"].split(":")[1]
    assert f"postgresql-client-{version}" in dockerfile
    for kept in (".env", "var", ".git"):
        assert kept in (ROOT / ".dockerignore").read_text().splitlines()


# ── The commands, run ──


def ours(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """As in a container: `python` is ours, and what the file sets is set."""
    own = tmp_path / "bin"
    own.mkdir(exist_ok=True)
    if not (own / "python").exists():
        (own / "python").symlink_to(sys.executable)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    told = {"LOG_FORMAT": "json", "STOP_WITHIN": "5", "WEB_WORKERS": "2"}
    return environment | told | {"PATH": path, "REDIS_URL": REDIS_URL}


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(what: Callable[[], bool], log: Path, limit: float = 90) -> None:
    deadline = time.monotonic() + limit
    while not what():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.3)


@pytest.mark.django_db(transaction=True)
def test_the_first_command_makes_an_empty_database_ready(elsewhere, tmp_path):
    environment = ours(elsewhere, tmp_path)
    done = run(SERVICES["migrate"]["command"], environment)
    assert done.returncode == 0, done.stderr
    assert "标准 2017-quality：已载入" in done.stdout
    again = run(SERVICES["migrate"]["command"], environment)
    assert again.returncode == 0, again.stderr
    assert "标准 2017-quality：已存在" in again.stdout


@pytest.mark.django_db(transaction=True)
def test_the_command_of_the_backup_makes_one(worker_environment, tmp_path, tools_of_postgresql):
    *shell, line = SERVICES["backup"]["command"]
    [volume] = [each.split(":")[1] for each in SERVICES["backup"]["volumes"]]
    assert volume in line
    # Two dollars are how a compose file writes one.
    line = line.replace("$$", "$").replace(f"{volume}/", f"{tmp_path}/kept/")
    done = run([*shell, line], ours(worker_environment, tmp_path))
    assert done.returncode == 0, done.stderr
    [made] = (tmp_path / "kept").iterdir()
    assert re.fullmatch(r"portal-\d{8}-\d{6}\.tar", made.name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_site_worker_and_clock_run_by_their_commands_and_their_health_checks_tell_so(worker_environment, tmp_path):
    environment = ours(worker_environment, tmp_path)
    port, schedule = str(free_port()), str(tmp_path / "schedule")

    def here(words: list[str]) -> list[str]:
        told = [re.sub(r"(0\.0\.0\.0|127\.0\.0\.1|web):8000", f"127.0.0.1:{port}", word) for word in words]
        return [schedule if word == "/tmp/celerybeat-schedule" else word for word in told]

    def is_healthy(name: str) -> bool:
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return run(here(command), environment).returncode == 0

    logs = {name: tmp_path / f"{name}.log" for name in ("web", "worker", "beat")}
    with ExitStack() as started:
        for name in logs:
            assert not is_healthy(name)
            started.enter_context(running(here(SERVICES[name]["command"]), environment, logs[name]))
            wait_for(lambda name=name: is_healthy(name), logs[name])
        assert WorkerPulse.objects.exists()
    for name, log in logs.items():
        assert "Traceback" not in log.read_text(), name
    assert not is_healthy("web")
    # Lines of Celery have the form of all others, not its own.
    for name in ("worker", "beat"):
        text = logs[name].read_text()
        assert re.search(r'^\{"time": .*"logger": "celery', text, re.MULTILINE), text
        assert not re.search(r"^\[\d{4}-\d\d-\d\d ", text, re.MULTILINE), text


def test_redis_runs_by_its_command_and_its_health_check_tells_so(tmp_path):
    if shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server must be there in CI")
        pytest.skip("NOT TESTED: redis-server is not on PATH")
    port = str(free_port())
    kind, check = SERVICES["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = check.replace("redis-cli", f"redis-cli -p {port}")
    log = tmp_path / "log"
    assert run(["sh", "-c", check], dict(os.environ)).returncode != 0
    command = [*SERVICES["redis"]["command"], "--port", port, "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    with running(command, dict(os.environ), log):
        wait_for(lambda: run(["sh", "-c", check], dict(os.environ)).returncode == 0, log)
        kept = run(["redis-cli", "-p", port, "config", "get", "appendonly"], dict(os.environ)).stdout
        assert kept.split() == ["appendonly", "yes"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("__import__('django').db.connection.vendor == 'sqlite'", reason="asks PostgreSQL")
def test_the_health_check_of_postgresql_is_one_it_answers(worker_environment):
    kind, check = SERVICES["postgres"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert run(["sh", "-c", check], server_of(worker_environment)).returncode == 0
    assert run(["sh", "-c", check], server_of(worker_environment) | {"PGPORT": "1"}).returncode != 0
    assert connection.vendor == "postgresql"


# ── The probe ──


def test_the_probe_looks_at_the_parts_it_is_asked_for(live_server):
    url = f"{live_server.url}/healthz"
    assert probe([f"{url}/live"]) == ""
    assert probe([url, "database", "disk"]) == ""
    assert probe([url, "database", "worker"]) == "worker"
    assert probe([url, "no_such_part"]) == "no_such_part"
    assert probe([url]) == "HTTP 503"
    assert probe([f"{url}/live", "database"]).endswith("no checks")
    assert probe(["file:///etc/passwd"]) == "only http:// inside the network"
    assert probe(["http://127.0.0.1:1/healthz"]).startswith("no answer")


def test_the_probe_tells_a_file_that_is_no_longer_written(tmp_path):
    path = tmp_path / "schedule"
    assert probe(["--fresh", str(path), "60"]).endswith("60 s")
    (tmp_path / "schedule.db").write_text("")
    assert probe(["--fresh", str(path), "60"]) == ""
    os.utime(tmp_path / "schedule.db", (0, 0))
    assert probe(["--fresh", str(path), "60"]).endswith("60 s")
