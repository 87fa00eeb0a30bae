"""Written explanations of figures that must be explained before signing: their only writer, and their reads.

An explanation is bound to what was found, not to a version: it stands for every later version in which the same rule
finds the same at the same school, and is asked for again once that changes.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet

from indicators.models import Explanation, ReportedProblem, Submission
from indicators.problem import Severity
from schools.models import County, User
from schools.vocabulary import Party

SHORTEST_TEXT, LONGEST_TEXT = 5, 1000


class ExplanationRefused(ValueError):
    """An explanation cannot be taken in like this, or not from this person; the message says why."""


def why_not_explain(user: User, submission: Submission) -> str:
    """Empty if ``user`` may explain the figures of a version, otherwise the reason in words."""
    if user.party != Party.CLERK or user.place_id != submission.county_id:
        return "情况说明由本县的填报员填写。"
    return ""


@transaction.atomic
def explain(user: User, submission: Submission, problem: ReportedProblem, text: str) -> Explanation:
    """Take in why a figure is right. Raises ExplanationRefused."""
    if why_not := why_not_explain(user, submission):
        raise ExplanationRefused(why_not)
    if problem.submission_id != submission.pk:
        raise ExplanationRefused("这个问题不属于这一版。")
    if problem.severity != Severity.EXPLAIN:
        raise ExplanationRefused("这一项不需要说明：必须更正的请更正后重新上传，提示只供参考。")
    if not problem.fingerprint:
        raise ExplanationRefused("这一版读取较早，不能逐项说明。请重新上传工作簿后再说明。")
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not SHORTEST_TEXT <= len(words) <= LONGEST_TEXT:
        raise ExplanationRefused(f"情况说明须有 {SHORTEST_TEXT} 至 {LONGEST_TEXT} 个字，现在是 {len(words)} 个字。")
    # The county's row is the lock: a double click is one explanation.
    County.objects.select_for_update(no_key=True).get(pk=submission.county_id)
    of_figure = Explanation.objects.filter(
        county_id=submission.county_id, school_year=submission.school_year, fingerprint=problem.fingerprint
    )
    newest = of_figure.first()
    if newest is not None and newest.text == words:
        return newest
    return Explanation.objects.create(
        county_id=submission.county_id,
        school_year=submission.school_year,
        fingerprint=problem.fingerprint,
        rule=problem.rule,
        school=problem.school,
        header=problem.header,
        found=problem.found,
        text=words,
        written_by=user,
    )


def explanations_for(submission: Submission) -> dict[str, Explanation]:
    """The newest explanation of every fingerprint found in this version, whichever version it was written for."""
    asked = submission.problems.filter(severity=Severity.EXPLAIN).exclude(fingerprint="").order_by()
    written = Explanation.objects.filter(
        county_id=submission.county_id,
        school_year=submission.school_year,
        fingerprint__in=asked.values("fingerprint"),
    )
    return {each.fingerprint: each for each in written.select_related("written_by").order_by("pk")}


def open_explanations(submission: Submission) -> QuerySet[ReportedProblem]:
    """The problems of a version that still wait for an explanation, in their order."""
    written = Explanation.objects.filter(county_id=submission.county_id, school_year=submission.school_year)
    asked = submission.problems.filter(severity=Severity.EXPLAIN)
    # What has no fingerprint is never explained, whatever was written.
    return asked.filter(Q(fingerprint="") | ~Q(fingerprint__in=written.values("fingerprint")))


def is_explained(submission: Submission) -> bool:
    """Whether nothing of a version that has been read waits for an explanation; signing asks this."""
    return submission.read_at is not None and not open_explanations(submission).exists()
