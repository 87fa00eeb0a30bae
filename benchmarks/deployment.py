"""A whole deployment in a temporary folder, to be measured and to be killed: PostgreSQL, Redis and processes of its
own, on ports of its own, with a supervisor that restarts what died, as docker-compose would."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("initdb", "postgres", "redis-server", "nginx")
_START_SECONDS = 60.0
#: As niceness: each step takes a fifth.
_A_TENTH = "10"


def program(name: str) -> str | None:
    """Where a server program lies: Debian keeps those of PostgreSQL out of the path."""
    places = [str(place) for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))


def missing_programs() -> list[str]:
    """The server programs this machine has not."""
    return [name for name in PROGRAMS if program(name) is None]


def free_port() -> int:
    """A port nobody listens at, at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def front_config(folder: Path, port: int, pages: int, uploads: int) -> Path:
    """config/front.conf as a file of ``folder``, for this machine: it listens at ``port``, the processes behind it at
    theirs, and what it keeps lies in the folder."""
    text = (ROOT / "config/front.conf").read_text(encoding="utf-8")
    here = {
        "listen 8000 ": f"listen 127.0.0.1:{port} ",
        "web:8000": f"127.0.0.1:{pages}",
        "uploads:8000": f"127.0.0.1:{uploads}",
        "/tmp/front": str(folder / "front"),  # noqa: S108
    }
    for told, meant in here.items():
        assert told in text, told
        text = text.replace(told, meant)
    path = folder / "front.conf"
    path.write_text(text, encoding="utf-8")
    return path


class Server:
    """A process that is restarted when it died. ``begin`` starts it; ``starts`` counts how often it did."""

    def __init__(self, name: str, begin: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name, self._begin = name, begin
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def keep_up(self) -> None:
        """Start it where it does not run."""
        if self.process is None or self.process.poll() is not None:
            # With its first process a container ends; what it left behind does not go on beside the new one.
            self.end()
            self.process = self._begin()
            self.starts += 1

    def children(self) -> list[int]:
        """The processes it has started itself."""
        if self.process is None:
            return []
        with contextlib.suppress(OSError):
            task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            return [int(pid) for pid in task.read_text().split()]
        return []

    def end(self) -> None:
        """Kill it with all it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Deployment:
    """Servers and workers with their supervisor; use it as a context manager. ``environment`` is what a process needs
    to be one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres_port, self.redis_port = free_port(), free_port()
        self.data = folder / "postgres"
        self.environment = {
            name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")
        } | {
            "DATABASE_URL": f"postgres://postgres@127.0.0.1:{self.postgres_port}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SECRET_KEY": "only-for-this-deployment",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(folder),
            # Whatever a killed process leaves behind goes with the folder.
            "TMPDIR": str(folder),
        }
        self.postgres = Server("postgres", self._start_postgres)
        self.redis = Server("redis", self._start_redis)
        self.workers: list[Server] = []
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def __enter__(self) -> Deployment:
        # The server refuses to run as root, and must reach its folder.
        self.folder.chmod(0o755)
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
        made = [program("initdb") or "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*made, "--no-locale", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **self._as_postgres()
        )
        with self._lock:
            self.postgres.keep_up()
            self.redis.keep_up()
        self._supervisor.start()
        self.wait_for(self.postgres_port)
        self.wait_for(self.redis_port)
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._supervisor.join()
        for server in (*self.workers, self.redis, self.postgres):
            server.end()

    def add_worker(self, name: str, *command: str, gives_way: bool = False, **more: str) -> Server:
        """Start a process of the portal and keep it up; ``more`` is added to its environment. One that ``gives_way``
        has a tenth of the share of the others where the processor is short: ``cpu_shares: 102`` in docker-compose."""
        return self._add(name, [sys.executable, *command], gives_way, more)

    def add_site(self, web: int, uploads: int) -> int:
        """Start the site as docker-compose does: so many processes for pages and for uploads (0: those of the pages
        take them too), nginx before them. Returns the port it is asked at, once it answers."""
        front, of_pages = free_port(), free_port()
        behind = (of_pages, free_port() if uploads else of_pages)
        for name, port, count in zip(("web", "uploads"), behind, (web, uploads), strict=True):
            if not count:
                continue
            site = ("-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi", "--bind", f"127.0.0.1:{port}")
            self.add_worker(name, *site, WEB_WORKERS=str(count), FRONT="1")
        config = front_config(self.folder, front, *behind)
        self._add("front", [program("nginx") or "nginx", "-c", str(config)], False, {})
        for port in (*behind, front):
            self.wait_for(port)
        return front

    def _add(self, name: str, command: list[str], gives_way: bool, more: dict[str, str]) -> Server:
        def begin() -> subprocess.Popen[bytes]:
            with self.log(name) as log:
                process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.environment | more,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            if gives_way:
                # The share of a session among sessions, as that of a container among containers.
                with contextlib.suppress(OSError):
                    Path(f"/proc/{process.pid}/autogroup").write_text(_A_TENTH)
            return process

        server = Server(name, begin)
        with self._lock:
            self.workers.append(server)
            server.keep_up()
        return server

    @contextlib.contextmanager
    def log(self, name: str) -> Iterator[object]:
        """The file a process writes what it has to say to."""
        with (self.folder / f"{name}.log").open("ab") as file:
            yield file

    @staticmethod
    def wait_for(port: int) -> None:
        """Wait until somebody listens at a port of this machine. Raises TimeoutError."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError(port)

    def flush_redis(self) -> None:
        """Empty Redis: every message is lost."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.redis_port), 2) as line:
            line.sendall(b"FLUSHALL\r\n")
            line.recv(64)

    def stop_postgres_at_once(self) -> None:
        """What ``pg_ctl stop -m immediate`` does: every session is cut off, nothing is written down any more."""
        if self.postgres.process is not None:
            self.postgres.process.send_signal(signal.SIGQUIT)
            self.postgres.process.wait()

    @staticmethod
    def kill(server: Server) -> None:
        """End a process as a power cut would."""
        if server.process is not None:
            server.process.kill()
            server.process.wait()

    def _supervise(self) -> None:
        while not self._is_over.wait(0.2):
            with self._lock:
                for server in (self.postgres, self.redis, *self.workers):
                    server.keep_up()

    def _as_postgres(self) -> dict[str, object]:
        return {"user": "postgres", "group": "postgres", "cwd": "/"} if os.geteuid() == 0 else {}

    def _start_postgres(self) -> subprocess.Popen[bytes]:
        command = [program("postgres") or "postgres", "-D", self.data, "-p", str(self.postgres_port), "-k", self.data]
        # As in production: what was acknowledged is on the disk.
        options = {"listen_addresses": "127.0.0.1", "fsync": "on", "synchronous_commit": "on", "max_connections": "100"}
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log("postgres") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **self._as_postgres())

    def _start_redis(self) -> subprocess.Popen[bytes]:
        command = [program("redis-server") or "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1"]
        with self.log("redis") as log:
            return subprocess.Popen(
                [*command, "--save", "", "--appendonly", "no", "--dir", str(self.folder)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
