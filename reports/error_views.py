"""What is answered where no view answers: pages for people, and the one shape of refusals for programs."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from reports.api.errors import is_for_programs, refusal


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request nobody can read."""
    if is_for_programs(request):
        return refusal("parse_error", HTTPStatus.BAD_REQUEST)
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address there is not."""
    if is_for_programs(request):
        return refusal("not_found", HTTPStatus.NOT_FOUND)
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """A fault of this program; what it was stands in the log."""
    if is_for_programs(request):
        return refusal("error", HTTPStatus.INTERNAL_SERVER_ERROR)
    return defaults.server_error(request)
