"""Taking a workbook in: who may, what is kept, what is recognised."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import actions
from evaluation.core.verdict import judge_report
from evaluation.judging import canonical_json
from evaluation.models import Certificate, DocumentOrder, Event, JobState, Standard
from evaluation.permissions import Refused, why_not_upload
from evaluation.queries import submissions_visible_to
from evaluation.workflow import State
from indicators.models import StoredFile, Submission
from indicators.queries import report_of
from schools.queries import current_school_year
from tests.conftest import STANDARD_PATH


def test_only_the_clerk_of_the_county_uploads(county, clerk, signer, other_clerk, inspector):
    assert why_not_upload(clerk, county) == ""
    assert "签报人不上传" in why_not_upload(signer, county)
    for person in (other_clerk, inspector):
        assert "只有本县的填报员" in why_not_upload(person, county)
        with pytest.raises(Refused):
            actions.upload_workbook(person, county, 2026, "a.xlsx", b"x")
    assert not Submission.objects.exists()


def test_every_upload_is_a_numbered_version_with_its_own_bytes(standard, clerk, county, story_workbook):
    first = actions.upload_workbook(clerk, county, 2026, "C:\\数据\\甲.xlsx", story_workbook("passes"))
    second = actions.upload_workbook(clerk, county, 2026, "../../etc/乙.xlsx", story_workbook("six_of_seven"))
    assert [first.version, second.version] == [1, 2]
    assert [first.filename, second.filename] == ["甲.xlsx", "乙.xlsx"]
    for submission in (first, second):
        stored = StoredFile.objects.get(pk=submission.file_id)
        assert hashlib.sha256(stored.content).hexdigest() == stored.sha256


def test_the_same_bytes_sent_again_are_the_version_that_is_there(standard, clerk, county, story_workbook):
    content = story_workbook("passes")
    first = actions.upload_workbook(clerk, county, 2026, "甲.xlsx", content)
    assert actions.upload_workbook(clerk, county, 2026, "甲.xlsx", content) == first
    assert first.jobs.count() == 1


def test_trial_uploads_are_seen_by_the_county_alone(uploaded, clerk, signer, other_clerk, inspector):
    assert list(submissions_visible_to(clerk)) == [uploaded]
    assert list(submissions_visible_to(signer)) == [uploaded]
    assert not submissions_visible_to(other_clerk).exists()
    assert not submissions_visible_to(inspector).exists()


def test_a_file_that_is_no_workbook_is_kept_with_its_reason_and_gives_no_verdict(standard, clerk, county):
    submission = actions.upload_workbook(clerk, county, 2026, "甲.xlsx", "这不是工作簿".encode())
    actions.run_waiting_jobs()
    submission.refresh_from_db()
    assert submission.is_readable is False
    assert submission.jobs.get().state == "done"
    assert not submission.verdicts.exists()
    assert submission.problems.get().severity == "error"


def test_judging_the_stored_figures_again_gives_the_same_verdict_to_the_byte(
    standard, standard_document, clerk, county, story_workbook
):
    for number, story in enumerate(("many_stages", "cells_refused", "cell_missing", "teaching_points")):
        submission = actions.upload_workbook(clerk, county, 2026, f"{number}.xlsx", story_workbook(story))
        actions.run_waiting_jobs()
        submission.refresh_from_db()
        verdict = submission.verdicts.get()
        again = canonical_json(judge_report(report_of(submission), standard_document, verdict.as_of))
        assert again == verdict.document, story
        assert hashlib.sha256(again.encode()).hexdigest() == verdict.sha256


def test_a_loaded_standard_is_never_edited(standard):
    content = STANDARD_PATH.read_bytes()
    assert actions.load_standard(content) == (standard, False)
    with pytest.raises(Refused, match="不能修改"):
        actions.load_standard(content.replace(b'limit = "4.2"', b'limit = "4.1"'))
    assert Standard.objects.get().sha256 == hashlib.sha256(content).hexdigest()


def test_the_database_refuses_two_versions_with_one_number(uploaded):
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.create(
            county=uploaded.county,
            school_year=2026,
            version=1,
            file=uploaded.file,
            filename="",
            uploaded_by=uploaded.uploaded_by,
        )


def test_the_demo_province_tells_its_twelve_stories_through_the_real_actions(db, standard, settings):
    settings.IS_EMBEDDED = True
    call_command("demo", verbosity=0)
    this_year = Submission.objects.filter(school_year=current_school_year())
    verdicts = {s.county.name: s.verdicts.first() for s in this_year}
    told = {name: verdict.passed for name, verdict in verdicts.items()}
    assert told == {
        "望棠区": True,
        "棠南县": False,
        "棠北县": False,
        "听棠县": True,
        "星澜区": True,
        "澜星东县": None,
        "澜星西县": True,
        "星野前县": True,
        "枫屿前区": False,
        "枫屿后县": None,
        "屿帆县": False,
    }
    hair = {name: verdicts[name].findings.get(code="L2", stage="JUNIOR").value for name in ("棠北县", "听棠县")}
    assert 0.45 < hair["棠北县"] < 0.452
    assert 0.448 < hair["听棠县"] <= 0.45
    call_command("demo", verbosity=0)
    assert this_year.count() == 11


def test_one_county_of_the_demo_province_was_published_a_year_ago_on_the_days_of_that_year(db, standard, settings):
    settings.IS_EMBEDDED = True
    call_command("demo", verbosity=0)
    [certificate] = Certificate.objects.select_related("evaluation__county")
    evaluation, last_year = certificate.evaluation, current_school_year() - 1
    assert (evaluation.county.name, evaluation.school_year) == ("屿灯县", last_year)
    assert evaluation.state_of is State.PUBLISHED
    assert evaluation.filing.submission.verdicts.first().passed is True
    told = json.loads(certificate.record)["published"]["on"]
    assert f"{timezone.localdate(certificate.issued_at):%Y-%m-%d}" == told
    assert told.startswith(str(last_year))
    steps = Event.objects.filter(evaluation=evaluation).exclude(kind="document_ordered").order_by("number")
    assert all(event.at.year == last_year for event in steps)
    assert list(steps) == sorted(steps, key=lambda event: event.at)
    call_command("demo", verbosity=0)
    assert Certificate.objects.count() == 1
    # Its documents wait for a worker, ordered once: whoever starts the demonstration does not wait for a printer.
    assert [(order.kind, order.job.state) for order in DocumentOrder.objects.order_by("pk")] == [
        ("self_assessment", JobState.WAITING),
        ("feedback", JobState.WAITING),
        ("opinion", JobState.WAITING),
        ("annual_report", JobState.WAITING),
    ]


def test_demo_accounts_are_not_made_beside_real_data(db, standard, settings):
    settings.IS_EMBEDDED = False
    with pytest.raises(CommandError, match="公开"):
        call_command("demo")
