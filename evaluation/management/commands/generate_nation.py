"""Fill the database with a nation that does not exist: for measuring and for rehearsals."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.generated import NATION, SCHOOLS, generated_counties
from evaluation.generated_store import NotEmpty, store_nation
from schools.queries import current_school_year


class Command(BaseCommand):
    help = "生成一个虚构的全国：县、学校和填报数据，由种子决定（只用于测量和演练）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--counties", type=int, default=NATION, help="县数")
        parser.add_argument("--schools", type=int, default=SCHOOLS, help="学校总数（约）")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--year", type=int, default=None, help="学年开始的年份，默认当前学年")
        parser.add_argument("--years", type=int, default=1, help="连续几个学年，到 --year 为止")

    def handle(self, *args: Any, counties: int, schools: int, seed: int, years: int, **options: Any) -> None:
        last = options["year"] or current_school_year()
        for year in range(last - years + 1, last + 1):
            stored = (0, 0)
            try:
                for stored in store_nation(generated_counties(counties, schools, seed, year), year):
                    self.stdout.write(f"\r{year} 学年：{stored[0]:,} 个县，{stored[1]:,} 所学校", ending="")
            except NotEmpty as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"\r{year} 学年：{stored[0]:,} 个县，{stored[1]:,} 所学校，已生成")
