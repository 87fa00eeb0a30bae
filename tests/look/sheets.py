"""The sheet as an older browser reads it: what it does not know it leaves out, declaration by declaration."""

from __future__ import annotations

import re
from collections.abc import Callable

import tinycss2

Drops = Callable[[str, str, str], bool]

#: Younger than Chromium 69: properties, words in values, words in selectors.
_PROPERTIES = re.compile(
    r"(margin|padding)-(inline|block)(-\w+)?|inset|aspect-ratio|accent-color|text-underline-offset|color-scheme"
    r"|text-decoration-thickness|text-wrap|print-color-adjust|forced-color-adjust|content-visibility|block-size"
)
_VALUES = re.compile(r"\b(min|max|clamp|color-mix)\(|\banywhere\b|\bfit-content\b")
_SELECTORS = re.compile(r":(focus-visible|has\(|is\(|where\(|:details-content)|^&|\bnot\([^)]*,")
#: A query such a browser does not understand holds never; one about what it lacks always.
_QUERIES = re.compile(r"prefers-(color-scheme|contrast|reduced-motion)|forced-colors")
_LACKS = "not (inset: 0)"


def of_chromium_69(sheet: str) -> str:
    """Without everything younger, and without gap where a row is flexible."""
    flexible = set(re.findall(r"([^{}]+)\{[^{}]*display: flex", sheet))
    flexible = {selector.strip() for selector in flexible}

    def drops(selector: str, name: str, value: str) -> bool:
        is_young = bool(_PROPERTIES.fullmatch(name) or _VALUES.search(value))
        return is_young or (name == "gap" and selector in flexible)

    return _read(sheet, drops)


def without_custom_properties(sheet: str) -> str:
    """For a browser that knows no var(), nor any query."""
    return _read(sheet, lambda selector, name, value: name.startswith("--") or "var(" in value)


def _read(sheet: str, drops: Drops) -> str:
    kept = []
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        prelude = tinycss2.serialize(rule.prelude).strip()
        if rule.type == "qualified-rule":
            kept.append(_rule(prelude, tinycss2.serialize(rule.content), drops))
        elif rule.at_keyword == "supports":
            kept += [_read(tinycss2.serialize(rule.content), drops)] * (prelude == _LACKS)
        elif rule.at_keyword == "media" and not _QUERIES.search(prelude):
            kept.append(f"@media {prelude} {{ {_read(tinycss2.serialize(rule.content), drops)} }}")
    return "\n".join(kept)


def _rule(selector: str, content: str, drops: Drops) -> str:
    if _SELECTORS.search(selector):
        return ""
    told = [
        f"{each.name}: {tinycss2.serialize(each.value).strip()}{' !important' if each.important else ''}"
        for each in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        if each.type == "declaration" and not drops(selector, each.name, tinycss2.serialize(each.value))
    ]
    return f"{selector} {{ {'; '.join(told)} }}"
