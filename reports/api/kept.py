"""Open answers kept for a minute. They are the same whoever asks, so that a session makes no difference; the pages of
the site have their own (reports/public_cache.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

KEPT_SECONDS = 60
#: An answer to a longer question is nobody's in particular: not worth its room.
_LONGEST_KEY = 300


def kept_answer(request: HttpRequest, make: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer kept for this address, or the one ``make`` gives, kept from now on, with an ETag."""
    path = request.get_full_path()
    if request.method not in ("GET", "HEAD") or len(path) > _LONGEST_KEY:
        return make()
    key = f"api:{request.get_host()}:{hashlib.sha256(path.encode()).hexdigest()}"
    found = cache.get(key)
    if found is None:
        answer = make()
        if answer.status_code != HTTPStatus.OK or answer.streaming or answer.cookies:
            return answer
        found = (answer.content, answer.headers["Content-Type"])
        cache.set(key, found, KEPT_SECONDS)
    content, kind = found
    headers = {"ETag": etag_of(content), "Cache-Control": f"public, max-age={KEPT_SECONDS}", "Vary": "Accept"}
    answer = HttpResponse(content, content_type=kind, headers=headers)
    return get_conditional_response(request, etag=headers["ETag"], response=answer) or answer


def etag_of(content: bytes) -> str:
    """The ETag of an answer: its hash."""
    return f'"{hashlib.sha256(content).hexdigest()}"'
