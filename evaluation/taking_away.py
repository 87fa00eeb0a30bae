"""Every file of unpublished data that somebody takes away is one event: who, when, what, of which county."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from evaluation.events import record_event
from evaluation.models import (
    DocumentOrder,
    Evaluation,
    Event,
    Filing,
    IssuedDocument,
    Objection,
    RelaxationGrant,
    Reply,
    SuppliedResult,
)
from evaluation.permissions import Person
from evaluation.queries import evaluation_of
from indicators.models import Evidence, PartialWorkbook, Submission
from schools.models import County

KIND = "download"
_OK = 200

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class About:
    """What a file is about: a county, the evaluation it was signed for where it was, and which version."""

    county: County | None = None
    evaluation: Evaluation | None = None
    version: int | None = None


def record_download(user: Person, what: str, about: About, filename: str = "") -> Event:
    """Record that ``user`` is given a file; call before it leaves."""
    payload: dict[str, Any] = {"what": what, "filename": filename}
    if about.version is not None:
        payload["version"] = about.version
    return record_event(KIND, user, county=about.county, evaluation=about.evaluation, payload=payload)


def records_download(
    what: str, about: Callable[[HttpRequest, Mapping[str, Any]], About], *, is_named: bool = True
) -> Callable[[View], View]:
    """A door that gives a file away: what it is called, and how to tell from the address what it is about. Nothing is
    recorded where the door gives a page instead, or only says how large the file is. ``is_named``: the name of the file
    may be read by whoever reads the event."""

    def decorate(view: View) -> View:
        @wraps(view)
        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer = view(request, *args, **kwargs)
            is_file = answer.headers.get("Content-Disposition", "").startswith("attachment")
            if is_file and answer.status_code == _OK and request.method == "GET":
                name = getattr(answer, "filename", "") if is_named else ""
                record_download(request.user, what, about(request, kwargs), name or "")
            return answer

        door.records_download = what  # type: ignore[attr-defined]
        return door

    return decorate


def of_submission(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About a version."""
    return about_version(Submission.objects.select_related("county").get(pk=said["pk"]))


def of_partial(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About a partial workbook: the version it would change."""
    return about_version(PartialWorkbook.objects.select_related("base__county").get(pk=said["pk"]).base)


def of_evidence(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About a file of evidence."""
    evidence = Evidence.objects.select_related("county").get(pk=said["pk"])
    return _year(evidence.county, evidence.school_year)


def of_supplied(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About the document a result was entered from."""
    result = SuppliedResult.objects.select_related("county").get(pk=said["pk"])
    return _year(result.county, result.school_year)


def of_grant(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About the evidence of a relaxation."""
    return About(RelaxationGrant.objects.select_related("county").get(pk=said["pk"]).county)


def of_reply(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About the county's word on a proposal."""
    proposal = Reply.objects.select_related("proposal__evaluation__county").get(pk=said["pk"]).proposal
    return About(proposal.evaluation.county, proposal.evaluation)


def of_objection(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About an objection."""
    notice = Objection.objects.select_related("notice__evaluation__county").get(pk=said["pk"]).notice
    return About(notice.evaluation.county, notice.evaluation)


def of_document(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About a printed document."""
    found = IssuedDocument.objects.select_related("order__evaluation__county").get(number=said["number"])
    return About(evaluation=found.order.evaluation)


def of_document_order(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About the printed documents of an order."""
    return About(evaluation=DocumentOrder.objects.select_related("evaluation__county").get(pk=said["pk"]).evaluation)


def of_own_county(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About the county of whoever asks."""
    return About(County.objects.get(pk=request.user.place_id))


def of_all_counties(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About more counties than one."""
    return About()


def about_version(version: Submission) -> About:
    """About a version that is at hand."""
    filed = Filing.objects.filter(submission=version).select_related("evaluation").order_by("-pk").first()
    return About(version.county, filed.evaluation if filed is not None else None, version.version)


def _year(county: County, school_year: int) -> About:
    """A file of a county and year belongs to what is evaluated then, once that was signed."""
    found = evaluation_of(county, school_year)
    return About(county, found if found is not None and found.filing_id is not None else None)


def of_own_place(request: HttpRequest, said: Mapping[str, Any]) -> About:
    """About whatever the place of whoever asks holds: of a county, that county; of more, none."""
    return About(County.objects.filter(pk=request.user.place_id).first())
