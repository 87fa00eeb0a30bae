"""Two standards over all counties of a year, on the command line: whose verdict changes, and by which item."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from evaluation.core.standard import StandardRefused
from evaluation.laboratory import counties_of_year, parse_draft, result_of
from evaluation.models import Standard
from evaluation.standards import parsed_standard
from schools.queries import current_school_year

_WORDS = {"met": "可达标", "not_met": "不达标", "unknown": "无法核算"}


class Command(BaseCommand):
    help = "用两份标准核算一个学年的全部县，列出结论改变的县和引起改变的项目；不写入任何数据"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("before", help="对照标准的代码（已载入）")
        parser.add_argument("after", help="试用标准：已载入的代码，或标准文件的路径")
        parser.add_argument("--year", type=int, default=None, help="学年开始的年份，默认当前学年")
        parser.add_argument("--summary", action="store_true", help="只列合计，不列各县")

    def handle(self, *args: Any, before: str, after: str, summary: bool, **options: Any) -> None:
        year = options["year"] or current_school_year()
        try:
            first, second = parsed_standard(_loaded(before)), parse_draft(_document(after))
        except StandardRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        result = result_of(counties_of_year(year), first, second, year, timezone.localdate())
        self.stdout.write(f"{year} 学年：{result['counties']:,} 个县，{result['schools']:,} 所学校")
        self.stdout.write(f"{first.short_name} → {second.short_name}：{len(result['changed'])} 个县的结论改变")
        for move in result["moves"]:
            self.stdout.write(f"  {_WORDS[move['before']]} → {_WORDS[move['after']]}  {move['counties']} 个县")
        for item in result["items"]:
            if item["before"] != item["after"]:
                self.stdout.write(f"  {item['item']}  {item['before']} → {item['after']} 个县不达标或无法核算")
        for county in [] if summary else result["changed"]:
            words = f"{_WORDS[county['before']]} → {_WORDS[county['after']]}"
            self.stdout.write(f"  {county['code']} {county['province']}{county['name']}  {words}：{_because(county)}")


def _because(county: dict[str, Any]) -> str:
    parts = (("新不达标", county["newly"]), ("不再不达标", county["no_longer"]))
    return "；".join(f"{words} {'、'.join(items)}" for words, items in parts if items)


def _loaded(code: str) -> Standard:
    try:
        return Standard.objects.get(pk=code)
    except Standard.DoesNotExist:
        codes = "、".join(Standard.objects.values_list("pk", flat=True))
        raise CommandError(f"没有载入标准 {code}。已载入：{codes or '无'}") from None


def _document(named: str) -> bytes:
    if Path(named).suffix == ".toml":
        try:
            return Path(named).read_bytes()
        except OSError as error:
            raise CommandError(f"{named}：文件无法读取") from error
    return _loaded(named).document.encode("utf-8")
