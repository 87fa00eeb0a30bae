"""Doors to the events: the page and its export for whoever may read them, and the daily heads for everybody."""

from __future__ import annotations

import datetime
from io import BytesIO
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.event_words import kind_label
from evaluation.events import daily_heads
from evaluation.models import Event
from evaluation.queries import events_visible_to
from evaluation.taking_away import of_own_place, records_download
from reports import exporters
from reports.presenters.events import event_row, event_table
from schools.models import County
from schools.vocabulary import Party

_ROWS_A_PAGE = 100
_MOST_EXPORTED = 20_000
_DAYS_OF_HEADS = 60
_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class EventFilter(forms.Form):
    """Which events: of a kind, of a county, of some days."""

    kind = forms.ChoiceField(label="事项", required=False)
    county = forms.ChoiceField(label="县", required=False)
    first = forms.DateField(
        label="从", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label="到", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, visible: QuerySet[Event], data: Any) -> None:
        super().__init__(data)
        kinds = visible.order_by("kind").values_list("kind", flat=True).distinct()
        self.fields["kind"].choices = [("", "全部"), *((kind, kind_label(kind)) for kind in kinds)]
        counties = County.objects.filter(pk__in=visible.order_by().values("county")).order_by("pk")
        self.fields["county"].choices = [("", "全部"), *((county.pk, county.name) for county in counties)]

    def chosen(self, visible: QuerySet[Event]) -> QuerySet[Event]:
        """The events asked for; what cannot be understood asks for nothing."""
        if not self.is_valid():
            return visible.none()
        said = self.cleaned_data
        chosen = visible.filter(kind=said["kind"]) if said["kind"] else visible
        chosen = chosen.filter(county=said["county"]) if said["county"] else chosen
        if said["first"]:
            chosen = chosen.filter(at__gte=_midnight(said["first"]))
        return chosen.filter(at__lt=_midnight(said["last"] + datetime.timedelta(days=1))) if said["last"] else chosen


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


def _visible(request: HttpRequest) -> QuerySet[Event]:
    """What whoever asks may read; a steward takes no part in evaluations and has no such page."""
    if request.user.party in ("", Party.STEWARD):
        raise Http404
    return events_visible_to(request.user)


@require_safe
@never_cache
def events(request: HttpRequest) -> HttpResponse:
    """The events of the reader's counties, newest first."""
    visible = _visible(request)
    form = EventFilter(visible, request.GET)
    chosen = form.chosen(visible)
    before = request.GET.get("before", "")
    page = chosen.filter(number__lt=int(before)) if before.isascii() and before.isdecimal() else chosen
    rows = list(page[: _ROWS_A_PAGE + 1])
    asked = request.GET.copy()
    asked.pop("before", None)
    context = {
        "form": form,
        "rows": [event_row(event) for event in rows[:_ROWS_A_PAGE]],
        "count": chosen.count(),
        "most_exported": _MOST_EXPORTED,
        "older": rows[_ROWS_A_PAGE - 1].number if len(rows) > _ROWS_A_PAGE else None,
        "asked": asked.urlencode(),
        "is_first": page is chosen,
    }
    return render(request, "reports/events.html", context)


@require_safe
@never_cache
@records_download("留痕", of_own_place)
def events_export(request: HttpRequest, suffix: str) -> FileResponse:
    """The same events as a table."""
    if suffix not in _FORMATS:
        raise Http404
    visible = _visible(request)
    table = event_table(EventFilter(visible, request.GET).chosen(visible)[:_MOST_EXPORTED])
    about = [
        ("导出", f"{request.user}，{timezone.localtime():%Y-%m-%d %H:%M}"),
        ("条数", f"{len(table)}（最多 {_MOST_EXPORTED} 条，新的在前）"),
        ("说明", "每一条的散列值都包含上一条的散列值，改动任何一条都会被发现。"),
    ]
    content = exporters.to_csv(table) if suffix == "csv" else exporters.to_xlsx(table, about, "留痕")
    name = f"留痕_{request.user.place.name}_{timezone.localdate():%Y%m%d}.{suffix}"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_FORMATS[suffix])


@require_safe
@login_not_required
def event_heads(request: HttpRequest) -> HttpResponse:
    """For everybody: the last event of every day, by number and hash."""
    today = timezone.localdate()
    context = {"heads": daily_heads(today, _DAYS_OF_HEADS), "today": today, "days": _DAYS_OF_HEADS}
    return render(request, "reports/event_heads.html", context)
