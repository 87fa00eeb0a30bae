"""The page of decisions: who finds it, what each sees on it, and its forms; the verdict with and without relaxations,
earlier verdicts, and the same figures under another standard."""

from __future__ import annotations

import datetime
import json
import re
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from evaluation.actions import load_standard, run_waiting_jobs, upload_workbook
from evaluation.assigning import assign
from evaluation.core.decided import Decided
from evaluation.core.verdict import judge_report
from evaluation.core.without import without_relaxations
from evaluation.decisions import grant_relaxation, supply_survey, withdraw_relaxation
from evaluation.demo import demo_county, register_of
from evaluation.demo_decisions import OLD_SCHOOL, SMALL_SCHOOL
from evaluation.management.commands.demo import workbook_of
from evaluation.models import ItemJudgement, RelaxationGrant, SuppliedResult, Verdict
from indicators.catalogue import EXTRA_FIELDS, FIELDS, SCHOOL_SHEET
from indicators.models import Submission
from reports.presenters.relaxed import relaxed_view
from reports.presenters.school import school_page
from schools.actions import add_division, appoint, register_schools
from schools.models import County, Division, School, User
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD, ROOT
from tests.evaluation.random_counties import AS_OF
from tests.evaluation.random_decisions import random_decided_county
from tests.evaluation.reviewing import forwarded
from tests.evaluation.walk import explained, sign
from tests.indicators.test_evidence_files import pdf
from tests.reports.test_pages import worked_out

TODAY = timezone.localdate()
DAY = datetime.timedelta(days=1)
SMALL, OLD = "9901010020", "9901010008"


@pytest.fixture
def people(county: County, clerk: User, signer: User, inspector: User) -> dict[str, User]:
    province, city = Division.objects.get(pk="990000"), Division.objects.get(pk="990100")
    add_division("990102", "棠南县", DivisionLevel.COUNTY, "990100")
    add_division("990200", "澜星市", DivisionLevel.CITY, "990000")
    add_division("980000", "别省", DivisionLevel.PROVINCE)
    places = {code: Division.objects.get(pk=code) for code in ("990102", "990200", "980000")}
    chief = appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)
    assign(chief, county, inspector, "分工", None)
    return {
        "clerk": clerk, "signer": signer, "inspector": inspector,
        "chief": chief,
        "city": appoint("city", "市级甲", Party.CITY_REVIEWER, city, PASSWORD),
        "steward": appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD),
        "other clerk": appoint("clerk2", "填报员乙", Party.CLERK, places["990102"], PASSWORD),
        "other city": appoint("city2", "市级乙", Party.CITY_REVIEWER, places["990200"], PASSWORD),
        "other inspector": appoint("inspector2", "督学乙", Party.INSPECTOR, places["980000"], PASSWORD),
        "other chief": appoint("chief2", "审定人乙", Party.CHIEF, places["980000"], PASSWORD),
    }  # fmt: skip


SEE = ("clerk", "signer", "city", "inspector", "chief")
DO_NOT_SEE = ("steward", "other clerk", "other city", "other inspector", "other chief")


@pytest.fixture
def judged(standard, people, county) -> Submission:
    """The county of the story in which two relaxations matter, judged; its schools stand in the register."""
    told = demo_county(county.code, county.name, "teaching_points")
    assert told is not None
    register_schools([School(county=county, **row) for row in register_of(told)])
    version = upload_workbook(people["clerk"], county, 2026, "a.xlsx", workbook_of(told, county, 2026))
    run_waiting_jobs()
    version.refresh_from_db()
    return version


@pytest.fixture
def reviewed(judged: Submission, people: dict[str, User], county: County) -> Submission:
    """The same signed, forwarded and with the inspector."""
    explained(people["clerk"], judged)
    forwarded(sign(county, people["signer"], 2026).evaluation, people["city"])
    return judged


def grant(
    user: User, county: County, code: str, relaxation: str, until: datetime.date | None = None
) -> RelaxationGrant:
    school = School.objects.get(pk=code)
    last = until or TODAY + 30 * DAY
    return grant_relaxation(user, county, 2026, school, relaxation, TODAY, last, "有规划", ("批文.pdf", pdf()))


@pytest.fixture
def relaxed(judged, people, county) -> Submission:
    grant(people["chief"], county, SMALL, "R1")
    grant(people["chief"], county, OLD, "R3")
    return judged


def open_page(client: Client, user: User, address: str) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


def page(client: Client, user: User, code: str = "990101") -> str:
    return open_page(client, user, reverse("decisions", args=[code]))


