"""Bots in a chat that are told of steps: read from the settings, and the signed request each of them is sent.

A bot is called only at the address the settings give it; a redirect is not followed. It gets the county, the step and
a link, never a figure, a name or a reason.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from django.core.exceptions import ImproperlyConfigured

KINDS = ("dingtalk", "wecom", "plain")
TIMEOUT_SECONDS = 5
_LONGEST_ANSWER = 64 * 1024
_FAILED = 400


class NotTaken(Exception):
    """The receiver answered, and did not take the notice; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver. ``place`` is a code of the register: only its counties are told of; empty for all."""

    name: str
    url: str
    kind: str
    secret: str = ""
    place: str = ""


def read_webhooks(said: Sequence[Mapping[str, Any]]) -> dict[str, Webhook]:
    """The receivers of the settings by name. Raises ImproperlyConfigured where one is not usable."""
    read: dict[str, Webhook] = {}
    for each in said:
        try:
            webhook = Webhook(**each)
        except TypeError as error:
            raise ImproperlyConfigured(f"WEBHOOKS: {error}") from error
        scheme, host = urllib.parse.urlsplit(webhook.url)[:2]
        if scheme not in ("http", "https") or not host:
            raise ImproperlyConfigured(
                f"WEBHOOKS: {webhook.name} needs an address that begins with https:// or http://"
            )
        if webhook.kind not in KINDS:
            raise ImproperlyConfigured(f"WEBHOOKS: {webhook.name} is of no known kind: {', '.join(KINDS)}")
        if webhook.kind == "plain" and not webhook.secret:
            raise ImproperlyConfigured(f"WEBHOOKS: {webhook.name} needs a secret, its body is signed with it")
        if not webhook.name or webhook.name in read:
            raise ImproperlyConfigured(f"WEBHOOKS: every receiver needs a name of its own, not “{webhook.name}”")
        read[webhook.name] = webhook
    return read


def request_to(webhook: Webhook, notice: Mapping[str, str], now: float) -> urllib.request.Request:
    """The request for one notice (``id``, ``text``, ``link``) at ``now`` (seconds). The id stays the same however
    often it is sent: a receiver that keeps ids shows nothing twice."""
    url, headers = webhook.url, {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": notice["id"]}
    if webhook.kind == "plain":
        body = _json(notice)
        stamp = str(int(now))
        headers |= {"X-Portal-Timestamp": stamp, "X-Portal-Signature": signature_of(webhook.secret, stamp, body)}
    else:
        words = f"{notice['text']}\n{notice['link']}\n通知编号 {notice['id']}"
        body = _json({"msgtype": "text", "text": {"content": words}})
        if webhook.kind == "dingtalk" and webhook.secret:
            url += ("&" if "?" in url else "?") + _dingtalk_signature(webhook.secret, int(now * 1000))
    # The scheme was checked when the settings were read.
    return urllib.request.Request(url, body, headers, method="POST")  # noqa: S310


def signature_of(secret: str, stamp: str, body: bytes) -> str:
    """What a plain receiver compares with the header X-Portal-Signature: HMAC-SHA256 over stamp, newline, body."""
    return hmac.new(secret.encode(), stamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def _dingtalk_signature(secret: str, stamp: int) -> str:
    signed = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return urllib.parse.urlencode({"timestamp": stamp, "sign": base64.b64encode(signed).decode()})


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode("utf-8")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """None: the answer that asks for another address is an error."""


def post(webhook: Webhook, notice: Mapping[str, str]) -> None:
    """Send one notice. Raises OSError where the receiver cannot be reached in time, NotTaken where it refuses."""
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(request_to(webhook, notice, time.time()), timeout=TIMEOUT_SECONDS) as answer:
        _check_taken(webhook, answer)


def _check_taken(webhook: Webhook, answer: HTTPResponse) -> None:
    if answer.status >= _FAILED:
        raise NotTaken(f"HTTP {answer.status}")
    if webhook.kind == "plain":
        return
    # Both kinds of bot answer 200 to everything, and say in the body whether they took it.
    try:
        told = json.loads(answer.read(_LONGEST_ANSWER))
    except ValueError as error:
        raise NotTaken("the answer is no JSON") from error
    if not isinstance(told, dict) or told.get("errcode") != 0:
        raise NotTaken(str(told)[:300])
