"""The worker of the embedded default: claims jobs from the database, no broker needed."""

import signal
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from evaluation import actions, jobs

POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "处理等待中的任务（嵌入式部署的工作进程）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="处理完所有等待的任务后退出")

    def handle(self, *args: Any, until_empty: bool, **options: Any) -> None:
        self.is_stopping = False
        # Stopping lets the job at hand end; a harder kill loses nothing either, the lease brings it back.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.is_stopping:
            job = jobs.claim()
            if job is not None:
                actions.run_job(job)
                continue
            if until_empty:
                return
            jobs.release_dead_workers()
            close_old_connections()
            time.sleep(POLL_SECONDS)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True
