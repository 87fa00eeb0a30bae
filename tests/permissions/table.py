"""The whole table. A route that is added to the site needs one more line in one of the files."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

from tests.permissions import (
    table_api,
    table_county,
    table_documents,
    table_operations,
    table_public,
    table_review,
    table_site,
)
from tests.permissions.row import Row

ROWS: tuple[Row, ...] = (
    *table_site.ROWS,
    *table_public.ROWS,
    *table_operations.ROWS,
    *table_county.ROWS,
    *table_review.ROWS,
    *table_api.ROWS,
    *table_documents.ROWS,
)
#: The steward's desk has a table of its own (test_steward_desk.py), one line for each kind of page.
NAMESPACES_ELSEWHERE = frozenset({"admin"})


def routes_of_site() -> list[str]:
    """The name of every address of the site, from the resolver; one without a name by its pattern."""
    return sorted(set(_routes(get_resolver(), "")))


def _routes(resolver: URLResolver, begin: str) -> list[str]:
    found = []
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            found.append(each.name or f"{begin}{each.pattern}")
        elif each.namespace not in NAMESPACES_ELSEWHERE:
            found += _routes(each, f"{begin}{each.pattern}")
    return found
