"""Clear the refused files whose time is over, by hand or from a timetable of the machine."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from indicators.kept import clear_files_that_are_due


class Command(BaseCommand):
    help = "清除保存期满的被拒收文件；问题报告保留"

    def handle(self, *args: Any, **options: Any) -> None:
        cleared = clear_files_that_are_due()
        self.stdout.write(f"已清除 {cleared} 个拒收满 {settings.REFUSED_FILES_KEPT_DAYS} 天的文件，问题报告保留。")
