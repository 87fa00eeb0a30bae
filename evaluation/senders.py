"""Where a request comes from: the public is counted by it, and so are wrong passwords."""

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The address a request comes from. Each proxy of our own (``PROXIES``) adds the one it was asked from; what stands
    before those anybody can write."""
    passed = [address.strip() for address in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.PROXIES and len(passed) >= settings.PROXIES and passed[-settings.PROXIES]:
        return passed[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))
