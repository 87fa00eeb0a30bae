"""The county's journey in a real browser: with and without JavaScript, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from evaluation.actions import run_waiting_jobs
from indicators.models import Submission
from tests import builders
from tests.browser import chromium
from tests.browser.chromium import DESK, PHONE, check_fits, watched
from tests.conftest import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")


browser = chromium.browser


@pytest.fixture
def workbook(tmp_path) -> Path:
    """A county with a school under its limits, one cell refused, and a long table."""
    rows = [*builders.county_rows(3, 40), builders.special_row()]
    row = next(row for row in rows if "primary_enrollment" in row and "junior_enrollment" in row)
    row |= {"equipment_value": 1, "trained_teachers": -1}
    return builders.write_workbook(tmp_path / "清河县.xlsx", rows)


@pytest.fixture
def site(live_server, standard, clerk) -> str:
    return str(live_server.url)


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/")
    page.get_by_role("main").get_by_role("link", name="登录").click()
    page.get_by_label("用户名").fill("clerk")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("示例省锦棠市望棠区")


def upload(page: Page, workbook: Path) -> None:
    page.get_by_label("填好的文件").set_input_files(workbook)
    page.get_by_role("button", name="上传并试算").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("正在处理第 1 版")
    expect(page.locator("[aria-current=step]")).to_contain_text("排队")


def test_a_clerk_goes_from_template_to_verdict(browser, site, workbook, tmp_path):
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    page, complaints = watched(context)
    sign_in(page, site)
    with page.expect_download() as download:
        page.get_by_role("button", name="下载填报模板").click()
    assert download.value.suggested_filename.startswith("望棠区_20")
    download.value.save_as(tmp_path / "template.xlsx")
    assert "学校数据" in load_workbook(tmp_path / "template.xlsx").sheetnames

    upload(page, workbook)
    run_waiting_jobs()
    # The page finds out by itself.
    expect(page.get_by_text("按优质均衡（2017）标准核算：未达标")).to_be_visible(timeout=10_000)
    school = page.locator("#school-rule").get_by_role("link").first
    name = school.inner_text()
    school.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("共用资产怎样分摊")).to_be_visible()
    expect(page.get_by_text("才能达到要求").first).to_be_visible()
    page.get_by_text("数据来源").first.click()
    expect(page.get_by_role("cell", name="未采用").or_(page.get_by_text("专任教师数")).first).to_be_visible()
    page.get_by_label("所在位置").get_by_role("link", name="第 1 版").click()
    page.get_by_label("按类别筛选").get_by_role("link", name="必须更正").click()
    expect(page.locator("#problems tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel（.xlsx）").click()
    assert download.value.suggested_filename.endswith("第1版_学校明细.xlsx")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("main").get_by_role("link", name="登录")).to_be_visible()
    assert complaints == []
    context.close()


def test_the_same_journey_works_without_javascript(browser, site, workbook):
    context = browser.new_context(viewport=DESK, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    upload(page, workbook)
    run_waiting_jobs()
    expect(page.get_by_text("按优质均衡（2017）标准核算：未达标")).to_be_visible(timeout=10_000)
    context.close()


def test_no_page_is_wider_than_a_phone(browser, site, workbook):
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    page, complaints = watched(context)
    for address in ("/", "/accounts/login/", "/standards/2017-quality/"):
        page.goto(site + address)
        check_fits(page)
    sign_in(page, site)
    check_fits(page)
    upload(page, workbook)
    check_fits(page)
    run_waiting_jobs()
    expect(page.get_by_text("按优质均衡（2017）标准核算：未达标")).to_be_visible(timeout=10_000)
    check_fits(page)
    for code in ("0000000000", *Submission.objects.get().records.order_by("row").values_list("code", flat=True)[:4]):
        page.goto(f"{page.url.split('/schools/')[0].rstrip('/')}/schools/{code}/")
        check_fits(page)
    page.goto(f"{site}/workspace/")
    check_fits(page)
    assert [text for text in complaints if "404" not in text] == []
    context.close()


def test_every_control_is_reached_by_keyboard_and_shows_it(browser, site):
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    page = context.new_page()
    sign_in(page, site)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        reached.add(focused.inner_text().strip() or focused.get_attribute("id"))
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
        if "上传并试算" in reached:
            break
    assert {"工作台", "退出登录", "下载填报模板", "id_file", "上传并试算"} <= reached
    context.close()


@pytest.mark.parametrize(
    ("spoiling", "complaint"),
    [
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')", "Content Security Policy"),
        ("console.error('something is wrong')", "something is wrong"),
        ("setTimeout(() => { throw new Error('a script broke') })", "a script broke"),
        ("fetch('/there-is-no-such-page/').then(() => 0)", "404 GET"),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "Content Security Policy"),
    ],
)
def test_a_page_that_does_what_it_must_not_is_complained_of(browser, site, spoiling, complaint):
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    page, complaints = watched(context)
    page.goto(f"{site}/accounts/login/")
    assert complaints == []
    page.evaluate(spoiling)
    for _ in range(100):
        if any(complaint in each for each in complaints):
            break
        page.wait_for_timeout(50)
    else:
        pytest.fail(f"nobody complained of it: {complaints}")
    context.close()


def test_a_page_wider_than_its_window_is_noticed(browser, site):
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    page, _ = watched(context)
    page.goto(f"{site}/accounts/login/")
    check_fits(page)
    page.evaluate("document.querySelector('main').style.width = '800px'")
    with pytest.raises(AssertionError, match="wide in a window of 360"):
        check_fits(page)
    context.close()
