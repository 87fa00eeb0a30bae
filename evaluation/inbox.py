"""Somebody's inbox: what they may still see of it, and reading it."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from evaluation.models import Message
from evaluation.permissions import Person
from evaluation.queries import evaluations_visible_to
from schools.models import User


def messages_visible_to(user: Person) -> QuerySet[Message]:
    """The lines of ``user``'s own inbox, newest first; after a change of post those of the old place are gone."""
    if not isinstance(user, User):
        return Message.objects.none()
    seen = evaluations_visible_to(user).order_by().values("pk")
    return Message.objects.filter(Q(evaluation=None) | Q(evaluation__in=seen), person=user)


def unread_count(user: Person) -> int:
    """How many lines ``user`` has not read; one query, by an index that begins with the person."""
    return messages_visible_to(user).filter(read_at=None).count() if isinstance(user, User) else 0


def mark_read(user: User, message: Message | None = None) -> int:
    """Mark one line read, or all of them; returns how many were not before."""
    unread = Message.objects.filter(person=user, read_at=None)
    if message is not None:
        unread = unread.filter(pk=message.pk)
    return unread.update(read_at=timezone.now())
