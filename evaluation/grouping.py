"""A group of published results that a reader puts together, and whether its counties are like each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from evaluation.comparing import facts_of
from evaluation.core.likeness import FURTHEST, distance
from evaluation.models import Certificate, PublishedFacts
from evaluation.published import published_certificates
from schools.models import County


@dataclass(frozen=True, slots=True)
class Unfound:
    """What was asked for and is not there: the words, the county they name where it has published nothing, and the
    counties they could mean where there are several."""

    words: str
    county: County | None = None
    could_be: tuple[County, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The results somebody put side by side, in the order of the county codes, of one county by school year, and what
    they are compared by (None for a result without such facts)."""

    results: tuple[tuple[Certificate, PublishedFacts | None], ...]
    unfound: tuple[Unfound, ...]

    @property
    def school_years(self) -> set[int]:
        return {certificate.evaluation.school_year for certificate, _ in self.results}

    @property
    def standards(self) -> set[str]:
        return {certificate.evaluation.standard_id for certificate, _ in self.results}

    def unlike(self) -> list[tuple[Certificate, Certificate, float | None]]:
        """Every two results whose counties are not like each other, and how far they are apart; None where something
        is unknown of one of them."""
        found = []
        for position, (one, facts) in enumerate(self.results):
            for other, other_facts in self.results[position + 1 :]:
                if one.evaluation.county_id == other.evaluation.county_id:
                    continue
                far = distance(facts_of(facts), facts_of(other_facts)) if facts and other_facts else None
                if far is None or far > FURTHEST:
                    found.append((one, other, far))
        return found


def group_of(asked: Sequence[str]) -> Group:
    """The results that are asked for: by the code of a result, that one for ever; by the code or the name of a county,
    its newest. Four queries however many are asked for."""
    counties, unfound = _counties_named(asked)
    codes = {county.pk for county in counties.values()}
    newest: dict[str, Certificate] = {}
    wanted: dict[int, Certificate] = {}
    for each in published_certificates().filter(Q(code__in=asked) | Q(evaluation__county__in=codes)):
        if each.code in asked:
            wanted[each.pk] = each
        if each.evaluation.county_id in codes:
            newest.setdefault(each.evaluation.county_id, each)
    wanted |= {each.pk: each for each in newest.values()}
    unfound += [Unfound(words, county) for words, county in counties.items() if county.pk not in newest]
    named = {*counties, *(each.code for each in wanted.values()), *(each.words for each in unfound)}
    unfound += [Unfound(words) for words in asked if words not in named]
    facts = {each.certificate_id: each for each in _facts_of(wanted.values())}
    ordered = sorted(wanted.values(), key=_order)
    return Group(tuple((each, facts.get(each.pk)) for each in ordered), tuple(unfound))


def _order(certificate: Certificate) -> tuple[str, int, int]:
    return certificate.evaluation.county_id, certificate.evaluation.school_year, certificate.pk


def _facts_of(certificates: Iterable[Certificate]) -> QuerySet[PublishedFacts]:
    related = "certificate__evaluation__county__parent__parent"
    return PublishedFacts.objects.filter(certificate__in=list(certificates)).select_related(related)


def _counties_named(asked: Sequence[str]) -> tuple[dict[str, County], list[Unfound]]:
    """The county that each of the words names, and the words that could name several."""
    found = County.objects.filter(Q(pk__in=asked) | Q(name__in=asked)).select_related("parent__parent").order_by("pk")
    by_words: dict[str, list[County]] = {}
    for county in found:
        by_words.setdefault(county.pk if county.pk in asked else county.name, []).append(county)
    several = [Unfound(words, could_be=tuple(each)) for words, each in by_words.items() if len(each) > 1]
    return {words: each[0] for words, each in by_words.items() if len(each) == 1}, several
