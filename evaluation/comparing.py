"""Published counties beside those that are like them. The method is ``evaluation.core.likeness``."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from evaluation.core.likeness import CountyFacts, most_like
from evaluation.models import Certificate, PublishedFacts
from evaluation.workflow import State
from indicators.catalogue import DECIMAL_SCALE
from indicators.models import CountyFigure, SchoolRecord, Submission
from schools.vocabulary import UrbanRural

#: 年人均地方财政收入
_REVENUE = "C06"
_FEN = 100


def keep_facts(certificate: Certificate, submission: Submission) -> PublishedFacts:
    """Count what a county is compared by from what it signed; call inside the transaction of the publication."""
    pupils = Coalesce(F("primary_enrollment"), 0) + Coalesce(F("junior_enrollment"), 0)
    in_town = Case(When(urban_rural__in=(UrbanRural.URBAN, UrbanRural.TOWN), then=pupils), default=0)
    counted = SchoolRecord.objects.filter(submission=submission).aggregate(all=Sum(pupils), town=Sum(in_town))
    revenue = CountyFigure.objects.filter(submission=submission, code=_REVENUE).values_list("value", flat=True).first()
    return PublishedFacts.objects.create(
        certificate=certificate,
        pupils=counted["all"] or 0,
        town_pupils=counted["town"] or 0,
        revenue=None if revenue is None else revenue * _FEN // DECIMAL_SCALE,
    )


def facts_of(facts: PublishedFacts) -> CountyFacts:
    """The stored facts as the method takes them."""
    return CountyFacts(
        key=facts.certificate.code,
        pupils=facts.pupils,
        town_share=facts.town_pupils / facts.pupils if facts.pupils else None,
        revenue=None if facts.revenue is None else facts.revenue / _FEN,
    )


def like(certificate: Certificate, most: int) -> list[tuple[PublishedFacts, float]]:
    """The valid results of the same school year and standard that are like this one, the nearest first."""
    own = PublishedFacts.objects.select_related("certificate").filter(certificate=certificate).first()
    if own is None:
        return []
    others = {each.certificate.code: each for each in _comparable(certificate)}
    near = most_like(facts_of(own), map(facts_of, others.values()), most)
    return [(others[facts.key], far) for facts, far in near]


def chosen(certificate: Certificate, codes: Sequence[str]) -> list[PublishedFacts]:
    """Results somebody chose to compare with, of the same school year and standard, in the order of their codes."""
    return list(_comparable(certificate).filter(certificate__code__in=codes).order_by("certificate__code"))


def _comparable(certificate: Certificate) -> QuerySet[PublishedFacts]:
    evaluation = certificate.evaluation
    return (
        PublishedFacts.objects.filter(
            certificate__evaluation__state=State.PUBLISHED,
            certificate__evaluation__school_year=evaluation.school_year,
            certificate__evaluation__standard=evaluation.standard_id,
        )
        .exclude(certificate=certificate)
        .select_related("certificate__evaluation__county__parent__parent")
    )
