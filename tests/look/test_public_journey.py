"""A reader who is not signed in goes through everything that is published, by links and forms alone: on a desk and on a
phone, with JavaScript and without, and by the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import DESK, PHONE, check_fits
from tests.look.window import window
from tests.permissions.asking import put_back

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("browser")]


def follow(page: Page, name: str | re.Pattern[str], heading: str | re.Pattern[str], within: str = "main") -> None:
    """Click the first link of a name, and stand before the page it leads to, which fits the screen."""
    page.locator(within).get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    check_fits(page)


@pytest.mark.parametrize(
    ("size", "has_scripts"), [(DESK, True), (PHONE, False)], ids=["on a desk", "on a phone without JavaScript"]
)
def test_a_reader_goes_from_the_first_page_to_an_objection(browser, world, size, has_scripts):
    published, put_up = world.cases["published"], world.cases["notice"]
    with window(browser, has_scripts=has_scripts) as shown, put_back():
        page = shown.page
        page.set_viewport_size(size)
        shown.sit_down(None)
        assert shown.open("/") == 200
        follow(page, "查找", "查找", within="header")
        page.get_by_role("searchbox").fill("示例")
        page.get_by_role("main").get_by_role("button", name="查找").click()
        follow(page, "示例省", "示例省")
        follow(page, re.compile(published.county.name), published.county.name)
        follow(page, re.compile(published.code), published.code, within="main table")
        page.go_back()
        follow(page, "与情况相近的县相比", published.county.name)
        page.go_back()
        follow(page, re.compile("优质均衡〔"), "优质均衡〔")
        follow(page, "查验证书", "核验", within="footer")
        follow(page, "更正和撤销记录", "更正", within="footer")
        follow(page, "公示", "公示", within="header")
        follow(page, re.compile(put_up.county.name), put_up.county.name)
        follow(page, "提出异议", "异议")
        page.get_by_role("textbox").first.fill("公示的在校生数与实际不符，请核实。")
        page.get_by_role("main").get_by_role("button").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("异议")
        check_fits(page)
        assert shown.complaints == []


def test_a_search_is_made_by_the_keyboard_alone(browser, world):
    with window(browser) as shown:
        shown.sit_down(None)
        assert shown.open("/search/") == 200
        page = shown.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
        expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
        page.keyboard.press("Enter")
        for _ in range(6):
            page.keyboard.press("Tab")
            assert _is_seen(page)
            if page.evaluate("document.activeElement.type") == "search":
                break
        page.keyboard.type("示例")
        page.keyboard.press("Enter")
        expect(page.get_by_role("main").get_by_role("link", name="示例省", exact=True)).to_be_visible()


def _is_seen(page: Page) -> bool:
    """Whether what has the focus shows it."""
    return bool(page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
