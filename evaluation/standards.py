"""Loaded standards as documents: the one place where a stored row is parsed, together with what it extends."""

from __future__ import annotations

from functools import lru_cache

from evaluation.core.document import read_document
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.standard import parse_standard
from evaluation.models import Standard


def parsed_standard(row: Standard) -> StandardDocument:
    """What the document of a loaded standard says. Texts never change once loaded, so each is parsed once."""
    under: dict[str, str] = {}
    code = _extends(row.document)
    while code and code not in under:
        under[code] = Standard.objects.values_list("document", flat=True).get(pk=code)
        code = _extends(under[code])
    return _parsed(row.document, tuple(under.items()))


@lru_cache(maxsize=64)
def _extends(document: str) -> str:
    return read_document(document.encode("utf-8")).extends


@lru_cache(maxsize=32)
def _parsed(document: str, under: tuple[tuple[str, str], ...]) -> StandardDocument:
    return parse_standard(document.encode("utf-8"), {code: text.encode("utf-8") for code, text in under})
