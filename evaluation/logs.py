"""What a line of the log says, and what it never says.

Every line carries the ids it is about: of the request, the person (primary key alone), the evaluation, the submission,
the job. They are bound once, where they become known; no call of a logger repeats them. Names, bodies of requests and
whatever opens a door (links of invitation and of letters, passwords in addresses) are not logged: what slips into a
message is masked. Only the fields listed here come into a JSON line; a library that hangs a whole request on its record
adds nothing.
"""

from __future__ import annotations

import datetime
import functools
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

_ids: ContextVar[Mapping[str, object] | None] = ContextVar("ids", default=None)
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)

#: The object an address is about, by the first word of its route; its primary key or code is logged under this name.
_ABOUT = {
    "evaluations": "evaluation",
    "submissions": "submission",
    "partials": "partial",
    "jobs": "job",
    "counties": "county",
    "notices": "notice",
    "objections": "objection",
    "certificates": "certificate",
    "filings": "filing",
}
_JOB_IS_ABOUT = ("submission", "partial", "laboratory_run", "batch", "radar_scan", "document_order")
_HIDDEN = "***"
_MASKS = [
    # A link of invitation opens an account to whoever has it; those of letters begin and end them for an address.
    (re.compile(r"(invitations/|subscribe/confirm/|unsubscribe/)[^/\s?\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"([?&;](?:[\w-]*token|code|key|secret|sign|signature|password)=)[^&\s\"']+", re.I), rf"\1{_HIDDEN}"),
    (re.compile(r"(Bearer\s+)\S+", re.I), rf"\1{_HIDDEN}"),
    (re.compile(r"(://)[^/\s@]*@"), rf"\1{_HIDDEN}@"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _HIDDEN),
    # Numbers of identity cards and mobile telephones; numbers of schools and files have other lengths.
    (re.compile(r"(?<!\w)\d{17}[\dXx](?!\w)"), _HIDDEN),
    (re.compile(r"(?<!\w)1[3-9]\d{9}(?!\w)"), _HIDDEN),
    # PostgreSQL tells the row that broke a rule, with everything in it.
    (re.compile(r"(DETAIL:).*"), rf"\1 {_HIDDEN}"),
]


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Every line logged inside carries these ids; None and empty ones are left out."""
    known = {name: value for name, value in ids.items() if value not in (None, "")}
    token = _ids.set({**(_ids.get() or {}), **known})
    try:
        yield
    finally:
        _ids.reset(token)


@contextmanager
def bound_request(request: HttpRequest, request_id: str) -> Iterator[None]:
    """Every line logged inside carries the id of the request, and what it is about once that is known."""
    about, known = _request.set(request), _ids.set({**(_ids.get() or {}), "request_id": request_id})
    try:
        yield
    finally:
        _ids.reset(known)
        _request.reset(about)


def about_job(run: Callable[[Any], None]) -> Callable[[Any], None]:
    """Every line logged while ``run`` does a job carries what the job is and is about."""

    @functools.wraps(run)
    def told(job: Any) -> None:
        with bound(job=job.pk, attempt=job.attempts, **{name: getattr(job, f"{name}_id") for name in _JOB_IS_ABOUT}):
            run(job)

    return told


def ids() -> dict[str, object]:
    """The ids bound here and now."""
    told = dict(_ids.get() or {})
    request = _request.get()
    if request is not None:
        # Who it is was perhaps not asked yet; a line of the log is no reason to ask the database.
        user = getattr(getattr(request, "_cached_user", None), "pk", None)
        if user is not None:
            told["user"] = user
        told |= _about(request)
    return told


def _about(request: HttpRequest) -> dict[str, object]:
    match = request.resolver_match
    if match is None:
        return {}
    words = [word for word in str(match.route).strip("^").split("/") if word and word != "api"]
    name = _ABOUT.get(words[0]) if words else None
    value = match.kwargs.get("pk", match.kwargs.get("code", match.kwargs.get("number")))
    return {name: value} if name and value is not None else {}


def masked(text: str) -> str:
    """A text without what must not be in a log."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


class PlainLines(logging.Formatter):
    """Lines for a person at a terminal: the ids stand at the end."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, masked."""
        told = " ".join(f"{name}={value}" for name, value in (ids() | _fields(record)).items())
        return masked(super().format(record)) + (f" [{told}]" if told else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the ids, and what the call named under ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as JSON, masked."""
        told: dict[str, Any] = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            **ids(),
            **_fields(record),
        }
        if record.exc_info:
            told["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return dict(getattr(record, "fields", {}))
