"""Register changes: proposed by an upload, applied only when the county's clerk says so, and the past stays."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from indicators import register
from indicators.models import RegisterProposal, SchoolRecord, Submission
from indicators.queries import registered_schools
from indicators.register import DecisionRefused, decide_all, decide_proposal, open_proposals
from schools.actions import open_school
from schools.models import School
from tests import builders

Uploaded = Callable[..., Submission]


@pytest.fixture
def upload(standard, clerk, county, tmp_path) -> Uploaded:
    """A workbook with the given rows, uploaded and judged by the real actions."""

    def make(rows: list[builders.Row] | None = None, year: int = 2026) -> Submission:
        path = builders.write_workbook(tmp_path / "county.xlsx", rows)
        submission = upload_workbook(clerk, county, year, "县.xlsx", path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def full_register(upload, clerk, county) -> list[str]:
    """Every school of the good workbook stands in the register; their codes."""
    upload()
    decide_all(clerk, county.code, "opened")
    return sorted(School.objects.values_list("code", flat=True))


def waiting(county) -> list[tuple[str, str]]:
    return [(proposal.kind, proposal.school_code) for proposal in open_proposals(county.code)]


def rows_without(code: str) -> list[builders.Row]:
    return [row for row in builders.good_rows() if row["code"] != code]


def rows_with(code: str, **changed: Any) -> list[builders.Row]:
    return [row | changed if row["code"] == code else row for row in builders.good_rows()]


def test_an_upload_proposes_and_leaves_the_register_alone(upload, county):
    upload()
    assert [kind for kind, _ in waiting(county)] == ["opened"] * 6
    assert not School.objects.exists()


def test_all_schools_of_a_first_upload_are_registered_by_one_confirmation(full_register, upload, county, clerk):
    assert len(full_register) == 6
    assert waiting(county) == []
    assert {school.values["code"] for school in registered_schools(county)} == set(full_register)
    assert RegisterProposal.objects.filter(state="confirmed", decided_by=clerk).count() == 6
    upload(rows_with(full_register[0], built_year=1999))
    assert waiting(county) == []


def test_a_closed_school_leaves_the_template_and_keeps_its_past(full_register, upload, county, clerk):
    code = "3142000002"
    upload(rows_without(code))
    assert waiting(county) == [("closed", code)]
    decide_proposal(clerk, open_proposals(county.code).get(), confirm=True)
    assert School.objects.get(pk=code).closed_on == datetime.date(2026, 9, 1)
    assert code not in {school.values["code"] for school in registered_schools(county)}
    assert SchoolRecord.objects.filter(code=code).exists()


def test_a_merged_school_is_closed_into_another_and_keeps_its_past(full_register, upload, county, clerk):
    code, into = "3142000002", School.objects.get(pk="3142000001")
    upload(rows_without(code))
    decided = decide_proposal(clerk, open_proposals(county.code).get(), confirm=True, merged_into=into)
    assert (decided.kind, decided.state, decided.merged_into) == ("merged", "confirmed", into)
    assert School.objects.get(pk=code).closed_on is not None
    assert School.objects.get(pk=into.pk).closed_on is None
    assert SchoolRecord.objects.filter(code=code).exists()


def test_a_school_is_merged_only_into_another_open_school_of_its_county(
    full_register, upload, county, other_county, clerk
):
    code = "3142000002"
    upload(rows_without(code))
    proposal = open_proposals(county.code).get()
    abroad = open_school("4000000001", other_county.code, **PARTICULARS)
    for into in (School.objects.get(pk=code), abroad):
        with pytest.raises(DecisionRefused, match="只能并入本县另一所在办的学校"):
            decide_proposal(clerk, proposal, confirm=True, merged_into=into)
    assert waiting(county) == [("closed", code)]
    assert School.objects.get(pk=code).closed_on is None


def test_a_new_name_and_another_type_are_applied_on_confirmation(full_register, upload, county, clerk):
    code = "3142000001"
    upload(rows_with(code, name="清河县实验学校", urban_rural="镇区"))
    assert waiting(county) == [("renamed", code), ("retyped", code)]
    assert School.objects.get(pk=code).name == "清河县实验小学"
    for proposal in open_proposals(county.code):
        decide_proposal(clerk, proposal, confirm=True)
    school = School.objects.get(pk=code)
    assert (school.name, school.urban_rural, school.school_type) == ("清河县实验学校", "town", "primary_school")


def test_what_was_turned_down_is_not_asked_again_until_the_upload_says_something_else(
    full_register, upload, county, clerk
):
    code = "3142000001"
    upload(rows_with(code, name="甲小学"))
    decide_proposal(clerk, open_proposals(county.code).get(), confirm=False)
    assert School.objects.get(pk=code).name == "清河县实验小学"
    upload(rows_with(code, name="甲小学", built_year=2001))
    assert waiting(county) == []
    upload(rows_with(code, name="乙小学"))
    assert waiting(county) == [("renamed", code)]


def test_a_new_version_takes_the_place_of_what_nobody_decided(full_register, upload, county, clerk):
    upload(rows_without("3142000002"))
    stale = open_proposals(county.code).get()
    upload(rows_without("3142000003"))
    assert waiting(county) == [("closed", "3142000003")]
    with pytest.raises(DecisionRefused, match="刷新页面"):
        decide_proposal(clerk, stale, confirm=True)
    assert School.objects.get(pk="3142000002").closed_on is None


def test_a_file_that_cannot_be_read_leaves_the_proposals_as_they_are(full_register, upload, county, clerk):
    upload(rows_without("3142000002"))
    upload_workbook(clerk, county, 2026, "坏.xlsx", b"not a workbook")
    run_waiting_jobs()
    assert waiting(county) == [("closed", "3142000002")]


def test_a_proposal_is_decided_once(full_register, upload, county, clerk):
    upload(rows_without("3142000002"))
    proposal = open_proposals(county.code).get()
    decide_proposal(clerk, proposal, confirm=False)
    with pytest.raises(DecisionRefused, match="已经有人处理"):
        decide_proposal(clerk, proposal, confirm=True)
    assert School.objects.get(pk="3142000002").closed_on is None


def test_a_code_registered_in_another_county_is_refused_and_the_others_confirmed(upload, county, other_county, clerk):
    open_school("3142000001", other_county.code, **PARTICULARS)
    upload()
    confirmed, refused = decide_all(clerk, county.code, "opened")
    assert confirmed == 5
    assert len(refused) == 1
    assert "棠南县" in refused[0]
    assert School.objects.get(pk="3142000001").county_id == other_county.code
    assert waiting(county) == [("opened", "3142000001")]


def test_closing_is_never_confirmed_in_bulk(full_register, upload, county, clerk):
    upload(rows_without("3142000002"))
    with pytest.raises(DecisionRefused, match="逐校确认"):
        decide_all(clerk, county.code, "closed")


def test_only_the_clerk_of_the_county_decides(full_register, upload, county, signer, other_clerk, inspector):
    upload(rows_without("3142000002"))
    proposal = open_proposals(county.code).get()
    for person in (signer, other_clerk, inspector):
        assert register.why_not_decide(person, county.code)
        with pytest.raises(DecisionRefused):
            decide_proposal(person, proposal, confirm=True)
        with pytest.raises(DecisionRefused):
            decide_all(person, county.code, "opened")
    assert waiting(county) == [("closed", "3142000002")]


# ── The page ──────────────────────────────────────────────────────────────────────────────────


def test_the_page_says_what_differs_and_what_a_confirmation_does(full_register, upload, client, clerk):
    upload(rows_without("3142000002"))
    client.force_login(clerk)
    page = client.get(reverse("register_changes")).content.decode()
    assert "名录有 1 项可能的变更" in page
    assert "名录中有“清河县柳林镇中心小学”，上传的工作簿中没有。" in page
    assert "历年填报的数据保留" in page
    assert '<option value="3142000001">' in page
    assert '<option value="3142000002">' not in page
    assert "全部确认" not in page
    assert "学校名录有 1 处不同" in client.get(reverse("workspace")).content.decode()


def test_the_buttons_of_the_page_decide(full_register, upload, client, clerk, county):
    upload(rows_without("3142000002"))
    client.force_login(clerk)
    proposal = open_proposals(county.code).get()
    address = reverse("register_decide", args=[proposal.pk])
    answer = client.post(address, {"decision": "confirm", "merged_into": "3142000001"}, follow=True)
    page = answer.content.decode()
    assert "并入其他学校：已确认" in page
    assert "已并入“清河县实验小学”（3142000001）" in page
    assert "没有等待确认的名录变更" in page
    again = client.post(address, {"decision": "confirm"}, follow=True).content.decode()
    assert "已经有人处理" in again


def test_a_first_upload_is_confirmed_with_one_button(upload, client, clerk, county):
    upload()
    client.force_login(clerk)
    assert "全部确认（6 所）" in client.get(reverse("register_changes")).content.decode()
    page = client.post(reverse("register_decide_all"), {"kind": "opened"}, follow=True).content.decode()
    assert "已确认 6 项" in page
    assert School.objects.filter(county=county).count() == 6


def test_a_signer_sees_the_page_and_why_the_buttons_are_grey(upload, client, signer, county):
    upload()
    client.force_login(signer)
    page = client.get(reverse("register_changes")).content.decode()
    assert "签报人不改学校名录" in page
    assert page.count("disabled") >= 13
    client.post(reverse("register_decide_all"), {"kind": "opened"})
    assert not School.objects.exists()


def test_for_everybody_else_there_is_no_such_page(upload, client, other_clerk, inspector, county):
    upload()
    proposal = open_proposals(county.code).first()
    client.force_login(inspector)
    assert client.get(reverse("register_changes")).status_code == 404
    assert client.post(reverse("register_decide_all"), {"kind": "opened"}).status_code == 404
    for person in (other_clerk, inspector):
        client.force_login(person)
        address = reverse("register_decide", args=[proposal.pk])
        assert client.post(address, {"decision": "confirm"}).status_code == 404
    assert not School.objects.exists()


def test_a_school_of_another_county_is_no_successor(full_register, upload, client, clerk, county, other_county):
    upload(rows_without("3142000002"))
    open_school("4000000001", other_county.code, **PARTICULARS)
    client.force_login(clerk)
    address = reverse("register_decide", args=[open_proposals(county.code).get().pk])
    assert client.post(address, {"decision": "confirm", "merged_into": "4000000001"}).status_code == 404
    assert waiting(county) == [("closed", "3142000002")]


PARTICULARS = {"name": "外县小学", "school_type": "primary_school", "sponsor_type": 7, "urban_rural": "town"}
