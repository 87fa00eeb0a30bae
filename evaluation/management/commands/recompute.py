"""Compute signed verdicts again from the stored figures, and check everything that was signed against its hashes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.models import Filing
from evaluation.recomputing import differences, verdicts_recomputed


class Command(BaseCommand):
    help = "重新核算已签报的结论，与保存的结果逐字节比较；--check 同时核对签报清单、文件和留痕，有不同即以 1 退出"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="逐项列出不同之处，有不同时退出码为 1")
        parser.add_argument("--all", action="store_true", help="也核算没有签报的全部结论")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        found = list(verdicts_recomputed(unsigned_too=options["all"]))
        same = sum(not words for _, words in found)
        self.stdout.write(f"重新核算 {len(found)} 次结论：{same} 次逐字节相同，{len(found) - same} 次不同")
        if not check:
            if same < len(found):
                self.stdout.write("运行 manage.py recompute --check 查看不同之处。")
            return
        told = [f"{where}：{each}" for where, words in found for each in words]
        told += [f"{each.where}：{each.words}" for each in differences()]
        self.stdout.write(f"核对 {Filing.objects.count()} 份签报")
        for line in told:
            self.stdout.write(line)
        if told:
            raise CommandError(f"有 {len(told)} 处与签报时不同。", returncode=1)
