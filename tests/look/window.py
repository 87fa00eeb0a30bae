"""A browser window on the world of tests/permissions: what the browser asks for is answered in this process, so that
pages can be looked at inside a transaction that is taken back."""

from __future__ import annotations

import contextvars
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test.client import Client
from playwright.sync_api import Browser, BrowserContext, Page, Route

from schools.models import User
from tests.browser.chromium import DESK, PATIENCE, watched
from tests.permissions.asking import Visitor

#: Nothing listens there: whatever slips past the door is complained of.
SITE = "http://localhost"


class Window:
    """One window, in which one person after the other sits down."""

    def __init__(self, browser: Browser, *, has_scripts: bool = True) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport=DESK, locale="zh-CN", java_script_enabled=has_scripts
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page
        self.page, self.complaints = watched(self.context)
        self._door = Client()
        self.headers: dict[str, str] = {}
        #: What was asked already and is not asked again.
        self._given: dict[str, HttpResponse] = {}
        #: What was asked for since the last address was opened, and how many bytes each answer has.
        self.answered: dict[str, bytes] = {}
        #: Changes the sheet before the browser gets it.
        self.sheet = lambda text: text
        # The browser's questions come in a context of their own, in which Django would open another connection.
        self._here = contextvars.copy_context()
        self.context.route("**/*", lambda route: self._here.copy().run(self._answer, route))

    def sit_down(self, person: User | None) -> None:
        """Whoever opens the next address."""
        self._door.cookies = SimpleCookie() if person is None else Visitor(person).cookies()

    def cookie(self, name: str, value: str) -> None:
        """A cookie the browser brings from earlier."""
        self._door.cookies[name] = value

    def is_page(self, address: str, **headers: str) -> bool:
        """Whether an address leads to a whole page, and not to a file or a part of one."""
        answer = self._door.get(address, headers=headers)
        self._given = {address: answer}
        if not answer.headers.get("Content-Type", "").startswith("text/html") or "attachment" in answer.headers.get(
            "Content-Disposition", ""
        ):
            return False
        return answer.status_code == 200 and b"<html" in answer.content

    def open(self, address: str, **headers: str) -> int:
        """The status of the answer; the page is on the screen."""
        self.headers, self.answered = headers, {}
        self.complaints.clear()
        answer = self.page.goto(SITE + address)
        self.headers = {}
        return answer.status if answer is not None else 0

    def close(self) -> None:
        self.context.close()

    def _answer(self, route: Route) -> None:
        request = route.request
        asked = urlsplit(request.url)
        if not request.url.startswith(SITE):
            route.abort()
            return
        address = f"{asked.path}?{asked.query}" if asked.query else asked.path
        if asked.path.startswith("/static/"):
            content = Path(str(finders.find(asked.path.removeprefix("/static/")))).read_bytes()
            kind = mimetypes.guess_type(asked.path)[0]
            self.answered[asked.path] = content
            if kind == "text/css":
                content = self.sheet(content.decode()).encode()
            route.fulfill(status=200, content_type=kind, body=content)
            return
        kind = request.headers.get("content-type", "application/octet-stream")
        answer = self._given.pop(address, None) or self._door.generic(
            request.method, address, request.post_data_buffer or b"", content_type=kind, headers=self.headers
        )
        # Chromium would follow on its own, past this door.
        while answer.status_code in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
            answer = self._door.get(answer.headers["Location"])
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        self.answered[address] = content
        headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
        route.fulfill(status=answer.status_code, headers=headers, body=content)


@contextmanager
def window(browser: Browser, **how: bool) -> Iterator[Window]:
    """A window, closed afterwards."""
    opened = Window(browser, **how)
    yield opened
    opened.close()
