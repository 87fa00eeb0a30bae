"""The steward's desk: accounts and register, no evaluation."""

from __future__ import annotations

import pytest
from django.urls import reverse

from evaluation.actions import run_waiting_jobs
from schools.actions import appoint
from schools.models import Division, User
from schools.vocabulary import Party
from tests.conftest import PASSWORD


@pytest.fixture
def steward(county):
    return appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)


def new_account(**changes: str) -> dict[str, str]:
    fields = {"username": "neu", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    return fields | {"full_name": "新填报员", "party": "clerk", "place": "990101"} | changes


def test_a_steward_opens_an_account_with_one_party_and_one_place(client, steward):
    client.force_login(steward)
    answer = client.post(reverse("admin:schools_user_add"), new_account())
    assert answer.status_code == 302, answer.content.decode()
    made = User.objects.get(username="neu")
    assert (made.party, made.place_id, made.is_staff) == (Party.CLERK, "990101", False)


@pytest.mark.parametrize("changes", [{"place": "990100"}, {"place": ""}, {"party": ""}])
def test_a_party_without_a_fitting_place_is_refused_in_words(client, steward, changes):
    client.force_login(steward)
    answer = client.post(reverse("admin:schools_user_add"), new_account(**changes))
    assert answer.status_code == 200
    assert any(words in answer.content.decode() for words in ("应属于县级", "须同时填写"))
    assert not User.objects.filter(username="neu").exists()


def test_accounts_schools_divisions_standards_and_jobs_are_there_to_look_at(client, steward, uploaded_by_clerk):
    client.force_login(steward)
    for name in ("schools_user", "schools_school", "schools_division", "evaluation_standard", "evaluation_job"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert client.post(reverse("admin:evaluation_job_delete", args=[1])).status_code == 403


@pytest.fixture
def uploaded_by_clerk(standard, clerk, county):
    from evaluation.actions import upload_workbook

    submission = upload_workbook(clerk, county, 2026, "a.xlsx", b"no workbook")
    run_waiting_jobs()
    return submission


def test_nobody_else_gets_to_the_stewards_desk(client, clerk, inspector):
    for person in (clerk, inspector):
        client.force_login(person)
        assert client.get(reverse("admin:index")).status_code == 302
        assert client.get(reverse("admin:schools_user_changelist")).status_code == 302


def test_a_steward_sees_no_trial_data(client, steward, uploaded_by_clerk):
    client.force_login(steward)
    assert client.get(reverse("submission", args=[uploaded_by_clerk.pk])).status_code == 404