# ── Who finds what ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def routes(judged, people, county) -> list[str]:
    """Every address of decisions, with something behind it."""
    granted = grant(people["chief"], county, SMALL, "R1")
    figures = {f"{p}{n}": 10 for p in ("", "parents_") for n in ("issued", "valid", "satisfied")}
    result = supply_survey(people["inspector"], county, 2026, figures, "报告", TODAY, ("报告.pdf", pdf()))
    names = ("decisions", "survey_supply", "monitoring_supply", "relaxation_grant")
    return [
        *(reverse(name, args=[county.code]) for name in names),
        reverse("item_judge", args=[county.code, "G1"]),
        reverse("relaxation_withdraw", args=[granted.pk]),
        reverse("relaxation_file", args=[granted.pk]),
        reverse("supplied_file", args=[result.pk]),
    ]


@pytest.mark.parametrize("name", [*SEE, *DO_NOT_SEE])
def test_decisions_exist_for_the_county_its_city_and_its_province_alone(client, people, routes, name):
    client.force_login(people[name])
    before = (ItemJudgement.objects.count(), SuppliedResult.objects.count(), RelaxationGrant.objects.count())
    found = {address: (client.get(address).status_code, client.post(address).status_code) for address in routes}
    if name in DO_NOT_SEE:
        posts_of_pages = {(404, 404), (404, 405)}
        assert set(found.values()) <= posts_of_pages, found
    else:
        assert not {404, 500} & {code for codes in found.values() for code in codes}, found
    assert before == (ItemJudgement.objects.count(), SuppliedResult.objects.count(), RelaxationGrant.objects.count())


def test_whoever_is_not_signed_in_is_asked_to(client, routes):
    for address in routes:
        assert client.get(address).headers["Location"].startswith(reverse("login"))


@pytest.mark.parametrize(
    ("name", "forms"),
    [("clerk", 0), ("signer", 0), ("city", 0), ("inspector", 2 + 17), ("chief", 2 + 1)],
)
def test_everybody_has_the_forms_of_their_own_and_reads_why_not_of_the_others(client, reviewed, people, name, forms):
    text = page(client, people[name])
    assert text.count("<form") == forms + 1  # and one to sign out
    reasons = ("只有省级督学可以评定", "由省级督学或审定人录入", "由省级审定人批准和撤回")
    expected = {"inspector": [False, False, True], "chief": [True, False, False]}.get(name, [True, True, True])
    assert [reason in text for reason in reasons] == expected


def test_who_may_not_is_told_so_and_nothing_is_written(client, judged, people, county):
    client.force_login(people["chief"])
    address = reverse("item_judge", args=[county.code, "G1"])
    answer = client.post(address, {"item-G1-is_met": "yes", "item-G1-opinion": "好"}, follow=True)
    assert "只有省级督学可以评定" in answer.content.decode()
    assert not ItemJudgement.objects.exists()


def test_the_province_does_not_learn_what_the_county_tried(client, relaxed, people):
    for name in ("inspector", "chief", "city"):
        text = page(client, people[name])
        assert "在最新结果中" not in text
        assert "已使用" not in text
        # Neither the verdict nor a figure only the workbook has.
        assert not any(word in text for word in ("未达标", "尚待评定", "无法核算", "第 1 版", "核算的各项"))
    assert "已使用" in page(client, people["clerk"])


def test_the_county_reads_which_condition_a_relaxation_misses(client, judged, people, county):
    grant(people["chief"], county, OLD, "R2")
    grant(people["chief"], county, OLD, "R4", TODAY)
    text = page(client, people["clerk"])
    assert "“是否高密度中心城区”应为是，填报：否" in text
    withdraw_relaxation(people["chief"], RelaxationGrant.objects.get(relaxation="R2"), 2026, "不再需要")
    text = page(client, people["clerk"])
    assert "已撤回的 1 项" in text
    assert "应为是" not in text


def test_the_page_is_linked_for_those_who_find_it(client, judged, people, county):
    address = reverse("decisions", args=[county.code])
    for name in ("inspector", "chief", "city", "clerk", "signer"):
        assert address in open_page(client, people[name], reverse("workspace")), name
    assert "/decisions/" not in open_page(client, people["steward"], reverse("workspace"))
    assert address in open_page(client, people["clerk"], reverse("submission", args=[judged.pk]))


