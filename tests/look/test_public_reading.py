"""Public pages for everybody: without JavaScript, in an older browser, over a slow line."""

from __future__ import annotations

import gzip
import io
import re
import unicodedata
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from pypdf import PdfReader

from tests.browser.chromium import DESK, PHONE
from tests.look import axe, sheets
from tests.look.addresses import Look, looks
from tests.look.window import Window, window
from tests.permissions.askers import Answer, Asker
from tests.permissions.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("browser")]

#: Bytes of a page with its sheet and its scripts, compressed as the line carries them.
_MOST = 200_000
#: Pixels between two things in a row that are not one.
_APART = """() => {
  const box = element => { const range = document.createRange(); range.selectNodeContents(element);
    return range.getBoundingClientRect(); };
  const touching = [];
  for (const row of document.querySelectorAll('body *')) {
    if (getComputedStyle(row).display !== 'flex' || getComputedStyle(row).flexDirection !== 'row') continue;
    const boxes = [...row.children].map(child => [child, box(child)]).filter(([, b]) => b.width && b.height);
    for (let n = 1; n < boxes.length; n++) {
      const [before, here] = [boxes[n - 1][1], boxes[n][1]];
      const isSameLine = here.top < before.bottom && here.left >= before.left;
      if (isSameLine && here.left - before.right < 4) touching.push(boxes[n][0].outerHTML.slice(0, 80));
    }
  }
  return touching; }"""


#: Between them they hold every component of the public pages.
_KINDS = frozenset(
    {"home", "country", "province", "result", "result_school", "search", "display", "login", "objection"}
)


def public(world: World) -> Iterator[Look]:
    """The pages a reader sees without signing in, one state each."""
    begun = set()
    for look in looks(world, (Asker.PUBLIC,)):
        is_public = look.row.get is not None and look.row.get(look.key)[Asker.PUBLIC] is Answer.SEEN
        if is_public and look.row.route not in begun:
            begun.add(look.row.route)
            yield look


def each_page(shown: Window, world: World, routes: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Every public page on the screen of somebody who is not signed in: its route and address."""
    for look in public(world):
        if routes and look.row.route not in routes:
            continue
        address = reverse(look.row.route, args=look.row.of(world, world.cases[look.key]))
        shown.sit_down(None)
        if shown.is_page(address):
            shown.page.set_viewport_size(DESK)
            assert shown.open(address) == 200
            yield look.row.route, address


def test_public_pages_are_light_and_say_the_same_without_javascript(browser, world):
    weights, differing, blocking = {}, [], []
    with window(browser) as shown, window(browser, has_scripts=False) as plain:
        for route, address in each_page(shown, world):
            weights[route] = sum(len(gzip.compress(content)) for content in shown.answered.values())
            blocking += [route] * shown.page.locator("head script:not([defer]):not([async])").count()
            plain.sit_down(None)
            plain.open(address)
            if shown.page.locator("body").inner_text() != plain.page.locator("body").inner_text():
                differing.append(route)
    heaviest = max(weights, key=weights.__getitem__)
    print(f"{len(weights)} public pages, the heaviest: {heaviest}, {weights[heaviest] / 1000:.1f} kB")
    assert {"home", "country", "province", "county", "result", "search", "notices", "verify"} <= set(weights)
    assert weights[heaviest] < _MOST, weights
    assert not differing, f"say less without JavaScript: {differing}"
    assert not blocking, f"wait for a script: {blocking}"


@pytest.mark.parametrize("older", [sheets.of_chromium_69, sheets.without_custom_properties])
def test_public_pages_are_readable_in_an_older_browser(browser, world, older: Callable[[str], str]):
    faults = []
    with window(browser) as shown:
        shown.sheet = older
        for route, _ in each_page(shown, world, _KINDS):
            axe.load(shown.page)
            faults += [f"{route}: {each}" for each in axe.violations(shown.page, axe.CONTRAST)]
            if older is sheets.of_chromium_69:
                faults += [f"{route}: touches what is before it: {each}" for each in shown.page.evaluate(_APART)]
                shown.page.set_viewport_size(PHONE)
                width = shown.page.evaluate("document.documentElement.scrollWidth")
                faults += [f"{route}: is {width} wide on a phone"] * (width > PHONE["width"])
    assert not faults, "\n".join(faults)


#: The printable part of the sheet (site.css: A4 lying, 12 mm around), in pixels.
_PAPER = {"width": 1031, "height": 703}
#: What leads elsewhere or waits for a click has no use on paper.
_NOT_ON_PAPER = ".site-nav, .site-footer, .skip-link, .breadcrumb, .filters, .pager, .downloads, button"


def _plain(words: str) -> str:
    """Without spaces, and with one sign for a letter: a font may draw 高 and the radical of that look alike."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", words))


def test_public_pages_can_be_printed(browser, world):
    faults = []
    with window(browser) as shown:
        for route, address in each_page(shown, world, _KINDS | {"standard", "glossary", "result_similar"}):
            shown.page.set_viewport_size(_PAPER)
            shown.page.emulate_media(media="print")
            width = shown.page.evaluate("document.documentElement.scrollWidth")
            faults += [f"{route}: is {width} wide on paper"] * (width > _PAPER["width"])
            left = shown.page.locator(_NOT_ON_PAPER).filter(visible=True).count()
            faults += [f"{route}: {left} things to click are printed"] * bool(left)
            cut = shown.page.evaluate(
                "[...document.querySelectorAll('.table-frame')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
            )
            faults += [f"{route}: {cut} tables are cut off"] * bool(cut)
            heading = shown.page.get_by_role("heading", level=1).inner_text()
            words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(shown.page.pdf())).pages)
            if _plain(heading) not in _plain(words):
                faults.append(f"{route}: {address} has lost its heading {heading}")
            shown.page.emulate_media(media="screen")
    assert not faults, "\n".join(faults)


def test_the_sheet_is_read_as_an_older_browser_reads_it():
    sheet = ".a { display: flex; gap: 1rem; width: 1px; width: min(1px, 2px) } .b:has(i) { color: red }"
    sheet += "@supports not (inset: 0) { .a > * { margin: 1px } } @media (prefers-color-scheme: dark) { .a { top: 0 } }"
    assert sheets.of_chromium_69(sheet).split() == [
        *[".a", "{", "display:", "flex;", "width:", "1px", "}"],
        *[".a", ">", "*", "{", "margin:", "1px", "}"],
    ]
    assert sheets.without_custom_properties(".a { color: red; color: var(--x) }") == ".a { color: red }"
