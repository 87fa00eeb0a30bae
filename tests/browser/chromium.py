"""Debian's Chromium, driven by Playwright, and what is asked of every page it opens."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
#: The browser must reach nothing but the site.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
_BAD_STATUS = 400
#: Milliseconds to wait for what must appear: a busy machine is slow, and that is no fault of the page.
PATIENCE = 20_000


def skip_loudly(words: str) -> None:
    """Leave a test out where the machine lacks something; never in continuous integration."""
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@contextmanager
def started() -> Iterator[Browser]:
    """A browser, for as long as tests need it."""
    if CHROMIUM is None:
        skip_loudly("browser tests did not run: no Chromium (Debian: apt-get install chromium fonts-noto-cjk)")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread; the database is used from it all the same.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as found:
        yield found


def check_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window, f"{page.url} is {width} wide in a window of {window}"


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what it complained of: errors in the console (the content security policy complains there), in
    scripts, requests that failed, and answers that say so."""
    page = context.new_page()
    complaints: list[str] = []

    def failed(request: Request) -> None:
        # Leaving a page ends what it was still asking for, and a link that turns out to be a download its navigation.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(f"{request.method} {request.url}: {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= _BAD_STATUS:
            complaints.append(f"{response.status} {response.request.method} {response.url}")

    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", failed)
    page.on("response", answered)
    return page, complaints
