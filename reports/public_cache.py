"""Public pages kept for a minute: what everybody sees alike is made once, not for each reader.

Only for readers without a session: whoever is signed in sees their own name on every page. What a page says may be up
to KEPT_SECONDS old; the status of a certificate (where its QR code leads) and 公示 are never kept.

A page is kept compressed and with the headers it was first sent with, and given out before anything else looks at the
request (``KeptPages``): sessions, accounts and messages change nothing of it. It holds nothing secret, so that its
length tells nothing either.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_header_parameters

from reports.display import Display

KEPT_SECONDS = 60
#: A page with a longer query is nobody's in particular: not worth its room.
_LONGEST_KEY = 300
#: Compressed once a minute and sent as often as asked for.
_COMPRESSION = 9
#: Held here, because finding it costs as much as reading from it; it is thread-safe, like all of its kind.
_pages = caches["default"]
#: What Django keeps a message in until it is shown: to one reader.
_MESSAGES_COOKIE = "messages"
#: Headers of the one answer, not of the page.
_OF_THE_ANSWER = frozenset({"Content-Length", "Content-Encoding", "X-Request-ID"})
#: A request without any of these wants the whole page.
_CONDITIONS = frozenset({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"})

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Kept:
    """A page as it is kept: compressed, with its kind, the hash of what it says, and the name of its route; ``headers``
    are all it was first sent with, empty until it was."""

    compressed: bytes
    kind: str
    sha256: str
    route: str
    headers: tuple[tuple[str, str], ...] = ()


def kept_for_everybody(view: View) -> View:
    """Keep the answers of a public view that reads nothing from the query, for readers without a session, with an
    ETag."""
    return kept_by_query()(view)


def kept_by_query(*asks: str) -> Callable[[View], View]:
    """The same for a view that reads these parameters. A page with any other is made but not kept: whoever invented
    them would drive out the pages that are asked for."""
    return functools.partial(_keeping, frozenset(asks))


def _keeping(asks: frozenset[str], view: View) -> View:
    @functools.wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = _key(request)
        if key is None or not request.GET.keys() <= asks:
            return view(request, *args, **kwargs)
        found = _pages.get(key)
        if found is None:
            answer = view(request, *args, **kwargs)
            if answer.status_code != HTTPStatus.OK or answer.streaming or answer.cookies or _has_token(request):
                return answer
            found = _kept(request, answer)
            _pages.set(key, found, KEPT_SECONDS)
            made = _answer(request, found)
            made.made_to_keep = found  # type: ignore[attr-defined]
            return made
        return _answer(request, found)

    return kept


class KeptPages:
    """Gives a kept page out before anything asks who the reader is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = _key(request)
        found = _pages.get(key) if key is not None else None
        if found is None or not found.headers:
            answer = self.get_response(request)
            made = getattr(answer, "made_to_keep", None)
            if made is not None and answer.status_code == HTTPStatus.OK and not answer.cookies:
                sent = tuple((name, value) for name, value in answer.items() if name not in _OF_THE_ANSWER)
                _pages.set(key, replace(made, headers=sent), KEPT_SECONDS)
            return answer
        # No resolver has seen the request; the log names its route all the same.
        request.kept_route = found.route  # type: ignore[attr-defined]
        return _answer(request, found)


def _key(request: HttpRequest) -> str | None:
    """What the answer to a request is kept under; None where it may be one reader's own."""
    path = f"{request.path}?{request.META.get('QUERY_STRING', '')}"
    if request.method not in ("GET", "HEAD") or len(path) > _LONGEST_KEY:
        return None
    cookies = request.COOKIES
    if cookies and (settings.SESSION_COOKIE_NAME in cookies or _MESSAGES_COOKIE in cookies):
        return None
    # One for each way of showing it: nobody gets another reader's choice, and a cookie made up adds none.
    # With its scheme: who asks without TLS is sent on, and must not be given what was made for others. The host as it
    # was sent: under one that is not allowed nothing was ever made, and Django refuses it then.
    place = f"{request.META.get('HTTP_HOST', '')} {path}"
    return f"page:{request.scheme}:{Display.of(request)}:{hashlib.sha256(place.encode()).hexdigest()}"


def _has_token(request: HttpRequest) -> bool:
    """Whether a form with the reader's own token was written into the page; Django sets its cookie later."""
    return bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE"))


def _kept(request: HttpRequest, answer: HttpResponse) -> Kept:
    match = request.resolver_match
    return Kept(
        gzip.compress(answer.content, _COMPRESSION, mtime=0),
        answer.headers["Content-Type"],
        hashlib.sha256(answer.content).hexdigest(),
        match.view_name if match is not None else "",
    )


def _answer(request: HttpRequest, found: Kept) -> HttpResponse:
    # Weak: the same page, whether it travels compressed or not.
    etag = f'W/"{found.sha256}"'
    headers = dict(found.headers) or {
        "Content-Type": found.kind,
        "ETag": etag,
        "Cache-Control": f"public, max-age={KEPT_SECONDS}",
        "Vary": "Accept-Encoding, Cookie",
    }
    is_compressed = _takes_gzip(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    content = found.compressed if is_compressed else gzip.decompress(found.compressed)
    headers["Content-Length"] = str(len(content))
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    answer = HttpResponse(content, headers=headers)
    if _CONDITIONS.isdisjoint(request.META):
        return answer
    return get_conditional_response(request, etag=etag, response=answer) or answer


@functools.lru_cache(maxsize=256)
def _takes_gzip(header: str) -> bool:
    for accepted in header.split(","):
        coding, parameters = parse_header_parameters(accepted)
        if coding == "gzip":
            return parameters.get("q", "1").rstrip("0.") != ""
    return False
