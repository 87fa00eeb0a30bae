"""Fill the database with a nation that does not exist: for measuring and for rehearsals."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.generated import DEFECTS, NATION, SCHOOLS, GeneratedCounty, generated_counties
from evaluation.generated_store import NotEmpty, refresh_statistics, store_nation
from schools.queries import current_school_year


class Command(BaseCommand):
    help = "生成一个虚构的全国：县、学校和填报数据，由种子决定（只用于测量和演练）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--counties", type=int, default=NATION, help="县数")
        parser.add_argument("--schools", type=int, default=SCHOOLS, help="学校总数（约）")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--year", type=int, default=None, help="学年开始的年份，默认当前学年")
        parser.add_argument("--years", type=int, default=1, help="连续几个学年，到 --year 为止")
        parser.add_argument("--list-defects", action="store_true", help="逐县列出埋入的问题，默认只列合计")

    def handle(self, *args: Any, counties: int, schools: int, seed: int, years: int, **options: Any) -> None:
        last = options["year"] or current_school_year()
        for year in range(last - years + 1, last + 1):
            self.planted: list[tuple[str, str, tuple[int, ...]]] = []
            stored = (0, 0)
            try:
                for stored in store_nation(self.noticed(generated_counties(counties, schools, seed, year)), year):
                    self.stdout.write(f"\r{year} 学年：{stored[0]:,} 个县，{stored[1]:,} 所学校", ending="")
            except NotEmpty as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"\r{year} 学年：{stored[0]:,} 个县，{stored[1]:,} 所学校，已生成")
            self.tell_defects(options["list_defects"])
        refresh_statistics()

    def noticed(self, counties: Iterable[GeneratedCounty]) -> Iterator[GeneratedCounty]:
        """The counties as they pass by, with what was planted in each kept."""
        for county in counties:
            if county.defects:
                self.planted.append((county.code, county.name, county.defects))
            yield county

    def tell_defects(self, is_listed: bool) -> None:
        """How many counties carry which planted defect, and each of them where asked for."""
        kinds = Counter(kind for *_, defects in self.planted for kind in defects)
        told = "；".join(f"{DEFECTS[kind]} {count} 个县" for kind, count in sorted(kinds.items()))
        self.stdout.write(f"埋入问题的县 {len(self.planted)} 个{'：' if told else ''}{told}")
        for code, name, defects in self.planted if is_listed else ():
            self.stdout.write(f"  {code} {name}：{'、'.join(DEFECTS[kind] for kind in defects)}")
