"""Give up the plans of single schools whose time is over, by hand or from a timetable of the machine."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from evaluation.documents_kept import clear_school_plans


class Command(BaseCommand):
    help = "清除保存期满的一校一策文件；编号和散列值保留，可以重新制作"

    def handle(self, *args: Any, **options: Any) -> None:
        cleared = clear_school_plans()
        self.stdout.write(
            f"已清除 {cleared} 个满 {settings.SCHOOL_PLANS_KEPT_DAYS} 天的一校一策文件，编号和散列值保留。"
        )