def test_years_are_this_one_and_those_with_decisions(client, judged, people, county):
    client.force_login(people["inspector"])
    address = reverse("decisions", args=[county.code])
    for year in ("1999", "2027", "x", "２０２６"):
        assert client.get(address, {"year": year}).status_code == 404
    figures = {"issued": 900, "valid": 850, "satisfied": 800}
    figures |= {f"parents_{name}": value // 2 for name, value in figures.items()}
    supply_survey(people["inspector"], county, 2025, figures, "上一年的调查报告", TODAY)
    assert "?year=2025" in page(client, people["inspector"])
    assert "上一年的调查报告" not in page(client, people["inspector"])
    assert "上一年的调查报告" in open_page(client, people["inspector"], f"{address}?year=2025")


# ── Forms ─────────────────────────────────────────────────────────────────────────────────────

SURVEY = {f"survey-{p}{n}": str(v) for p in ("", "parents_") for n, v in
          (("issued", 900), ("valid", 850), ("satisfied", 800))}  # fmt: skip
ABOUT = {"document": "省教督〔2026〕3号", "issued_on": "2026-09-10"}


def file_of(content: bytes, name: str = "报告.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_the_survey_is_entered_shown_and_its_file_given_back(client, judged, people, county):
    client.force_login(people["inspector"])
    said = SURVEY | {f"survey-{name}": text for name, text in ABOUT.items()} | {"survey-file": file_of(pdf())}
    answer = client.post(reverse("survey_supply", args=[county.code]), said)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("?year=2026#survey")
    text = page(client, people["clerk"])
    assert "94.4%" in text  # 850 of 900
    assert "94.1%" in text  # 800 of 850
    assert "省教督〔2026〕3号" in text
    result = SuppliedResult.objects.get()
    taken = client.get(reverse("supplied_file", args=[result.pk]))
    assert b"".join(taken.streaming_content) == pdf()
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in taken.headers["Content-Security-Policy"]


def test_a_survey_that_is_refused_keeps_what_was_typed(client, judged, people, county):
    client.force_login(people["inspector"])
    said = SURVEY | {f"survey-{name}": text for name, text in ABOUT.items()} | {"survey-valid": "999"}
    answer = client.post(reverse("survey_supply", args=[county.code]), said)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "有效问卷不能多于发放问卷" in text
    assert 'value="999"' in text
    assert ABOUT["document"] in text
    wrong = client.post(reverse("survey_supply", args=[county.code]), said | {"survey-issued": "九百"})
    assert "全部发放问卷应为整数" in wrong.content.decode()
    assert not SuppliedResult.objects.exists()


def test_monitoring_starts_from_the_last_entry(client, judged, people, county):
    client.force_login(people["chief"])
    said = {f"monitoring-C{n}": "4" for n in range(27, 33)} | {f"monitoring-C{n}": "0.125" for n in range(33, 39)}
    said |= {f"monitoring-{name}": text for name, text in ABOUT.items()}
    assert client.post(reverse("monitoring_supply", args=[county.code]), said).status_code == 302
    text = page(client, people["chief"])
    assert text.count('value="0.125"') == 6
    assert text.count('<option value="4" selected>') == 6
    short = client.post(reverse("monitoring_supply", args=[county.code]), said | {"monitoring-C38": ""})
    assert short.status_code == 422
    assert "请填写校际差异率：德育" in short.content.decode()


def test_an_item_is_judged_and_a_veto_reads_as_there_or_not(client, reviewed, people, county):
    client.force_login(people["inspector"])
    for code, choice in (("G1", "yes"), ("V1", "no")):
        said = {f"item-{code}-is_met": choice, f"item-{code}-opinion": "看过材料。"}
        answer = client.post(reverse("item_judge", args=[county.code, code]), said)
        assert answer.headers["Location"].endswith(f"#item-{code}")
    text = page(client, people["signer"])
    assert "达标</span>" in text.partition('id="item-G1"')[2][:400]
    assert "存在</span>" in text.partition('id="item-V1"')[2][:400]
    client.force_login(people["inspector"])
    refused = client.post(reverse("item_judge", args=[county.code, "G2"]), {"item-G2-opinion": "没有选择"})
    assert refused.status_code == 422
    assert "请选择评定结果" in refused.content.decode()
    assert client.post(reverse("item_judge", args=[county.code, "G3"]), {}).status_code == 404


def granting(**changed: Any) -> dict[str, Any]:
    said = {"school": f"{SMALL} 望棠区岭下教学点", "relaxation": "R1", "valid_from": str(TODAY),
            "valid_until": str(TODAY + DAY), "reason": "走教", "file": file_of(pdf())}  # fmt: skip
    return {f"grant-{name}": value for name, value in (said | changed).items()}


@pytest.mark.parametrize("named", [SMALL, "望棠区岭下教学点", f"{SMALL} 望棠区岭下教学点"])
def test_a_school_is_named_by_code_by_name_or_as_listed(client, judged, people, county, named):
    client.force_login(people["chief"])
    assert client.post(reverse("relaxation_grant", args=[county.code]), granting(school=named)).status_code == 302
    assert RelaxationGrant.objects.get().school_id == SMALL


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"school": "没有这所学校"}, "不是本县在办的学校"),
        ({"relaxation": "R9"}, "请从列出的过渡规定中选择"),
        ({"valid_until": "2026-02-30"}, "请填写有效的日期"),
        ({"file": ""}, "请选择依据材料"),
        ({"reason": ""}, "请写明授予的理由"),
        ({"valid_until": "2020-01-01"}, "截止日期早于起始日期"),
        ({"file": file_of(b"MZ", "a.pdf")}, "程序"),
    ],
)
def test_a_grant_that_is_refused_says_why_beside_what_was_typed(client, judged, people, county, changed, words):
    client.force_login(people["chief"])
    answer = client.post(reverse("relaxation_grant", args=[county.code]), granting(**changed))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not RelaxationGrant.objects.exists()


