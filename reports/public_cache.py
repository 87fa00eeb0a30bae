"""Public pages kept for a minute: what everybody sees alike is made once, not for each reader.

Only for readers without a session: whoever is signed in sees their own name on every page. What a page says may be up
to KEPT_SECONDS old; the status of a certificate (where its QR code leads) and 公示 are never kept.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from reports.display import Display

KEPT_SECONDS = 60
#: A page with a longer query is nobody's in particular: not worth its room.
_LONGEST_KEY = 300

View = Callable[..., HttpResponse]


def kept_for_everybody(view: View) -> View:
    """Keep the answers of a public view for readers without a session, with an ETag."""

    @functools.wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        path = request.get_full_path()
        is_for_everybody = request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME not in request.COOKIES
        if not is_for_everybody or len(path) > _LONGEST_KEY:
            return view(request, *args, **kwargs)
        # One for each way of showing it: nobody gets another reader's choice, and a cookie made up adds none.
        key = f"page:{request.get_host()}:{Display.of(request)}:{hashlib.sha256(path.encode()).hexdigest()}"
        found = cache.get(key)
        if found is None:
            answer = view(request, *args, **kwargs)
            if answer.status_code != HTTPStatus.OK or answer.streaming or answer.cookies:
                return answer
            found = (answer.content, answer.headers["Content-Type"], f'"{hashlib.sha256(answer.content).hexdigest()}"')
            cache.set(key, found, KEPT_SECONDS)
        return _answer(request, *found)

    return kept


def _answer(request: HttpRequest, content: bytes, kind: str, etag: str) -> HttpResponse:
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={KEPT_SECONDS}", "Vary": "Cookie"}
    answer = HttpResponse(content, content_type=kind, headers=headers)
    return get_conditional_response(request, etag=etag, response=answer) or answer
