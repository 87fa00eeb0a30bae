"""One county from the template to the published certificate and to its revocation, in a real browser: everybody who
has a part in it clicks what is on the screen, once as each party."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from evaluation.core.working_days import add_working_days
from evaluation.models import Evaluation
from evaluation.noticing import last_day
from evaluation.workflow import State
from evaluation.working_calendar import working_calendar
from schools.actions import appoint, register_schools
from schools.models import County, Division, School
from schools.vocabulary import Party, SchoolType, SponsorType, UrbanRural
from tests.browser import accounts, chromium, decision, filing, review
from tests.browser.person import Story
from tests.conftest import PASSWORD

browser = chromium.browser

pytestmark = pytest.mark.xdist_group("browser")

COUNTY = "示例省锦棠市望棠区"
REASON = "经举报核实，填报时隐瞒了两所学校。"


@pytest.fixture
def site(live_server, settings, standard, county: County) -> str:
    """A portal before anybody has come: register, standard, and the accounts nobody is invited to in this story."""
    settings.REQUIRE_SECOND_FACTOR = True
    settings.SITE_URL = live_server.url
    register_schools([School(county=county, **_registered(row)) for row in filing.rows()])
    city, province = Division.objects.get(pk="990100"), Division.objects.get(pk="990000")
    appoint("signer", "签报人甲", Party.SIGNER, county, PASSWORD)
    appoint("city", "市级甲", Party.CITY_REVIEWER, city, PASSWORD)
    appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)
    appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD)
    return str(live_server.url)


def _registered(row: filing.Row) -> dict[str, object]:
    return {
        "code": row["code"],
        "name": row["name"],
        "school_type": next(each for each in SchoolType if each.label == row["school_type"]),
        "sponsor_type": next(each for each in SponsorType if each.choice == row["sponsor_type"]),
        "urban_rural": next(each for each in UrbanRural if each.label == row["urban_rural"]),
    }


@pytest.fixture
def story(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Story]:
    told = Story(browser, site, request.node.name)
    yield told
    told.close()


def test_a_county_is_walked_from_the_template_to_its_certificate_and_to_the_revocation(
    story, county, tmp_path, monkeypatch, record_property
):
    if shutil.which("pdftoppm") is None:
        chromium.skip_loudly("the story did not run: no pdftoppm (Debian: apt-get install poppler-utils)")
    steward, clerk, signer, city, inspector, chief, visitor = (
        story.person(name) for name in ("steward", "clerk", "signer", "city", "inspector", "chief", "visitor")
    )

    def state() -> State:
        return Evaluation.objects.get(county=county).state_of

    # ── The steward brings people in ──────────────────────────────────────────────────────────
    with story.step("the steward signs in and must set up the second factor"):
        steward.sign_in("steward")
        steward_phone = accounts.set_up_second_factor(steward)
    with story.step("the steward invites a clerk and an inspector"):
        to_clerk = accounts.invite(steward, "填报员甲", "填报员", f"{COUNTY}（990101）")
        to_inspector = accounts.invite(steward, "周督学", "省级督学", "示例省（990000）")
    with story.step("the clerk accepts, chooses a password and signs in"):
        accounts.accept(clerk, to_clerk, "li.clerk")
        clerk.stands_before(COUNTY)
    with story.step("the inspector accepts, and must set up the second factor"):
        accounts.accept(inspector, to_inspector, "zhou")
        accounts.set_up_second_factor(inspector)
        inspector.reads("还没有分配给您的县")

    # ── The clerk files ───────────────────────────────────────────────────────────────────────
    with story.step("the clerk downloads the template and fills it in"):
        clerk.look("workspace")
        workbook = filing.fill_in_template(clerk, tmp_path)
    with story.step("the clerk uploads it and waits for the verdict"):
        filing.upload(clerk, workbook)
        clerk.look("verdict")
    with story.step("the clerk explains what must be explained"):
        assert filing.explain_everything(clerk) == 2
    with story.step("the clerk attaches evidence to every item that needs it"):
        assert filing.attach_everything(clerk) == 19
    with story.step("the clerk sees that the signer's turn has come, and that it is not theirs"):
        clerk.go("工作台")
        clerk.follow("签报")
        clerk.reads("都准备好了，等签报人办理")

    # ── The signer signs ──────────────────────────────────────────────────────────────────────
    with story.step("the signer reads, signs and gets a receipt"):
        signer.sign_in("signer")
        signer.look("workspace-signer")
        signer.follow("签报")
        first = filing.sign(signer, 1)
        assert state() is State.CITY_REVIEW

    # ── The city sends one cell back, sees it corrected, forwards ─────────────────────────────
    with story.step("the city reviewer sends back precisely one cell"):
        city.sign_in("city")
        city.go("督导评估")
        city.reads("等您办理")
        city.reads("待评定")
        city.look("desk")
        review.send_one_cell_back(city, add_working_days(working_calendar(), timezone.localdate(), 5))
        assert state() is State.RETURNED
    with story.step("the clerk corrects it"):
        filing.correct_what_was_sent_back(clerk, 1)
    with story.step("the signer signs again"):
        filing.open_newest_message(signer)
        signer.follow("再次签报")
        second = filing.sign(signer, 2)
        assert second != first
    with story.step("the city reviewer sees what changed, and forwards"):
        review.see_what_changed_and_forward(city)
        assert state() is State.PROVINCE_REVIEW

    # ── The chief assigns, the inspector reviews and proposes ─────────────────────────────────
    with story.step("the chief sets up the second factor and assigns the county"):
        chief.sign_in("chief")
        phone = accounts.set_up_second_factor(chief)
        decision.assign(chief, "望棠区", "周督学")
    with story.step("the inspector finds the county on the desk"):
        inspector.go("督导评估")
        inspector.follow("望棠区", exact=False)
        inspector.look("evaluation-inspector")
    with story.step("the inspector enters the results of survey and monitoring"):
        inspector.follow("省级录入与评定")
        inspector.look("decisions")
        review.supply_results(inspector)
    with story.step("the inspector judges every item of evidence"):
        assert review.judge_everything(inspector) == 17
    with story.step("the inspector asks about a cell"):
        inspector.go("督导评估")
        inspector.follow("望棠区", exact=False)
        review.ask_about_a_cell(inspector)
    with story.step("the clerk answers"):
        filing.open_newest_message(clerk)
        clerk.write("答复内容", "今年八月投入使用，验收文件附在材料里。")
        clerk.press("保存答复")
        clerk.is_told("答复已保存")
    with story.step("the inspector reads the answer and proposes to certify"):
        filing.open_newest_message(inspector)
        inspector.reads("今年八月投入使用")
        review.propose(inspector)
        assert state() is State.PROPOSED

    # ── The county replies ────────────────────────────────────────────────────────────────────
    with story.step("the clerk reads what is proposed; to reply is the signer's"):
        filing.open_newest_message(clerk)
        clerk.follow("查看建议和答复")
        clerk.reads("对处理建议的意见由本县签报人提出")
    with story.step("the signer disagrees with one finding and ends the replies"):
        filing.open_newest_message(signer)
        filing.disagree(signer)
    with story.step("the inspector answers the reply"):
        filing.open_newest_message(inspector)
        review.answer_reply(inspector)

    # ── The chief approves; anybody objects ───────────────────────────────────────────────────
    with story.step("the chief approves, and the notice is put up"):
        filing.open_newest_message(chief)
        decision.approve(chief)
        assert state() is State.NOTICE
    with story.step("a visitor reads the notice, objects and gets a number"):
        number = decision.object_to(visitor, COUNTY)
    with story.step("the chief answers that the objection is not right"):
        filing.open_newest_message(chief)
        decision.dismiss(chief, number)
        chief.reads("期满以后才能公布")
    with story.step("the visitor reads the answer by its number"):
        visitor.page.reload()
        visitor.reads("经核实，骨干教师人数与聘任文件一致。")

    # ── The term passes ───────────────────────────────────────────────────────────────────────
    with story.step("the term passes; the chief signs in again with a code, and publishes"):
        _wait_for_the_day_after(last_day(Evaluation.objects.get(county=county).notices.get()), monkeypatch)
        accounts.sign_in_with_code(chief, "chief", phone)
        decision.publish(chief, "望棠区")
        assert state() is State.PUBLISHED

    # ── Everybody verifies ────────────────────────────────────────────────────────────────────
    with story.step("the visitor finds the certificate and downloads it"):
        visitor.back_to("望棠区")
        visitor.main.get_by_role("link", name="优质均衡〔").click()
        paper = visitor.download(visitor.main.get_by_role("link", name="下载证书（PDF）"))
        certificate = visitor.page.get_by_role("heading", level=1).inner_text()
        visitor.look("certificate")
    with story.step("the QR code on the paper leads to the live status"):
        address = decision.code_on_paper(paper, tmp_path)
        visitor.open(address)
        visitor.stands_before(certificate)
        expect(visitor.main.locator(".verdict-word")).to_have_text("有效")
    with story.step("number and file are verified"):
        decision.verify_number(visitor, certificate, "有效")
        decision.verify_file(visitor, paper, "有效")

    # ── The chief revokes ─────────────────────────────────────────────────────────────────────
    with story.step("the chief revokes with a reason"):
        decision.revoke(chief, "望棠区", REASON)
        assert state() is State.REVOKED
    with story.step("everybody sees at the same address that it is revoked, why, and how it came to it"):
        visitor.open(address)
        expect(visitor.main.locator(".verdict-word")).to_have_text("已撤销")
        visitor.reads(REASON)
        expect(visitor.main.locator("section[aria-labelledby=history-title] li")).to_have_count(2)
        visitor.look("revoked")
        decision.verify_number(visitor, certificate, "已撤销")
        decision.verify_file(visitor, paper, "已撤销")

    # ── The steward takes no part ─────────────────────────────────────────────────────────────
    with story.step("the steward sees nothing of the evaluation and has no step"):
        accounts.sign_in_with_code(steward, "steward", steward_phone)
        evaluation = Evaluation.objects.get(county=county)
        expect(steward.page.get_by_label("站点").get_by_role("link", name="督导评估")).to_have_count(0)
        for address in ("/desk/", f"/evaluations/{evaluation.pk}/", f"/evaluations/{evaluation.pk}/revoke/"):
            steward.finds_nothing_at(address)

    record_property("story", story.told())
    print(story.told())


def test_a_step_that_fails_says_which_it_was_and_leaves_pictures(story):
    visitor = story.person("visitor")
    with story.step("the visitor opens the first page"):
        visitor.open("/")
    with visitor.page.expect_console_message():
        visitor.page.evaluate("console.error('it broke')")
    with pytest.raises(AssertionError, match="visitor's page complains") as failed, story.step("something breaks"):
        visitor.page.reload()
    assert "Step 2, something breaks. visitor at http" in failed.value.__notes__[0]
    assert (story.folder / "failed-02-visitor.png").stat().st_size


def _wait_for_the_day_after(day: datetime.date, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass, for the portal alone: sessions end over it, too."""
    passing = day + datetime.timedelta(days=1) - timezone.localdate()
    assert passing.days > 1

    class AnyDatetime(type):
        def __instancecheck__(cls, found: object) -> bool:
            return isinstance(found, datetime.datetime)

    class Later(datetime.datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.now(tz) + passing

    # Under ``timezone.now`` and not in its place: models keep that function as the default of their columns.
    monkeypatch.setattr(timezone, "datetime", Later)
