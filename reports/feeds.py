"""What was published, corrected and revoked, as Atom: of the country and of one county."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from evaluation.event_words import kind_label
from evaluation.models import Event
from evaluation.published import public_events
from reports.public_cache import kept_for_everybody
from schools.models import County

_LISTED = 50


class PublicEvents(Feed):
    """Publications and what happened to them since; each leads to the permanent address of its figures."""

    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, *args: Any, code: str = "", **kwargs: Any) -> County | None:
        """The county a feed is about, None for the whole country."""
        return get_object_or_404(County.objects.select_related("parent__parent"), pk=code) if code else None

    def title(self, county: County | None) -> str:
        return f"{county.full_name if county else '全国'}：义务教育优质均衡评估结果的公布、更正和撤销"

    def link(self, county: County | None) -> str:
        return reverse("county", args=[county.pk]) if county else reverse("country")

    def items(self, county: County | None) -> list[Event]:
        return list(public_events(county.pk if county else "")[:_LISTED])

    def item_title(self, item: Event) -> str:
        evaluation = item.evaluation
        year = f"{evaluation.school_year}—{evaluation.school_year + 1}学年"
        return f"{evaluation.county.full_name}，{year}：{kind_label(item.kind)}"

    def item_description(self, item: Event) -> str:
        words = f"{item.evaluation.certificate.number}，留痕第 {item.number} 条。"
        return f"{words}理由：{item.reason}" if item.reason else words

    def item_link(self, item: Event) -> str:
        return reverse("result", args=[item.evaluation.certificate.code])

    def item_guid(self, item: Event) -> str:
        # The event is what is told; several are about one certificate.
        return f"urn:sha256:{item.sha256}"

    def item_pubdate(self, item: Event) -> datetime.datetime:
        return item.at

    def item_updateddate(self, item: Event) -> datetime.datetime:
        return item.at


_FEED = PublicEvents()


@require_safe
@login_not_required
@kept_for_everybody
def country_feed(request: HttpRequest) -> HttpResponse:
    """Everything public that happened in the country."""
    return _FEED(request)


@require_safe
@login_not_required
@kept_for_everybody
def county_feed(request: HttpRequest, code: str) -> HttpResponse:
    """The same of one county."""
    return _FEED(request, code=code)
