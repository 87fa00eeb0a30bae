"""Two hundred clerks of two hundred counties upload a workbook of 200 schools each in the same moment.

    python benchmarks/clerks.py [--clerks 200] [--schools 200] [--readers 20] [--web 4] [--uploads 1] [--workers 2]

The servers of docker-compose on ports of their own: nginx, gunicorn, PostgreSQL, Redis, Celery. Everybody is signed in
before (a sign-in hashes a password: 0.1 s of a core, limited in its rate). Each clerk does what their browser does:
upload, follow to the page of the version, ask every second how far it is, open the result. Beside them others read
pages all the while, a second's thought between two. Wanted: all answered, none lost, 95 of 100 requests in under a
second. With ``--uploads 0`` the processes of the pages take the uploads too: what having one of their own is worth.

The clients run on the same machine: what they compute is missing from the server. On a machine that does other things
beside, the figures say nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.deployment import Deployment, missing_programs

_DIFFERENT_WORKBOOKS = 8
_LONGEST_SECONDS = 600.0
_FOUND, _OK, _NOTHING_NEW = 302, 200, 204
_READ = ("/workspace/", "/standards/2017-quality/", "/rules/", "/")


@dataclass(slots=True)
class Person:
    """Somebody signed in, and the workbook they are about to upload."""

    cookie: str
    token: str
    workbook: bytes = b""


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Crowd:
    """Everybody at once; ``taken`` holds the seconds of each request by what was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.statuses: Counter[int] = Counter()
        self.waited: list[float] = []
        self.received: list[float] = []
        self.unanswered = 0
        self.is_over = False

    async def ask(self, what: str, person: Person, path: str, body: bytes = b"", **headers: str) -> Answer | None:
        """One request as a browser without a kept connection makes it; None where no whole answer came."""
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines += [f"Cookie: sessionid={person.cookie}; csrftoken={person.token}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            raw = await asyncio.wait_for(reader.read(-1), _LONGEST_SECONDS)
            writer.close()
            head, _, content = raw.partition(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")
            told = dict(line.lower().split(": ", 1) for line in rest)
            answer = Answer(int(first.split()[1]), told, content)
        except (OSError, ValueError, IndexError, TimeoutError):
            self.unanswered += 1
            return None
        self.taken[what].append(time.perf_counter() - began)
        self.statuses[answer.status] += 1
        return answer

    async def upload(self, person: Person, begin: asyncio.Event) -> bool:
        """Upload, wait, open the result; whether there is one."""
        boundary = secrets.token_hex(16)
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="upload.xlsx"\r\n\r\n'
        body = part.encode() + person.workbook + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        await begin.wait()
        began = time.perf_counter()
        sent = await self.ask("upload", person, "/workspace/upload/", body, Content_Type=kind, X_CSRFToken=person.token)
        if sent is None or sent.status != _FOUND or "/submissions/" not in sent.headers.get("location", ""):
            return False
        page = sent.headers["location"]
        shown = await self.ask("page of the version", person, page)
        self.received.append(time.perf_counter() - began)
        while shown is not None and (
            asks := re.search(rb'data-hx-get="([^"]+)" data-hx-trigger="every (\d+)s', shown.body)
        ):
            path, pause = asks[1].decode().replace("&amp;", "&"), int(asks[2])
            while True:
                await asyncio.sleep(pause)
                told = await self.ask("progress", person, path, HX_Request="true")
                if told is None or time.perf_counter() - began > _LONGEST_SECONDS:
                    return False
                if told.status != _NOTHING_NEW:
                    break
            is_over = told.headers.get("hx-refresh") == "true"
            shown = await self.ask("page of the version", person, page) if is_over else told
        self.waited.append(time.perf_counter() - began)
        return shown is not None and shown.status == _OK

    async def read(self, person: Person) -> None:
        """Read one page after the other."""
        number = 0
        while not self.is_over:
            number += 1
            await self.ask("reading", person, _READ[number % len(_READ)])
            await asyncio.sleep(1)

    async def come(self, clerks: list[Person], readers: list[Person]) -> int:
        """All of it; returns how many clerks got a result."""
        begin = asyncio.Event()
        reading = [asyncio.create_task(self.read(person)) for person in readers]
        uploading = [asyncio.create_task(self.upload(person, begin)) for person in clerks]
        await asyncio.sleep(3)
        self.before = {what: len(each) for what, each in self.taken.items()}
        begin.set()
        results = await asyncio.gather(*uploading)
        self.is_over = True
        await asyncio.gather(*reading)
        return sum(results)


def people(count: int, schools: int, folder: Path, workbooks: bool = True) -> list[Person]:
    """So many counties, each with a clerk who is signed in and has a workbook of their own."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.middleware.csrf import CSRF_SECRET_LENGTH

    from schools.actions import add_division, appoint
    from schools.models import County
    from schools.vocabulary import DivisionLevel, Party

    prefix = "98" if workbooks else "97"
    add_division(f"{prefix}0000", f"{prefix}省", DivisionLevel.PROVINCE)
    made = list(_workbooks(count, schools, folder)) if workbooks else [b""] * count
    found = []
    for number, workbook in enumerate(made):
        city, code = f"{prefix}{number // 20 + 1:02d}00", f"{prefix}{number // 20 + 1:02d}{number % 20 + 1:02d}"
        add_division(city, f"{city}市", DivisionLevel.CITY, f"{prefix}0000")
        add_division(code, f"{code}县", DivisionLevel.COUNTY, city)
        clerk = appoint(f"c{code}", f"填报员{number}", Party.CLERK, County.objects.get(pk=code), f"password-of-{code}")
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(clerk.pk), clerk.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "schools.sign_in_backend.OfficialBackend"
        session["signed_in_at"] = session["seen_at"] = int(time.time())
        session.save()
        token = secrets.token_hex(CSRF_SECRET_LENGTH // 2)
        found.append(Person(str(session.session_key), token, workbook))
    return found


def _workbooks(count: int, schools: int, folder: Path) -> list[bytes]:
    """Workbooks no two of which are the same file: some counties, each saved by many hands."""
    from tests import builders

    bases = [
        builders.write_workbook(folder / "base.xlsx", builders.county_rows(seed, schools)).read_bytes()
        for seed in range(min(count, _DIFFERENT_WORKBOOKS))
    ]
    return [_saved_by(bases[number % len(bases)], f"clerk {number}") for number in range(count)]


def _saved_by(workbook: bytes, author: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = content.replace(b"openpyxl", author.encode())
            new.writestr(entry.filename, content)
    return target.getvalue()


def measure(deployment: Deployment, asked: argparse.Namespace) -> bool:
    """Everything, on a deployment that runs; whether what is wanted was reached."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from evaluation.models import Job, Verdict

    # Nobody signs in by password here; two hundred hashes would take half a minute.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    call_command("load_standard", stdout=StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)
    clerks = people(asked.clerks, asked.schools, deployment.folder)
    readers = people(asked.readers, asked.schools, deployment.folder, workbooks=False)
    port = deployment.add_site(asked.web, asked.uploads)
    celery = ("-m", "celery", "-A", "config.celery")
    deployment.add_worker("worker", *celery, "worker", "--concurrency", str(asked.workers), gives_way=True)
    deployment.add_worker("beat", *celery, "beat", "-s", str(deployment.folder / "beat"), "--pidfile=")
    time.sleep(10)
    crowd = Crowd(port)
    began = time.perf_counter()
    results = asyncio.run(crowd.come(clerks, readers))
    seconds = time.perf_counter() - began - 3
    verdicts = Verdict.objects.values("submission").distinct().count()
    print(f"clerks {asked.clerks}, workbook {len(clerks[0].workbook) // 1024} KiB, readers {asked.readers}")
    print(f"answered with a result {results}, unanswered requests {crowd.unanswered}, answers {dict(crowd.statuses)}")
    print(f"jobs not done {Job.objects.exclude(state='done').count()}, verdicts {verdicts}, all after {seconds:.1f} s")
    waits = statistics.quantiles(crowd.waited, n=100) if len(crowd.waited) > 1 else [0.0] * 99
    longest = max(crowd.waited, default=0.0)
    seen = statistics.quantiles(crowd.received, n=100) if len(crowd.received) > 1 else [0.0] * 99
    print(f"from upload to the page that says it is there: p50 {seen[49]:.1f} s, p95 {seen[94]:.1f} s")
    print(f"from upload to result: p50 {waits[49]:.1f} s, p95 {waits[94]:.1f} s, longest {longest:.1f} s")
    everything = [each for taken in crowd.taken.values() for each in taken]
    for what, taken in [*crowd.taken.items(), ("all web requests", everything)]:
        p = statistics.quantiles(taken, n=100)
        print(f"{what:22} {len(taken):6} requests  p50 {p[49]:.3f}  p95 {p[94]:.3f}  p99 {p[98]:.3f} s")
    p95 = statistics.quantiles(everything, n=100)[94]
    print(f"wanted: {asked.clerks} results, p95 under 1 s: {p95:.3f} s")
    return results == verdicts == asked.clerks and not crowd.unanswered and p95 < 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clerks", type=int, default=200)
    parser.add_argument("--schools", type=int, default=200)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--web", type=int, default=4)
    parser.add_argument("--uploads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if missing := missing_programs():
        sys.exit(f"not on this machine: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="portal-clerks-") as folder, Deployment(Path(folder)) as deployment:
        os.environ |= deployment.environment
        try:
            is_reached = measure(deployment, asked)
        except BaseException:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
            raise
        from django.db import connection

        with contextlib.suppress(Exception):
            connection.close()
    sys.exit(0 if is_reached else 1)


if __name__ == "__main__":
    main()
