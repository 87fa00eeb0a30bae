"""Published results, built once a module inside one transaction that is taken back at its end; and tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test.utils import override_settings

from evaluation.actions import load_standard
from evaluation.models import Certificate
from evaluation.people import make_api_token
from schools.actions import add_division, appoint
from schools.models import County, User
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD, STANDARD_PATH
from tests.evaluation.standing import stands
from tests.evaluation.walk import People, people_of_county, signed

_QUICK = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}


@dataclass(frozen=True)
class World:
    """A county with a published result, one that only signed, and a county straight under the province."""

    county: County
    people: People
    certificate: Certificate
    signed_county: County
    direct_county: County
    stranger: User


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), override_settings(**_QUICK), transaction.atomic():
        yield built()
        transaction.set_rollback(True)


def built() -> World:
    """A county with a published result, one that only signed, and a county straight under the province."""
    load_standard(STANDARD_PATH.read_bytes())
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    counties = (("990101", "望棠区", "990100"), ("990102", "棠南县", "990100"), ("990300", "直管县", "990000"))
    for code, name, above in counties:
        add_division(code, name, DivisionLevel.COUNTY, above)
    county, beside, direct = County.objects.order_by("pk")
    desk = [appoint(party.value, f"{party.label}甲", party, county, PASSWORD) for party in (Party.CLERK, Party.SIGNER)]
    people = people_of_county(county, *desk)
    certificate = stands(county, people).certificate
    clerk2, signer2 = (
        appoint(f"{party.value}2", f"{party.label}乙", party, beside, PASSWORD) for party in (Party.CLERK, Party.SIGNER)
    )
    signed(beside, clerk2, signer2)
    return World(county, people, certificate, beside, direct, clerk2)


@pytest.fixture
def made_anew(monkeypatch) -> None:
    """No answer is kept from one request to the next."""
    monkeypatch.setattr("reports.api.kept.KEPT_SECONDS", 0)


@pytest.fixture
def bearer(clerk, standard) -> dict[str, str]:
    return token_of(clerk)


def token_of(person: User, name: str = "夜间同步") -> dict[str, str]:
    """The header of a program that acts for somebody."""
    return {"Authorization": f"Bearer {make_api_token(person, name, 30, is_verified=False)[1]}"}
