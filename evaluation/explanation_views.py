"""The door through which a figure is explained. It opens from the problem table and from the page of a school."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from evaluation import explaining
from evaluation.permissions import Refused
from evaluation.queries import submissions_visible_to
from indicators import explanations
from indicators.models import Submission


@require_POST
def explain(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Take in the explanation of one problem and come back to it."""
    version = get_object_or_404(submissions_visible_to(request.user), pk=pk)
    problem = get_object_or_404(version.problems, position=position)
    try:
        explaining.explain(request.user, version, problem, request.POST.get("text", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        left = explanations.open_explanations(version).count()
        messages.success(request, f"说明已保存。还有 {left} 条没有说明。" if left else "说明已保存，全部已说明。")
    return redirect(f"{_page(request, version)}#explanation-{position}")


def _page(request: HttpRequest, version: Submission) -> str:
    code = request.GET.get("school", "")
    if code and version.records.filter(code=code).exists():
        return reverse("school", args=[version.pk, code])
    return f"{reverse('submission', args=[version.pk])}?{request.GET.urlencode()}"
