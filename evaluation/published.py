"""What was published, for everybody: certificates, and the frozen rows behind them. Nothing here takes a person: what
these reads give is public, and nothing else may be shown on a public page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from evaluation.core.disclosure import not_shown_alone
from evaluation.document_making import DocumentKind
from evaluation.models import (
    FEWEST_PUPILS,
    Certificate,
    Evaluation,
    Event,
    IssuedDocument,
    Notice,
    Proposal,
    PublicationRule,
    Verdict,
)
from evaluation.noticing import is_current
from evaluation.workflow import State, Step, Within
from indicators.models import SchoolRecord
from schools.models import County, Division
from schools.vocabulary import DivisionLevel

#: The steps that change what the public may rely on.
PUBLIC_STEPS = (Step.PUBLISH.value, Step.SUPERSEDE.value, Step.REVOKE.value, Within.START_CORRECTION.value)
#: What a certificate is worth by the state of its evaluation, in a list: the whole status is the certificate's page.
CERTIFIED_KINDS = {
    State.PUBLISHED: ("met", "✓", "有效"),
    State.SUPERSEDED: ("unknown", "↻", "已被取代"),
    State.REVOKED: ("not_met", "✗", "已撤销"),
}
#: The documents of a county that everybody may read once its result is published.
PUBLIC_KINDS = (DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION, DocumentKind.FEEDBACK)
_PUBLIC = (State.PUBLISHED.value, State.SUPERSEDED.value, State.REVOKED.value)


def published_certificates() -> QuerySet[Certificate]:
    """Every certificate that was ever published, the newest first."""
    related = "evaluation__county__parent__parent", "evaluation__standard", "evaluation__filing__submission"
    found = Certificate.objects.filter(evaluation__state__in=_PUBLIC).select_related(*related)
    return found.order_by("-evaluation__school_year", "-pk")


def certificates_of(county_code: str) -> QuerySet[Certificate]:
    """Every certificate of a county, the newest school year first, of one year the newest first."""
    return published_certificates().filter(evaluation__county=county_code)


def earlier_result(certificate: Certificate) -> Certificate | None:
    """The newest valid result of the same county from an earlier school year: what was revoked, or superseded since,
    is compared with nothing."""
    evaluation = certificate.evaluation
    valid = certificates_of(evaluation.county_id).filter(evaluation__state=State.PUBLISHED)
    return valid.filter(evaluation__school_year__lt=evaluation.school_year).first()


def verdict_behind(certificate: Certificate) -> Verdict:
    """The verdict a certificate certifies: the one the approved proposal rests on. Raises Proposal.DoesNotExist where
    the rows were tampered with."""
    approved = _proposals_behind([certificate])
    return approved.select_related("verdict__standard", "verdict__submission").order_by("-pk")[:1].get().verdict


def _proposals_behind(certificates: Collection[Certificate]) -> QuerySet[Proposal]:
    """The proposals certificates rest on."""
    return Proposal.objects.filter(
        evaluation__in=[each.evaluation_id for each in certificates],
        outcome=Proposal.Outcome.APPROVED,
        decision=Proposal.Decision.CERTIFY,
        filing=F("evaluation__filing"),
    )


def records_behind(verdict: Verdict) -> QuerySet[SchoolRecord]:
    """The rows of the schools as they were signed."""
    return SchoolRecord.objects.filter(submission=verdict.submission_id).order_by("code", "row")


@dataclass(frozen=True, slots=True)
class PublicCount:
    """How many counties of a place stand where, as everybody may know it. ``certified`` counts counties whose newest
    certificate is valid today."""

    counties: int
    certified: int
    in_notice: int
    revoked: int


def counts_by_province() -> dict[str, PublicCount]:
    """Every province of the register by its code; four queries however many counties there are."""
    province_of, counties = _provinces()
    newest = Certificate.objects.filter(
        evaluation__county=OuterRef("evaluation__county"), evaluation__state__in=_PUBLIC
    )
    newest_first = newest.order_by("-evaluation__school_year", "-pk").values("pk")[:1]
    standing = Certificate.objects.filter(pk=Subquery(newest_first)).values_list(
        "evaluation__county", "evaluation__state"
    )
    certified: Counter[str] = Counter()
    revoked: Counter[str] = Counter()
    for county, state in standing:
        counted = certified if state == State.PUBLISHED else revoked
        counted[province_of[county]] += 1
    in_notice = Counter(
        province_of[county]
        for county in County.objects.filter(evaluations__state=State.NOTICE).values_list("pk", flat=True).distinct()
    )
    return {
        province: PublicCount(count, certified[province], in_notice[province], revoked[province])
        for province, count in counties.items()
    }


def _provinces() -> tuple[dict[str, str], dict[str, int]]:
    """The province of every county, and how many counties each province has."""
    rows = County.objects.values_list("pk", "parent", "parent__parent")
    province_of = {county: above or parent for county, parent, above in rows}
    provinces = Division.objects.filter(level=DivisionLevel.PROVINCE).order_by("pk").values_list("pk", flat=True)
    counted = Counter(province_of.values())
    return province_of, {province: counted[province] for province in provinces}


@dataclass(frozen=True, slots=True)
class CountyStanding:
    """A county with its newest certificate, if it was ever given one, and whether it is in 公示 now."""

    county: County
    certificate: Certificate | None
    notice: int | None

    @property
    def is_certified(self) -> bool:
        """Whether the newest certificate is valid today."""
        return self.certificate is not None and self.certificate.evaluation.state_of is State.PUBLISHED


def standings_in(province_code: str) -> list[CountyStanding]:
    """Every county of a province in the order of the codes; two queries however many there are."""
    counties = list(
        County.objects.filter(Q(parent=province_code) | Q(parent__parent=province_code))
        .select_related("parent")
        .annotate(
            notice=Subquery(
                County.objects.filter(pk=OuterRef("pk"), evaluations__state=State.NOTICE)
                .order_by("-evaluations__notices__pk")
                .values("evaluations__notices__pk")[:1]
            )
        )
        .order_by("code")
    )
    newest: dict[str, Certificate] = {}
    for each in published_certificates().filter(evaluation__county__in=[county.pk for county in counties]):
        newest.setdefault(each.evaluation.county_id, each)
    return [CountyStanding(county, newest.get(county.pk), county.notice) for county in counties]


def counties_published() -> QuerySet[County]:
    """Every county in the order of the codes, with ``newest``, the row of its newest certificate, ``newest_state``,
    the state of the evaluation behind it, and ``notice``, the 公示 it is in; each None where there is none."""
    certificates = Certificate.objects.filter(evaluation__county=OuterRef("pk"), evaluation__state__in=_PUBLIC)
    newest = certificates.order_by("-evaluation__school_year", "-pk")
    notices = Notice.objects.filter(evaluation__county=OuterRef("pk"), evaluation__state=State.NOTICE).order_by("-pk")
    return (
        County.objects.select_related("parent__parent")
        .annotate(
            newest=Subquery(newest.values("pk")[:1]),
            newest_state=Subquery(newest.values("evaluation__state")[:1]),
            notice=Subquery(notices.values("pk")[:1]),
        )
        .order_by("code")
    )


def notices_of(county_code: str) -> list[Notice]:
    """The 公示 a county is in today."""
    found = Notice.objects.filter(evaluation__county=county_code, evaluation__state=State.NOTICE)
    return [each for each in found.select_related("evaluation") if is_current(each)]


def corrections() -> QuerySet[Event]:
    """Every correction that was begun, supersession and revocation of something published, the newest first."""
    return (
        Event.objects.filter(kind__in=PUBLIC_STEPS, evaluation__certificate__isnull=False)
        .exclude(kind=Step.PUBLISH.value)
        .select_related("evaluation__county__parent__parent", "evaluation__certificate")
        .order_by("-number")
    )


def public_events(county_code: str = "") -> QuerySet[Event]:
    """Publications and what happened to them since, the newest first; of one county where it is named."""
    found = Event.objects.filter(kind__in=PUBLIC_STEPS, evaluation__certificate__isnull=False)
    if county_code:
        found = found.filter(evaluation__county=county_code)
    return found.select_related("evaluation__county__parent__parent", "evaluation__certificate").order_by("-number")


def search_places(words: str, most: int) -> list[Division]:
    """Provinces and counties whose name or code holds the words."""
    asked = Q(name__icontains=words) | Q(pk__startswith=words)
    found = Division.objects.filter(asked).exclude(level=DivisionLevel.CITY).select_related("parent__parent")
    return list(found.order_by("level", "pk")[:most])


def search_schools(words: str, most: int) -> list[tuple[SchoolRecord, Certificate]]:
    """Schools of published results (of each county the newest) whose name or code holds the words, without those that
    are not shown alone. Ten queries at most: the small ones are left out by the database, and what remains of the
    others is looked at in slices, of which the second is long."""
    newest = Certificate.objects.filter(
        evaluation__county=OuterRef("evaluation__county"), evaluation__state__in=_PUBLIC
    ).order_by("-evaluation__school_year", "-pk")
    shown = published_certificates().filter(pk=Subquery(newest.values("pk")[:1]))
    asked = Q(name__icontains=words) | Q(code__startswith=words)
    # Unordered inside, or the database sorts every certificate for nothing.
    of_shown = shown.order_by().values("evaluation__filing__submission")
    by_province = fewest_pupils_by_province()
    rows = SchoolRecord.objects.filter(asked, submission__in=of_shown).annotate(pupils=_PUPILS)
    rows = rows.filter(pupils__gte=_fewest_of_row(by_province)).order_by("code", "row")
    found: list[tuple[SchoolRecord, Certificate]] = []
    begin = 0
    for end in (most * 2, most * 20):
        slice_ = list(rows[begin:end])
        found += _shown_alone(slice_, shown, by_province)
        if len(found) >= most or len(slice_) < end - begin:
            break
        begin = end
    return found[:most]


#: All pupils of a row, as ``pupils_of`` counts them.
_PUPILS = (
    Coalesce(F("primary_enrollment"), 0) + Coalesce(F("junior_enrollment"), 0) + Coalesce(F("senior_enrollment"), 0)
)


def _fewest_of_row(by_province: Mapping[str, int]) -> Case:
    """Below how many pupils the school of a row is small."""
    above = "submission__county__parent"
    own = (
        When(Q((above, code)) | Q((f"{above}__parent", code)), then=Value(fewest))
        for code, fewest in by_province.items()
    )
    return Case(*own, default=Value(FEWEST_PUPILS))


def _shown_alone(
    rows: Sequence[SchoolRecord], shown: QuerySet[Certificate], by_province: Mapping[str, int]
) -> list[tuple[SchoolRecord, Certificate]]:
    certificates = {
        each.evaluation.filing.submission_id: each
        for each in shown.filter(evaluation__filing__submission__in={row.submission_id for row in rows})
        if each.evaluation.filing is not None
    }
    hidden = _hidden_by_submission(certificates, by_province)
    found = [(row, certificates[row.submission_id]) for row in rows if row.submission_id in certificates]
    return [(row, each) for row, each in found if row.code not in hidden[row.submission_id]]


def hidden_schools(verdict: Verdict, fewest: int) -> frozenset[str]:
    """The 学校标识码 of the schools behind a verdict that are not shown alone: the small ones, and those that would
    give them away (evaluation.core.disclosure)."""
    few = "code", "primary_enrollment", "junior_enrollment", "senior_enrollment", "submission"
    return _hidden(verdict, {record.code: pupils_of(record) for record in records_behind(verdict).only(*few)}, fewest)


def _hidden(verdict: Verdict, pupils: dict[str, int], fewest: int) -> frozenset[str]:
    if all(code and count >= fewest for code, count in pupils.items()):
        return frozenset()
    return not_shown_alone(
        ((row["code"], row["stage"]) for row in json.loads(verdict.document)["schools"]), pupils, fewest
    )


def _hidden_by_submission(
    certificates: dict[int, Certificate], by_province: Mapping[str, int]
) -> dict[int, frozenset[str]]:
    """The same for many results at once, in two queries. The documents of verdicts are large: only those of counties
    with a small school are read."""
    pupils: dict[int, dict[str, int]] = {submission: {} for submission in certificates}
    few = "primary_enrollment", "junior_enrollment", "senior_enrollment"
    for submission, code, *counts in SchoolRecord.objects.filter(submission__in=certificates).values_list(
        "submission", "code", *few
    ):
        pupils[submission][code] = sum(filter(None, counts))
    fewest = {
        submission: by_province.get(province_code(each.evaluation.county), FEWEST_PUPILS)
        for submission, each in certificates.items()
    }
    with_small = [key for key in certificates if any(count < fewest[key] for count in pupils[key].values())]
    approved = _proposals_behind([certificates[key] for key in with_small]).select_related("verdict").order_by("pk")
    verdicts = {proposal.verdict.submission_id: proposal.verdict for proposal in approved}
    # Where a row was tampered with, nothing is shown of the county at all.
    return {
        key: _hidden(verdicts[key], pupils[key], fewest[key]) if key in verdicts
        else frozenset(pupils[key]) if key in with_small else frozenset()
        for key in certificates
    }  # fmt: skip


def province_code(county: County) -> str:
    """The province a county lies in."""
    above = county.parent
    if above is None:
        return county.pk
    return above.parent_id or above.pk


def fewest_pupils_by_province() -> dict[str, int]:
    """Below how many pupils a school is not shown alone, where a province has decided it."""
    newest_last = PublicationRule.objects.order_by("pk").values_list("province", "fewest_pupils")
    return dict(newest_last)


def fewest_pupils(county: County) -> int:
    """Below how many pupils a school of this county is not shown alone."""
    rule = PublicationRule.objects.filter(province=province_code(county)).first()
    return FEWEST_PUPILS if rule is None else rule.fewest_pupils


def is_small(record: SchoolRecord, fewest: int) -> bool:
    """Whether a school has so few pupils that its figures would be those of persons."""
    return pupils_of(record) < fewest


def pupils_of(record: SchoolRecord) -> int:
    """All pupils of a school, of every stage; what is unknown counts as none."""
    return sum(filter(None, (record.primary_enrollment, record.junior_enrollment, record.senior_enrollment)))


# ── Documents ─────────────────────────────────────────────────────────────────────────────────


def documents() -> QuerySet[IssuedDocument]:
    """Every document with what it is about; which of them are published is said by ``is_published``."""
    about = "order__evaluation__county__parent__parent", "order__evaluation__standard"
    return IssuedDocument.objects.select_related("order__place", "order__filing", "order__proposal", *about)


def documents_behind(certificate: Certificate) -> list[IssuedDocument]:
    """What everybody may read of a published result: of each kind the newest; two queries."""
    evaluation = certificate.evaluation
    if evaluation.state not in _PUBLIC:
        return []
    found = documents().filter(
        Q(order__proposal=None) | Q(order__proposal=_approved(evaluation)),
        order__evaluation=evaluation,
        order__filing=evaluation.filing_id,
        order__kind__in=PUBLIC_KINDS,
        order__finished_at__isnull=False,
        order__fault="",
    )
    newest = {each.order.kind_of: each for each in found.order_by("order__number")}
    return [newest[kind] for kind in PUBLIC_KINDS if kind in newest]


def reports_on(province: str) -> list[IssuedDocument]:
    """The published annual reports on a province, the newest year first; one query."""
    found = documents().filter(
        order__kind=DocumentKind.ANNUAL_REPORT, order__place=province, published_at__isnull=False
    )
    return list(found.order_by("-order__school_year", "-order__number"))


def published_documents() -> QuerySet[IssuedDocument]:
    """The documents everybody may read: reports that were published; of a county what a published result rests on,
    whatever became of the result since."""
    approved = Proposal.objects.filter(
        evaluation=OuterRef("order__evaluation"),
        filing=OuterRef("order__evaluation__filing"),
        outcome=Proposal.Outcome.APPROVED,
    )
    report = Q(order__kind=DocumentKind.ANNUAL_REPORT, published_at__isnull=False)
    of_a_county = Q(
        Q(order__proposal=None) | Q(order__proposal=Subquery(approved.order_by("-pk").values("pk")[:1])),
        order__evaluation__state__in=_PUBLIC,
        order__filing=F("order__evaluation__filing"),
        order__kind__in=PUBLIC_KINDS,
    )
    return documents().filter(report | of_a_county, order__finished_at__isnull=False, order__fault="")


def is_published(document: IssuedDocument) -> bool:
    """Whether everybody may read a document."""
    return published_documents().filter(pk=document.pk).exists()


def _approved(evaluation: Evaluation) -> int | None:
    found = Proposal.objects.filter(
        evaluation=evaluation, filing=evaluation.filing_id, outcome=Proposal.Outcome.APPROVED
    )
    return found.order_by("-pk").values_list("pk", flat=True).first()
