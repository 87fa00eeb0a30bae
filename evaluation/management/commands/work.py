"""The worker of the embedded default: claims jobs from the database, no broker needed."""

import logging
import signal
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection

from evaluation import jobs, pulse, stopping, working
from evaluation.documents_kept import clear_school_plans
from evaluation.open_data.building import build_due
from evaluation.outbox import send_outbox
from evaluation.people import close_idle_accounts
from evaluation.reminders import remind_of_deadlines
from evaluation.subscribing import clear_subscriptions
from indicators.kept import clear_files_that_are_due
from indicators.workbook.sandbox import keep_one_ready

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
_AWAY_SECONDS = 1.0
_DAY_SECONDS = 24 * 60 * 60
_SEND_SECONDS, _REMIND_SECONDS = 2, 60 * 60
#: Whoever waits for a verdict waits for no more letters than these.
_MOST_AT_ONCE = 5


class Command(BaseCommand):
    help = "处理等待中的任务（嵌入式部署的工作进程）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="处理完所有等待的任务后退出")

    def handle(self, *args: Any, until_empty: bool, **options: Any) -> None:
        self.is_stopping = False
        self.next_clearing = self.next_sending = self.next_reminding = time.monotonic()
        # Stopping lets the job at hand end or gives it back; a harder kill loses nothing either: its lease ends.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        working.give_way()
        beating = pulse.start()
        try:
            self.work(until_empty)
        finally:
            beating.set()
        with suppress(Error):
            pulse.leave()

    def work(self, until_empty: bool) -> None:
        """Job after job; while the database is away, wait for it."""
        while not self.is_stopping:
            try:
                if working.work_on():
                    continue
                if until_empty:
                    return
                jobs.release_dead_workers()
            except Error as error:
                if until_empty:
                    raise
                logger.warning("the database is away: %s", error)
                connection.close()
                time.sleep(_AWAY_SECONDS)
                continue
            self.clear_once_a_day()
            self.send_and_remind()
            close_old_connections()
            keep_one_ready()
            time.sleep(POLL_SECONDS)

    def clear_once_a_day(self) -> None:
        """Clear the refused files and school plans whose time is over, close the accounts nobody uses, forget the
        addresses nobody confirmed, and pack what was published, while nobody waits for this worker."""
        if time.monotonic() < self.next_clearing:
            return
        self.next_clearing = time.monotonic() + _DAY_SECONDS
        duties = clear_files_that_are_due, clear_school_plans, close_idle_accounts, clear_subscriptions, build_due
        for duty in duties:
            try:
                duty()
            except Exception:
                # Tomorrow is soon enough; the jobs go on, and so do the other duties.
                logger.exception("%s was interrupted", duty.__name__)

    def send_and_remind(self) -> None:
        """Send what waits in the outbox and remind of deadlines, while nobody waits for this worker."""
        now = time.monotonic()
        try:
            if now >= self.next_reminding:
                self.next_reminding = now + _REMIND_SECONDS
                remind_of_deadlines()
            if now >= self.next_sending:
                self.next_sending = now + _SEND_SECONDS
                send_outbox(_MOST_AT_ONCE)
        except Error:
            # The rows are still there; the next round finds them.
            logger.exception("outbox and reminders were interrupted")

    def stop(self, number: int, frame: FrameType | None) -> None:
        if not self.is_stopping:
            stopping.leave_within(settings.STOP_WITHIN)
        self.is_stopping = True
