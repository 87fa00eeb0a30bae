"""The door for other programs shows the same as the pages, to the same people."""

from __future__ import annotations

import json

from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.demo import demo_county
from evaluation.management.commands.demo import workbook_of


def test_a_version_is_told_to_its_county_while_it_waits_and_when_it_is_judged(client, standard, clerk, county):
    told = demo_county(county.code, county.name, "cell_missing")
    submission = upload_workbook(clerk, county, 2026, "a.xlsx", workbook_of(told, county, 2026))
    client.force_login(clerk)
    address = reverse("api_submission", args=[submission.pk])
    waiting = client.get(address).json()
    assert (waiting["state"], waiting["result"], waiting["problems"]) == ("waiting", None, [])
    run_waiting_jobs()
    done = client.get(address).json()
    verdict = submission.verdicts.get()
    assert done["state"] == "done"
    assert done["result"] == json.loads(verdict.document)
    assert done["result_sha256"] == verdict.sha256
    assert [problem["header"] for problem in done["problems"]] == ["小学音乐专任教师数"]


def test_nobody_else_is_told_that_the_version_exists(client, standard, clerk, county, other_clerk, inspector):
    address = reverse("api_submission", args=[upload_workbook(clerk, county, 2026, "a.xlsx", b"x").pk])
    assert client.get(address).status_code in (302, 403)
    for person in (other_clerk, inspector):
        client.force_login(person)
        assert client.get(address).status_code == 404
    client.force_login(clerk)
    assert client.post(address).status_code == 405
