"""Read the file of a version once more with what the county has said about its headers since: the next version."""

from __future__ import annotations

from django.db import transaction

from evaluation import jobs
from evaluation.freezing import check_open, lock_county
from evaluation.permissions import Refused, check_upload
from evaluation.queries import DEFAULT_STANDARD
from indicators.actions import record_upload
from indicators.header_mapping import why_not_reread
from indicators.models import Submission
from schools.models import User


@transaction.atomic
def reread(user: User, submission: Submission) -> Submission:
    """The next version, made of the same file as ``submission`` and queued to be read and judged. Raises Refused."""
    check_upload(user, submission.county)
    # Clicked twice: the second finds that the first has made a newer version.
    lock_county(submission.county_id)
    check_open(submission.county_id, submission.school_year)
    same = Submission.objects.filter(county_id=submission.county_id, school_year=submission.school_year)
    newest = same.order_by("-version")[:1].get()
    if newest.pk != submission.pk:
        raise Refused(f"已有更新的版本（第 {newest.version} 版），没有再读取第 {submission.version} 版。")
    if reason := why_not_reread(submission):
        raise Refused(reason)
    again, _ = record_upload(
        user,
        submission.county,
        submission.school_year,
        submission.filename,
        bytes(submission.file.content),
        based_on=submission,
        is_reread=True,
    )
    jobs.enqueue(again, DEFAULT_STANDARD)
    return again
