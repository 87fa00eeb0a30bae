"""Make the package of open data of a school year, and write it to a folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.open_data.building import PublishedMeanwhile, build_open_data
from evaluation.open_data.rows import NotAsPublished


class Command(BaseCommand):
    help = "生成一个学年的开放数据：已有同样内容的版本时不再生成"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int, help="学年开始的年份，如 2025")
        parser.add_argument("--out", type=Path, help="把压缩包写到这个文件夹")

    def handle(self, *args: Any, year: int, out: Path | None, **options: Any) -> None:
        try:
            package = build_open_data(year)
        except (NotAsPublished, PublishedMeanwhile) as error:
            raise CommandError(str(error)) from error
        if package is None:
            raise CommandError(f"{year}—{year + 1}学年还没有公布过结果。")
        rows = "，".join(f"{name} {count} 行" for name, count in package.rows.items())
        self.stdout.write(f"{year}—{year + 1}学年第 {package.version} 版：{rows}")
        self.stdout.write(f"SHA-256 {package.file_id}")
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            target = out / f"open-data-{year}-v{package.version}.zip"
            target.write_bytes(package.file.content)
            self.stdout.write(f"已写入 {target}")
