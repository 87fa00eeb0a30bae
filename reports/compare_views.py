"""A published county beside others like it, and beside its own earlier result."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from evaluation.certifying import certificate_status
from evaluation.changing import change_between
from evaluation.comparing import chosen, like
from evaluation.core.likeness import FURTHEST, REVENUE_STEP, SIZE_STEP, TOWN_STEP
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.waterfall import Moved, Waterfall, as_shown, gives_one_away
from evaluation.models import Certificate, PublishedFacts, Verdict
from evaluation.published import earlier_result, verdict_behind
from evaluation.standards import parsed_standard
from reports.charts.inline import svg
from reports.charts.strip import numeral
from reports.presenters.compared import (
    change_lines,
    change_named,
    county_column,
    figure_rows,
    limit_of,
    part_names,
)
from reports.presenters.drawn import change_chart, position_charts
from reports.presenters.open_tables.results import change_table, drawn_change_table, similar_table
from reports.public_cache import kept_by_query
from reports.public_page import PublicPage, answer
from reports.public_views import about_certificate, certificate_or_404, small_schools

_MOST_COLUMNS = 8


@require_safe
@login_not_required
@kept_by_query("with")
def similar(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """A result beside those of counties like it, or beside those an address names: ``?with=code,code``."""
    certificate = certificate_or_404(code)
    own = get_object_or_404(
        PublishedFacts.objects.select_related("certificate__evaluation__county"), certificate__code=code
    )
    asked = [each.strip() for each in request.GET.get("with", "").split(",") if each.strip()][:_MOST_COLUMNS]
    if asked:
        beside = [(facts, None) for facts in chosen(certificate, asked)]
    else:
        beside = list(like(certificate, _MOST_COLUMNS))
        # In the order of the codes: which is nearest says nothing of which is better.
        beside.sort(key=lambda each: each[0].certificate.code)
    certificates = [certificate, *(facts.certificate for facts, _ in beside)]
    rows = figure_rows(certificates)
    columns = [county_column(facts, far, numeral(number)) for number, (facts, far) in enumerate(beside, start=2)]
    names = [each.evaluation.county.name for each in certificates]
    drawings = [svg(chart, key) for key, chart in position_charts(rows, names, own=1)] if beside else []
    context = {
        "certificate": certificate,
        "county": certificate.evaluation.county,
        "columns": columns,
        "drawings": drawings,
        "is_chosen": bool(asked),
        "unknown": sorted(set(asked) - {facts.certificate.code for facts, _ in beside}),
        "asked": ",".join(asked),
        "steps": {"size": SIZE_STEP, "town": TOWN_STEP * 100, "revenue": REVENUE_STEP, "furthest": FURTHEST},
    }
    tables = []
    if columns:
        tables = [similar_table(county_column(own, None, numeral(1)), columns, rows, is_chosen=bool(asked))]
    about = _about(certificate, verdict_behind(certificate))
    page = PublicPage("public/similar.html", context, tables, f"{certificate.code}_相近的县", about)
    return answer(request, page, suffix)


@require_safe
@login_not_required
@kept_by_query("of")
def changes(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """Why the figures of a result are others than those of the earlier year."""
    certificate = certificate_or_404(code)
    earlier = earlier_result(certificate)
    if earlier is None:
        raise Http404
    verdicts = verdict_behind(earlier), verdict_behind(certificate)
    change = shown_change((earlier, certificate), verdicts)
    standard, closed, opened, is_joined = change.standard, change.closed, change.opened, change.is_joined
    lines = change_lines(change.waterfalls, standard, is_joined=is_joined)
    drawn = change_named(lines, request.GET.get("of", ""))
    if drawn is None:
        raise Http404
    context = {
        "certificate": certificate,
        "earlier": earlier,
        "county": certificate.evaluation.county,
        "lines": lines,
        "drawn": drawn,
        "is_asked": "of" in request.GET,
        "drawing": svg(change_chart(drawn, part_names(), limit_of(drawn, standard)), "change"),
        "is_joined": is_joined,
        "closed": closed,
        "opened": opened,
        "is_other_standard": verdicts[0].standard_id != verdicts[1].standard_id,
    }
    tables = [drawn_change_table(drawn, part_names()), change_table(lines, part_names())]
    about = [*_about(certificate, verdicts[1]), ("以前的结果", earlier.code)]
    page = PublicPage("public/changes.html", context, tables, f"{certificate.code}_变化", about)
    return answer(request, page, suffix)


def _about(certificate: Certificate, verdict: Verdict) -> list[tuple[str, str]]:
    return about_certificate(certificate, certificate_status(certificate).label, verdict.sha256)


@dataclass(frozen=True, slots=True)
class ShownChange:
    """What may be said of a change: ``is_joined`` where the first part would be the figures of one school that is not
    shown alone, so that it is told together with the second; ``hides_schools`` where a school of either result is not
    shown alone."""

    waterfalls: tuple[Waterfall, ...]
    standard: StandardDocument
    closed: Moved
    opened: Moved
    is_joined: bool
    hides_schools: bool


def shown_change(results: tuple[Certificate, Certificate], verdicts: tuple[Verdict, Verdict]) -> ShownChange:
    """What everybody may know of what changed from the first result to the second; ``verdicts`` are those behind."""
    change = change_between(results, verdicts)
    small = [small_schools(*behind)[0] for behind in zip(results, verdicts, strict=True)]
    closed, opened = as_shown(change.closed, small[0]), as_shown(change.opened, small[1])
    standard = parsed_standard(verdicts[1].standard)
    is_joined = gives_one_away(closed, opened)
    return ShownChange(change.waterfalls, standard, closed, opened, is_joined, hides_schools=any(small))
