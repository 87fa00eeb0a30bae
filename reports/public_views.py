"""Published results, for everybody: the country, a province, a county, a school; what was corrected; searching.

Nothing is read here but what ``evaluation.published`` gives. An address of a certificate is permanent: it shows the
figures that were published under it, and says where they no longer stand.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluation.certifying import certificate_status
from evaluation.core.standard import Standard as StandardDocument
from evaluation.event_words import kind_label
from evaluation.models import Certificate, Verdict
from evaluation.noticing import notices_open
from evaluation.published import (
    CERTIFIED_KINDS,
    certificates_of,
    corrections,
    counts_by_province,
    earlier_result,
    fewest_pupils,
    hidden_schools,
    notices_of,
    published_certificates,
    records_behind,
    search_places,
    search_schools,
    standings_in,
    verdict_behind,
)
from evaluation.standards import parsed_standard
from indicators.models import SchoolRecord
from indicators.queries import school_report_of
from reports import exporters
from reports.presenters.notice import dimension_lines
from reports.presenters.public import (
    province_lines,
    school_distances,
    school_sentences,
    schools_table,
    tiles,
)
from reports.presenters.school import school_page
from reports.presenters.verdict import Register, verdict_page
from reports.presenters.years import years_of
from reports.public_cache import kept_for_everybody
from schools.models import County, Division
from schools.queries import provinces
from schools.vocabulary import DivisionLevel

_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_LATEST = 10
_TILES = settings.BASE_DIR / "fixtures/public/tiles.toml"
_A_PAGE = 50
_MOST_FOUND = 50
_FEWEST_LETTERS = 2
_LONGEST_SEARCH = 40


@require_safe
@login_not_required
@kept_for_everybody
def country(request: HttpRequest) -> HttpResponse:
    """The country as tiles and as a table."""
    counts = counts_by_province()
    context = {
        "tiles": tiles(_TILES, counts),
        "lines": province_lines(provinces(), counts),
        "latest": published_certificates()[:_LATEST],
    }
    return render(request, "public/country.html", context)


def public_overview() -> dict[str, Any]:
    """What the first page says of published results and open 公示."""
    return {
        "tiles": tiles(_TILES, counts_by_province()),
        "latest": published_certificates()[:_LATEST],
        "notices": notices_open(timezone.localdate())[:_LATEST],
    }


@require_safe
@login_not_required
@kept_for_everybody
def province(request: HttpRequest, code: str) -> HttpResponse:
    """The counties of a province in the order of their codes: no ranking."""
    found = get_object_or_404(Division, pk=code, level=DivisionLevel.PROVINCE)
    standings = standings_in(found.pk)
    certified = sum(each.is_certified for each in standings)
    context = {"province": found, "standings": standings, "certified": certified}
    return render(request, "public/province.html", context)


@require_safe
@login_not_required
@kept_for_everybody
def county(request: HttpRequest, code: str) -> HttpResponse:
    """A county: its newest published result, and every earlier one."""
    found = get_object_or_404(County.objects.select_related("parent__parent"), pk=code)
    history = list(certificates_of(found.pk))
    context: dict[str, Any] = {"county": found, "notices": notices_of(found.pk)}
    if history:
        return render(request, "public/result.html", context | _result(history[0], history))
    return render(request, "public/county_without.html", context)


@require_safe
@login_not_required
@kept_for_everybody
def result(request: HttpRequest, code: str) -> HttpResponse:
    """What was published under one certificate, at its permanent address."""
    certificate = certificate_or_404(code)
    found = certificate.evaluation.county
    history = list(certificates_of(found.pk))
    context: dict[str, Any] = {"county": found, "is_permanent": True, "notices": notices_of(found.pk)}
    return render(request, "public/result.html", context | _result(certificate, history))


@require_safe
@login_not_required
@kept_for_everybody
def result_school(request: HttpRequest, code: str, school: str) -> HttpResponse:
    """One school as it was published, for parents: the sentence first, then every figure."""
    certificate = certificate_or_404(code)
    verdict, document, told = frozen(certificate)
    found = certificate.evaluation.county
    record = records_behind(verdict).filter(code=school).first()
    if record is None or school in small_schools(certificate, verdict)[0]:
        raise Http404
    page = school_page(told, document, school_report_of(record), {})
    context = {
        "certificate": certificate,
        "status": certificate_status(certificate),
        "county": found,
        "page": page,
        "sentences": school_sentences(page, told, document),
        "standard": certificate.evaluation.standard,
    }
    return render(request, "public/school.html", context)


@require_safe
@login_not_required
def result_export(request: HttpRequest, code: str, suffix: str) -> FileResponse:
    """The schools of a published result, as the page shows them."""
    if suffix not in _FORMATS:
        raise Http404
    certificate = certificate_or_404(code)
    verdict, document, told = frozen(certificate)
    small, fewest = small_schools(certificate, verdict)
    table = schools_table(verdict_page(told, document, _register(verdict)), small)
    about = [
        ("县", certificate.evaluation.county.full_name),
        ("学年", f"{certificate.evaluation.school_year}—{certificate.evaluation.school_year + 1}"),
        ("标准", certificate.evaluation.standard.name),
        ("证书", certificate.number),
        ("证书状态", certificate_status(certificate).label),
        ("固定地址", f"{settings.SITE_URL}{_address(certificate)}"),
        ("结论的 SHA-256", verdict.sha256),
        ("未列出", f"在校生少于 {fewest} 人的学校，以及可借以推算其数据的学校，共 {len(small)} 所"),
    ]
    content = exporters.to_csv(table) if suffix == "csv" else exporters.to_xlsx(table, about)
    name = f"{certificate.code}_学校.{suffix}"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_FORMATS[suffix])


@require_safe
@login_not_required
def search(request: HttpRequest) -> HttpResponse:
    """Places and schools by a part of their name or the beginning of their code."""
    words = request.GET.get("q", "").strip()[:_LONGEST_SEARCH]
    context: dict[str, Any] = {"words": words, "fewest_letters": _FEWEST_LETTERS}
    if len(words) >= _FEWEST_LETTERS:
        context |= {
            "places": search_places(words, _MOST_FOUND),
            "schools": search_schools(words, _MOST_FOUND),
            "most": _MOST_FOUND,
        }
    return render(request, "public/search.html", context)


@require_safe
@login_not_required
@kept_for_everybody
def correction_log(request: HttpRequest) -> HttpResponse:
    """Everything that was corrected, superseded or revoked after its publication, the newest first."""
    page = Paginator(corrections(), _A_PAGE).get_page(request.GET.get("page"))
    lines = [(event, kind_label(event.kind)) for event in page]
    return render(request, "public/corrections.html", {"page": page, "lines": lines})


# ── What the pages are made from ──────────────────────────────────────────────────────────────


def certificate_or_404(code: str) -> Certificate:
    """The published certificate with a code. Raises Http404."""
    return get_object_or_404(published_certificates(), code=code)


def _address(certificate: Certificate) -> str:
    return reverse("result", args=[certificate.code])


def frozen(certificate: Certificate) -> tuple[Verdict, StandardDocument, dict[str, Any]]:
    """The verdict behind a certificate with its standard and what it says."""
    verdict = verdict_behind(certificate)
    return verdict, parsed_standard(verdict.standard), json.loads(verdict.document)


def small_schools(certificate: Certificate, verdict: Verdict) -> tuple[frozenset[str], int]:
    """The codes of the schools of a result that are not shown alone, and below how many pupils a school is small."""
    fewest = fewest_pupils(certificate.evaluation.county)
    return hidden_schools(verdict, fewest), fewest


def _register(verdict: Verdict) -> dict[str, Register]:
    rows = SchoolRecord.objects.filter(submission=verdict.submission_id)
    return Register.of(rows.values("code", "name", "school_type", "sponsor_type"))


def _result(certificate: Certificate, history: list[Certificate]) -> dict[str, Any]:
    verdict, document, told = frozen(certificate)
    small, fewest = small_schools(certificate, verdict)
    return {
        "certificate": certificate,
        "status": certificate_status(certificate),
        "is_newest": history[0].pk == certificate.pk,
        "newest": history[0],
        "record": json.loads(certificate.record),
        "verdict": verdict,
        "standard": certificate.evaluation.standard,
        "page": verdict_page(told, document, {}, with_rows=False),
        "dimensions": dimension_lines(told, document),
        "schools": school_distances(told, document, small, fewest),
        "history": [
            (each, CERTIFIED_KINDS[each.evaluation.state_of], breaks)
            for each, breaks in zip(history, _breaks(history), strict=True)
        ],
        "earlier": earlier_result(certificate),
        "years": years_of(history),
    }


def _breaks(history: list[Certificate]) -> list[bool]:
    """Whether a result was made by another standard than the one before it in time: such figures do not compare."""
    standards = [each.evaluation.standard_id for each in history]
    return [now != before for now, before in zip(standards, [*standards[1:], standards[-1]], strict=True)]
