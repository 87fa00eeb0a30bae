"""What machines ask: health and figures. Answered before everything else, because they come without a session, in plain
HTTP and under whatever host name the inner network gives this process.

/healthz        every part; 503 where one fails: for monitoring
/healthz/ready  database and tables; 503 where this process cannot serve: for the load balancer. A worker that died is
                no reason to take the pages away from everybody
/healthz/live   this process answers
/metrics        figures for Prometheus, with the token METRICS_TOKEN alone. Not by address: behind a proxy every
                address is the proxy's
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from evaluation import health, metrics

Answer = Callable[[HttpRequest], HttpResponse]


def healthz(request: HttpRequest) -> HttpResponse:
    """Every part of the portal."""
    return _told(health.found())


def ready(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve."""
    return _told(health.found(ready_only=True))


def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return _told({})


def _told(found: dict[str, str]) -> HttpResponse:
    """ok or failing, part by part, and nothing else: no versions, no names of hosts, no reasons."""
    parts = {name: "failing" if words else "ok" for name, words in sorted(found.items())}
    is_well = "failing" not in parts.values()
    told = {"status": "ok" if is_well else "failing"} | ({"checks": parts} if parts else {})
    response = JsonResponse(told, status=200 if is_well else 503)
    # What fails was logged when it began to (evaluation/health.py); Django would log every question.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def figures(request: HttpRequest) -> HttpResponse:
    """The figures, to whoever brings the token; to everybody else there is no such page."""
    expected = f"Bearer {settings.METRICS_TOKEN}"
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not secrets.compare_digest(given.encode(), expected.encode()):
        return HttpResponseNotFound()
    return HttpResponse(metrics.as_text(), content_type=CONTENT_TYPE_LATEST)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/healthz/ready": ready,
    "/healthz/live": live,
    "/metrics": figures,
}


class Probes:
    """Answers the addresses above; everything else goes on."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info.rstrip("/"))
        if probe is None:
            return self.get_response(request)
        response = probe(request) if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])
        response["Cache-Control"] = "no-store"
        return response
