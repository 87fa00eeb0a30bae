"""Say in words what is wrong with this portal, and what to do about it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from evaluation.doctor import CHECKS, Level, examine
from evaluation.doctor.machinery import database_answers


class Command(BaseCommand):
    help = "检查平台的设置、数据库、工作进程和数据，逐项说明好/注意/有问题和处理办法；退出码 0 好，1 注意，2 有问题"
    # The doctor says itself what is wrong with settings and tables.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="输出一个 JSON 对象")

    def handle(self, *args: Any, **options: Any) -> None:
        opinions = list(examine(CHECKS, database_answers=not list(database_answers())))
        connection.close()
        worst = max(each.level for each in opinions)
        if options["json"]:
            told = [
                {"check": each.check, "level": each.level.name.lower(), "words": each.words, "remedy": each.remedy}
                for each in opinions
            ]
            self.stdout.write(json.dumps({"level": worst.name.lower(), "checks": told}, ensure_ascii=False, indent=1))
        else:
            for each in opinions:
                self.stdout.write(f"{each.level.label}  {each.check}：{each.words}")
                if each.remedy:
                    self.stdout.write(f"      → {each.remedy}")
            self.stdout.write(self._summary([each.level for each in opinions]))
        if worst:
            raise SystemExit(int(worst))

    def _summary(self, levels: list[Level]) -> str:
        return "，".join(f"{level.label} {levels.count(level)} 项" for level in Level)
