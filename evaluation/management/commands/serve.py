"""The embedded default in one command: web server and worker, stopped together."""

import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection

from evaluation.management.commands.demo import PASSWORD, demo_accounts
from evaluation.pulse import Watch

_WATCH_SECONDS = 5.0
#: Beyond what both need to end what they are at.
_GRACE_SECONDS = 5


class Command(BaseCommand):
    help = "启动网站和工作进程（嵌入式部署）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        # A name with a colon in it would be split by gunicorn; the address stays on this machine.
        web = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
        work = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]
        commands = {"网站": [*web, "--bind", f"127.0.0.1:{port}"], "工作进程": work}
        self.is_stopping = False
        # Before anything is started: whoever stops this command leaves nothing of it behind.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop)
        processes = {name: self.start(command) for name, command in commands.items()}
        self.stdout.write(self._welcome(port))
        self.stdout.flush()
        watch, next_look = Watch(), time.monotonic() + _WATCH_SECONDS
        while not self.is_stopping:
            time.sleep(0.5)
            if processes["网站"].poll() is not None:
                self.stderr.write("网站进程已退出。")
                break
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _WATCH_SECONDS
                if self.does_not_get_on(watch, processes["工作进程"]):
                    processes["工作进程"].kill()
                    processes["工作进程"].wait()
            if processes["工作进程"].poll() is not None:
                # A dead worker never leaves anybody waiting: its job is taken up by the next.
                self.stderr.write("工作进程已退出，重新启动。")
                processes["工作进程"] = self.start(work)
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(settings.STOP_WITHIN + _GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """One of the two, out of reach of Ctrl+C: it is told to stop, not interrupted in the middle of a file."""
        return subprocess.Popen(command, cwd=settings.BASE_DIR, process_group=0)

    def does_not_get_on(self, watch: Watch, worker: "subprocess.Popen[bytes]") -> bool:
        """Whether the worker lives without reporting, or without progress while work waits."""
        try:
            return worker.poll() is None and bool(watch.overdue([worker.pid]))
        except Error:
            # A database that is away says nothing about the worker.
            return False
        finally:
            connection.close()

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def _welcome(self, port: int) -> str:
        lines = [f"县域义务教育优质均衡督导评估平台  http://127.0.0.1:{port}/", "", f"演示账号（密码均为 {PASSWORD}）"]
        lines += [f"  {username:<14}{words}" for username, words in demo_accounts().items()]
        return "\n".join([*lines, "", "按 Ctrl+C 停止。"])
