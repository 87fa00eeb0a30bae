"""Doors into what the province decides about a county: the page, its forms, and the files behind it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from evaluation import decision_queries as queries
from evaluation import decisions
from evaluation.core.standard import Standard as StandardDocument
from evaluation.decision_forms import GrantForm, ItemForm, MonitoringForm, SurveyForm, WithdrawForm, listed_as
from evaluation.models import RelaxationGrant
from evaluation.permissions import (
    Refused,
    can_see_decisions,
    can_see_trial,
    why_not_grant,
    why_not_judge_item,
    why_not_supply,
)
from evaluation.queries import default_standard
from evaluation.standards import parsed_standard
from evaluation.taking_away import of_grant, of_supplied, records_download
from indicators.evidence_files import CONTENT_TYPES, SUFFIXES
from indicators.models import StoredFile
from schools.models import County, School
from schools.queries import current_school_year

_SANDBOX = "default-src 'none'; sandbox"
_FIRST_YEAR = 2000


def _county(request: HttpRequest, code: str) -> County:
    """The county; for whoever may not see what is decided about it there is no such page."""
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=code)
    if not can_see_decisions(request.user, county):
        raise Http404
    return county


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year", "")
    if not asked:
        return current_school_year()
    if not (asked.isascii() and asked.isdecimal()) or not _FIRST_YEAR <= int(asked) <= current_school_year():
        raise Http404
    return int(asked)


def _page(request: HttpRequest, county: County, refused: dict[str, forms.Form] | None = None) -> HttpResponse:
    """The page; a form that was refused stands where it was, as it was typed, with status 422."""
    user, year, standard = request.user, _year(request), parsed_standard(default_standard())
    refused = refused or {}
    supplied = queries.supplied_by(county, year)
    standing, withdrawn = queries.grant_views(user, county, year, standard)
    is_open = not why_not_grant(user, county, year)
    open_schools = School.objects.filter(county=county, closed_on=None) if is_open else School.objects.none()
    context = {
        "county": county,
        "year": year,
        "school_year_label": f"{year}—{year + 1}学年",
        "years": [(each, f"{each}—{each + 1}学年") for each in queries.years_decided(county, current_school_year())],
        "survey": supplied.get("S1", ()),
        "monitoring": supplied.get("Q9", ()),
        "survey_form": refused.get("survey") or SurveyForm(prefix="survey"),
        "monitoring_form": refused.get("monitoring") or _monitoring_form(standard, queries.last_monitoring(supplied)),
        "groups": [
            (group, [(item, refused.get(item.criterion.code) or ItemForm(item.criterion)) for item in group.items])
            for group in queries.item_groups(county, year, standard)
        ],
        "grants": [(view, refused.get(f"withdraw-{view.grant.pk}") or _withdraw_form(view.grant)) for view in standing],
        "withdrawn": withdrawn,
        "grant_form": refused.get("grant") or GrantForm(county, standard, prefix="grant"),
        "open_schools": [listed_as(school) for school in open_schools],
        "is_own_desk": can_see_trial(user, county.code),
        "why_not_supply": why_not_supply(user, county, year),
        "why_not_judge": why_not_judge_item(user, county, year),
        "why_not_grant": why_not_grant(user, county, year),
        "refused": bool(refused),
    }
    return render(request, "evaluation/decisions.html", context, status=422 if refused else 200)


def _monitoring_form(standard: StandardDocument, initial: dict[str, object]) -> MonitoringForm:
    criterion = next(c for c in standard.criteria if c.code == "Q9")
    return MonitoringForm(criterion, prefix="monitoring", initial=initial)


def _withdraw_form(grant: RelaxationGrant, *said: Any) -> WithdrawForm:
    return WithdrawForm(*said, prefix=f"withdraw-{grant.pk}")


def _answer(
    request: HttpRequest,
    county: County,
    name: str,
    form: Any,
    act: Callable[..., object],
    done: str,
    anchor: str,
    why_not: str,
) -> HttpResponse:
    """Carry one form out and go back to its section; where that is refused, say why above the form. Whoever has no
    such form (``why_not``) is told so there."""
    back = f"{reverse('decisions', args=[county.pk])}?year={_year(request)}#{anchor}"
    if request.method == "GET":  # a refused form reloaded, or the way back from signing in again
        return redirect(back)
    if why_not:
        messages.error(request, why_not)
        return redirect(back)
    if form.is_valid():
        try:
            act(**form.arguments())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, done)
            return redirect(back)
    return _page(request, county, {name: form})


@require_safe
@never_cache
def decisions_page(request: HttpRequest, code: str) -> HttpResponse:
    """What the province entered, judged and granted for a county in a school year."""
    return _page(request, _county(request, code))


@require_http_methods(["GET", "POST"])
def survey_supply(request: HttpRequest, code: str) -> HttpResponse:
    """Enter the survey of social recognition."""
    county, year = _county(request, code), _year(request)
    form = SurveyForm(request.POST, request.FILES, prefix="survey")

    def act(**said: Any) -> object:
        return decisions.supply_survey(request.user, county, year, **said)

    return _answer(
        request,
        county,
        "survey",
        form,
        act,
        "社会认可度调查结果已录入。",
        "survey",
        why_not_supply(request.user, county, year),
    )


@require_http_methods(["GET", "POST"])
def monitoring_supply(request: HttpRequest, code: str) -> HttpResponse:
    """Enter the State's monitoring."""
    county, year = _county(request, code), _year(request)
    criterion = next(c for c in parsed_standard(default_standard()).criteria if c.code == "Q9")
    form = MonitoringForm(criterion, request.POST, request.FILES, prefix="monitoring")

    def act(**said: Any) -> object:
        return decisions.supply_monitoring(request.user, county, year, **said)

    return _answer(
        request,
        county,
        "monitoring",
        form,
        act,
        "质量监测结果已录入。",
        "monitoring",
        why_not_supply(request.user, county, year),
    )


