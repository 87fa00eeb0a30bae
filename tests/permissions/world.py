"""One county for every state of an evaluation, all in one database, each walked there by the real actions; and in each
county unmistakable words that only those may read whom they concern."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core import signing
from django.utils import timezone

from evaluation import national, radar
from evaluation.actions import load_standard, run_waiting_jobs, upload_workbook
from evaluation.certifying import revoke, start_correction
from evaluation.decisions import grant_relaxation, judged_items, supply_monitoring, supply_survey
from evaluation.document_making import DocumentKind, maker
from evaluation.documents import order_annual_report, order_document
from evaluation.evidence_actions import set_task
from evaluation.laboratory import start_run
from evaluation.models import (
    Assignment,
    Evaluation,
    ItemJudgement,
    Notice,
    Objection,
    OutboxEntry,
    Proposal,
    Recusal,
    Subscription,
)
from evaluation.noticing import dismiss, object_to, publish
from evaluation.open_data.building import build_open_data
from evaluation.partials import upload_partial
from evaluation.people import invite
from evaluation.proposal_queries import finding_lines
from evaluation.proposing import approve, finish_replies, propose, reply
from evaluation.queries import default_standard
from evaluation.questions import ask
from evaluation.sending_back import forward, send_back
from evaluation.standards import parsed_standard
from evaluation.subscribing import token_to_end
from indicators.header_mapping import save_mappings, unknown_headers
from indicators.models import Submission
from schools.actions import add_division, appoint, register_schools
from schools.models import County, Division, School, User
from schools.queries import current_school_year
from schools.vocabulary import DivisionLevel, Party, SchoolType, SponsorType, UrbanRural
from tests import builders
from tests.conftest import PASSWORD, STANDARD_PATH
from tests.evaluation.reviewing import AskedBack, working_day
from tests.evaluation.standing import over
from tests.evaluation.walk import MONITORING, SURVEY, attached, explained, sign, the_proposal
from tests.indicators.test_evidence_files import pdf
from tests.permissions.askers import Asker

A = Asker
UNKNOWN_HEADER = "本县自设栏目"
#: Every state of an evaluation, and more than one county where a state has more than one face.
CASES = (
    "trial",
    "draft",
    "returned",
    "city_review",
    "province_review",
    "recused",
    "proposed",
    "ripe",
    "notice",
    "notice_over",
    "declined",
    "published",
    "revoked",
    "superseded",
)


def mark(code: str, kind: str) -> str:
    """A word that stands nowhere else: which county it is about, and what of it."""
    return f"zq{code}{kind}"


@dataclass
class Case:
    """A county in one state, and everything of it that has an address of its own."""

    key: str
    county: County
    people: dict[Asker, User]
    things: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["things"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def code(self) -> str:
        return self.county.pk

    @property
    def evaluation(self) -> Evaluation | None:
        found = self.things.get("evaluation")
        if found is not None:
            found.refresh_from_db()
        return found

    def mark(self, kind: str) -> str:
        return mark(self.code, kind)


@dataclass
class World:
    """All of them, and what belongs to no county."""

    cases: dict[str, Case]
    things: dict[str, Any] = field(default_factory=dict)


Build = Callable[["_Builder", Case], None]


class _Builder:
    """Walks counties to their states."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.year, self.today = folder, current_school_year(), timezone.localdate()
        load_standard(STANDARD_PATH.read_bytes())
        self.others = self._above()
        self.everywhere: dict[Asker, User] = {}

    # ── Places and people ─────────────────────────────────────────────────────────────────────

    def _above(self) -> dict[Asker, User]:
        for province, name in (("990000", "示例省"), ("980000", "别处省")):
            add_division(province, name, DivisionLevel.PROVINCE)
        for city, province in (("990100", "990000"), ("990200", "990000"), ("980100", "980000")):
            add_division(city, f"市{city}", DivisionLevel.CITY, province)
        posts = {
            A.CITY: (Party.CITY_REVIEWER, "990100"),
            A.INSPECTOR: (Party.INSPECTOR, "990000"),
            A.CHIEF: (Party.CHIEF, "990000"),
            A.SECOND_CHIEF: (Party.CHIEF, "990000"),
            A.UNASSIGNED: (Party.INSPECTOR, "990000"),
            A.RELIEVED: (Party.INSPECTOR, "990000"),
            A.RECUSED: (Party.INSPECTOR, "990000"),
            A.SIBLING_CITY: (Party.CITY_REVIEWER, "990200"),
            A.OTHER_CITY: (Party.CITY_REVIEWER, "980100"),
            A.OTHER_INSPECTOR: (Party.INSPECTOR, "980000"),
            A.OTHER_CHIEF: (Party.CHIEF, "980000"),
            A.STEWARD: (Party.STEWARD, "990000"),
            A.OTHER_STEWARD: (Party.STEWARD, "980000"),
        }
        found = {
            asker: appoint(asker.value, f"人员{asker.value}", party, Division.objects.get(pk=place), PASSWORD)
            for asker, (party, place) in posts.items()
        }
        found[A.SUPERUSER] = User.objects.create_superuser("superuser", password=PASSWORD, full_name="系统管理员")
        return found

    def county(self, key: str, code: str, city: str = "990100") -> Case:
        add_division(code, f"县{code}", DivisionLevel.COUNTY, city)
        place = County.objects.select_related("parent__parent").get(pk=code)
        own = {
            A.CLERK: appoint(f"clerk-{code}", f"填报{mark(code, 'clerk')}", Party.CLERK, place, PASSWORD),
            A.SIGNER: appoint(f"signer-{code}", f"签报{mark(code, 'signer')}", Party.SIGNER, place, PASSWORD),
        }
        schools = [self._school(row, place) for row in self.rows(code)]
        register_schools(schools[1:])
        return Case(key, place, own, {"school": schools[1]})

    def assign(self, case: Case, inspector: User) -> None:
        relieved = {"county": case.county, "school_year": self.year, "assigned_by": self.others[A.CHIEF]}
        if case.code.startswith("99"):
            Assignment.objects.create(
                inspector=self.others[A.RELIEVED], ended_at=timezone.now(), ended_because="改派", **relieved
            )
            Recusal.objects.create(
                inspector=self.others[A.RECUSED],
                county=case.county,
                ground=Recusal.Ground.HOME,
                declared_by=self.others[A.CHIEF],
            )
        Assignment.objects.create(inspector=inspector, **relieved)

    # ── What a county hands in ────────────────────────────────────────────────────────────────

    @staticmethod
    def rows(code: str, name: str = "") -> list[builders.Row]:
        rows = builders.good_rows()
        for number, row in enumerate(rows):
            row["code"] = f"{row['code'][0]}{code}{number:03d}"
            row["name"] = f"县{code}{row['name']}"
        if name:
            rows[0]["name"] = f"实验小学{name}"
        return rows

    @staticmethod
    def _school(row: builders.Row, county: County) -> School:
        return School(
            code=row["code"],
            name=row["name"],
            county=county,
            school_type=SchoolType.PRIMARY_SCHOOL.value,
            sponsor_type=SponsorType.COUNTY_EDUCATION.value,
            urban_rural=UrbanRural.TOWN.value,
        )

    def workbook(self, rows: list[builders.Row], **options: Any) -> bytes:
        return builders.write_workbook(self.folder / "made.xlsx", rows, **options).read_bytes()

    def upload(self, case: Case, kind: str, school: str, *, odd: bool = False) -> Submission:
        """A version of the county: its file and its first school carry a mark each. ``odd``: with a figure that must be
        explained, and a column nobody knows."""
        rows, options = self.rows(case.code, case.mark(school)), {}
        if odd:
            rows[0] |= {"multimedia_rooms": 300, "primary_enrollment": "1,260"}
            for row in rows:
                row[UNKNOWN_HEADER] = 1
            options = {"keys": (*builders.KEYS, UNKNOWN_HEADER)}
        content = self.workbook(rows, **options)
        clerk = case.people[A.CLERK]
        return upload_workbook(clerk, case.county, self.year, f"{case.mark(kind)}.xlsx", content)

    def file(self, case: Case, kind: str) -> tuple[str, bytes]:
        about = f"<</Type/Catalog/Pages 2 0 R/Lang({case.mark(kind)})>>"
        return f"{case.mark(kind)}.pdf", pdf(about.encode())

    # ── The walk ──────────────────────────────────────────────────────────────────────────────

    def hand_in(self, case: Case) -> None:
        """A trial version, and one to sign, with all that belongs to them."""
        case.things["trial"] = self.upload(case, "trial", "trialschool", odd=True)
        if case.key != "trial":
            case.things["signed"] = self.upload(case, "file", "school")

    def prepare(self, case: Case) -> None:
        clerk = case.people[A.CLERK]
        case.trial.refresh_from_db()
        set_task(clerk, case.county, self.year, "G1", case.mark("task"), None)
        name, content = self.file(case, "evidence")
        case.things["evidence"] = attached(case.county, clerk, "G1", content, name)
        if case.key == "trial":
            header = unknown_headers(case.trial)[0]
            save_mappings(clerk, case.trial, {header.plain: ""})
            case.things["mapping"] = case.county.header_mappings.get()
            rows = self.rows(case.code)[1:2]
            rows[0]["primary_backbone_teachers"] += 1
            content = self.workbook(rows, figures={})
            name = f"{case.mark('partial')}.xlsx"
            case.things["partial"] = upload_partial(clerk, case.county, self.year, name, content)
        newest = case.things.get("signed", case.trial)
        case.things["change"] = newest.register_proposals.first()

    def sign(self, case: Case) -> None:
        signer = case.people[A.SIGNER]
        case.signed.refresh_from_db()
        explained(case.people[A.CLERK], case.signed)
        case.things["filing"] = sign(case.county, signer)
        case.things["evaluation"] = case.filing.evaluation

    def forward(self, case: Case) -> None:
        city, found = self.others[A.CITY], case.evaluation
        ask(city, found, f"请核实{case.mark('question')}", criterion="G1")
        case.things["question"] = found.questions.get()
        forward(city, found, found.version, f"同意上报，{case.mark('opinion')}。")

    def review(self, case: Case) -> None:
        chief, inspector = self.others[A.CHIEF], case.people.get(A.INSPECTOR, self.others[A.INSPECTOR])
        about = {"county": case.county, "school_year": self.year, "is_met": True, "judged_by": inspector}
        items = judged_items(parsed_standard(default_standard()))
        words = f"符合要求，{case.mark('judged')}。"
        ItemJudgement.objects.bulk_create(ItemJudgement(criterion=item.code, opinion=words, **about) for item in items)
        document = f"省调查报告{case.mark('document')}"
        case.things["supplied"] = supply_survey(
            chief, case.county, self.year, SURVEY, document, self.today, self.file(case, "supplied")
        )
        supply_monitoring(chief, case.county, self.year, MONITORING, document, self.today)
        until = self.today + datetime.timedelta(days=300)
        reason, file = f"规划建设，{case.mark('grant')}。", self.file(case, "grantfile")
        case.things["grant"] = grant_relaxation(
            chief, case.county, self.year, case.school, "R4", self.today, until, reason, file
        )

    def propose(self, case: Case, decision: Proposal.Decision = Proposal.Decision.CERTIFY) -> None:
        found, inspector = case.evaluation, case.people.get(A.INSPECTOR, self.others[A.INSPECTOR])
        propose(inspector, found, decision, found.version, f"综合核查，{case.mark('propose')}。")
        case.things["proposal"] = the_proposal(case.evaluation)
        line = finding_lines(case.proposal)[0]
        case.things["line"] = line.key

    def disagree(self, case: Case) -> None:
        line, signer, version = finding_lines(case.proposal)[0], case.people[A.SIGNER], case.evaluation.version
        about = {"finding": line.finding.code, "stage": line.finding.stage, "agrees": False}
        words = f"我县不同意，{case.mark('reply')}。"
        reply(signer, case.proposal, version, text=words, file=self.file(case, "replyfile"), **about)
        case.things["reply"] = case.proposal.replies.get()

    def decide(self, case: Case) -> None:
        self.finish(case)
        found = case.evaluation
        approve(self.others[A.CHIEF], found, found.version, f"同意，{case.mark('approve')}。")

    def finish(self, case: Case) -> None:
        case.things["proposal"] = the_proposal(case.evaluation)
        finish_replies(case.people[A.SIGNER], case.proposal, case.evaluation.version)

    def object(self, case: Case) -> Objection:
        notice: Notice = case.evaluation.notices.get()
        case.things["notice"] = notice
        about = {"name": case.mark("objector"), "contact": case.mark("contact"), "sender": f"sender{case.code}"}
        words, file = f"数据不实，请核实：{case.mark('objection')}。", self.file(case, "objectionfile")
        case.things["objection"] = object_to(notice, words, file=file, **about)
        return case.objection

    def dismiss(self, case: Case) -> None:
        dismiss(self.others[A.CHIEF], case.objection, case.evaluation.version, "经核实，异议不成立。")

    def publish(self, case: Case) -> None:
        found = case.evaluation
        publish(self.others[A.CHIEF], found, found.version, over(found))
        case.things["certificate"] = case.evaluation.certificate

    def documents(self, case: Case) -> None:
        """The self-assessment and the plan of one school, of what is signed and stands."""
        found = case.evaluation
        if found is None or not found.state_of.is_frozen:
            return
        record = found.filing.submission.records.order_by("row").first()
        # A maker of the tests: one school is enough.
        maker().named = [(record.code, record.name)]  # type: ignore[attr-defined]
        for name, kind in (("paper", DocumentKind.SELF_ASSESSMENT), ("plans", DocumentKind.SCHOOL_PLAN)):
            order = order_document(case.people[A.CLERK], found, kind, 0)
            run_waiting_jobs()
            case.things[name] = order.documents.get() if name == "paper" else order

    def correct(self, case: Case) -> None:
        found = case.evaluation
        words = f"更正，{case.mark('correction')}。"
        case.things["draft"] = start_correction(self.others[A.CHIEF], found, found.version, words)


