"""The door through which a version is read again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evaluation.permissions import Refused
from evaluation.queries import submissions_visible_to
from evaluation.rereading import reread as read_again


@require_POST
def reread(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the file of the newest version again, with the mappings of headers as they are now."""
    submission = get_object_or_404(submissions_visible_to(request.user), pk=pk)
    try:
        again = read_again(request.user, submission)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("headers")
    messages.success(
        request,
        f"第 {submission.version} 版的文件正在按新的表头对应重新读取，保存为第 {again.version} 版。",
    )
    return redirect("submission", pk=again.pk)
