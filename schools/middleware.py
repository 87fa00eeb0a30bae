"""What every request passes: that it is text; and that of a signed-in person: the age of the session, and the second
factor."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from schools.second_factor import owed_step

Answer = Callable[[HttpRequest], HttpResponse]

_SIGNED_IN_AT, _SEEN_AT = "signed_in_at", "seen_at"
#: The session is written at most this often only to remember that it was used.
_REMEMBER_SECONDS = 60
_OPEN_WHILE_OWED = {"second_factor", "second_factor_begin", "second_factor_code", "login", "logout"}


#: What nobody types and no database, file or feed takes; tabs and ends of lines come with what is pasted.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_INTERFACE = "/api/v"


class PlainText:
    """Refuses a request (400) whose address, cookies or form hold control characters, before anything is looked up:
    PostgreSQL takes no NUL, and SQLite takes it without a word."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = [text for name, values in request.GET.lists() for text in (name, *values)]
        # The interface for programs refuses an address in words of its own, as JSON.
        address = [] if request.path_info.startswith(_INTERFACE) else [request.path_info, *asked]
        if any(map(_CONTROL.search, (*address, *request.COOKIES.values()))):
            raise BadRequest("control characters")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Look at a form, too; one with files is read by the view, which knows how long they may be."""
        if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
            sent = (text for name, values in request.POST.lists() for text in (name, *values))
            if any(map(_CONTROL.search, sent)):
                raise BadRequest("control characters")


def begin_session(request: HttpRequest) -> None:
    """Start the clock of a session; call right after signing in."""
    request.session[_SIGNED_IN_AT] = request.session[_SEEN_AT] = int(time.time())


class SessionAge:
    """Ends a session that nobody used for SESSION_IDLE_SECONDS, and any after SESSION_COOKIE_AGE."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session, now = request.session, int(time.time())
        if began := session.get(_SIGNED_IN_AT):
            unused = now - session.get(_SEEN_AT, began)
            if unused > settings.SESSION_IDLE_SECONDS:
                logout(request)
                messages.info(request, f"超过 {settings.SESSION_IDLE_SECONDS // 60} 分钟没有操作，请重新登录。")
            elif now - began > settings.SESSION_COOKIE_AGE:
                logout(request)
                messages.info(request, f"登录已满 {settings.SESSION_COOKIE_AGE // 3600} 小时，请重新登录。")
            elif unused > _REMEMBER_SECONDS and not request.headers.get("HX-Request"):
                # A waiting page that asks by itself is nobody at the desk.
                session[_SEEN_AT] = now
        return self.get_response(request)


class SecondFactor:
    """Whoever owes a code, or must still set the second factor up, reaches that page and the way out, nothing else."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Send the person to the page they owe, or let them pass."""
        match = request.resolver_match
        if match is not None and match.view_name in _OPEN_WHILE_OWED:
            return None
        owed = owed_step(request)
        if not owed:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": "请先在网页上完成两步验证。", "code": "second_factor_owed"}, status=403)
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        going_to = f"?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else ""
        return redirect(reverse(owed) + going_to)
