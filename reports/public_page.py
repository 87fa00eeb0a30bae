"""A public page and the files of its tables, from one set of objects: what is seen is what is downloaded.

A view makes a PublicPage; under its own address it is a page, under ``tables.xlsx`` and ``tables.csv`` beside it the
same tables are a file. Whatever the query string chooses, it chooses for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from reports.presenters.open_tables import Table
from reports.table_export import comma_separated, workbook

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: The name of the route beside a page's own.
_BESIDE = "_tables"
#: Which sheet a CSV file is; a file can hold only one.
_SHEET = "table"


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What a public page says. ``about`` is what a file says of itself beside its address and its day; ``title`` is
    what the page is called, and the name of the file."""

    template: str
    context: Mapping[str, Any]
    tables: Sequence[Table]
    title: str
    about: Sequence[tuple[str, str]] = ()


def answer(request: HttpRequest, page: PublicPage, suffix: str = "") -> HttpResponse | FileResponse:
    """The page itself, or the file of its tables where the address ends in one. Raises Http404 for other files."""
    if suffix:
        return _file(request, page, suffix)
    shown = {"tables": {table.anchor: table for table in page.tables}, "downloads": _downloads(request, page.tables)}
    by_key: dict[str, list[Table]] = {}
    for table in page.tables:
        by_key.setdefault(table.key, []).append(table)
    return render(request, page.template, {**page.context, **shown, "tables_of": by_key})


def _downloads(request: HttpRequest, tables: Sequence[Table]) -> list[tuple[str, str]]:
    """What is offered, with its address; nothing where the page has no rows."""
    match = request.resolver_match
    if match is None or not any(table.rows for table in tables):
        return []
    sheets = {table.key: table.sheet for table in tables}
    asked = request.GET.copy()
    asked.pop(_SHEET, None)

    def address(suffix: str, **more: str) -> str:
        query = asked.copy()
        for name, value in more.items():
            query[name] = value
        kwargs = {**match.kwargs, "suffix": suffix}
        path = reverse(f"{match.view_name.removesuffix(_BESIDE)}{_BESIDE}", kwargs=kwargs)
        return f"{path}?{query.urlencode()}" if query else path

    found = [("Excel（.xlsx）", address("xlsx"))]
    if len(sheets) == 1:
        return [*found, ("CSV", address("csv"))]
    return [*found, *((f"{sheet}（CSV）", address("csv", table=key)) for key, sheet in sheets.items())]


def _file(request: HttpRequest, page: PublicPage, suffix: str) -> FileResponse:
    if suffix not in FORMATS or not page.tables:
        raise Http404
    name = page.title
    if suffix == "xlsx":
        content = workbook(page.tables, _about(request, page))
    else:
        key = request.GET.get(_SHEET, "")
        found = comma_separated(page.tables, key)
        if found is None:
            raise Http404
        content = found
        name += next((f"_{table.sheet}" for table in page.tables if table.key == key), "")
    # A name is typed by people: what no file system takes is left out.
    clean = "".join(char for char in name if char.isprintable() and char not in '\\/:*?"<>|') or "表格"
    return FileResponse(
        BytesIO(content), as_attachment=True, filename=f"{clean}.{suffix}", content_type=FORMATS[suffix]
    )


def _about(request: HttpRequest, page: PublicPage) -> list[tuple[str, str]]:
    match = request.resolver_match
    kwargs = {name: value for name, value in match.kwargs.items() if name != "suffix"} if match else {}
    address = reverse(match.view_name.removesuffix(_BESIDE), kwargs=kwargs) if match else request.path
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return [
        ("内容", page.title),
        *page.about,
        ("网页", f"{settings.SITE_URL}{address}{query}"),
        ("导出时间", f"{timezone.localtime():%Y-%m-%d %H:%M}"),
        ("说明", "与网页上的表格逐行相同；网页更正以后，以网页为准。"),
    ]
