"""Evaluations walked to a state by the real actions, as the people of the process would."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.decisions import judge_item, judged_items, supply_monitoring, supply_survey
from evaluation.demo import demo_county
from evaluation.evidence_actions import attach_evidence
from evaluation.explaining import explain
from evaluation.management.commands.demo import workbook_of
from evaluation.models import Assignment, Evaluation, Filing, ItemJudgement, Notice, Proposal
from evaluation.noticing import last_day, publish
from evaluation.proposing import approve, finish_replies, open_proposal, propose
from evaluation.queries import default_standard
from evaluation.sending_back import forward
from evaluation.signing import Seen, Signature, submit, to_sign
from evaluation.standards import parsed_standard
from indicators.explanations import open_explanations
from indicators.models import Evidence, Submission
from schools.actions import appoint
from schools.models import County, Division, User
from schools.queries import current_school_year
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.indicators.test_evidence_files import pdf

#: A story of the tests alone: two figures that must be explained.
TO_EXPLAIN = "to_explain"
SIGNED_AS = Signature("张文清", "县教育局局长", accepts=True, is_confirmed=True)


def uploaded(county: County, clerk: User, story: str = "passes", year: int | None = None) -> Submission:
    """The workbook of a demo story as the next version, read and judged."""
    told = demo_county(county.code, county.name, "passes" if story == TO_EXPLAIN else story)
    if told is None:
        raise ValueError(f"nothing is reported in the story {story}")
    if story == TO_EXPLAIN:
        for school in told.schools[:2]:
            school.values["multimedia_rooms"] = 300
    year = year or current_school_year()
    version = upload_workbook(clerk, county, year, f"{county.name}.xlsx", workbook_of(told, county, year))
    run_waiting_jobs()
    version.refresh_from_db()
    return version


def explained(clerk: User, version: Submission) -> None:
    """Every figure of a version that must be explained, explained."""
    for problem in list(open_explanations(version)):
        explain(clerk, version, problem, f"经核实，{problem.header or '该数据'}无误。")


def attached(
    county: County, clerk: User, criterion: str = "G1", content: bytes = pdf(), name: str = "通知.pdf"
) -> Evidence:
    """A file of evidence on one item."""
    about = {"issued_by": "县人民政府", "issued_on": datetime.date(2025, 3, 1), "proof_page": "第3页"}
    return attach_evidence(clerk, county, current_school_year(), criterion, name, content, **about)[0]


def sign(county: County, signer: User, year: int | None = None, signature: Signature = SIGNED_AS) -> Filing:
    """What stands there, signed as the signer sees it."""
    year = year or current_school_year()
    found = to_sign(signer, county, year)
    seen = Seen(found.submission.pk if found.submission else 0, found.verdict.pk if found.verdict else 0, found.version)
    return submit(signer, county, year, seen, signature)


def signed(county: County, clerk: User, signer: User, story: str = "passes") -> Evaluation:
    """An evaluation with the city: one version of a story with a file of evidence, explained and signed."""
    version = uploaded(county, clerk, story)
    explained(clerk, version)
    attached(county, clerk)
    return sign(county, signer).evaluation


# ── Beyond the county: everybody who has a part in it, and the states they bring it to ────────


@dataclass(frozen=True)
class People:
    """One person of each party, and a second chief; the county is assigned to the inspector."""

    clerk: User
    signer: User
    city: User
    inspector: User
    chief: User
    second_chief: User


SURVEY = {
    "issued": 1000, "valid": 900, "satisfied": 800,
    "parents_issued": 500, "parents_valid": 450, "parents_satisfied": 400,
}  # fmt: skip
MONITORING: dict[str, int | Decimal] = {f"C{n}": 3 for n in range(27, 33)} | {
    f"C{n}": Decimal("0.12") for n in range(33, 39)
}


def people_of_county(county: County, clerk: User, signer: User) -> People:
    """The people above a county that has its own."""
    province = Division.objects.get(pk=f"{county.pk[:2]}0000")
    city = appoint("city", "市级甲", Party.CITY_REVIEWER, Division.objects.get(pk=county.parent_id), PASSWORD)
    inspector = User.objects.filter(username="inspector").first() or appoint(
        "inspector", "督学甲", Party.INSPECTOR, province, PASSWORD
    )
    chief = appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)
    second_chief = appoint("chief2", "审定人乙", Party.CHIEF, province, PASSWORD)
    year = current_school_year()
    Assignment.objects.get_or_create(
        county=county, school_year=year, ended_at=None, defaults={"inspector": inspector, "assigned_by": chief}
    )
    return People(clerk, signer, city, inspector, chief, second_chief)


def forwarded(county: County, people: People, story: str = "passes") -> Evaluation:
    """An evaluation with the province: signed, and forwarded by the city."""
    evaluation = signed(county, people.clerk, people.signer, story)
    evaluation.refresh_from_db()
    forward(people.city, evaluation, evaluation.version, "数据和材料属实，同意上报。")
    return evaluation


def reviewed(county: County, people: People, story: str = "passes") -> Evaluation:
    """The same with everything judged and supplied: the passing story may be certified."""
    evaluation = forwarded(county, people, story)
    year, opinion = evaluation.school_year, "查阅材料，符合要求。"
    *items, last = judged_items(parsed_standard(default_standard()))
    # All but the last at once: the county is judged again with each, and that takes its time.
    ItemJudgement.objects.bulk_create(
        ItemJudgement(
            county=county, school_year=year, criterion=item.code, is_met=True, opinion=opinion,
            judged_by=people.inspector,
        )
        for item in items
    )  # fmt: skip
    judge_item(people.inspector, county, year, last.code, True, opinion)
    today = timezone.localdate()
    supply_survey(people.inspector, county, evaluation.school_year, SURVEY, "省调查报告", today)
    supply_monitoring(people.inspector, county, evaluation.school_year, MONITORING, "监测报告", today)
    return evaluation


def proposed(
    county: County,
    people: People,
    decision: Proposal.Decision = Proposal.Decision.CERTIFY,
    story: str = "passes",
) -> Evaluation:
    """An evaluation with a proposal the county may reply to."""
    evaluation = reviewed(county, people, story)
    propose(people.inspector, evaluation, decision, evaluation.version, "综合各项核查，提出本建议。")
    return evaluation


def replied(county: County, people: People, decision: Proposal.Decision = Proposal.Decision.CERTIFY) -> Evaluation:
    """An evaluation the chief may decide: the county has nothing to say against the proposal."""
    evaluation = proposed(county, people, decision)
    finish_replies(people.signer, the_proposal(evaluation), evaluation.version)
    evaluation.refresh_from_db()
    return evaluation


def the_proposal(evaluation: Evaluation) -> Proposal:
    """The open proposal, with the evaluation as it stands."""
    found = open_proposal(evaluation)
    if found is None:
        raise ValueError("there is no open proposal")
    found.evaluation = evaluation
    return found


def in_notice(county: County, people: People) -> tuple[Evaluation, Notice]:
    """An evaluation in 公示 from today on."""
    evaluation = replied(county, people)
    approve(people.chief, evaluation, evaluation.version, "同意。")
    return evaluation, evaluation.notices.get()


def published(county: County, people: People) -> Evaluation:
    """A published evaluation: the term was over without objections."""
    evaluation, notice = in_notice(county, people)
    publish(people.chief, evaluation, evaluation.version, last_day(notice) + datetime.timedelta(days=1))
    return evaluation
