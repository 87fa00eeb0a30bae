"""Where the evaluations of the fictional 示例省 stand, through the real actions: one is with the province, one with the
city, one was sent back to its county. Run again it takes no step twice."""

from __future__ import annotations

from django.utils import timezone

from evaluation.core.working_days import add_working_days
from evaluation.explaining import explain
from evaluation.models import Evaluation, Filing
from evaluation.questions import ask
from evaluation.sending_back import AskedBack, forward, send_back
from evaluation.signing import Seen, Signature, submit, to_sign
from evaluation.working_calendar import working_calendar
from indicators.catalogue import SCHOOL_SHEET
from indicators.explanations import open_explanations
from schools.models import County, User
from schools.queries import current_school_year
from schools.vocabulary import Party

FORWARDED, WITH_THE_CITY, RETURNED = "990101", "990102", "990103"
_SIGNATURE = Signature("示例签报人", "县教育局局长（示例）", accepts=True, is_confirmed=True)
_WORKING_DAYS = 10


def sign_and_review(city: User) -> None:
    """Sign three counties; the city forwards the first, asks about the second and sends the third back."""
    if filing := _signed(FORWARDED):
        opinion = "数据与教育事业统计年报一致，抽查 3 所学校的佐证材料属实，同意上报。"
        forward(city, filing.evaluation, filing.evaluation.version, opinion)
    if filing := _signed(WITH_THE_CITY):
        text = "教学用房面积与去年相比变化较大，请说明新增校舍的投入使用时间。"
        ask(city, filing.evaluation, text, SCHOOL_SHEET, _first_cell(filing, "teaching_area"))
    if filing := _signed(RETURNED):
        asked = [
            AskedBack("多媒体教室间数与资产台账不符，请核实。", SCHOOL_SHEET, _first_cell(filing, "multimedia_rooms")),
            AskedBack("请补充学校布局规划的批复文件。", criterion="G1"),
        ]
        deadline = add_working_days(working_calendar(), timezone.localdate(), _WORKING_DAYS)
        evaluation = filing.evaluation
        send_back(city, evaluation, evaluation.version, "一处数据和一项材料需要核实。", deadline, asked)


def _first_cell(filing: Filing, key: str) -> str:
    """The address of a field of the first school."""
    version = filing.submission
    return f"{version.columns[key]}{version.records.order_by('row').values_list('row', flat=True)[0]}"


def _signed(code: str) -> Filing | None:
    county = County.objects.get(pk=code)
    signer = User.objects.filter(party=Party.SIGNER, place_id=code).first()
    clerk = User.objects.filter(party=Party.CLERK, place_id=code).first()
    return signed_by(county, current_school_year(), signer, clerk) if signer is not None and clerk is not None else None


def signed_by(county: County, year: int, signer: User, clerk: User) -> Filing | None:
    """What a county files, explained by its clerk and signed now; None where it was before, or cannot be."""
    if Evaluation.objects.filter(county=county, school_year=year).exists():
        return None
    newest = to_sign(signer, county, year).submission
    if newest is None:
        return None
    for problem in list(open_explanations(newest)):
        explain(clerk, newest, problem, f"经核实，{problem.header or '该数据'}无误（示例说明）。")
    found = to_sign(signer, county, year)
    if found.reasons or found.submission is None or found.verdict is None:
        return None
    seen = Seen(found.submission.pk, found.verdict.pk, found.version)
    return submit(signer, county, year, seen, _SIGNATURE)
