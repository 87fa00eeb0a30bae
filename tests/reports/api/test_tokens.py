"""Tokens of programs: shown once, kept as a hash, ended with the post, the password or the account they are of."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from evaluation import people
from evaluation.models import Event
from evaluation.permissions import Refused
from schools import accounts, second_factor
from schools.actions import appoint
from schools.api_tokens import MOST_TOKENS
from schools.models import ApiToken, Division, User
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.reports.api.conftest import token_of

pytestmark = pytest.mark.django_db


def works(client, header: dict[str, str]) -> bool:
    answer = client.get(reverse("api_account"), headers=header)
    assert answer.status_code in (200, 401), answer.content
    return answer.status_code == 200


@pytest.fixture
def chief(county) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, Division.objects.get(pk="990000"), PASSWORD)


def test_a_person_makes_a_token_on_their_page_and_sees_it_once(client, clerk):
    client.force_login(clerk)
    assert reverse("tokens") in client.get(reverse("account")).content.decode()
    wrong = client.post(reverse("tokens"), {"name": "同步", "days": "90", "password": "wrong"})
    assert wrong.status_code == 422
    made = client.post(reverse("tokens"), {"name": "<b>同步", "days": "90", "password": PASSWORD})
    [text] = re.findall(r"dudao_[0-9a-f]{64}", made.content.decode())
    page = client.get(reverse("tokens")).content.decode()
    assert text not in page
    assert "&lt;b&gt;同步" in page
    assert "<b>同步" not in page
    answer = Client().get(reverse("api_account"), headers={"Authorization": f"Bearer {text}"}).json()
    assert (answer["username"], answer["token"]) == ("clerk", "<b>同步")
    assert "最近使用" in client.get(reverse("tokens")).content.decode()
    assert Event.objects.filter(kind="token_made", actor=clerk, payload__contains="同步").count() == 1
    client.post(reverse("token_revoke"), {"token": ApiToken.objects.get().pk})
    assert not works(Client(), {"Authorization": f"Bearer {text}"})
    assert Event.objects.filter(kind="token_revoked", actor=clerk).count() == 1


def test_nobody_revokes_the_token_of_another(client, clerk, signer):
    header = token_of(clerk)
    client.force_login(signer)
    for token in (ApiToken.objects.get().pk, "x", "\x00", "9" * 5000):
        answer = client.post(reverse("token_revoke"), {"token": token}, follow=True)
        assert "没有这个令牌" in answer.content.decode()
    assert works(Client(), header)


def test_it_ends_with_the_password_however_that_was_changed(client, clerk):
    header = token_of(clerk)
    assert works(client, header)
    clerk.set_password("another-long-password-1")
    clerk.save()
    refused = client.get(reverse("api_account"), headers=header)
    assert refused.status_code == 401
    assert "密码已更换" in refused.json()["detail"]


def test_it_ends_with_the_account_and_does_not_come_back_with_it(client, clerk):
    header = token_of(clerk)
    accounts.deactivate(clerk)
    assert not works(client, header)
    accounts.reactivate(clerk)
    assert not works(client, header)


def test_it_ends_with_the_post(client, clerk, county):
    header = token_of(clerk)
    accounts.change_post(clerk, Party.SIGNER, county)
    assert not works(client, header)
    assert "已失效：身份或账号已变更" in _page(clerk)


def test_it_ends_on_its_day(client, clerk):
    header = token_of(clerk)
    ApiToken.objects.update(expiry=timezone.now() - datetime.timedelta(seconds=1))
    assert not works(client, header)
    assert "已失效：已到期" in _page(clerk)


def test_it_ends_with_the_second_factor(client, clerk):
    header = token_of(clerk)
    TOTPDevice.objects.create(user=clerk, name="x", confirmed=True)
    second_factor.remove(clerk)
    assert not works(client, header)


def _page(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.get(reverse("tokens")).content.decode()


def test_whoever_must_use_a_second_factor_makes_one_only_after_giving_it(client, chief, settings):
    before = token_of(chief)
    settings.REQUIRE_SECOND_FACTOR = True
    assert not works(client, before), "made before the duty, in a session without the code"
    with pytest.raises(Refused, match="两步验证"):
        people.make_api_token(chief, "同步", 30, is_verified=False)
    client.force_login(chief)
    assert client.get(reverse("tokens")).status_code == 302, "the page comes after the code"
    text = people.make_api_token(chief, "同步", 30, is_verified=True)[1]
    assert works(Client(), {"Authorization": f"Bearer {text}"})


def test_a_person_has_few_tokens_and_those_that_ended_make_room(clerk):
    for number in range(MOST_TOKENS):
        token_of(clerk, f"程序{number}")
    with pytest.raises(Refused, match="最多同时有"):
        token_of(clerk)
    ApiToken.objects.filter(name="程序0").update(expiry=timezone.now())
    token_of(clerk, "新程序")
    assert ApiToken.objects.count() == MOST_TOKENS


def test_who_tends_the_accounts_has_none(client, county):
    steward = appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)
    with pytest.raises(Refused, match="管理员"):
        token_of(steward)
    client.force_login(steward)
    assert client.get(reverse("tokens")).status_code == 404
    assert reverse("tokens") not in client.get(reverse("account")).content.decode()


def test_a_token_opens_nothing_but_the_interface(client, clerk, standard):
    header = token_of(clerk)
    for name in ("workspace", "account", "tokens", "inbox", "signing"):
        assert client.get(reverse(name), headers=header).status_code == 302, name


def test_using_it_asks_the_database_few_times(client, clerk, standard, django_assert_max_num_queries):
    header = token_of(clerk)
    works(client, header)
    with django_assert_max_num_queries(2):
        works(client, header)
