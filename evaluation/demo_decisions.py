"""What the province decides in the fictional 示例省, through the real actions: one county is judged to the end, and in
another two relaxations matter. Run again it decides nothing twice."""

from __future__ import annotations

import datetime
import io
from contextlib import suppress
from decimal import Decimal

from django.utils import timezone
from openpyxl import Workbook

from evaluation import assigning, decisions
from evaluation.core.standard import Criterion
from evaluation.models import ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.permissions import Refused
from evaluation.queries import default_standard
from evaluation.standards import parsed_standard
from schools.models import County, School, User
from schools.queries import current_school_year

#: The county whose story is to pass, and the one with small teaching points and old rooms.
JUDGED_COUNTY, RELAXED_COUNTY = "990101", "990203"
#: School, relaxation, reason; the schools are those the stories of ``evaluation.demo`` prepare.
SMALL_SCHOOL, OLD_SCHOOL = "岭下教学点", "新村小学"

SURVEY = {
    "issued": 1_240, "valid": 1_186, "satisfied": 1_102, "visited": 60, "visited_satisfied": 56,
    "parents_issued": 650, "parents_valid": 628, "parents_satisfied": 585,
    "parents_visited": 30, "parents_visited_satisfied": 28,
}  # fmt: skip
_YEARS = 2


def decide_first(inspector: User, chief: User) -> None:
    """What is decided before the versions are judged: who answers for which county, then monitoring and relaxations."""
    with suppress(Refused):  # run again there is nobody left to assign
        assigning.assign_all(chief)
    year, county = current_school_year(), County.objects.get(pk=JUDGED_COUNTY)
    if not SuppliedResult.objects.filter(county=county, school_year=year, criterion="Q9").exists():
        results: dict[str, int | Decimal] = {f"C{27 + i}": 3 + i % 2 for i in range(6)}
        results |= {f"C{33 + i}": Decimal("0.09") + Decimal(i) / 200 for i in range(6)}
        document, issued_on = "国家义务教育质量监测结果报告（示例）", datetime.date(year, 6, 20)
        decisions.supply_monitoring(inspector, county, year, results, document, issued_on)
    reason = "在校生 50 人的农村教学点，体育艺术课由中心校教师走教，按 2019 规程计入走教教师。"
    _grant(chief, SMALL_SCHOOL, "R1", reason)


def decide_later(inspector: User, chief: User) -> None:
    """What is decided once there are verdicts, so that some county has a second one; the items of what was signed."""
    year, county = current_school_year(), County.objects.get(pk=JUDGED_COUNTY)
    if not ItemJudgement.objects.filter(county=county, school_year=year).exists():
        for criterion in decisions.judged_items(parsed_standard(default_standard())):
            decisions.judge_item(inspector, county, year, criterion.code, True, opinion_of(criterion))
    if not SuppliedResult.objects.filter(county=county, school_year=year, criterion="S1").exists():
        document, issued_on = "省级社会认可度调查报告（示例）", datetime.date(year, 9, 10)
        decisions.supply_survey(inspector, county, year, SURVEY, document, min(issued_on, timezone.localdate()))
    reason = "2009 年建成的校舍，音乐、美术教室面积按 2016 年以前规划建设的学校掌握；已有扩建规划，三年内检查。"
    _grant(chief, OLD_SCHOOL, "R3", reason)


def opinion_of(criterion: Criterion) -> str:
    """What an inspector of the demonstration says of an item."""
    if criterion.group == "veto":
        return "查阅招生、编制、督查和信访记录，走访 6 所学校，未发现这一情形。"
    return f"查阅佐证材料，实地查看 6 所学校并与校长、教师座谈，{criterion.name}符合要求。"


def _grant(chief: User, school_name: str, relaxation: str, reason: str) -> None:
    county = County.objects.get(pk=RELAXED_COUNTY)
    school = School.objects.filter(county=county, name__endswith=school_name).first()
    is_granted = RelaxationGrant.objects.filter(school=school, relaxation=relaxation).exists()
    if school is None or is_granted:
        return
    year = current_school_year()
    first = datetime.date(year, 9, 1)
    last = datetime.date(year + _YEARS, 8, 31)
    file = (f"{relaxation}_申请和依据.xlsx", _document(school.name, relaxation, reason))
    decisions.grant_relaxation(chief, county, year, school, relaxation, first, last, reason, file)


def _document(school: str, relaxation: str, reason: str) -> bytes:
    book = Workbook()
    for line in (("示例材料", "只用于演示"), ("学校", school), ("过渡规定", relaxation), ("理由", reason)):
        book.active.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
