"""A group of published results that a reader puts together by its address: ``/compare/?c=990101&c=990203``."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from evaluation.grouping import group_of
from reports.charts.inline import svg
from reports.presenters.drawn import position_charts
from reports.presenters.group import group_page
from reports.presenters.open_tables.results import group_table
from reports.public_cache import kept_by_query
from reports.public_page import PublicPage, answer

_MOST, _LONGEST, _FEWEST = 10, 40, 2


@require_safe
@login_not_required
@kept_by_query("c")
def compare(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
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
    tables = [group_table(page)] if page.columns else []
    if suffix and not tables:
        raise Http404
    about = [("固定地址", f"{settings.SITE_URL}{reverse('compare')}?{page.permanent}")]
    about += [("请注意", words) for words in page.warnings]
    return answer(request, PublicPage("public/compare.html", context, tables, "自选县对比", about), suffix)


def asked_in(values: list[str]) -> list[str]:
    """What an address asks for, each once: several may stand in one field, parted by commas or spaces."""
    words = " ".join(value.replace("，", " ").replace("、", " ").replace(",", " ") for value in values).split()
    return list(dict.fromkeys(word[:_LONGEST].upper() for word in words))
