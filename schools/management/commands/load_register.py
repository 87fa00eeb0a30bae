"""Load the divisions of the country; safe to run again."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from schools.actions import RegisterRefused, load_divisions


class Command(BaseCommand):
    help = "载入全国县级行政区划（可重复执行）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=settings.BASE_DIR / "fixtures/register/divisions.csv")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        try:
            count = load_divisions(path)
        except (RegisterRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"行政区划：{count} 个县级单位")
