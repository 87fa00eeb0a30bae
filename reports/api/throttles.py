"""How often the interface may be asked: open answers by address, the rest by token. Rates: ``settings.API_RATES``."""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.core.cache import BaseCache, caches
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from evaluation.senders import network_of
from schools.models import ApiToken

logger = logging.getLogger(__name__)


class _Rate(SimpleRateThrottle):
    """Counts in the cache that all processes share; where that is down nobody is refused for it."""

    @property
    def cache(self) -> BaseCache:
        return caches["shared"]

    def get_rate(self) -> str | None:
        """The rate of this kind."""
        return settings.API_RATES[self.scope]

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether there is still room in the rate."""
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError):
            logger.warning("requests are not counted: the counters cannot be reached")
            return True

    def _key(self, who: str) -> str:
        return f"{self.scope}-{hashlib.sha256(who.encode()).hexdigest()[:32]}"


class PublicRate(_Rate):
    """By the address a request comes from."""

    scope = "public"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One counter an address."""
        return self._key(network_of(request._request))


class TokenRate(_Rate):
    """By the token; for whoever has signed in on the pages by the person, for strangers by the address."""

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One counter a token."""
        if isinstance(request.auth, ApiToken):
            return self._key(str(request.auth.pk))
        return self._key(f"person {request.user.pk}" if request.user.pk else network_of(request._request))


class RefusedRate(_Rate):
    """Tokens that do not work, by address: each costs a look in the database, and permissions come before rates."""

    scope = "refused"

    def get_rate(self) -> str | None:
        """As many as a token may ask."""
        return settings.API_RATES["token"]

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One counter an address."""
        return self._key(network_of(request._request))

    def has_room(self, request: Request, view: APIView) -> bool:
        """Whether the address may try another token; counts nothing."""
        if self.rate is None:
            return True
        self.now = self.timer()
        try:
            times = self.cache.get(self.get_cache_key(request, view), [])
        except (RedisError, OSError):
            return True
        self.history = [each for each in times if each > self.now - self.duration]
        return len(self.history) < self.num_requests


class UploadRate(TokenRate):
    """Files sent; reading is not counted here."""

    scope = "upload"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Only what sends a file is counted."""
        return request.method != "POST" or super().allow_request(request, view)