def _to_notice(walk: _Builder, case: Case) -> None:
    walk.forward(case)
    walk.review(case)
    walk.propose(case)
    walk.decide(case)
    walk.object(case)


def _to_published(walk: _Builder, case: Case) -> None:
    _to_notice(walk, case)
    walk.dismiss(case)
    walk.publish(case)


def _returned(walk: _Builder, case: Case) -> None:
    city, found = walk.others[A.CITY], case.evaluation
    ask(city, found, f"请核实{case.mark('question')}", criterion="G1")
    case.things["question"] = found.questions.get()
    asked = [AskedBack(f"材料不全，{case.mark('back')}。", criterion="G1")]
    send_back(city, found, found.version, f"请补充，{case.mark('back')}。", working_day(), asked)


def _city_review(walk: _Builder, case: Case) -> None:
    ask(walk.others[A.CITY], case.evaluation, f"请核实{case.mark('question')}", criterion="G1")
    case.things["question"] = case.evaluation.questions.get()


def _province_review(walk: _Builder, case: Case) -> None:
    walk.forward(case)
    walk.review(case)


def _proposed(walk: _Builder, case: Case) -> None:
    _province_review(walk, case)
    walk.propose(case)
    walk.disagree(case)


def _ripe(walk: _Builder, case: Case) -> None:
    _province_review(walk, case)
    walk.propose(case)
    walk.finish(case)


def _declined(walk: _Builder, case: Case) -> None:
    _province_review(walk, case)
    walk.propose(case, Proposal.Decision.DECLINE)
    walk.decide(case)


def _notice_over(walk: _Builder, case: Case) -> None:
    _to_notice(walk, case)
    walk.dismiss(case)
    # The clock is not the portal's to turn back; the row of the 公示 is the test's.
    days = {"opens_on": walk.today - datetime.timedelta(days=60), "closes_on": walk.today - datetime.timedelta(days=1)}
    Notice.objects.filter(pk=case.notice.pk).update(**days)


def _draft(walk: _Builder, case: Case) -> None:
    """A published result that is being corrected: the draft is the county's alone."""
    _to_published(walk, case)
    walk.documents(case)
    walk.correct(case)
    case.things["before"], case.things["evaluation"] = case.things["evaluation"], case.draft


def _revoked(walk: _Builder, case: Case) -> None:
    _to_published(walk, case)
    found = case.evaluation
    revoke(walk.others[A.CHIEF], found, found.version, f"数据不实，{case.mark('revoke')}。")


def _superseded(walk: _Builder, case: Case) -> None:
    _to_published(walk, case)
    walk.correct(case)
    correction: Evaluation = case.draft
    sign(case.county, case.people[A.SIGNER])
    correction.refresh_from_db()
    forward(walk.others[A.CITY], correction, correction.version, "同意上报。")
    propose(walk.others[A.INSPECTOR], correction, Proposal.Decision.CERTIFY, correction.version, "各项均已达标。")
    finish_replies(case.people[A.SIGNER], the_proposal(correction), correction.version)
    correction.refresh_from_db()
    approve(walk.others[A.CHIEF], correction, correction.version, "同意。")
    publish(walk.others[A.CHIEF], correction, correction.version, over(correction))


def _nothing(walk: _Builder, case: Case) -> None:
    """Nothing more than what was handed in."""


_WALKS: Mapping[str, Build] = {
    "city_review": _city_review,
    "returned": _returned,
    "province_review": _province_review,
    "recused": _province_review,
    "proposed": _proposed,
    "ripe": _ripe,
    "notice": _to_notice,
    "notice_over": _notice_over,
    "declined": _declined,
    "published": _to_published,
    "draft": _draft,
    "revoked": _revoked,
    "superseded": _superseded,
}


def build_world(folder: Path) -> World:
    """The whole of it; takes some seconds."""
    walk = _Builder(folder)
    neighbours = {
        "sibling": walk.county("sibling", "990190"),
        "cousin": walk.county("cousin", "990201", "990200"),
        "other": walk.county("other", "980101", "980100"),
    }
    sibling, cousin, other = neighbours.values()
    near = walk.others | {
        A.SIBLING_CLERK: sibling.people[A.CLERK],
        A.SIBLING_SIGNER: sibling.people[A.SIGNER],
        A.COUSIN_CLERK: cousin.people[A.CLERK],
        A.OTHER_CLERK: other.people[A.CLERK],
        A.OTHER_SIGNER: other.people[A.SIGNER],
    }
    cases = {key: walk.county(key, f"9901{number:02d}") for number, key in enumerate(CASES, 1)}
    every = [*cases.values(), *neighbours.values()]
    for case in every:
        walk.hand_in(case)
    run_waiting_jobs()
    for case in every:
        walk.prepare(case)
        theirs = other if case is other else None
        inspector = walk.others[A.OTHER_INSPECTOR if theirs else A.RECUSED if case.key == "recused" else A.INSPECTOR]
        walk.assign(case, inspector)
    run_waiting_jobs()
    for case in every:
        if case.key != "trial":
            walk.sign(case)
        _WALKS.get(case.key, _nothing)(walk, case)
        case.things.setdefault("evaluation", None)
        if case.key in CASES:
            walk.documents(case)
        case.people = near | case.people
        if case.key in CASES:
            closed = appoint(f"closed-{case.code}", "已停用", Party.CLERK, case.county, PASSWORD)
            User.objects.filter(pk=closed.pk).update(is_active=False)
            case.people[A.CLOSED] = closed
            misplaced = appoint(f"misplaced-{case.code}", "错置", Party.CITY_REVIEWER, case.county.parent, PASSWORD)
            User.objects.filter(pk=misplaced.pk).update(place=case.county)
            case.people[A.MISPLACED] = User.objects.get(pk=misplaced.pk)
    world = World(cases, {"neighbours": neighbours})
    steward = walk.others[A.STEWARD]
    made, token = invite(steward, "受邀人zq990000invited", Party.CITY_REVIEWER, Division.objects.get(pk="990200"))
    world.things |= {"invitation": made, "token": token}
    document = default_standard().document.encode()
    world.things["run"] = start_run(steward, default_standard(), document, walk.year)
    world.things["judged"] = national.start_run(steward, default_standard(), walk.year, walk.today)
    world.things["scan"] = radar.start_scan(steward, walk.year)
    run_waiting_jobs()
    report = order_annual_report(walk.others[A.CHIEF], walk.year, 0)
    run_waiting_jobs()
    world.things["report"] = report.documents.get()
    world.things["running"] = national.start_run(steward, default_standard(), walk.year, walk.today)
    User.objects.filter(pk=cases["city_review"].people[A.CLERK].pk).update(email="clerk@example.test")
    subscription = Subscription.objects.create(address="reader@example.test", county=cases["published"].county)
    world.things["to_confirm"] = signing.TimestampSigner(salt="subscription-confirm").sign(subscription.key)
    world.things["to_end"] = token_to_end(subscription)
    world.things["package"] = build_open_data(walk.year)
    world.things["letter"] = OutboxEntry.objects.create(
        kind=OutboxEntry.Kind.EMAIL, target="clerk@example.test", body={}, state=OutboxEntry.State.SET_ASIDE
    )
    return world
