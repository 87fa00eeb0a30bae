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
from evaluation.models import Certificate, Verdict
from evaluation.noticing import notices_open
from evaluation.published import (
    certificates_of,
    corrections,
    counts_by_province,
    documents_behind,
    earlier_result,
    fewest_pupils,
    hidden_schools,
    notices_of,
    published_certificates,
    records_behind,
    reports_on,
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
from reports.presenters.open_tables import Table
from reports.presenters.open_tables.places import (
    correction_table,
    county_table,
    found_school_table,
    place_table,
    province_table,
)
from reports.presenters.open_tables.results import (
    coefficient_tables,
    dimension_table,
    distance_table,
    history_table,
    item_tables,
    school_tables,
    years_tables,
)
from reports.presenters.public import province_lines, school_distances, school_sentences, schools_table, tiles
from reports.presenters.school import school_page
from reports.presenters.verdict import Register, verdict_page
from reports.presenters.years import change_sentence, years_of
from reports.public_cache import kept_by_query, kept_for_everybody
from reports.public_page import FORMATS, PublicPage, answer
from schools.models import County, Division
from schools.queries import provinces
from schools.vocabulary import DivisionLevel

_LATEST = 10
_TILES = settings.BASE_DIR / "fixtures/public/tiles.toml"
_A_PAGE = 50
_MOST_FOUND = 50
_FEWEST_LETTERS = 2
_LONGEST_SEARCH = 40


@require_safe
@login_not_required
@kept_for_everybody
def country(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """The country as tiles and as a table."""
    counts = counts_by_province()
    context = {"tiles": tiles(_TILES, counts), "latest": published_certificates()[:_LATEST]}
    tables = [province_table(province_lines(provinces(), counts))]
    return answer(request, PublicPage("public/country.html", context, tables, "全国各省"), suffix)


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
def province(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """The counties of a province in the order of their codes: no ranking."""
    found = get_object_or_404(Division, pk=code, level=DivisionLevel.PROVINCE)
    standings = standings_in(found.pk)
    certified = sum(each.is_certified for each in standings)
    context = {"province": found, "standings": standings, "certified": certified, "reports": reports_on(found.pk)}
    page = PublicPage("public/province.html", context, [county_table(standings)], f"{found.name}各县")
    return answer(request, page, suffix)


@require_safe
@login_not_required
@kept_for_everybody
def county(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """A county: its newest published result, and every earlier one."""
    found = get_object_or_404(County.objects.select_related("parent__parent"), pk=code)
    history = list(certificates_of(found.pk))
    if history:
        return answer(request, _result(history[0], history, {"county": found, "notices": notices_of(found.pk)}), suffix)
    if suffix:
        raise Http404
    return render(request, "public/county_without.html", {"county": found, "notices": notices_of(found.pk)})


@require_safe
@login_not_required
@kept_for_everybody
def result(request: HttpRequest, code: str, suffix: str = "") -> HttpResponse | FileResponse:
    """What was published under one certificate, at its permanent address."""
    certificate = certificate_or_404(code)
    found = certificate.evaluation.county
    history = list(certificates_of(found.pk))
    context: dict[str, Any] = {"county": found, "is_permanent": True, "notices": notices_of(found.pk)}
    return answer(request, _result(certificate, history, context), suffix)


@require_safe
@login_not_required
@kept_for_everybody
def result_school(request: HttpRequest, code: str, school: str, suffix: str = "") -> HttpResponse | FileResponse:
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
    title = f"{page.name}_{certificate.code}"
    about = [("学校标识码", page.code), *about_certificate(certificate, context["status"].label, verdict.sha256)]
    return answer(request, PublicPage("public/school.html", context, school_tables(page), title, about), suffix)


@require_safe
@login_not_required
def result_export(request: HttpRequest, code: str, suffix: str) -> FileResponse:
    """The schools of a published result, as the page shows them."""
    if suffix not in FORMATS:
        raise Http404
    certificate = certificate_or_404(code)
    verdict, document, told = frozen(certificate)
    small, fewest = small_schools(certificate, verdict)
    table = schools_table(verdict_page(told, document, _register(verdict)), small)
    about = [
        *about_certificate(certificate, certificate_status(certificate).label, verdict.sha256),
        ("未列出", f"在校生少于 {fewest} 人的学校，以及可借以推算其数据的学校，共 {len(small)} 所"),
    ]
    content = exporters.to_csv(table) if suffix == "csv" else exporters.to_xlsx(table, about)
    name = f"{certificate.code}_学校.{suffix}"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=FORMATS[suffix])


@require_safe
@login_not_required
def search(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """Places and schools by a part of their name or the beginning of their code."""
    words = request.GET.get("q", "").strip()[:_LONGEST_SEARCH]
    context: dict[str, Any] = {"words": words, "fewest_letters": _FEWEST_LETTERS}
    tables: list[Table] = []
    if len(words) >= _FEWEST_LETTERS:
        places, schools = search_places(words, _MOST_FOUND), search_schools(words, _MOST_FOUND)
        context |= {"places": places, "schools": schools, "most": _MOST_FOUND}
        tables = [place_table(places), found_school_table(schools)]
    elif suffix:
        raise Http404
    about = [("查找", words)]
    return answer(request, PublicPage("public/search.html", context, tables, f"查找_{words}", about), suffix)


@require_safe
@login_not_required
@kept_by_query("page")
def correction_log(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """Everything that was corrected, superseded or revoked after its publication, the newest first."""
    page = Paginator(corrections(), _A_PAGE).get_page(request.GET.get("page"))
    tables = [correction_table(page)]
    about = [("页", f"第 {page.number} 页，共 {page.paginator.num_pages} 页")]
    return answer(request, PublicPage("public/corrections.html", {"page": page}, tables, "更正记录", about), suffix)


# ── What the pages are made from ──────────────────────────────────────────────────────────────


def certificate_or_404(code: str) -> Certificate:
    """The published certificate with a code. Raises Http404."""
    return get_object_or_404(published_certificates(), code=code)


def about_certificate(certificate: Certificate, status: str, sha256: str) -> list[tuple[str, str]]:
    """What a file says about the published result it was taken from: where it stands for ever, what it is worth
    today, and the hash of the verdict behind it."""
    evaluation = certificate.evaluation
    return [
        ("县", evaluation.county.full_name),
        ("学年", f"{evaluation.school_year}—{evaluation.school_year + 1}"),
        ("标准", evaluation.standard.name),
        ("证书", certificate.number),
        ("证书状态", status),
        ("固定地址", f"{settings.SITE_URL}{reverse('result', args=[certificate.code])}"),
        ("结论的 SHA-256", sha256),
    ]


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


def _result(certificate: Certificate, history: list[Certificate], context: dict[str, Any]) -> PublicPage:
    verdict, document, told = frozen(certificate)
    small, fewest = small_schools(certificate, verdict)
    page, schools = verdict_page(told, document, {}, with_rows=False), school_distances(told, document, small, fewest)
    status = certificate_status(certificate)
    years, earlier = years_of(history), earlier_result(certificate)
    context |= {
        "certificate": certificate,
        "status": status,
        "is_newest": history[0].pk == certificate.pk,
        "newest": history[0],
        "record": json.loads(certificate.record),
        "verdict": verdict,
        "standard": certificate.evaluation.standard,
        "page": page,
        "schools": schools,
        "earlier": earlier,
        "change": change_sentence(certificate, earlier) if earlier else "",
        "years": years,
        "documents": documents_behind(certificate),
    }
    tables = (
        dimension_table(dimension_lines(told, document)),
        *coefficient_tables(page),
        distance_table(schools, certificate.code, page.has_limits),
        *item_tables(page),
        history_table(zip(history, _breaks(history), strict=True), certificate),
        *years_tables(years),
    )
    about = about_certificate(certificate, status.label, verdict.sha256)
    if schools.hidden:
        about.append(
            ("未列出", f"在校生少于 {fewest} 人或没有标识码的学校，以及可借以推算其数据的学校，共 {schools.hidden} 所")
        )
    return PublicPage("public/result.html", context, tables, certificate.code, about)


def _breaks(history: list[Certificate]) -> list[bool]:
    """Whether a result was made by another standard than the one before it in time: such figures do not compare."""
    standards = [each.evaluation.standard_id for each in history]
    return [now != before for now, before in zip(standards, [*standards[1:], standards[-1]], strict=True)]
