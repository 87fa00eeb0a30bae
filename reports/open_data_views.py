"""Packages of open data: the list, and each of them at its permanent address."""

from __future__ import annotations

from io import BytesIO

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import etag, require_safe

from evaluation.models import OpenDataPackage
from evaluation.open_data.building import licence, tables_of_year
from reports.presenters.open_tables.packages import dictionary_tables, package_table
from reports.public_cache import kept_for_everybody
from reports.public_page import PublicPage, answer

_LISTED = 200
_FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
@login_not_required
@kept_for_everybody
def open_data(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """Every package, what is in it, and under which licence."""
    packages = list(OpenDataPackage.objects.select_related("file").defer("file__content")[:_LISTED])
    tables = [package_table(packages)] if packages else []
    if packages:
        tables += dictionary_tables(tables_of_year(packages[0].school_year).values())
    context = {
        "newest": packages[0] if packages else None,
        "rows": sum(packages[0].rows.values()) if packages else 0,
        "licence": licence().decode("utf-8"),
    }
    return answer(request, PublicPage("public/open_data.html", context, tables, "开放数据"), suffix)


def _hash(request: HttpRequest, year: int, version: int) -> str | None:
    found = OpenDataPackage.objects.filter(school_year=year, version=version).values_list("file", flat=True).first()
    return f'"{found}"' if found is not None else None


@require_safe
@login_not_required
@etag(_hash)
def open_data_file(request: HttpRequest, year: int, version: int) -> FileResponse:
    """A package, byte for byte what was made; its address stays when a later version is made."""
    package = get_object_or_404(OpenDataPackage.objects.select_related("file"), school_year=year, version=version)
    name = f"open-data-{year}-v{version}.zip"
    answer = FileResponse(
        BytesIO(package.file.content), as_attachment=True, filename=name, content_type="application/zip"
    )
    answer.headers["Cache-Control"] = _FOR_EVER
    return answer
