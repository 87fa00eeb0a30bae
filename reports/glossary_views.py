"""The glossary: what the words on the pages mean, for everybody."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.presenters.glossary import glossary_groups
from reports.public_cache import kept_for_everybody

TERMS = settings.BASE_DIR / "fixtures/glossary/terms.toml"


@require_safe
@login_not_required
@kept_for_everybody
def glossary(request: HttpRequest) -> HttpResponse:
    """Every term, each with an anchor that pages lead to."""
    return render(request, "public/glossary.html", {"groups": glossary_groups(TERMS)})
