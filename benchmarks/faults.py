"""Kills at random moments of a national run: is any county lost, any judged twice, any judged otherwise?

    python benchmarks/faults.py [--counties 2853] [--schools 207000] [--kills 50] [--seed 1] [--json]

Real processes on a PostgreSQL and a Redis of their own: a nation is generated and judged undisturbed; then once more,
in many small batches, by two Celery workers with beat, while worker processes, pool processes, Redis (which keeps
nothing) and PostgreSQL are killed, Redis is flushed, and clerks upload workbooks. A supervisor restarts what died.

A kill happens when a random share of the batches is done, so that all of them fall into the run; batches are so small
that there are ten for every kill. Exits with 1 where anything is lost, doubled, different or left over.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.deployment import Deployment, Server, missing_programs

_Answer = TypeVar("_Answer")

YEAR = 2026
AS_OF = datetime.date(2026, 11, 1)
#: Of every fifty kills; so many at least happen that each kind is met.
MIX = {"worker": 12, "pool process": 12, "redis": 12, "postgres, stopped at once": 7, "postgres, killed": 7}
FLUSHES = 2
BATCHES_A_KILL = 10
_LONGEST_SECONDS = 1800.0
_UPLOADS_A_KILL = 2
_UPLOAD = "上传.xlsx"


def plan_of(kills: int, chance: random.Random) -> list[str]:
    """What is killed, in which order: every kind at least once, else in proportion to MIX; and the flushes."""
    kinds = list(MIX)
    planned = kinds[:kills]
    planned += chance.choices(kinds, list(MIX.values()), k=kills - len(planned))
    planned += ["flush"] * FLUSHES
    chance.shuffle(planned)
    return planned


class Faults:
    """One rehearsal over a running deployment."""

    def __init__(self, deployment: Deployment, asked: argparse.Namespace) -> None:
        self.deployment, self.asked = deployment, asked
        self.chance = random.Random(asked.seed)
        self.happened: Counter[str] = Counter()
        self.workbooks: list[tuple[int, bytes]] = []
        self.outages = 0

    def run(self) -> dict[str, Any]:
        """Judge the nation twice, the second time under fire; what came of it."""
        from evaluation import national
        from evaluation.models import NationalRun, RunVerdict, Standard

        self.prepare()
        standard = Standard.objects.get(code="2017-quality")
        calm = national.start_run(None, standard, YEAR, AS_OF)
        self.judge_here()
        expected = national.run_digest(calm)
        self.start_workers()
        self.say(f"undisturbed: {expected[:16]}…, {RunVerdict.objects.filter(run=calm).count()} counties")
        size = max(1, self.asked.counties // (self.asked.kills * BATCHES_A_KILL))
        began = time.monotonic()
        run = national.start_run(None, standard, YEAR, AS_OF, size)
        self.under_fire(run.pk)
        taken = time.monotonic() - began
        run = self.patiently(lambda: NationalRun.objects.get(pk=run.pk))
        return self.patiently(lambda: self.counted(run, expected)) | {"seconds": round(taken, 1), "a_batch": size}

    def prepare(self) -> None:
        """A migrated database with a nation and a clerk a county that uploads."""
        from django.core.management import call_command

        from schools.actions import appoint
        from schools.models import County
        from schools.vocabulary import Party
        from tests import builders

        call_command("migrate", verbosity=0)
        call_command("load_standard", stdout=StringIO())
        told = {"counties": self.asked.counties, "schools": self.asked.schools, "year": YEAR, "seed": self.asked.seed}
        call_command("generate_nation", **told, stdout=StringIO())
        counties = County.objects.filter(submissions__isnull=False).order_by("pk")
        for number, county in enumerate(counties[: self.asked.kills * _UPLOADS_A_KILL]):
            path = self.deployment.folder / "upload.xlsx"
            builders.write_workbook(path, builders.county_rows(number, 20))
            clerk = appoint(f"clerk{county.pk}", f"填报员{number}", Party.CLERK, county, f"password-of-{county.pk}")
            self.workbooks.append((clerk.pk, path.read_bytes()))

    def judge_here(self) -> None:
        """Do what waits in this process, without broker or supervisor."""
        from evaluation.working import work_on

        while work_on():
            pass

    def start_workers(self) -> None:
        """Two Celery workers of one pool process each; one rings again, as in docker-compose."""
        worker = ("-m", "celery", "-A", "config.celery", "worker", "--concurrency", "1", "--loglevel", "WARNING")
        schedule = str(self.deployment.folder / "beat")
        self.deployment.add_worker("worker1", *worker, "-n", "worker1@%h", "-B", "-s", schedule)
        self.deployment.add_worker("worker2", *worker, "-n", "worker2@%h")

    def under_fire(self, run_id: int) -> None:
        """Kill, upload and wait until everything is over. Raises TimeoutError."""
        plan = plan_of(self.asked.kills, self.chance)
        total = self.patiently(lambda: self.jobs_of(run_id).count())
        moments = sorted(self.chance.uniform(0.01, 0.95) * total for _ in plan)
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            done = self.patiently(lambda: self.jobs_of(run_id).filter(state="done").count())
            if moments and done >= moments[0]:
                moments.pop(0)
                self.strike(plan.pop(0), f"{done} of {total} batches done")
                for _ in range(_UPLOADS_A_KILL):
                    self.upload()
            elif not moments and not self.workbooks and self.patiently(self.nothing_waits):
                return
            time.sleep(self.chance.uniform(0.02, 0.1))
        raise TimeoutError("the run did not end")

    @staticmethod
    def jobs_of(run_id: int) -> Any:
        """The jobs of a run."""
        from evaluation.models import Job

        return Job.objects.filter(batch__run=run_id)

    @staticmethod
    def nothing_waits() -> bool:
        """Whether every job is over."""
        from evaluation.models import Job

        return not Job.objects.exclude(state__in=["done", "set_aside"]).exists()

    def strike(self, kind: str, moment: str) -> None:
        """Kill one thing; the supervisor does the rest."""
        up = self.deployment
        worker = self.chance.choice(up.workers)
        if kind == "pool process":
            # A worker that has just been killed has no pool yet: wait for one, so that every kill is one.
            worker, pids = self.a_pool(worker)
            os.kill(self.chance.choice(pids), signal.SIGKILL)
        elif kind == "flush":
            up.flush_redis()
        elif kind == "postgres, stopped at once":
            up.stop_postgres_at_once()
        else:
            up.kill({"worker": worker, "redis": up.redis, "postgres, killed": up.postgres}[kind])
        self.happened[kind] += 1
        self.say(f"{kind}: {moment}")

    def a_pool(self, first: Server) -> tuple[Server, list[int]]:
        """A worker with pool processes that know their trade, and these."""
        order = [first, *(each for each in self.deployment.workers if each is not first)]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for worker in order:
                pids = [pid for pid in worker.children() if self.is_pool_process(pid)]
                if pids:
                    return worker, pids
            time.sleep(0.1)
        raise TimeoutError("no worker has a pool")

    @staticmethod
    def is_pool_process(pid: int) -> bool:
        """Whether a child of a worker works, and does not ring."""
        with contextlib.suppress(OSError):
            # Beat runs as a child too, but has no thread that reports.
            return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
        return False

    def upload(self) -> None:
        """A clerk uploads a workbook, and tries again while the portal is down."""
        from evaluation.actions import upload_workbook
        from schools.models import County, User

        if not self.workbooks:
            return
        clerk_id, content = self.workbooks.pop()

        def send() -> None:
            clerk = User.objects.get(pk=clerk_id)
            upload_workbook(clerk, County.objects.get(pk=clerk.place_id), YEAR, _UPLOAD, content)

        self.patiently(send)

    def patiently(self, question: Callable[[], _Answer]) -> _Answer:
        """Ask the database, again and again while it is away."""
        from django import db

        deadline = time.monotonic() + 120
        while True:
            try:
                return question()
            except db.Error:
                self.outages += 1
                db.connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def counted(self, run: Any, expected: str) -> dict[str, Any]:
        """What is there in the end against what should be."""
        from django.db.models import Max

        from evaluation import national
        from evaluation.models import Job, RunFinding, RunVerdict, Verdict
        from indicators.models import Submission

        found = Counter(RunVerdict.objects.filter(run=run).values_list("submission__county", flat=True))
        uploads = list(Submission.objects.filter(filename=_UPLOAD).values_list("pk", flat=True))
        verdicts = Counter(Verdict.objects.filter(submission__in=uploads).values_list("submission", flat=True))
        findings = dict.fromkeys((run.pk, run.pk - 1), 0)
        for pk in findings:
            findings[pk] = RunFinding.objects.filter(verdict__run=pk).count()
        jobs = Job.objects.all()
        return {
            "kills": sum(self.happened.values()) - self.happened["flush"],
            "happened": dict(self.happened),
            "restarts": sum(each.starts - 1 for each in (self.deployment.postgres, self.deployment.redis)),
            "worker_restarts": sum(each.starts - 1 for each in self.deployment.workers),
            "counties": run.submissions,
            "lost": run.submissions - len(found),
            "doubled": sum(count - 1 for count in found.values()),
            "is_equal": national.run_digest(run) == expected and len(set(findings.values())) == 1,
            "state": run.state,
            "uploads": len(uploads),
            "uploads_lost": len(uploads) - len(verdicts),
            "uploads_doubled": sum(count - 1 for count in verdicts.values()),
            "uploads_different": sum(not self.is_as_calm(pk) for pk in uploads),
            "batches": self.jobs_of(run.pk).count(),
            "jobs_open": jobs.exclude(state="done").count(),
            "most_attempts": jobs.aggregate(most=Max("attempts"))["most"],
            "taken_more_than_once": jobs.filter(attempts__gt=1).count(),
        }

    @staticmethod
    def is_as_calm(submission_id: int) -> bool:
        """Whether an uploaded version has the verdict that its file gives without any disturbance."""
        from evaluation.core.verdict import judge_report
        from evaluation.judging import canonical_json
        from evaluation.models import Verdict
        from evaluation.queries import decided_about
        from evaluation.standards import parsed_standard
        from indicators.queries import report_of

        verdict = Verdict.objects.filter(submission=submission_id).first()
        if verdict is None:
            return False
        version = verdict.submission
        decided = decided_about(version.county, version.school_year)
        calm = judge_report(report_of(version), parsed_standard(verdict.standard), verdict.as_of, decided)
        return verdict.document == canonical_json(calm)

    def say(self, words: str) -> None:
        """What happens, while it does."""
        if not self.asked.json:
            print(f"{time.strftime('%X')}  {words}", flush=True)


def is_whole(told: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled, different or left over."""
    nothing = ("lost", "doubled", "uploads_lost", "uploads_doubled", "uploads_different", "jobs_open")
    return told["is_equal"] and told["state"] == "done" and not any(told[name] for name in nothing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counties", type=int, default=2853)
    parser.add_argument("--schools", type=int, default=207_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if missing := missing_programs():
        sys.exit(f"not on this machine: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="portal-faults-") as folder, Deployment(Path(folder)) as deployment:
        os.environ.pop("REDIS_URL", None)
        os.environ |= deployment.environment
        import django

        django.setup()
        faults = Faults(deployment, asked)
        try:
            told = faults.run()
        except BaseException:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
            raise
        django.db.connection.close()
    print(json.dumps(told, ensure_ascii=False) if asked.json else _as_lines(told))
    sys.exit(0 if is_whole(told) else 1)


def _as_lines(told: dict[str, Any]) -> str:
    return "\n".join(f"{name:22} {value}" for name, value in told.items())


if __name__ == "__main__":
    main()
