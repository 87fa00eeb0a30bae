"""How the answers about a version are made."""

from __future__ import annotations

import json
from typing import Any

from evaluation.models import Job, JobState, Verdict
from indicators.models import Submission
from reports.api.told_public import Told, named, place
from reports.presenters.progress import progress
from schools.models import ApiToken, User

PROBLEM_FIELDS = ("severity", "rule", "sheet", "cell", "school", "header", "found", "message")
_OVER_WORDS = {
    JobState.DONE: "处理完成。",
    JobState.SET_ASIDE: "处理未能完成，已搁置。请由本县人员在网页打开这一版，点“重新处理”。",
}


def account_told(person: User, token: ApiToken | None) -> Told:
    """A person, and the token their program brought."""
    return {
        "username": person.username,
        "full_name": person.full_name,
        "party": person.party,
        "place": place(person.place) if person.place is not None else None,
        "token": token.name if token is not None else None,
        "token_expires_at": token.expiry if token is not None else None,
    }


def submission_told(version: Submission, state: str | None, verdict: Verdict | None) -> Told:
    """A version in a list."""
    return {
        "id": version.pk,
        "county": named(version.county),
        "school_year": version.school_year,
        "version": version.version,
        "filename": version.filename,
        "file_sha256": version.file_id,
        "uploaded_at": version.uploaded_at,
        "uploaded_by": str(version.uploaded_by),
        "state": state,
        "passed": verdict.passed if verdict is not None else None,
        "complete": verdict is not None and verdict.complete,
    }


def version_told(version: Submission, job: Job | None, verdict: Verdict | None) -> Told:
    """A version with everything about it."""
    return {
        "id": version.pk,
        "county": version.county_id,
        "school_year": version.school_year,
        "version": version.version,
        "filename": version.filename,
        "file_sha256": version.file_id,
        "uploaded_at": version.uploaded_at,
        "state": job.state if job else None,
        "stage": job.stage if job else None,
        "result": json.loads(verdict.document) if verdict else None,
        "result_sha256": verdict.sha256 if verdict else None,
        "problems": problems_told(version),
    }


def problems_told(version: Submission) -> list[dict[str, Any]]:
    """Every problem of a version, in the order in which they were found."""
    return list(version.problems.order_by("position").values(*PROBLEM_FIELDS))


def job_told(job: Job | None, ahead: int) -> Told:
    """Where a job stands, in the words of the page."""
    is_over = job is not None and job.is_over
    return {
        "state": job.state if job else None,
        "stage": job.stage if job else None,
        "schools_read": job.schools_read if job else None,
        "ahead": ahead,
        "is_over": is_over,
        "words": _OVER_WORDS[JobState(job.state)] if job is not None and is_over else progress(job, ahead).sentence,
    }
