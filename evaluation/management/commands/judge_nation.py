"""All counties of a year judged by one standard, on the command line."""

import subprocess
import sys
import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Q
from django.utils import timezone

from evaluation import actions, jobs, national, run_states
from evaluation.models import Job, JobState, NationalRun, RunState, RunVerdict, Standard
from evaluation.permissions import Refused
from evaluation.queries import DEFAULT_STANDARD
from schools.queries import current_school_year

_POLL_SECONDS = 0.2
_MOST_WORKERS = 64


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise ArgumentTypeError(f"进程数须为 1 至 {_MOST_WORKERS} 的整数")
    return int(text)


class Command(BaseCommand):
    help = (
        "按一份标准核算一个学年的全部县，分批进行，可以暂停、继续和取消。"
        "退出码：0 全部县都有结论；1 有县没有结论，或已取消、已暂停；2 无法进行"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="学年开始的年份，默认当前学年")
        parser.add_argument("--standard", default=DEFAULT_STANDARD, help="已载入标准的代码")
        who = parser.add_mutually_exclusive_group()
        who.add_argument("--in-this-process", action="store_true", help="由本进程核算（默认）")
        who.add_argument("--workers", type=_workers, metavar="N", help="由 N 个进程同时核算")
        who.add_argument("--leave-to-workers", action="store_true", help="只发起并查看进度，由正在运行的处理进程核算")
        one = parser.add_mutually_exclusive_group()
        for name, words in (
            ("pause", "暂停第 RUN 号核算"),
            ("resume", "继续第 RUN 号核算（由处理进程核算，或再用 --join）"),
            ("cancel", "取消第 RUN 号核算"),
            ("join", "由本进程参加第 RUN 号核算，可以在另一台机器上"),
            ("digest", "打印第 RUN 号核算结果的摘要"),
        ):
            one.add_argument(f"--{name}", type=int, metavar="RUN", help=words)

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("pause", "resume", "cancel", "join", "digest"):
            if options[name] is not None:
                getattr(self, name)(_run(options[name]))
                return
        self.started = time.perf_counter()
        run = self.start(options["year"] or current_school_year(), options["standard"])
        if options["workers"]:
            self.judge_with_workers(run, options["workers"])
        elif options["leave_to_workers"]:
            self.watch(run)
        else:
            self.judge_here(run)
        self.tell(run)

    def start(self, year: int, code: str) -> NationalRun:
        """Begin a run, or say why none can."""
        try:
            standard = Standard.objects.get(pk=code)
        except Standard.DoesNotExist:
            codes = "、".join(Standard.objects.values_list("pk", flat=True))
            raise CommandError(f"没有载入标准 {code}。已载入：{codes or '无'}", returncode=2) from None
        try:
            run = national.start_run(None, standard, year, timezone.localdate())
        except Refused as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        self.stdout.write(
            f"第 {run.pk} 号核算：{year} 学年，{standard.name}，{run.submissions:,} 个县，{run.rows:,} 行，"
            f"{run.batches.count()} 批"
        )
        return run

    def judge_here(self, run: NationalRun) -> None:
        """Take batches of the run until none is open; wait for those that others judge or that failed once."""
        while self.is_going_on(run):
            taken = 0
            for job_id in _open(run):
                job = jobs.claim(job_id)
                if job is not None:
                    actions.run_job(job)
                    taken += 1
                    self.show_progress(run)
            if not taken:
                jobs.release_dead_workers()
                time.sleep(_POLL_SECONDS)

    def judge_with_workers(self, run: NationalRun, count: int) -> None:
        """The same in several processes of this machine."""
        command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "judge_nation", "--join", str(run.pk)]
        workers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(count)]
        try:
            while self.is_going_on(run) and any(worker.poll() is None for worker in workers):
                self.show_progress(run)
                time.sleep(_POLL_SECONDS)
        finally:
            for worker in workers:
                worker.wait()
        # A worker that died leaves its batch to whoever comes after it.
        self.judge_here(run)

    def watch(self, run: NationalRun) -> None:
        """Wait for the workers that run anyway."""
        while self.is_going_on(run):
            self.show_progress(run)
            time.sleep(_POLL_SECONDS)

    def is_going_on(self, run: NationalRun) -> bool:
        """Whether the run still has something to take; a paused one is left to whoever resumes it."""
        run.refresh_from_db(fields=["state", "finished_at"])
        return run.state == RunState.RUNNING

    def show_progress(self, run: NationalRun) -> None:
        done = RunVerdict.objects.filter(run=run).count()
        self.stdout.write(f"\r已核算 {done:,} / {run.submissions:,} 个县", ending="")
        self.stdout.flush()

    def tell(self, run: NationalRun) -> None:
        """What came of the run, in a few lines; the exit code says whether every county has a verdict."""
        found = RunVerdict.objects.filter(run=run).aggregate(
            all=Count("pk"),
            met=Count("pk", filter=Q(passed=True)),
            not_met=Count("pk", filter=Q(passed=False)),
        )
        seconds = time.perf_counter() - self.started
        self.stdout.write(f"\r{run.get_state_display()}：{found['all']:,} / {run.submissions:,} 个县，{seconds:.1f} 秒")
        unknown = found["all"] - found["met"] - found["not_met"]
        self.stdout.write(f"可达标 {found['met']:,}，不达标 {found['not_met']:,}，无法核算 {unknown:,}")
        for job in Job.objects.filter(batch__run=run, state=JobState.SET_ASIDE).select_related("batch"):
            self.stdout.write(f"没有结论的版本 {'、'.join(map(str, job.batch.submissions))}：{job.error}")
        self.stdout.write(f"摘要 {national.run_digest(run)}")
        if run.state != RunState.DONE or found["all"] < run.submissions:
            raise SystemExit(1)

    def pause(self, run: NationalRun) -> None:
        self.change(run, national.pause)

    def resume(self, run: NationalRun) -> None:
        self.change(run, national.resume)

    def cancel(self, run: NationalRun) -> None:
        self.change(run, national.cancel)

    def change(self, run: NationalRun, action: Any) -> None:
        """Take one step over a run, or say why not."""
        try:
            action(None, run)
        except Refused as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        self.stdout.write(f"第 {run.pk} 号核算：{run.get_state_display()}")

    def join(self, run: NationalRun) -> None:
        if run.state not in run_states.GOING_ON:
            self.stdout.write(f"第 {run.pk} 号核算：{run.get_state_display()}")
            return
        self.judge_here(run)

    def digest(self, run: NationalRun) -> None:
        self.stdout.write(national.run_digest(run))


def _run(pk: int) -> NationalRun:
    try:
        return NationalRun.objects.select_related("standard").get(pk=pk)
    except NationalRun.DoesNotExist:
        raise CommandError(f"没有第 {pk} 号核算。", returncode=2) from None


def _open(run: NationalRun) -> list[int]:
    still = Job.objects.filter(batch__run=run).exclude(state__in=(JobState.DONE, JobState.SET_ASIDE))
    return list(still.order_by("pk").values_list("pk", flat=True))
