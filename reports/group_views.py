"""A group of published results that a reader puts together by its address: ``/compare/?c=990101&c=990203``."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluation.grouping import group_of
from reports.charts.inline import svg
from reports.presenters.drawn import position_charts
from reports.presenters.group import group_page
from reports.public_cache import kept_for_everybody

_MOST, _LONGEST, _FEWEST = 10, 40, 2


@require_safe
@login_not_required
@kept_for_everybody
def compare(request: HttpRequest) -> HttpResponse:
    """Results side by side, in the order of the codes: no ranking. What cannot be found is said."""
    asked = asked_in(request.GET.getlist("c"))
    page = group_page(group_of(asked[:_MOST]))
    names = [column.name for column in page.columns]
    drawings = [svg(chart, key) for key, chart in position_charts(page.rows, names)] if len(names) >= _FEWEST else []
    context = {
        "page": page,
        "drawings": drawings,
        "left_out": asked[_MOST:],
        "most": _MOST,
        "is_full": len(names) >= _MOST,
    }
    return render(request, "public/compare.html", context)


def asked_in(values: list[str]) -> list[str]:
    """What an address asks for, each once: several may stand in one field, parted by commas or spaces."""
    words = " ".join(value.replace("，", " ").replace("、", " ").replace(",", " ") for value in values).split()
    return list(dict.fromkeys(word[:_LONGEST].upper() for word in words))
