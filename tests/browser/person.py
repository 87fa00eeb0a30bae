"""One person before the screen: what they click, what they read, and a protocol of the whole story."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import DESK, PATIENCE, PHONE, check_fits, watched
from tests.conftest import PASSWORD

#: Every picture of a page that was looked at is kept, wide and narrow, for whoever wants to see the pages.
_KEEPS_PICTURES = os.environ.get("STORY_PICTURES") == "1"


class Story:
    """What was done, step by step. A step that fails says which it was and leaves a picture of everybody's screen."""

    def __init__(self, browser: Browser, site: str, name: str) -> None:
        self.browser, self.site = browser, site
        self.folder = Path(settings.VAR_DIR) / "browser-story" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        for earlier in self.folder.glob("*.png"):
            earlier.unlink()
        self.people: list[Person] = []
        self.steps: list[str] = []
        self.seconds: list[float] = []
        self.pages: Counter[str] = Counter()
        self.fitted = 0

    def person(self, name: str) -> Person:
        """Somebody at a computer of their own, not signed in."""
        someone = Person(self, name)
        self.people.append(someone)
        return someone

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """One step; afterwards nobody's page may have complained of anything."""
        self.steps.append(words)
        began = time.monotonic()
        try:
            yield
            for each in self.people:
                assert each.complaints == [], f"{each.name}'s page complains: {each.complaints}"
            self.seconds.append(time.monotonic() - began)
        except Exception as error:
            pictures = [each.picture(f"failed-{len(self.steps):02d}-{each.name}") for each in self.people]
            where = "; ".join(f"{each.name} at {each.page.url}" for each in self.people)
            error.add_note(f"Step {len(self.steps)}, {words}. {where}. Pictures: {', '.join(map(str, pictures))}")
            raise

    def told(self) -> str:
        """How much was walked, in one line."""
        longest, step = max(zip(self.seconds, self.steps, strict=True))
        return (
            f"{len(self.steps)} steps by {len(self.people)} people, {self.pages.total()} pages opened of "
            f"{len(self.pages)} kinds, {self.fitted} of them also at {PHONE['width']} px, {sum(self.seconds):.0f} s; "
            f"longest: {step}, {longest:.0f} s"
        )

    def close(self) -> None:
        """Everybody goes home."""
        for each in self.people:
            each.page.context.close()


class Person:
    """Somebody at the screen. They open an address only where they begin, or where a letter or a QR code gave it."""

    def __init__(self, story: Story, name: str) -> None:
        self.story, self.name = story, name
        context = story.browser.new_context(viewport=DESK, locale="zh-CN", accept_downloads=True)
        context.set_default_timeout(PATIENCE)
        self.page: Page
        self.page, self.complaints = watched(context)
        self.page.on("framenavigated", lambda frame: self._opened(frame.url))

    def _opened(self, address: str) -> None:
        if address.startswith(self.story.site):
            path = address.removeprefix(self.story.site).partition("?")[0].partition("#")[0]
            self.story.pages[re.sub(r"[A-Z]*-?\d[\w-]*", "…", path)] += 1

    @property
    def main(self) -> Locator:
        """The page without header and footer."""
        return self.page.get_by_role("main")

    def open(self, address: str) -> None:
        """Open an address somebody was given."""
        self.page.goto(address if "://" in address else self.story.site + address)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """From the first page, with what they know."""
        self.open("/")
        self.main.get_by_role("link", name="登录").click()
        self.fill_in_sign_in(username, password)

    def fill_in_sign_in(self, username: str, password: str = PASSWORD) -> None:
        """The form of signing in, on the screen already."""
        self.write("用户名", username)
        self.write("密码", password)
        self.press("登录")

    def press(self, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """The one button of this name."""
        (within or self.main).get_by_role("button", name=name, exact=exact).click()

    def follow(self, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """The one link of this name on the page."""
        (within or self.main).get_by_role("link", name=name, exact=exact).click()

    def go(self, name: str) -> None:
        """A link of the header."""
        self.page.get_by_label("站点").get_by_role("link", name=re.compile(f"^{name}")).click()

    def back_to(self, name: str) -> None:
        """A link of the bread crumbs."""
        self.page.get_by_label("所在位置").get_by_role("link", name=name, exact=True).click()

    def write(self, label: str, words: str, within: Locator | None = None) -> None:
        """Fill the field of this label."""
        (within or self.main).get_by_label(re.compile(rf"^{re.escape(label)}(（可不填）)?$")).fill(words)

    def choose(self, label: str, words: str, within: Locator | None = None) -> None:
        """An option of the list of this label."""
        (within or self.main).get_by_label(label, exact=True).select_option(label=words)

    def tick(self, label: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """A box or a round button."""
        (within or self.main).get_by_label(label, exact=exact).check()

    def unfold(self, words: str, within: Locator | None = None) -> None:
        """Open a part of the page that is folded away."""
        (within or self.main).locator("summary", has_text=words).first.click()

    def reads(self, words: str | re.Pattern[str], within: Locator | None = None) -> None:
        """These words can be read on the page."""
        expect((within or self.main).get_by_text(words).first).to_be_visible()

    def is_told(self, words: str) -> None:
        """The page says at its head what was just done."""
        expect(self.main.get_by_role("status").filter(has_text=words).first).to_be_visible()

    def stands_before(self, heading: str | re.Pattern[str]) -> None:
        """The heading of the page, and all of it has come."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.page.wait_for_load_state()

    def download(self, clickable: Locator) -> Path:
        """What a click brings home."""
        with self.page.expect_download() as download:
            clickable.click()
        return Path(download.value.path())

    def finds_nothing_at(self, address: str) -> None:
        """What this person may not see does not exist for them, even where somebody told them the address."""
        answer = self.page.goto(self.story.site + address)
        assert answer is not None
        assert answer.status == HTTPStatus.NOT_FOUND
        # Chromium complains of such an answer, and so do we; both are meant.
        self.complaints[:] = [each for each in self.complaints if "404" not in each]

    def look(self, name: str) -> None:
        """Look at the whole page on the desk and on a phone: it fits both."""
        self.page.wait_for_load_state()
        check_fits(self.page)
        self._keep(name, "desk")
        self.page.set_viewport_size(PHONE)
        check_fits(self.page)
        self._keep(name, "phone")
        self.page.set_viewport_size(DESK)
        self.story.fitted += 1

    def _keep(self, name: str, width: str) -> None:
        if _KEEPS_PICTURES:
            self.picture(f"{len(self.story.steps):02d}-{name}-{width}")

    def picture(self, name: str) -> Path:
        """A picture of the whole page."""
        path = self.story.folder / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path
