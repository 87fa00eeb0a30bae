"""One line of the log and one count for every request: by the name of its route, never by the address that was asked
for, which may hold a link of invitation."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from evaluation.logs import bound_request
from evaluation.metrics import count_request

logger = logging.getLogger("portal.requests")

Answer = Callable[[HttpRequest], HttpResponse]
#: What a load balancer may give a request as its id; anything else is not written into a log.
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestLog:
    """Gives each request an id (that of X-Request-ID where it is sane), returns it, logs and counts the answer."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE_ID.fullmatch(given) else secrets.token_hex(16)
        with bound_request(request, request_id):
            started = time.perf_counter()
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            seconds = time.perf_counter() - started
            route = route_of(request)
            count_request(request.method or "", route, response.status_code, seconds)
            if logger.isEnabledFor(logging.INFO):
                told = {"route": route, "status": response.status_code, "milliseconds": round(seconds * 1000, 1)}
                logger.info("%s %s %s", request.method, route, response.status_code, extra={"fields": told})
        return response


def route_of(request: HttpRequest) -> str:
    """The name of the route that answered, ``static`` for files, ``unmatched`` where no route did. A page that was kept
    (reports/public_cache.py) was resolved when it was made and says it itself."""
    if kept := getattr(request, "kept_route", ""):
        return str(kept)
    match = request.resolver_match
    if match is not None:
        return str(match.view_name or match.route)
    return "static" if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "unmatched"
