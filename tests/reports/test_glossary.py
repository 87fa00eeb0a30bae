"""The glossary: every term once, with an anchor pages may lead to, and the same name in the code as README says."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from evaluation.core.likeness import FURTHEST, SIZE_STEP
from reports.glossary_views import TERMS
from reports.presenters.glossary import glossary_groups
from tests.conftest import ROOT

TERM_LIST = [term for group in glossary_groups(TERMS) for term in group.terms]


def words_of_readme() -> dict[str, str]:
    """中文 → identifier, of the table in README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("## Words") : readme.index("## Measuring")]
    found = {}
    for chinese, english in re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE):
        names, identifiers = chinese.split(" · "), english.split(" · ")
        if len(names) == len(identifiers):
            found |= dict(zip(names, identifiers, strict=True))
    return found


def test_where_the_glossary_and_the_readme_name_one_thing_they_call_it_the_same():
    readme = words_of_readme()
    both = [term for term in TERM_LIST if term.name in readme]
    assert len(both) > 8
    for term in both:
        assert term.identifier == re.split(r",| \(", readme[term.name])[0], term.name


def test_every_term_is_there_once_and_says_what_it_means_and_how_it_is_used():
    assert len({term.key for term in TERM_LIST}) == len(TERM_LIST) == len({term.name for term in TERM_LIST})
    for term in TERM_LIST:
        assert re.fullmatch(r"[a-z-]+", term.key)
        assert term.means.endswith("。"), term.name
        assert "{" not in term.here


@pytest.mark.django_db
def test_the_numbers_of_the_method_stand_in_the_glossary_and_pages_lead_to_terms_that_are_there(client):
    page = client.get(reverse("glossary")).content.decode()
    assert f"另一县的 {SIZE_STEP:g} 倍" in page
    assert f"不超过 {FURTHEST:g} 步算相近" in page
    anchors = set(re.findall(r'<dt id="([a-z-]+)"', page))
    assert anchors == {term.key for term in TERM_LIST}
    led_to = set()
    for path in (ROOT / "templates").rglob("*.html"):
        led_to |= set(re.findall(r"\{% url 'glossary' %\}#([\w-]+)", path.read_text(encoding="utf-8")))
    assert led_to
    assert led_to <= anchors