def test_a_grant_is_withdrawn_with_a_reason(client, relaxed, people):
    client.force_login(people["chief"])
    granted = RelaxationGrant.objects.get(relaxation="R1")
    address = reverse("relaxation_withdraw", args=[granted.pk])
    assert client.post(address, {f"withdraw-{granted.pk}-because": " "}).status_code == 422
    assert client.post(address, {f"withdraw-{granted.pk}-because": "学校停办"}).status_code == 302
    assert "学校停办" in page(client, people["city"])


# ── The verdict with and without, earlier verdicts ────────────────────────────────────────────


def test_the_verdict_shows_both_conclusions_and_what_differs(client, relaxed, people):
    text = open_page(client, people["clerk"], reverse("submission", args=[relaxed.pk]))
    section = text.partition('id="relaxed"')[2].partition("</section>")[0]
    assert "还有 17 项要求待评定" in section
    assert "1 所学校未达到学校标准" in section
    assert section.count("已使用") == 2
    assert "豁免" in section
    assert "第 3 次核算" in text
    assert "过渡规定 2 项" in text


def test_every_difference_between_both_verdicts_is_listed(standard_document):
    listed = 0
    for seed in range(150):
        report, decided = random_decided_county(seed)
        result = judge_report(report, standard_document, AS_OF, decided)
        view, strict = relaxed_view(result, standard_document, decided), without_relaxations(result)
        assert (view is None) is (strict is None)
        if view is None or strict is None:
            continue
        names = " ".join(change.name for change in view.changes)
        for code, found in result["criteria"].items():
            assert (f"{code} " in names) is (found != strict["criteria"][code]), (seed, code)
        assert bool(view.changes) is any(grant.works for grant in view.grants) or not view.changes
        listed += len(view.changes)
    assert listed > 50


def test_an_earlier_verdict_is_shown_as_what_it_is(client, relaxed, people):
    address = reverse("submission", args=[relaxed.pk])
    old = open_page(client, people["clerk"], f"{address}?verdict=1")
    assert "这是第 1 次核算的结果" in old
    assert "第 3 次</a>取代" in old
    assert 'id="relaxed"' not in old
    newest = open_page(client, people["clerk"], address)
    assert "?verdict=1" in newest
    assert "取代" not in newest
    for number in ("0", "4", "99999999999999999999", "x", "-1"):
        assert client.get(address, {"verdict": number}).status_code == 404, number


def test_the_checklist_goes_by_the_newest_verdict(client, judged, people, county):
    before = open_page(client, people["clerk"], reverse("checklist"))
    assert "由省级录入，尚未录入" in before
    figures = {f"{p}{n}": 10 for p in ("", "parents_") for n in ("issued", "valid", "satisfied")}
    supply_survey(people["inspector"], county, 2026, figures, "报告", TODAY)
    after = open_page(client, people["clerk"], reverse("checklist"))
    assert "由省级录入，尚未录入" not in after
    assert "省级已录入" in after


def test_a_school_page_shows_the_value_with_and_without(client, relaxed, people):
    text = open_page(client, people["clerk"], reverse("school", args=[relaxed.pk, SMALL]))
    assert "体艺交流兼职走教 1) × 100 ÷ 50 </p>" in text or "体艺交流兼职走教 1) × 100 ÷ 50 = 2.00" in text
    assert "不计入时为 0.00 人，不足" in text


