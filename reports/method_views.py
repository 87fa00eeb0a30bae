"""The method page of a standard: open to everybody, like the standard itself."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evaluation.models import Standard
from evaluation.standards import parsed_standard
from reports.presenters.method import method_page
from reports.presenters.method_example import example_county

EXAMPLE = settings.BASE_DIR / "fixtures/method/county.toml"


@require_safe
@login_not_required
def method(request: HttpRequest, code: str) -> HttpResponse:
    """How every figure under a standard is computed, with a worked example."""
    row = get_object_or_404(Standard, pk=code)
    standard = parsed_standard(row)
    example = example_county(EXAMPLE.read_text(encoding="utf-8"), standard, reverse("method", args=[code]))
    return render(request, "reports/method.html", {"standard": row, "page": method_page(standard, example)})
