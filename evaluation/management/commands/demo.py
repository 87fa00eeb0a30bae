"""Make the fictional 示例省: divisions, people, schools, and uploads taken in and judged by the real actions."""

import io
import tomllib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from openpyxl import load_workbook

from evaluation import actions, jobs
from evaluation.demo import DemoCounty, demo_county, register_of
from evaluation.demo_decisions import decide_first, decide_later
from evaluation.demo_documents import order_documents
from evaluation.demo_last_year import publish_last_year
from evaluation.demo_reviews import sign_and_review
from evaluation.models import Job, JobState
from indicators.catalogue import FIELD_BY_KEY, SCHOOL_SHEET
from indicators.models import Submission
from indicators.workbook.template import write_template
from schools.actions import add_division, appoint, register_schools
from schools.models import County, Division, School, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party

#: Known to everybody on purpose; the command refuses to run beside real data.
PASSWORD = "balanced-2026"  # noqa: S105

_PROVINCE = settings.BASE_DIR / "fixtures/demo/province.toml"
_OFFICIALS = (
    ("signer", "示例签报人", Party.SIGNER, "990101"),
    ("signer990102", "棠南县签报人", Party.SIGNER, "990102"),
    ("signer990103", "棠北县签报人", Party.SIGNER, "990103"),
    ("signer990304", "屿灯县签报人", Party.SIGNER, "990304"),
    ("city", "示例市级复核", Party.CITY_REVIEWER, "990100"),
    ("city990300", "枫屿市级复核", Party.CITY_REVIEWER, "990300"),
    ("inspector", "示例督学", Party.INSPECTOR, "990000"),
    ("chief", "示例审定人", Party.CHIEF, "990000"),
    ("steward", "示例管理员", Party.STEWARD, "990000"),
)


def _demo_province() -> dict[str, Any]:
    return tomllib.loads(_PROVINCE.read_text(encoding="utf-8"))


def demo_accounts() -> dict[str, str]:
    """User name and, in words, who that is and what there is to see."""
    counties = [county for city in _demo_province()["cities"] for county in city["counties"]]
    accounts = {f"clerk{county['code']}": f"填报员 {county['name']}：{county['words']}" for county in counties}
    places = {city["code"]: city["name"] for city in _demo_province()["cities"]} | {"990000": "示例省"}
    places |= {county["code"]: county["name"] for county in counties}
    accounts |= {username: f"{party.label} {places[place]}" for username, _, party, place in _OFFICIALS}
    return accounts


class Command(BaseCommand):
    help = "生成演示用的示例省（可重复执行；只用于演示环境）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--beside-real-data", action="store_true", help="确认在非嵌入式数据库中生成演示账号")

    def handle(self, *args: Any, beside_real_data: bool, **options: Any) -> None:
        if not settings.IS_EMBEDDED and not beside_real_data:
            raise CommandError("演示账号的密码是公开的，不会在正式数据库中生成。确需生成请加 --beside-real-data。")
        province = _demo_province()
        add_division(province["code"], province["name"], DivisionLevel.PROVINCE)
        for city in province["cities"]:
            add_division(city["code"], city["name"], DivisionLevel.CITY, province["code"])
            for county in city["counties"]:
                add_division(county["code"], county["name"], DivisionLevel.COUNTY, city["code"])
                self._appoint_clerk(county["code"], county["name"])
        for username, full_name, party, place in _OFFICIALS:
            if not User.objects.filter(username=username).exists():
                appoint(username, full_name, party, Division.objects.get(pk=place), PASSWORD)
        inspector, chief = (User.objects.get(username=name) for name in ("inspector", "chief"))
        # Before this year's uploads: whatever waits is judged on the day the clock shows.
        publish_last_year(workbook_of)
        for city in province["cities"]:
            for county in city["counties"]:
                self._upload(county["code"], county["name"], county["story"])
        decide_first(inspector, chief)
        ran = self._judge()
        sign_and_review(User.objects.get(username="city"))
        decide_later(inspector, chief)
        order_documents(chief)
        self.stdout.write(f"示例省：12 个县，{len(demo_accounts())} 个演示账号，核算 {ran} 份填报")

    @staticmethod
    def _judge() -> int:
        """Judge what was uploaded; documents are left to a worker."""
        uploads = Job.objects.filter(state=JobState.WAITING, submission__isnull=False).order_by("pk")
        ran = 0
        for pk in list(uploads.values_list("pk", flat=True)):
            if (job := jobs.claim(pk)) is not None:
                actions.run_job(job)
                ran += 1
        return ran

    def _appoint_clerk(self, code: str, name: str) -> None:
        if not User.objects.filter(username=f"clerk{code}").exists():
            appoint(f"clerk{code}", f"{name}填报员", Party.CLERK, County.objects.get(pk=code), PASSWORD)

    def _upload(self, code: str, name: str, story: str) -> None:
        county, year = County.objects.get(pk=code), current_school_year()
        clerk, told = User.objects.get(username=f"clerk{code}"), demo_county(code, name, story)
        if told is None or Submission.objects.filter(county=county, school_year=year).exists():
            return
        register_schools([School(county=county, **row) for row in register_of(told)])
        actions.upload_workbook(clerk, county, year, f"{name}_{year}_填报.xlsx", workbook_of(told, county, year))


def workbook_of(told: DemoCounty, county: County, school_year: int) -> bytes:
    """The county's filled workbook, as its clerk would send it."""
    target = io.BytesIO()
    write_template(
        target,
        school_year=school_year,
        county_code=county.code,
        county_name=county.full_name,
        schools=told.schools,
        figures=told.figures,
    )
    return _spoil(target.getvalue(), told) if told.spoiled else target.getvalue()


def _spoil(content: bytes, told: DemoCounty) -> bytes:
    """The workbook with the clerk's slips typed into it."""
    book = load_workbook(io.BytesIO(content))
    sheet = book[SCHOOL_SHEET]
    header_row = next(
        row for row in sheet.iter_rows() if any(cell.value == FIELD_BY_KEY["code"].header for cell in row)
    )
    column = {cell.value: cell.column for cell in header_row}
    for position, key, typed in told.spoiled:
        sheet.cell(header_row[0].row + 1 + position, column[FIELD_BY_KEY[key].header]).value = typed
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
