"""Write the blank workbook a county fills in."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from indicators.workbook.template import write_template
from schools.queries import current_school_year


class Command(BaseCommand):
    help = "生成空白填报模板（.xlsx）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="要写入的文件")
        parser.add_argument("--school-year", type=int, default=None, help="学年开始的年份（默认当前学年）")

        parser.add_argument("--extra", action="store_true", help="加上可不填的补充数据各栏（核算 2012 年标准时用）")

    def handle(self, *args: Any, path: Path, school_year: int | None, extra: bool, **options: Any) -> None:
        if path.suffix != ".xlsx":
            raise CommandError("文件名应以 .xlsx 结尾。")
        try:
            write_template(path, school_year=school_year or current_school_year(), with_extra=extra)
        except OSError as error:
            raise CommandError(f"无法写入 {path}：{error.strerror}") from error
        self.stdout.write(f"已生成 {path}")
