"""A group of counties by its address: what is found, what is not, what to mind; the same figures drawn and listed."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from lxml import html

from evaluation.certifying import revoke
from evaluation.grouping import Group, group_of
from evaluation.models import Certificate, PublishedFacts, Standard
from reports.group_views import asked_in
from reports.presenters.drawn import position_charts
from reports.presenters.group import group_page
from schools.actions import add_division
from schools.vocabulary import DivisionLevel
from tests.evaluation.standing import stands
from tests.evaluation.walk import people_of_county
from tests.reports.test_compared_pages import beside

pytestmark = pytest.mark.django_db
_MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _every_page_made_anew(monkeypatch):
    monkeypatch.setattr("reports.public_cache.KEPT_SECONDS", 0)


@pytest.fixture
def people(county, clerk, signer, standard):
    return people_of_county(county, clerk, signer)


def shown(client, *asked: str) -> str:
    answer = client.get(reverse("compare"), {"c": list(asked)})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_address_is_read_however_people_write_it():
    assert asked_in(["990101，990102、yz-2026-990101-01", " 望棠区 ", "990101"]) == [
        "990101", "990102", "YZ-2026-990101-01", "望棠区",
    ]  # fmt: skip


def test_nothing_asked_for_is_a_page_with_a_form_and_nonsense_is_said_to_be_unknown(client, county):
    assert "加一个县" in shown(client)
    page = shown(client, "<script>alert(1)</script>", "990101")
    assert "<script>alert" not in page
    assert "没有找到“&lt;SCRIPT&gt;ALERT(1)&lt;/SCRIPT&gt;”" in page
    assert "望棠区还没有公布过结果" in page
    many = shown(client, *[f"12345{n}" for n in range(10, 22)])
    assert "最多并列 10 个，没有列出：1234520、1234521" in many


def test_a_name_that_several_counties_have_is_asked_back(client, county):
    add_division("990200", "枫川市", DivisionLevel.CITY, "990000")
    add_division("990201", "望棠区", DivisionLevel.COUNTY, "990200")
    page = shown(client, "望棠区")
    assert "叫“望棠区”的县不止一个" in page
    assert {"?c=990101", "?c=990201"} <= set(re.findall(r'href="(\?c=\d+)"', page))


def test_counties_stand_by_code_with_the_figures_of_their_records_as_table_and_as_chart(
    client, county, other_county, people, django_assert_max_num_queries
):
    one, other = stands(county, people).certificate, beside(other_county, people)
    with django_assert_max_num_queries(_MOST_QUERIES):
        page = shown(client, other_county.pk, county.name)
    heads = [head.text_content() for head in html.fromstring(page).xpath("//table/thead//th")][2:]
    assert heads == [f"① {county.full_name}", f"② {other_county.full_name}"]
    found = group_page(group_of([county.pk, other_county.pk]))
    for certificate, position in ((one, 0), (other, 1)):
        for stage in json.loads(certificate.record)["results"]["stages"]:
            for coefficient in stage["coefficients"]:
                [row] = [row for row in found.rows if (row.stage, row.code) == (stage["name"], coefficient["code"])]
                assert row.printed[position] == coefficient["printed"]
    charts = position_charts(found.rows, [column.name for column in found.columns])
    drawn = [value for _, chart in charts for strip in chart.strips for value in strip.values]
    assert drawn == [float(text) for row in found.rows for text in row.printed]
    for _, chart in charts:
        assert chart.description in html.fromstring(page).text_content()
    # The address of the results themselves, one taken away, and the file.
    assert f"?c={one.code}&amp;c={other.code}" in page
    assert f'href="{reverse("compare")}?c={other.code}"' in page
    assert "没有列出" not in page
    revoke(people.chief, other.evaluation, other.evaluation.version, "查实造假。")
    assert "棠南县 2026—2027学年的证书已撤销" in shown(client, one.code, other.code)


def test_what_makes_counties_unlike_is_said(county, other_county, people):
    one, other = stands(county, people).certificate, beside(other_county, people)
    facts = {each.certificate_id: each for each in PublishedFacts.objects.select_related("certificate")}
    far = facts[other.pk]
    far.pupils, far.town_pupils = far.pupils * 30, far.town_pupils * 30
    warned = group_page(Group(((one, facts[one.pk]), (other, far)), ())).warnings
    assert [
        words for words in warned if re.fullmatch(r"望棠区和棠南县情况不相近：相差 \d\.\d 步，超过 2 步，.*", words)
    ]
    unknown = group_page(Group(((one, None), (other, far)), ())).warnings
    assert any("不知道情况是否相近" in words for words in unknown)
    other.evaluation.standard, other.evaluation.school_year = Standard(code="another", name="另一份标准"), 2020
    words = "".join(group_page(Group(((one, facts[one.pk]), (other, facts[other.pk])), ())).warnings)
    assert "按不同的标准核算" in words
    assert "不是同一学年" in words
    assert Certificate.objects.count() == 2
