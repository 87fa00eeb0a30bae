"""The queue of whoever has to do with evaluations: what waits for whom, since when, until when."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.models import Assignment, Evaluation, Question, Verdict
from evaluation.queries import evaluations_visible_to
from evaluation.radar_queries import hits_of_versions
from indicators.models import Explanation, ReportedProblem
from indicators.problem import Severity
from reports.firmness_kept import firmness_of_many
from reports.presenters.desk import UNDER_WAY, DeskLine, Waiting, by_urgency, desk_line, filters, sentence, states_of
from schools.models import User
from schools.vocabulary import Party

#: Evaluations listed; whoever has more narrows them down by state.
_LISTED = 300
#: How many sentences of firmness one request computes; the others are linked and follow with the next.
_COMPUTED_AT_ONCE = 6
_PARTIES = (Party.CLERK, Party.SIGNER, Party.CITY_REVIEWER, Party.INSPECTOR, Party.CHIEF)


@require_safe
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """The queue, narrowed down by state; for whoever takes no step there is no such page."""
    if request.user.party not in _PARTIES:
        raise Http404
    chosen = request.GET.get("state", UNDER_WAY)
    if not (states := states_of(chosen)):
        raise Http404
    visible = evaluations_visible_to(request.user)
    counts = dict(visible.order_by().values_list("state").annotate(Count("pk")))
    lines = _lines(request.user, visible.filter(state__in=states))
    context = {"lines": lines, "filters": filters(counts, chosen), "sentence": sentence(lines), "listed": _LISTED}
    return render(request, "evaluation/desk.html", context)


def _lines(user: User, visible: QuerySet[Evaluation]) -> list[DeskLine]:
    """Every line, from a number of queries that does not depend on how many there are."""
    newest = Verdict.objects.filter(submission=OuterRef("filing__submission"), standard=OuterRef("standard"))
    asked = Question.objects.filter(evaluation=OuterRef("pk"), answered_at=None).order_by().values("evaluation")
    found = visible.annotate(
        newest_verdict=Subquery(newest.order_by("-number").values("pk")[:1]),
        open_questions=Coalesce(Subquery(asked.annotate(n=Count("pk")).values("n")), 0),
    )
    found = found.select_related("filing__submission").defer("standard__document", "filing__manifest")
    evaluations = list(found.order_by("deadline", "since")[:_LISTED])
    verdicts = Verdict.objects.defer("document").in_bulk(
        [each.newest_verdict for each in evaluations if each.newest_verdict]
    )
    pairs = [
        (each.filing.submission, verdicts[each.newest_verdict])
        for each in evaluations
        if each.newest_verdict in verdicts
    ]
    firmness, waiting = firmness_of_many(pairs, _COMPUTED_AT_ONCE), _waiting(user, evaluations)
    today = timezone.localdate()
    inspectors = _inspectors(evaluations)
    return by_urgency(
        desk_line(
            each,
            verdicts.get(each.newest_verdict),
            firmness.get(each.newest_verdict, ("", 0)),
            waiting[each.pk],
            inspectors.get((each.county_id, each.school_year), ""),
            user,
            today,
        )
        for each in evaluations
    )


def _waiting(user: User, evaluations: Sequence[Evaluation]) -> dict[int, Waiting]:
    written = Explanation.objects.filter(
        county=OuterRef("submission__county"),
        school_year=OuterRef("submission__school_year"),
        fingerprint=OuterRef("fingerprint"),
    )
    versions = [each.filing.submission_id for each in evaluations if each.filing is not None]
    asked = ReportedProblem.objects.filter(submission__in=versions, severity=Severity.EXPLAIN).order_by()
    is_open = Q(fingerprint="") | ~Q(Exists(written))
    told = asked.values("submission").annotate(asked=Count("pk"), waiting=Count("pk", filter=is_open))
    explanations = {each["submission"]: (each["asked"], each["waiting"]) for each in told}
    # As permissions.can_see_radar_hits: whoever sees the queue sees these evaluations.
    pointed = hits_of_versions(versions) if user.party in (Party.INSPECTOR, Party.CHIEF) else {}
    return {
        each.pk: Waiting(*explanations.get(version, (0, 0)), each.open_questions, pointed.get(version, 0))
        for each in evaluations
        for version in [each.filing.submission_id if each.filing else 0]
    }


def _inspectors(evaluations: Sequence[Evaluation]) -> dict[tuple[str, int], str]:
    """Who answers for each county and school year."""
    counties = {each.county_id for each in evaluations}
    live = Assignment.objects.filter(county__in=counties, ended_at=None).select_related("inspector")
    return {(each.county_id, each.school_year): str(each.inspector) for each in live}
