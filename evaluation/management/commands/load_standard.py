"""Load the standard documents; a document once loaded is never changed."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.actions import load_standards
from evaluation.core.standard import StandardRefused
from evaluation.permissions import Refused


class Command(BaseCommand):
    help = "载入评估标准文件（可重复执行；已载入的标准不会被修改）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path)

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        try:
            found = paths or sorted((settings.BASE_DIR / "fixtures/standards").glob("*.toml"))
            loaded = load_standards({str(path): path.read_bytes() for path in found})
        except (StandardRefused, Refused, OSError) as error:
            raise CommandError(str(error)) from error
        for standard, is_new in loaded:
            self.stdout.write(f"标准 {standard.code}：{'已载入' if is_new else '已存在'} {standard.sha256[:12]}")
