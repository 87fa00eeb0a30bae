"""What every page may show beside its own context."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from evaluation.inbox import unread_count


def inbox(request: HttpRequest) -> dict[str, object]:
    """``inbox_unread``: the number of unread lines, asked of the database only where a page shows it."""
    return {"inbox_unread": SimpleLazyObject(lambda: unread_count(request.user))}
