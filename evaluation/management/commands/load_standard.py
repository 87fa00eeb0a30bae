"""Load the standard documents; a document once loaded is never changed."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.actions import load_standard
from evaluation.core.standard import StandardRefused
from evaluation.permissions import Refused


class Command(BaseCommand):
    help = "载入评估标准文件（可重复执行；已载入的标准不会被修改）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path)

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        for path in paths or sorted((settings.BASE_DIR / "fixtures/standards").glob("*.toml")):
            try:
                standard, is_new = load_standard(path.read_bytes())
            except (StandardRefused, Refused, OSError) as error:
                raise CommandError(f"{path.name}：{error}") from error
            self.stdout.write(f"标准 {standard.code}：{'已载入' if is_new else '已存在'} {standard.sha256[:12]}")
