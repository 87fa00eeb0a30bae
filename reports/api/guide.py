"""The page about the interface, and the page to try it out on."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.api.document import openapi_document
from reports.api.kept import KEPT_SECONDS
from reports.public_cache import kept_for_everybody
from schools.api_tokens import DAYS, MOST_TOKENS

FOLDER = settings.BASE_DIR / "fixtures/api"
_PERIODS = {"s": "秒", "m": "分钟", "h": "小时", "d": "天"}


@dataclass(frozen=True, slots=True)
class Example:
    """A program that works as it stands; a test runs it."""

    name: str
    title: str
    text: str


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """The programs of fixtures/api/examples; the title is their first comment."""
    found = sorted(path for path in (FOLDER / "examples").iterdir() if path.suffix in (".py", ".sh"))
    return tuple(_example(path) for path in found)


def _example(path: Path) -> Example:
    text = path.read_text(encoding="utf-8")
    title = next(line.lstrip("# ") for line in text.splitlines() if line.startswith("# "))
    return Example(path.name, title, text)


@lru_cache(maxsize=1)
def api_changes() -> list[dict[str, Any]]:
    """What changed from version to version, the newest first."""
    return list(tomllib.loads((FOLDER / "changes.toml").read_text(encoding="utf-8"))["change"])


def rate_words(rate: str | None) -> str:
    """How often, in words: ``120/min`` is 每分钟 120 次."""
    if rate is None:
        return "不限"
    count, period = rate.split("/")
    return f"每{_PERIODS[period[0]]}最多 {count} 次"


@require_safe
@login_not_required
@kept_for_everybody
def api_guide(request: HttpRequest) -> HttpResponse:
    """What there is, how to come in, what the limits are."""
    operations = [
        (method.upper(), path, told["summary"], told["tags"][0])
        for path, methods in openapi_document()["paths"].items()
        for method, told in methods.items()
    ]
    groups: dict[str, list[tuple[str, str, str]]] = {each["name"]: [] for each in settings.SPECTACULAR_SETTINGS["TAGS"]}
    for method, path, summary, tag in operations:
        groups[tag].append((method, path, summary))
    context = {
        "groups": groups,
        "examples": examples(),
        "changes": api_changes(),
        "rates": {name: rate_words(rate) for name, rate in settings.API_RATES.items()},
        "kept_seconds": KEPT_SECONDS,
        "upload_limit": settings.UPLOAD_LIMIT // 1024**2,
        "most_tokens": MOST_TOKENS,
        "days": "、".join(str(each) for each in DAYS),
        "site": settings.SITE_URL,
    }
    return render(request, "reports/api.html", context)


@require_safe
@login_not_required
def api_docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI over the OpenAPI document, from the wheel of the sidecar: no other site is asked."""
    return render(request, "reports/api_docs.html", {"title": settings.SPECTACULAR_SETTINGS["TITLE"]})
