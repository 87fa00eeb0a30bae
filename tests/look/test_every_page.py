"""Every page of the site in a browser, wide and narrow, light and dark: nothing axe-core finds fault with, nothing
wider than the screen, no complaint of the browser, one h1, a title of its own."""

from __future__ import annotations

from collections import defaultdict

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests.browser.chromium import DESK, PHONE
from tests.look import axe
from tests.look.addresses import NO_PAGES, Look, looks
from tests.look.window import Window, window
from tests.permissions.asking import put_back
from tests.permissions.table import ROWS
from tests.permissions.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("browser")]

_FACTS = """() => ({
  h1: document.querySelectorAll('h1').length,
  twice: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at),
  styled: document.querySelectorAll('[style]').length,
  wide: document.documentElement.scrollWidth > innerWidth,
})"""


def test_no_page_has_a_fault(browser, world: World, record_property):
    faults: list[str] = []
    titles: dict[str, set[str]] = defaultdict(set)
    opened: set[str] = set()
    variants = 0
    with window(browser) as shown:
        for look in looks(world):
            with put_back():
                address = _open(shown, world, look)
                if address:
                    opened.add(look.row.route)
                    titles[shown.page.title()].add(address)
                    found = _faults(shown.page)
                    variants += 4
                    faults += [f"{look}: {fault}" for fault in (*found, *shown.complaints)]
    faults += [
        f"“{title}” is the title of {', '.join(sorted(which))}" for title, which in titles.items() if len(which) > 1
    ]
    told = f"{variants} looks at {len(opened)} routes"
    record_property("looks", told)
    print(told)
    assert not faults, f"{len(faults)}\n" + "\n".join(faults)
    pages = {row.route for row in ROWS if row.get is not None} - NO_PAGES
    assert opened == pages, f"not looked at: {sorted(pages - opened)}; no page any more: {sorted(opened - pages)}"


def _open(shown: Window, world: World, look: Look) -> str:
    """The address of the page that is on the screen then; nothing where the address is a file or a part of a page."""
    case = world.cases[look.key]
    look.row.before(world, case)
    shown.sit_down(case.people.get(look.asker))
    address = reverse(look.row.route, args=look.row.of(world, case))
    if not shown.is_page(address, **look.row.headers):
        return ""
    shown.page.emulate_media(color_scheme="light")
    shown.page.set_viewport_size(DESK)
    assert shown.open(address, **look.row.headers) == 200
    return address


def _faults(page: Page) -> list[str]:
    found = _facts(page, "wide")
    axe.load(page)
    found += [f"wide, light: {each}" for each in axe.violations(page, axe.ALL)]
    page.emulate_media(color_scheme="dark")
    found += [f"wide, dark: {each}" for each in axe.violations(page, axe.CONTRAST)]
    page.set_viewport_size(PHONE)
    found += [f"narrow, dark: {each}" for each in axe.violations(page, axe.CONTRAST)]
    page.emulate_media(color_scheme="light")
    found += [f"narrow, light: {each}" for each in axe.violations(page, axe.LAYOUT)]
    return found + _facts(page, "narrow")


def _facts(page: Page, width: str) -> list[str]:
    facts = page.evaluate(_FACTS)
    found = [f"{width}: has {facts['h1']} h1"] * (facts["h1"] != 1)
    found += [f"{width}: has the id {name} twice" for name in facts["twice"]]
    found += [f"{width}: has {facts['styled']} style attributes"] * bool(facts["styled"])
    return found + [f"{width}: is wider than the screen"] * facts["wide"]
