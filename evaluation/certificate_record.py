"""What a certificate certifies, as one record of plain values: county, year, standard, what was signed, what was found,
who decided when, and where in the chain of events it stands."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils import timezone

from evaluation.certificate_file import sha256_of
from evaluation.core.rounding import coefficient_text, plain
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.status import Status
from evaluation.event_words import payload_of
from evaluation.models import Certificate, Evaluation, Event, Filing, Notice, Objection, Proposal, Verdict
from evaluation.standards import parsed_standard
from evaluation.workflow import rounds_of
from schools.models import User
from schools.vocabulary import Stage


def kind_words(standard: StandardDocument) -> str:
    """What a county is certified as by a standard."""
    return "基本均衡" if standard.decides_by_composite else "优质均衡"


def kind_letters(standard: StandardDocument) -> str:
    """The same in two letters, for the code a certificate is looked up by."""
    return "JB" if standard.decides_by_composite else "YZ"


def record_of(
    evaluation: Evaluation,
    filing: Filing,
    proposal: Proposal,
    notice: Notice,
    chief: User,
    *,
    code: str,
    number: str,
    last_event: tuple[int, str],
    corrects: Certificate | None,
) -> dict[str, Any]:
    """The record. ``last_event`` is the last link of the chain before the publication; the publication itself holds the
    hash of this record."""
    county, now = evaluation.county, timezone.localtime()
    standard, verdict = parsed_standard(evaluation.standard), proposal.verdict
    return {
        "code": code,
        "number": number,
        "status_url": f"{settings.SITE_URL}/certificates/{code}/",
        "title": f"义务教育{kind_words(standard)}发展县（市、区）",
        "county": {"code": county.code, "name": county.full_name},
        "rounds": rounds_of(is_direct=county.is_directly_under_province),
        "school_year": f"{evaluation.school_year}—{evaluation.school_year + 1}",
        "standard": {
            "code": evaluation.standard_id,
            "name": evaluation.standard.name,
            "document": standard.document,
            "sha256": evaluation.standard.sha256,
        },
        "filing": {
            "number": filing.number,
            "manifest_sha256": filing.sha256,
            "signer_name": filing.signer_name,
            "signer_post": filing.signer_post,
            "signed_on": f"{timezone.localdate(filing.signed_at):%Y-%m-%d}",
        },
        "verdict": {"number": verdict.number, "sha256": verdict.sha256, "as_of": f"{verdict.as_of:%Y-%m-%d}"},
        "decision": {
            "decision": proposal.decision,
            "proposed_on": f"{timezone.localdate(proposal.proposed_at):%Y-%m-%d}",
            "approved_on": f"{timezone.localdate(proposal.decided_at):%Y-%m-%d}" if proposal.decided_at else "",
        },
        "notice": {
            "opened_on": f"{notice.opens_on:%Y-%m-%d}",
            "closed_on": f"{notice.closes_on:%Y-%m-%d}",
            "objections": notice.objections.count(),
            "dismissed": notice.objections.filter(result=Objection.Result.DISMISSED).count(),
        },
        "results": _results(verdict, standard),
        "published": {"by": str(chief), "on": f"{now:%Y-%m-%d}", "at": now.isoformat(timespec="seconds")},
        "corrects": corrects.code if corrects is not None else "",
        "last_event": {"number": last_event[0], "sha256": last_event[1]},
    }


def _results(verdict: Verdict, standard: StandardDocument) -> dict[str, Any]:
    """The key results. Figures are texts: the exact value, and as it is printed beside its limit."""
    told = json.loads(verdict.document)
    stages = [_stage(told["stages"][stage.value], stage, standard) for stage in Stage if stage.value in told["stages"]]
    met = [told["criteria"][each.code]["status"] for each in standard.criteria]
    return {
        "stages": stages,
        "items": len(met),
        "items_met": sum(status in (Status.MET, Status.EXEMPT) for status in met),
    }


def _stage(told: dict[str, Any], stage: Stage, standard: StandardDocument) -> dict[str, Any]:
    limit, places = standard.coefficient_limits[stage], standard.rounding.coefficient_places
    bound = None if standard.decides_by_composite else limit
    coefficients = []
    for indicator in standard.indicators:
        found = told["indicators"][indicator.code]
        value = found["coefficient"]
        coefficients.append(
            {
                "code": indicator.code,
                "name": indicator.short_name,
                "value": "" if value is None else repr(value),
                "printed": coefficient_text(value, found["passed"], bound, places),
            }
        )
    composite = told["composite"]
    return {
        "stage": stage.value,
        "name": stage.label,
        "schools": told["schools"],
        "limit": plain(limit, 2),
        "decides": "composite" if standard.decides_by_composite else "each",
        "composite": "" if composite is None else repr(composite),
        "composite_printed": coefficient_text(
            composite, told.get("composite_passed"), limit if standard.decides_by_composite else None, places
        ),
        "coefficients": coefficients,
    }


def publication_of(certificate: Certificate) -> Event | None:
    """The event that published a certificate: it holds the hash of its record."""
    events = Event.objects.filter(evaluation=certificate.evaluation_id, kind="publish").order_by("number")
    return next((event for event in events if payload_of(event.payload).get("certificate") == certificate.code), None)


def is_vouched_for(certificate: Certificate, publication: Event | None) -> bool:
    """Whether the stored record is the one that was published: its hash, and the one in the event, which nobody can
    change without breaking the chain."""
    held = payload_of(publication.payload).get("record") if publication is not None else None
    return sha256_of(certificate.record) == certificate.sha256 == held
