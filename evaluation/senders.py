"""Where a request of the public comes from."""

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The address a request comes from. Behind TLS a proxy of our own stands before the portal and adds the address
    last; what stands before that anybody can write."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return (forwarded if settings.HTTPS else "") or request.META.get("REMOTE_ADDR", "")