def test_every_formula_works_out_with_relaxations(standard_document):
    added = 0
    for seed in range(80):
        report, decided = random_decided_county(seed)
        result = judge_report(report, standard_document, AS_OF, decided)
        codes = [school.values.get("code") for school in report.schools]
        for school in report.schools:
            if not school.values.get("code") or codes.count(school.values["code"]) > 1:
                continue
            for row in school_page(result, standard_document, school, {}).rows:
                for line in row.lines:
                    if line.relaxed and line.formula and line.sign == "=":
                        assert worked_out(line.formula) == worked_out(line.cell.text), (seed, line.formula)
                        added += 1
    assert added > 3


# ── Another standard ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def standard_2012(db: None) -> object:
    return load_standard((ROOT / "fixtures/standards/2012-basic.toml").read_bytes())[0]


def test_the_same_figures_are_shown_under_the_measure_of_2012(client, judged, people, standard_2012):
    own = reverse("submission", args=[judged.pk])
    address = reverse("submission_standard", args=[judged.pk, "2012-basic"])
    assert address in open_page(client, people["clerk"], own)
    text = open_page(client, people["clerk"], address)
    assert "仅供参考：按" in text
    assert "不是本县的结论" in text
    assert "综合差异系数上限 0.65" in text
    assert 'id="school-rule"' not in text
    assert 'id="criteria"' not in text
    assert "达标学校" not in text
    assert Verdict.objects.count() == 1
    client.force_login(people["clerk"])
    assert client.get(reverse("submission_standard", args=[judged.pk, "2017-quality"])).headers["Location"] == own


def test_with_the_extra_columns_the_composite_decides(client, standard, standard_2012, people, county):
    told = demo_county(county.code, county.name, "many_stages")
    assert told is not None
    version = upload_workbook(people["clerk"], county, 2026, "a.xlsx", workbook_of(told, county, 2026))
    run_waiting_jobs()
    text = open_page(client, people["clerk"], reverse("submission_standard", args=[version.pk, "2012-basic"]))
    assert "各学段的综合差异系数均不高于上限" in text
    assert text.count("不高于 0.65") == 1
    assert text.count("不高于 0.55") == 1


@pytest.mark.parametrize("name", ["signer", *DO_NOT_SEE, "city", "inspector", "chief"])
def test_another_standard_is_shown_to_those_who_see_the_trial_alone(client, judged, people, standard_2012, name):
    client.force_login(people[name])
    answer = client.get(reverse("submission_standard", args=[judged.pk, "2012-basic"]))
    assert answer.status_code == (200 if name == "signer" else 404)


def test_a_standard_that_is_not_loaded_is_no_page(client, judged, people):
    client.force_login(people["clerk"])
    assert client.get(reverse("submission_standard", args=[judged.pk, "2012-basic"])).status_code == 404


def test_a_variant_is_shown_with_its_limits(client, judged, people):
    load_standard((ROOT / "fixtures/standards/99-quality-2026.toml").read_bytes())
    text = open_page(client, people["clerk"], reverse("submission_standard", args=[judged.pk, "99-quality-2026"]))
    assert 'id="school-rule"' in text
    assert json.loads(judged.verdicts.get().document)["standard"] == "2017-quality"


# ── The template with its extra columns ───────────────────────────────────────────────────────


def headers(answer: Any) -> list[str]:
    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content)))[SCHOOL_SHEET]
    return [cell.value for cell in sheet[4] if cell.value]


def test_the_template_carries_the_extra_columns_where_they_are_asked_for(client, standard, people):
    client.force_login(people["clerk"])
    plain = [field.header for field in FIELDS]
    assert headers(client.get(reverse("template_download"))) == plain
    extra = [*plain, *(field.header for field in EXTRA_FIELDS)]
    assert headers(client.get(reverse("template_download"), {"extra": "1"})) == extra
    assert client.get(reverse("template_download"), {"extra": "2"}).status_code == 404
    assert 'name="extra"' in open_page(client, people["clerk"], reverse("workspace"))


def test_the_demo_stories_of_the_decisions_are_those_the_decisions_name():
    told = demo_county("990203", "澜星西县", "teaching_points")
    assert told is not None
    names = [str(school.values["name"]) for school in told.schools]
    assert [name for name in names if name.endswith((OLD_SCHOOL, SMALL_SCHOOL))] == [names[7], names[19]]


def test_decided_is_read_back_from_a_verdict(relaxed):
    assert len(Decided.of(relaxed.verdicts.first().decided).grants) == 2
