"""Send what waits in the outbox. Nothing is lost while a receiver is down: an entry is tried again, later and later,
and after many times set aside until somebody puts it back.

A sender claims an entry by a conditional update on its attempts: of two senders one gets it. Whoever dies while sending
frees it again when the claim runs out, so that a receiver may get one twice, with the same id.
"""

from __future__ import annotations

import datetime
import logging
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Case, F, QuerySet, When
from django.utils import timezone

from evaluation import subscribing
from evaluation.models import OutboxEntry
from evaluation.webhooks import NotTaken, post, read_webhooks

logger = logging.getLogger(__name__)

#: Tried so often, over about three days, before an entry is set aside.
MOST_ATTEMPTS = 20
FIRST_PAUSE = datetime.timedelta(seconds=30)
LONGEST_PAUSE = datetime.timedelta(hours=6)
#: A claim is good for so long: longer than sending takes at most.
CLAIM = datetime.timedelta(minutes=2)
_LONGEST_ERROR = 500
_DOUBLINGS = 16


class _Gone(Exception):
    """The receiver is no longer in the settings."""


def send_outbox(most: int = 50) -> int:
    """Send what is due, at most so many entries; returns how many were taken. A receiver that fails once is left alone
    for the rest of the round."""
    sent, failing = 0, set[str]()
    for _ in range(most):
        entry = _claim(failing)
        if entry is None:
            break
        try:
            _send(entry)
        except _Gone as error:
            _end(entry, state=OutboxEntry.State.SET_ASIDE, error=str(error))
        except (OSError, SMTPException, NotTaken, ValueError) as error:
            failing.add(entry.target)
            _try_later(entry, error)
        else:
            sent += 1
            _end(entry, state=OutboxEntry.State.SENT, sent_at=timezone.now(), error="")
    return sent


def put_back(chosen: QuerySet[OutboxEntry] | None = None) -> int:
    """Let what was set aside be tried anew, all of it or some chosen entries; returns how many that are."""
    set_aside = (OutboxEntry.objects.all() if chosen is None else chosen).filter(state=OutboxEntry.State.SET_ASIDE)
    return set_aside.update(state=OutboxEntry.State.WAITING, attempts=0, not_before=timezone.now())


def _claim(failing: set[str]) -> OutboxEntry | None:
    """The next entry that is due and that no other sender has; its attempts are counted."""
    while True:
        now = timezone.now()
        due = OutboxEntry.objects.filter(state=OutboxEntry.State.WAITING, not_before__lte=now)
        # Whoever has work to do is told before whoever only wants to know.
        bulk = Case(When(kind=OutboxEntry.Kind.SUBSCRIBER, then=1), default=0)
        entry = due.exclude(target__in=failing).order_by(bulk, "not_before", "pk").first()
        if entry is None:
            return None
        mine = OutboxEntry.objects.filter(
            pk=entry.pk, state=OutboxEntry.State.WAITING, attempts=entry.attempts, not_before=entry.not_before
        ).update(attempts=F("attempts") + 1, not_before=now + CLAIM)
        if mine:
            entry.attempts += 1
            return entry


def _send(entry: OutboxEntry) -> None:
    if entry.kind == OutboxEntry.Kind.WEBHOOK:
        webhook = read_webhooks(settings.WEBHOOKS).get(entry.target)
        if webhook is None:
            raise _Gone(f"设置中没有名为“{entry.target}”的接收方")
        post(webhook, entry.body)
        return
    if entry.kind == OutboxEntry.Kind.ANNOUNCEMENT:
        subscribing.spread(entry)
        return
    # The host alone: some mail servers refuse a Message-ID with a port.
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {"Message-ID": f"<{entry.body['id']}@{host}>"}
    text, to = f"{entry.body['text']}\n\n{entry.body['link']}\n", entry.target
    if entry.kind == OutboxEntry.Kind.SUBSCRIBER:
        receiver = subscribing.receiver_of(entry)
        if receiver is None:  # over since: there is nobody to send it to
            return
        to, leave = receiver
        text += f"\n不想再收到：{leave}\n"
        headers |= {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        headers["Auto-Submitted"] = "auto-generated"
    EmailMessage(entry.body["subject"], text, to=[to], headers=headers).send()


def _try_later(entry: OutboxEntry, error: Exception) -> None:
    words = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    if entry.kind == OutboxEntry.Kind.SUBSCRIBER:
        # What a mail server says holds the address, and nobody reads that.
        words = type(error).__name__
    logger.warning("outbox entry %s was not taken (attempt %s): %s", entry.pk, entry.attempts, words)
    if entry.attempts >= MOST_ATTEMPTS:
        _end(entry, state=OutboxEntry.State.SET_ASIDE, error=words)
        return
    pause = min(FIRST_PAUSE * 2 ** min(entry.attempts - 1, _DOUBLINGS), LONGEST_PAUSE)
    _end(entry, not_before=timezone.now() + pause, error=words)


def _end(entry: OutboxEntry, **changes: object) -> None:
    """Write what became of an attempt, unless the claim ran out and another sender has it."""
    waiting = OutboxEntry.State.WAITING
    OutboxEntry.objects.filter(pk=entry.pk, state=waiting, attempts=entry.attempts).update(**changes)