@require_http_methods(["GET", "POST"])
def item_judge(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Judge one item from evidence."""
    county, year = _county(request, code), _year(request)
    items = decisions.judged_items(parsed_standard(default_standard()))
    criterion = next((each for each in items if each.code == item), None)
    if criterion is None:
        raise Http404

    def act(**said: Any) -> object:
        return decisions.judge_item(request.user, county, year, item, **said)

    form = ItemForm(criterion, request.POST)
    return _answer(
        request,
        county,
        item,
        form,
        act,
        f"{item} 的评定已保存。",
        f"item-{item}",
        why_not_judge_item(request.user, county, year),
    )


@require_http_methods(["GET", "POST"])
def relaxation_grant(request: HttpRequest, code: str) -> HttpResponse:
    """Grant a relaxation to a school."""
    county, year = _county(request, code), _year(request)
    form = GrantForm(county, parsed_standard(default_standard()), request.POST, request.FILES, prefix="grant")

    def act(**said: Any) -> object:
        return decisions.grant_relaxation(request.user, county, year, **said)

    return _answer(
        request,
        county,
        "grant",
        form,
        act,
        "过渡规定已批准。",
        "relaxations",
        why_not_grant(request.user, county, year),
    )


@require_http_methods(["GET", "POST"])
def relaxation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a granted relaxation."""
    grant = queries.grant_visible_to(request.user, pk)
    if grant is None:
        raise Http404
    year = _year(request)

    def act(**said: Any) -> object:
        return decisions.withdraw_relaxation(request.user, grant, year, **said)

    form, county = _withdraw_form(grant, request.POST), _county(request, grant.county_id)
    done = f"{grant.school}的 {grant.relaxation} 已撤回，记录保留。"
    why_not = why_not_grant(request.user, county, year)
    return _answer(request, county, f"withdraw-{pk}", form, act, done, "relaxations", why_not)


@require_safe
@never_cache
@records_download("录入依据材料", of_supplied)
def supplied_file(request: HttpRequest, pk: int) -> FileResponse:
    """The document a result was entered from."""
    result = queries.supplied_file_visible_to(request.user, pk)
    if result is None:
        raise Http404
    return _as_attachment(result.file, result.filename)


@require_safe
@never_cache
@records_download("过渡规定依据材料", of_grant)
def relaxation_file(request: HttpRequest, pk: int) -> FileResponse:
    """The evidence a relaxation was granted on."""
    grant = queries.grant_visible_to(request.user, pk)
    if grant is None:
        raise Http404
    return _as_attachment(grant.file, grant.filename)


def _as_attachment(file: StoredFile, filename: str) -> FileResponse:
    """The file as it was attached: always to keep, never shown inside the browser. Its ending was checked against its
    content when it came in."""
    suffix = PurePath(filename).suffix.lower().removeprefix(".")
    kind = next(kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes)
    content = BytesIO(file.content)
    answer = FileResponse(content, as_attachment=True, filename=filename, content_type=CONTENT_TYPES[kind])
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer
