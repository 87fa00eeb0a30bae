"""Letters to whoever asked for them: of one county or of the whole country, when something of it becomes public.

Nobody learns here whether an address is known: whoever asks is always answered the same, and only the letter says more.
Nothing is sent before the address was confirmed, but the letter that asks for it. A subscription that ends is deleted;
what waits to be sent names the subscription and never the address.
"""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evaluation.models import Evaluation, OutboxEntry, Subscription, SubscriptionAsk
from evaluation.permissions import Refused
from evaluation.subscription_letters import Letter, confirmation, known_already
from schools.models import County

#: Who did not confirm for so long is forgotten, and the link with it.
CONFIRM_WITHIN = datetime.timedelta(days=7)
#: How often one network may ask a day, and how many letters an address may be sent because somebody asked.
MOST_BY_SENDER, MOST_TO_ADDRESS = 20, 3
_TARGET = "subscription:"
_AT_A_TIME = 500
#: A mail server that was away for days is noticed after them, and what it kept back is sent again.
_GIVEN_UP_KEPT = datetime.timedelta(days=30)
_DAY = datetime.timedelta(days=1)
_CONFIRM, _END = "subscription-confirm", "subscription-end"


# ── Whoever wants letters ─────────────────────────────────────────────────────────────────────


def ask(address: str, county: County | None, network: str) -> None:
    """Send a letter that asks the address to confirm. What comes of it is the same for whoever asks, whether the
    address is known or not. Raises Refused where the network asked too often."""
    to, day = address.strip().lower(), timezone.localdate().isoformat()
    with transaction.atomic():
        if _count(f"network {day} {network}") > MOST_BY_SENDER:
            raise Refused("从您的网络今天申请的次数太多，请明天再试。也可以用 Atom 订阅，不需要邮箱。")
        if _count(f"address {day} {to}") > MOST_TO_ADDRESS:
            return
        found, is_new = Subscription.objects.get_or_create(county=county, address=to)
        if found.confirmed_at is not None:
            _enqueue([found], known_already(county, _about(county)))
            return
        if not is_new:
            Subscription.objects.filter(pk=found.pk, confirmed_at=None).update(asked_at=timezone.now())
        token = signing.TimestampSigner(salt=_CONFIRM).sign(found.key)
        _enqueue([found], confirmation(county, _address("subscription_confirm", token), CONFIRM_WITHIN.days))


def _count(who: str) -> int:
    """How often the same asked today, this time included."""
    sender = salted_hmac("subscription-ask", who, algorithm="sha256").hexdigest()
    SubscriptionAsk.objects.create(sender=sender)
    return SubscriptionAsk.objects.filter(sender=sender).count()


def of_confirmation(token: str) -> Subscription | None:
    """The subscription a link of confirmation is about; None where the link is forged, too old, or it is gone."""
    try:
        key = signing.TimestampSigner(salt=_CONFIRM).unsign(token, max_age=CONFIRM_WITHIN)
    except signing.BadSignature:
        return None
    return Subscription.objects.filter(key=key).select_related("county__parent__parent").first()


def confirm(token: str) -> Subscription | None:
    """Let letters be sent from now on; twice does no harm. None as for ``of_confirmation``."""
    found = of_confirmation(token)
    if found is not None:
        Subscription.objects.filter(pk=found.pk, confirmed_at=None).update(confirmed_at=timezone.now())
    return found


def token_to_end(subscription: Subscription) -> str:
    """What opens the page that ends a subscription, at any time."""
    return signing.Signer(salt=_END).sign(subscription.key)


def is_token_to_end(token: str) -> bool:
    """Whether a link that ends a subscription was made here; whether there still is one is not said."""
    return _key_to_end(token) is not None


def end(token: str) -> bool:
    """Delete a subscription and what waits for it; twice does no harm. False where the link was not made here."""
    key = _key_to_end(token)
    if key is None:
        return False
    with transaction.atomic():
        found = Subscription.objects.filter(key=key).first()
        if found is not None:
            OutboxEntry.objects.filter(kind=OutboxEntry.Kind.SUBSCRIBER, target=f"{_TARGET}{found.pk}").delete()
            found.delete()
    return True


def _key_to_end(token: str) -> str | None:
    try:
        return signing.Signer(salt=_END).unsign(token)
    except signing.BadSignature:
        return None


# ── What is told ──────────────────────────────────────────────────────────────────────────────


def announce(evaluation: Evaluation, letter: Letter) -> None:
    """Let everybody who asked for it be told; call inside the transaction of what is told. One row now: the letters are
    written when it is sent, so that no step waits for thousands of them."""
    if _confirmed(evaluation.county_id).exists():
        body = {"letter": letter.told(), "after": 0}
        OutboxEntry.objects.create(kind=OutboxEntry.Kind.ANNOUNCEMENT, target=evaluation.county_id, body=body)


def spread(entry: OutboxEntry) -> None:
    """Write the letters of an announcement, some at a time, each once: the row remembers how far it got."""
    letter, after = Letter(**entry.body["letter"]), int(entry.body["after"])
    found = _confirmed(entry.target).filter(confirmed_at__lte=entry.created_at).order_by("pk")
    is_over = False
    while not is_over:
        with transaction.atomic():
            some = list(found.filter(pk__gt=after)[:_AT_A_TIME])
            is_over = len(some) < _AT_A_TIME
            after = some[-1].pk if some else after
            changes: dict[str, object] = {"body": entry.body | {"after": after}}
            if is_over:
                changes |= {"state": OutboxEntry.State.SENT, "sent_at": timezone.now(), "error": ""}
            waiting = OutboxEntry.State.WAITING
            mine = OutboxEntry.objects.filter(pk=entry.pk, state=waiting, attempts=entry.attempts).update(**changes)
            if not mine:
                return
            _enqueue(some, letter)


def _confirmed(county_code: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(Q(county=county_code) | Q(county=None), confirmed_at__isnull=False)


def _enqueue(subscriptions: list[Subscription], letter: Letter) -> None:
    OutboxEntry.objects.bulk_create(
        OutboxEntry(
            kind=OutboxEntry.Kind.SUBSCRIBER,
            target=f"{_TARGET}{each.pk}",
            body={"id": uuid.uuid4().hex, "subject": letter.subject, "text": letter.text, "link": letter.link},
        )
        for each in subscriptions
    )


def receiver_of(entry: OutboxEntry) -> tuple[str, str] | None:
    """The address a letter goes to, and the page that ends it; None where the subscription is over."""
    number = entry.target.removeprefix(_TARGET)
    found = Subscription.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return None if found is None else (found.address, _address("subscription_end", token_to_end(found)))


def _address(name: str, *arguments: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=arguments)}"


def _about(county: County | None) -> str:
    return _address("county", county.pk) if county is not None else _address("country")


# ── Kept no longer than needed ────────────────────────────────────────────────────────────────


def clear_subscriptions() -> int:
    """Forget who did not confirm in time, who asked on an earlier day, and letters that were sent; those given up stay
    for a while, for somebody to look at. Returns how many subscriptions were forgotten."""
    now = timezone.now()
    SubscriptionAsk.objects.filter(at__lt=now - _DAY).delete()
    letters = OutboxEntry.objects.filter(kind__in=(OutboxEntry.Kind.SUBSCRIBER, OutboxEntry.Kind.ANNOUNCEMENT))
    letters.filter(state=OutboxEntry.State.SENT, created_at__lt=now - CONFIRM_WITHIN).delete()
    letters.filter(state=OutboxEntry.State.SET_ASIDE, created_at__lt=now - _GIVEN_UP_KEPT).delete()
    late = Subscription.objects.filter(confirmed_at=None, asked_at__lt=now - CONFIRM_WITHIN)
    return late.delete()[1].get(Subscription._meta.label, 0)


def counts() -> tuple[int, int]:
    """How many subscriptions are confirmed, and how many wait to be: all that anybody learns of them."""
    confirmed = Subscription.objects.filter(confirmed_at__isnull=False).count()
    return confirmed, Subscription.objects.count() - confirmed
