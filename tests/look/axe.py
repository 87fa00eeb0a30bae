"""axe-core, as the wheel of axe-playwright-python carries it, asked for what is wrong in a page."""

from __future__ import annotations

import json

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

#: WCAG 2.2, levels A and AA, and what axe calls best practice: headings in order, landmarks, one h1.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
#: What depends on how wide the page is.
LAYOUT = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def load(page: Page) -> None:
    """Bring axe into the page that is open."""
    page.evaluate(AXE_SCRIPT)


def violations(page: Page, options: dict[str, object]) -> list[str]:
    """What is wrong, a line each: the rule, what it asks for, the first places."""
    told = page.evaluate(f"axe.run(document, {json.dumps({**options, 'resultTypes': ['violations']})})")
    return [
        f"{each['id']}: {each['help']}: "
        + "; ".join(f"{node['html'][:160]} {_why(node)}" for node in each["nodes"][:3])
        + f" ({len(each['nodes'])})"
        for each in told["violations"]
    ]


def _why(node: dict[str, list[dict[str, str]]]) -> str:
    return " ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))[:200]
