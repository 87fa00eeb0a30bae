"""Asking at a door, and telling by its answer what it was: each time from the same world, which is put back after."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.messages import constants
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.client import Client
from django.urls import reverse

from schools.models import User
from tests.permissions.askers import Answer

_MARK = re.compile(rb"zq(\d{6})([a-z]+)")
_FORM = re.compile(rb"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_ACTION, _BUTTON = re.compile(rb'action="([^"]+)"'), re.compile(rb"<button\b[^>]*>")
_SECTIONS = {"radar": b'id="radar-title"'}
#: Tables in which a request may leave something without having done anything.
_TRACES = ("django_session", "axes_")
_WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)


@dataclass
class Given:
    """What a door answered, and what was written meanwhile."""

    answer: Answer
    status: int
    words: str
    written: tuple[str, ...]
    marks: frozenset[tuple[str, str]]
    location: str = ""
    #: Where a form of the page sends what is typed, and whether it can be sent.
    forms: tuple[tuple[str, bool], ...] = ()
    #: Parts of a page that are not everybody's, by a name of ours.
    sections: frozenset[tuple[str, str]] = frozenset()

    def __str__(self) -> str:
        told = [self.answer.value, str(self.status), self.words, self.location, ",".join(self.written)]
        return " ".join(filter(None, told))


@dataclass
class _Writes:
    """The tables written to; what was rolled back to a savepoint was not written."""

    tables: list[str] = field(default_factory=list)
    savepoints: dict[str, int] = field(default_factory=dict)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("SAVEPOINT"):
            self.savepoints[sql.split()[-1]] = len(self.tables)
        elif sql.startswith("ROLLBACK TO"):
            del self.tables[self.savepoints.get(sql.split()[-1], 0) :]
        elif (found := _WRITE.match(sql)) and not found[2].startswith(_TRACES):
            # What is inserted and given back at once is not counted before it is fetched.
            is_some = found[1].upper() == "INSERT INTO" or context["cursor"].rowcount
            self.tables += [found[2]] * bool(is_some)
        return result


class Door(Client):
    """A client that keeps nothing of an answer: no cookie, no copy of every context."""

    def request(self, **request: Any) -> Any:
        """The plain answer to one request."""
        return self.handler(self._base_environ(**request))


class Visitor:
    """Somebody at the doors, signed in once."""

    def __init__(self, user: User | None, *, checks_csrf: bool = False, **session: Any) -> None:
        self._door, self._cookies = Door(enforce_csrf_checks=checks_csrf), SimpleCookie()
        if user is not None:
            store = SessionStore()
            store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
            store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
            store.update(session)
            store.save()
            self._cookies[settings.SESSION_COOKIE_NAME] = store.session_key

    def cookies(self) -> SimpleCookie[str]:
        """What their browser keeps: a copy."""
        return SimpleCookie(self._cookies.output(header=""))

    def ask(self, method: str, address: str, data: Mapping[str, Any] | None = None, **headers: str) -> Given:
        """One request; whatever it wrote is taken back."""
        writes = _Writes()
        self._door.cookies = self.cookies()
        if data is not None and method in ("GET", "HEAD"):
            # In an address a browser puts the name of a file, not what is in it.
            data = {name: getattr(value, "name", value) for name, value in data.items()}
        with transaction.atomic():
            with connection.execute_wrapper(writes):
                asked = getattr(self._door, method.lower())
                response = (
                    asked(address, data, headers=headers) if data is not None else asked(address, headers=headers)
                )
                body = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        return _given(method, response, body, tuple(writes.tables))


def _given(method: str, response: HttpResponse, body: bytes, written: tuple[str, ...]) -> Given:
    complaint = _complaint(response)
    answer = _answer(method, response, complaint, written)
    location, forms = response.get("Location", ""), forms_in(body) if response.status_code == 200 else ()
    told = marks_in(body), location, forms, _sections(body)
    return Given(answer, response.status_code, complaint, written, *told)


def _answer(method: str, response: HttpResponse, complaint: str, written: tuple[str, ...]) -> Answer:
    status, location = response.status_code, response.get("Location", "")
    is_refusal = status in (403, 410, 422, 429) or bool(complaint)
    if status >= 500 and status != 503:
        return Answer.BROKEN
    if status == 404:
        found = Answer.HIDDEN
    elif status == 405:
        found = Answer.METHOD
    elif (
        status == 401
        or _is_unknown(response)
        or (status == 302 and location.startswith(reverse(settings.LOGIN_URL) + "?"))
    ):
        found = Answer.LOGIN
    elif status == 302 and location.startswith(reverse("admin:login")):
        # The door of the desk leads to a page there is not (evaluation/admin.py).
        found = Answer.HIDDEN
    elif is_refusal:
        found = Answer.REFUSED
    else:
        return Answer.DONE if written and method not in ("GET", "HEAD") else Answer.SEEN
    return Answer.BROKEN if written else found


def _is_unknown(response: HttpResponse) -> bool:
    """Whether the interface for programs says that it does not know who asks."""
    detail = getattr(response, "data", None) or {}
    return getattr(detail.get("detail", ""), "code", "") == "not_authenticated"


def _complaint(response: HttpResponse) -> str:
    """What the person is told went wrong, in words."""
    kept = getattr(response.wsgi_request, "_messages", None)
    if kept is None:
        return ""
    said = [*(kept._loaded_data or ()), *kept._queued_messages] if hasattr(kept, "_loaded_messages") else []
    return " ".join(str(each.message) for each in said if each.level >= constants.ERROR)


def marks_in(body: bytes) -> frozenset[tuple[str, str]]:
    """The marks of counties in an answer, also inside a workbook."""
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(BytesIO(body)) as packed:
            body = b"\n".join(packed.read(name) for name in packed.namelist())
    return frozenset((code.decode(), kind.decode()) for code, kind in _MARK.findall(body))


def _sections(body: bytes) -> frozenset[tuple[str, str]]:
    return frozenset(("", name) for name, sign in _SECTIONS.items() if sign in body)


def forms_in(body: bytes) -> tuple[tuple[str, bool], ...]:
    """The forms of a page that send something: where to, and whether any button of theirs works."""
    found = []
    for head, inside in _FORM.findall(body):
        action = _ACTION.search(head)
        if b"post" not in head.lower() or action is None:
            continue
        buttons = [each for each in _BUTTON.findall(inside) if b'type="button"' not in each]
        found.append((action[1].decode(), any(b"disabled" not in each for each in buttons)))
    return tuple(found)


@contextmanager
def put_back() -> Iterator[None]:
    """Whatever is done inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
