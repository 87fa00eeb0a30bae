"""nginx before the web processes: config/front.conf, read by nginx itself and asked by real clients."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.test import RequestFactory
from django.urls import reverse

from benchmarks.deployment import free_port, front_config, program
from evaluation.senders import network_of
from indicators.evidence_files import EVIDENCE_LIMIT
from tests.conftest import ROOT
from tests.operations.test_compose import GUNICORN, SERVICES

CONFIG = (ROOT / "config/front.conf").read_text(encoding="utf-8")
FORM = "multipart/form-data; boundary=x"


@dataclass
class Processes:
    """What stands behind: it tells which it is, and keeps what it was asked."""

    name: str
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        processes = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                processes.asked.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(processes.name.encode())

            do_POST = do_GET

            def log_message(self, *told: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Front:
    port: int
    web: Processes
    uploads: Processes
    log: Path

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        told = answer.status, answer.read().decode()
        connection.close()
        return told


@pytest.fixture
def front() -> Iterator[Front]:
    if program("nginx") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx must be there in CI")
        pytest.skip("NOT TESTED: nginx MISSING (apt-get install nginx-light): what stands before the web processes")
    with tempfile.TemporaryDirectory(prefix="portal-front-") as folder:
        yield from started(Path(folder))


def started(folder: Path) -> Iterator[Front]:
    web, uploads, port = Processes("pages"), Processes("uploads"), free_port()
    config = front_config(folder, port, web.port, uploads.port)
    # Where root started it, those processes of nginx that serve are another user's.
    folder.chmod(0o755)
    with (folder / "log").open("wb") as log:
        nginx = subprocess.Popen([str(program("nginx")), "-c", str(config)], stderr=log)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert nginx.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
    yield Front(port, web, uploads, folder / "log")
    nginx.terminate()
    nginx.wait(20)
    for each in (web, uploads):
        each.end()


def test_forms_with_files_go_to_processes_of_their_own(front):
    assert front.ask("GET", "/workspace/?page=2") == (200, "pages")
    assert front.ask("POST", "/logout/", b"a=1", Content_Type="application/x-www-form-urlencoded") == (200, "pages")
    assert front.ask("POST", "/workspace/upload/", b"--x--", Content_Type=FORM) == (200, "uploads")
    assert front.ask("POST", "/api/v1/submissions/", b"--x--", Content_Type=FORM.upper()) == (200, "uploads")
    assert [path for path, *_ in front.web.asked] == ["/workspace/?page=2", "/logout/"]
    assert front.uploads.asked[0][2] == b"--x--"


def test_a_slow_line_keeps_no_web_process_waiting(front):
    head = f"POST /workspace/upload/ HTTP/1.1\r\nHost: here\r\nContent-Type: {FORM}\r\nContent-Length: 300000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", front.port), 20) as slow:
        slow.sendall(head.encode() + b"a" * 100_000)
        assert front.ask("GET", "/") == (200, "pages")
        assert front.uploads.asked == [], "half a form is nobody's yet"
        slow.sendall(b"b" * 200_000)
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert front.uploads.asked[0][2] == b"a" * 100_000 + b"b" * 200_000


def test_nobody_chooses_the_address_they_come_from(front):
    front.ask("GET", "/", X_Forwarded_For="198.51.100.1", Host="dudao.example.test")
    [(_, told, _)] = front.web.asked
    assert told["X-Forwarded-For"] == "198.51.100.1, 127.0.0.1"
    assert told["Host"] == "dudao.example.test"
    assert told["X-Forwarded-Proto"] == "http"
    front.ask("GET", "/", X_Forwarded_Proto="https")
    assert front.web.asked[1][1]["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize(
    ("proxies", "passed", "address"),
    [
        (0, "198.51.100.1, 192.0.2.1", "127.0.0.1"),
        (1, "198.51.100.1, 192.0.2.1", "192.0.2.1"),
        (2, "203.0.113.9, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
        # Not asked through both of them: what is there was written by whoever asks.
        (2, "192.0.2.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "unknown", "127.0.0.1"),
        (1, "198.51.100.1:5512", "198.51.100.1"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        # Whoever has an address of IPv6 has very many of them.
        (1, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
        (1, "2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
    ],
)
def test_the_address_of_a_request_is_the_one_our_own_proxies_added(settings, proxies, passed, address):
    settings.PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": passed} if passed else {})
    assert network_of(request) == address


@pytest.mark.django_db
def test_wrong_passwords_are_counted_by_that_address_too(client, settings):
    settings.PROXIES = 1
    sign_in = {"username": "nobody", "password": "wrong-password"}

    assert client.post(reverse("login"), sign_in, headers={"X-Forwarded-For": "unknown"}).status_code == 200

    def status(address: str) -> int:
        return client.post(reverse("login"), sign_in, headers={"X-Forwarded-For": address}).status_code

    for _ in range(project_settings.AXES_FAILURE_LIMIT):
        last = status("198.51.100.1")
    assert last == 429
    assert status("192.0.2.1") == 200, "whoever guesses locks themselves out, not the owner of the name"


def test_a_file_too_large_for_everything_is_refused_in_words(front):
    limit = int(re.search(r"client_max_body_size (\d+)m;", CONFIG)[1]) * 1024**2  # type: ignore[index]
    # The forms tell their own limits, kinder.
    assert limit > 1.5 * max(project_settings.UPLOAD_LIMIT, EVIDENCE_LIMIT)
    with socket.create_connection(("127.0.0.1", front.port), 20) as line:
        line.sendall(f"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: {limit + 1}\r\n\r\n".encode())
        answer = line.recv(4000).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "文件过大，没有保存" in answer
    assert not front.web.asked


def test_while_the_site_is_away_its_visitors_are_told_so(front):
    front.web.end()
    status, page = front.ask("POST", "/invitations/a-secret/", b"a" * 300_000, Content_Type="text/plain")
    assert status == 503
    assert "网站暂时打不开" in page
    assert "nginx" not in page
    assert "a-secret" not in front.log.read_text(), "links of invitation stand in no log"


def test_whether_uploads_are_taken_in_can_be_asked_from_outside(front):
    assert front.ask("GET", "/healthz/uploads") == (200, "uploads")
    assert front.uploads.asked[0][0] == "/healthz/ready"


def test_a_form_may_wait_behind_others_that_take_as_long_as_they_may():
    for direction in ("send", "read"):
        [seconds] = re.findall(rf"proxy_{direction}_timeout (\d+)s;", CONFIG)
        assert int(seconds) >= 4 * GUNICORN["timeout"]


@pytest.mark.parametrize(
    ("told", "proxies"),
    [({}, 0), ({"HTTPS": "1"}, 1), ({"FRONT": "1"}, 1), ({"FRONT": "1", "HTTPS": "1"}, 2), ({"PROXIES": "3"}, 3)],
)
def test_how_many_proxies_are_believed_follows_from_what_stands_before(told, proxies):
    ask = "from config.settings import PROXIES; print(PROXIES)"
    environment = {name: text for name, text in os.environ.items() if name not in ("HTTPS", "FRONT", "PROXIES")}
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, env=environment | told, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == proxies


def test_docker_runs_this_file_without_secrets_before_both_kinds_of_processes():
    service = SERVICES["front"]
    assert service["command"] == ["nginx", "-c", "/srv/portal/config/front.conf"]
    assert service["environment"] == {}
    assert set(service["depends_on"]) == set(re.findall(r"(\w+):8000;", CONFIG)) == {"web", "uploads"}
    assert SERVICES["web"]["command"] == SERVICES["uploads"]["command"]
    assert "nginx-light" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert service["ports"] == ["${PUBLISH:-8000}:8000"]
    assert SERVICES["web"]["environment"]["FRONT"] == SERVICES["uploads"]["environment"]["FRONT"] == "1"
