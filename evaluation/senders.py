"""Where a request comes from: the public is counted by it, and so are wrong passwords."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The address a request comes from; of IPv6 the network (/64) that one household or office has. Each proxy of our
    own (``PROXIES``) adds the one it was asked from; what stands before those anybody can write."""
    passed = request.headers.get("X-Forwarded-For", "").split(",")
    told = passed[-settings.PROXIES] if 0 < settings.PROXIES <= len(passed) else ""
    asked_from = str(request.META.get("REMOTE_ADDR", ""))
    return _network(told) or _network(asked_from) or asked_from


#: Some proxies write the port too.
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+")


def _network(written: str) -> str:
    """Empty where it is no address."""
    written = written.strip()
    if match := _WITH_PORT.fullmatch(written):
        written = match[1] or match[2]
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, 64), strict=False).network_address)
