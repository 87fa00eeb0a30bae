"""Doors into the inbox."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from evaluation.inbox import mark_read, messages_visible_to, unread_count

_LINES_A_PAGE = 50


@require_safe
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """The lines of whoever asks, newest first."""
    page = Paginator(messages_visible_to(request.user), _LINES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "evaluation/inbox.html", {"page": page, "unread": unread_count(request.user)})


@require_POST
def inbox_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one line read and go where it leads."""
    line = get_object_or_404(messages_visible_to(request.user), pk=pk)
    mark_read(request.user, line)
    return redirect(line.link or "inbox")


@require_POST
def inbox_read_all(request: HttpRequest) -> HttpResponse:
    """Mark every line read."""
    messages.success(request, f"{mark_read(request.user)} 条消息已标为已读。")
    return redirect("inbox")
