"""Accounts: invitations that work once, posts that change hands, accounts closed and opened again; and who may."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
import threading

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation import people
from evaluation.assigning import assign
from evaluation.events import broken_links
from evaluation.models import Assignment, Event
from evaluation.permissions import Refused
from schools.actions import AppointmentRefused, add_division, appoint
from schools.models import County, Division, Invitation, Posting, User
from schools.queries import people_visible_to
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD

DAY = datetime.timedelta(days=1)


@pytest.fixture
def province(county: County) -> Division:
    return Division.objects.get(pk="990000")


@pytest.fixture
def steward(province: Division) -> User:
    return appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD)


@pytest.fixture
def steward_elsewhere(db) -> User:
    other = add_division("980000", "别省", DivisionLevel.PROVINCE)
    return appoint("steward2", "管理员乙", Party.STEWARD, other, PASSWORD)


@pytest.fixture
def chief(province: Division) -> User:
    return appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD)


@pytest.fixture
def as_steward(client: Client, steward: User) -> Client:
    client.force_login(steward)
    return client


@pytest.fixture
def invited(steward: User, county: County) -> tuple[Invitation, str]:
    return people.invite(steward, "张新", Party.CLERK, county)


def posts_of(person: User) -> list[tuple[str, str, bool]]:
    rows = person.postings.order_by("pk").values_list("party", "place", "held_until")
    return [(party, place, until is None) for party, place, until in rows]


def kinds() -> list[str]:
    return list(Event.objects.order_by("number").values_list("kind", flat=True))


# ── Invitations ───────────────────────────────────────────────────────────────────────────────


def test_somebody_invited_opens_the_account_and_signs_in(as_steward, county, mailoutbox):
    form = {"full_name": "张新", "party": "clerk", "place": county.pk, "email": "zhang@example.org"}
    answer = as_steward.post(reverse("people_invite"), form)
    [link] = re.findall(r"http://testserver(/invitations/[\w-]+/)", answer.content.decode())
    assert link in mailoutbox[0].body
    assert mailoutbox[0].to == ["zhang@example.org"]
    guest = Client()
    assert "张新" in guest.get(link).content.decode()
    chosen = {"username": "zhangxin", "password1": PASSWORD, "password2": PASSWORD}
    assert guest.post(link, chosen).headers["Location"] == reverse("login")
    answer = guest.post(reverse("login"), {"username": "zhangxin", "password": PASSWORD}, follow=True)
    assert "望棠区" in answer.content.decode()
    person = User.objects.get(username="zhangxin")
    assert (person.full_name, person.party, person.place_id, person.email) == (
        "张新", "clerk", county.pk, "zhang@example.org",
    )  # fmt: skip
    assert posts_of(person) == [("clerk", county.pk, True)]
    assert kinds() == ["invite", "accept", "login"]
    assert set(Event.objects.values_list("county", flat=True)) == {county.pk}


def test_the_token_is_kept_nowhere_only_its_hash(invited, steward):
    invitation, token = invited
    assert invitation.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert token not in "".join(Event.objects.values_list("payload", flat=True))
    assert len(token) >= 43  # 256 bits


def test_a_link_works_once(invited, client):
    _, token = invited
    people.accept_invitation(token, "zhangxin", PASSWORD)
    answer = client.get(reverse("invitation", args=[token]))
    assert answer.status_code == 410
    assert "已经使用过" in answer.content.decode()
    with pytest.raises(Refused, match="已经使用过"):
        people.accept_invitation(token, "zweiter", PASSWORD)
    assert not User.objects.filter(username="zweiter").exists()


def test_an_expired_and_a_revoked_link_say_so_and_open_nothing(invited, steward, county, client):
    invitation, token = invited
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    other, other_token = people.invite(steward, "李新", Party.SIGNER, county)
    people.revoke_invitation(steward, other)
    for each, words in ((token, "过期"), (other_token, "撤回")):
        answer = client.post(reverse("invitation", args=[each]), {"username": "x"})
        assert answer.status_code == 410
        assert words in answer.content.decode()
        with pytest.raises(Refused, match=words):
            people.accept_invitation(each, "zhangxin", PASSWORD)
    with pytest.raises(Refused, match="不能再撤回"):
        people.revoke_invitation(steward, other)
    assert client.get(reverse("invitation", args=["nothing-of-the-kind"])).status_code == 404


def test_a_weak_password_and_a_taken_name_are_told_in_words_and_the_link_still_works(invited, clerk, client):
    address = reverse("invitation", args=[invited[1]])
    for chosen, words in (
        ({"username": "zhangxin", "password1": "12345678901", "password2": "12345678901"}, "不能全是数字"),
        ({"username": "zhangxin", "password1": "kurz-8x", "password2": "kurz-8x"}, "至少要 10 个字符"),
        ({"username": "zhangxin", "password1": "qwertyuiop", "password2": "qwertyuiop"}, "常见密码"),
        ({"username": "zhangxin", "password1": PASSWORD, "password2": "another-password"}, "不一致"),
        ({"username": "zhangxin", "password1": "zhangxin-8888", "password2": "zhangxin-8888"}, "密码与用户名太相似"),
        ({"username": "clerk", "password1": PASSWORD, "password2": PASSWORD}, "已被使用"),
        ({"username": "zhang xin", "password1": PASSWORD, "password2": PASSWORD}, "用户名"),
    ):
        answer = client.post(address, chosen)
        assert answer.status_code == 422, chosen
        assert words in answer.content.decode()
    with pytest.raises(ValidationError):
        people.accept_invitation(invited[1], "zhangxin", "short")
    assert User.objects.filter(full_name="张新").count() == 0
    people.accept_invitation(invited[1], "zhangxin", PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told(invited):
    ready, said = threading.Barrier(2), []

    def accept(name: str) -> None:
        try:
            ready.wait(10)
            said.append(people.accept_invitation(invited[1], name, PASSWORD).username)
        except Refused as refusal:
            said.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    won = [each for each in said if isinstance(each, str)]
    lost = [each for each in said if isinstance(each, Refused)]
    assert (len(won), len(lost)) == (1, 1)
    assert "使用" in str(lost[0])
    assert list(User.objects.filter(full_name="张新").values_list("username", flat=True)) == won
    assert kinds().count("accept") == 1


def test_the_same_person_is_not_invited_twice_at_a_time(invited, steward, county):
    with pytest.raises(Refused, match="已有一份有效的邀请"):
        people.invite(steward, "张新", Party.CLERK, county)
    people.revoke_invitation(steward, invited[0])
    people.invite(steward, "张新", Party.CLERK, county)


def test_the_place_must_fit_the_party_and_lie_in_the_stewards_province(as_steward, steward, county, steward_elsewhere):
    form = {"full_name": "张新", "party": "clerk", "place": "990100"}
    answer = as_steward.post(reverse("people_invite"), form)
    assert answer.status_code == 422
    assert "应属于县级" in answer.content.decode()
    elsewhere = Division.objects.get(pk="980000")
    assert as_steward.post(reverse("people_invite"), form | {"party": "chief", "place": "980000"}).status_code == 422
    with pytest.raises(Refused, match="本省"):
        people.invite(steward, "张新", Party.CHIEF, elsewhere)
    with pytest.raises(Refused, match="本省"):
        people.invite(steward_elsewhere, "张新", Party.CLERK, county)
    assert not Invitation.objects.exists()


# ── Who sees and does it ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("party", [party for party in Party if party is not Party.STEWARD])
def test_for_everybody_but_a_steward_there_are_no_people_pages(client, county, invited, clerk, party):
    place = {"county": county.pk, "city": "990100", "province": "990000"}[party.place_level]
    client.force_login(appoint("somebody", "某人", party, Division.objects.get(pk=place), PASSWORD))
    for name, args in (
        ("people", ()), ("people_invite", ()), ("person", (clerk.pk,)),
    ):  # fmt: skip
        assert client.get(reverse(name, args=args)).status_code == 404, name
    for name, pk in (
        ("people_invite", None), ("invitation_revoke", invited[0].pk), ("person_hand_over", clerk.pk),
        ("person_deactivate", clerk.pk), ("person_reactivate", clerk.pk), ("person_reset_second_factor", clerk.pk),
    ):  # fmt: skip
        assert client.post(reverse(name, args=[pk] if pk else []), {"reason": "x"}).status_code == 404, name
    clerk.refresh_from_db()
    assert clerk.is_active


def test_a_steward_sees_the_people_of_their_province_alone(client, clerk, invited, steward, steward_elsewhere):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    assert set(people_visible_to(steward)) == {clerk, steward}
    assert set(people_visible_to(steward_elsewhere)) == {steward_elsewhere}
    assert set(people_visible_to(boss)) == {clerk, steward, steward_elsewhere, boss}
    client.force_login(steward_elsewhere)
    assert client.get(reverse("person", args=[clerk.pk])).status_code == 404
    assert client.post(reverse("invitation_revoke", args=[invited[0].pk])).status_code == 404
    assert client.get(reverse("admin:schools_user_change", args=[clerk.pk])).status_code == 302
    page = client.get(reverse("people")).content.decode()
    assert "填报员甲" not in page
    assert "张新" not in page
    with pytest.raises(Refused, match="本省"):
        people.deactivate(steward_elsewhere, clerk, "越权")


def test_a_superuser_invites_stewards_and_tends_every_account(client, clerk, steward, province):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    client.force_login(boss)
    for person in (boss, clerk, steward):
        page = client.get(reverse("person", args=[person.pk])).content.decode()
        assert ("停用账号" in page) is (person != boss)
        assert ("不能更改自己的账号" in page) is (person == boss)
    assert "填报员甲" in client.get(reverse("people"), {"q": "望棠"}).content.decode()
    assert "填报员甲" not in client.get(reverse("people"), {"party": "steward", "page": "x"}).content.decode()
    form = {"full_name": "管理员新", "party": "steward", "place": province.pk}
    assert "邀请已生成" in client.post(reverse("people_invite"), form).content.decode()
    people.deactivate(boss, steward, "离职")
    assert not people_visible_to(User.objects.get(pk=steward.pk)).exists()


def test_nobody_changes_their_own_account_or_that_of_a_superuser(steward):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    with pytest.raises(Refused, match="自己的账号"):
        people.deactivate(steward, steward, "试试")
    with pytest.raises(Refused, match="系统管理员"):
        people.deactivate(steward, boss, "试试")


# ── Posts that change hands ───────────────────────────────────────────────────────────────────


def test_handing_over_ends_the_post_invites_the_successor_and_keeps_the_name(
    as_steward, steward, chief, inspector, county
):
    given = assign(chief, county, inspector, "分工", None)
    form = {"reason": "调任", "afterwards": "leaves", "successor": "王接任"}
    answer = as_steward.post(
        reverse("person_hand_over", args=[inspector.pk]), {f"hand_over-{k}": v for k, v in form.items()}
    )
    [token] = re.findall(r"/invitations/([\w-]+)/", answer.content.decode())
    inspector.refresh_from_db()
    assert not inspector.is_active
    assert posts_of(inspector) == [("inspector", "990000", False)]
    successor = people.accept_invitation(token, "wangjieren", PASSWORD)
    assert (successor.party, successor.place_id) == ("inspector", "990000")
    assert Invitation.objects.get().takes_over_from == inspector
    given.refresh_from_db()
    assert given.ended_at is not None
    assert "换岗：调任" in given.ended_because
    assert (given.inspector, str(given.inspector)) == (inspector, "督学甲")
    # What is the successor's to do is given anew, not inherited.
    assert not Assignment.objects.filter(inspector=successor).exists()
    told = json.loads(Event.objects.get(kind="hand_over").payload)
    assert told["from"] == {"name": "督学甲", "party": "inspector", "place": "990000"}
    assert (told["is_closed"], told["assignments_ended"]) == (True, 1)
    assert list(broken_links()) == []


def test_who_goes_on_in_another_post_keeps_the_account_and_loses_the_old_place(steward, clerk, county, other_county):
    invitation = people.hand_over(steward, clerk, "交流任职", next_post=(Party.SIGNER, other_county))
    assert invitation is None
    clerk.refresh_from_db()
    assert (clerk.is_active, clerk.party, clerk.place_id) == (True, "signer", other_county.pk)
    assert posts_of(clerk) == [("clerk", county.pk, False), ("signer", other_county.pk, True)]
    with pytest.raises(Refused, match="没有变化"):
        people.hand_over(steward, clerk, "再来", next_post=(Party.SIGNER, other_county))
    with pytest.raises(Refused, match="县级"):
        people.hand_over(steward, clerk, "再来", next_post=(Party.SIGNER, Division.objects.get(pk="990100")))
    assert posts_of(clerk)[-1] == ("signer", other_county.pk, True)


def test_a_hand_over_that_fails_changes_nothing(steward, clerk, county):
    people.invite(steward, "王接任", Party.CLERK, county)
    with pytest.raises(Refused, match="已有一份"):
        people.hand_over(steward, clerk, "调任", "王接任")
    clerk.refresh_from_db()
    assert clerk.is_active
    assert posts_of(clerk) == [("clerk", county.pk, True)]
    assert "hand_over" not in kinds()


def test_a_steward_never_gets_a_party_of_the_evaluation_and_nobody_of_it_becomes_steward(
    steward, clerk, county, province, as_steward
):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    second = appoint("steward3", "管理员丙", Party.STEWARD, province, PASSWORD)
    with pytest.raises(Refused, match="管理员账号不参与评估"):
        people.hand_over(steward, second, "换岗", next_post=(Party.CHIEF, province))
    with pytest.raises(Refused, match="不改为管理员"):
        people.hand_over(steward, clerk, "换岗", next_post=(Party.STEWARD, province))
    form = {"username": "steward3", "full_name": "管理员丙", "party": "chief", "place": "990000", "is_active": "on"}
    answer = as_steward.post(reverse("admin:schools_user_change", args=[second.pk]), form)
    assert "管理员账号不参与评估" in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=boss.pk).update(party="chief", place=province)


# ── Closed and opened again ───────────────────────────────────────────────────────────────────


def test_a_closed_account_is_out_at_once_and_in_again_when_opened(as_steward, clerk, county):
    theirs = Client()
    theirs.force_login(clerk)
    assert theirs.get(reverse("workspace")).status_code == 200
    as_steward.post(reverse("person_deactivate", args=[clerk.pk]), {"deactivate-reason": "离职"})
    assert theirs.get(reverse("workspace")).status_code == 302
    assert posts_of(clerk) == [("clerk", county.pk, False)]
    answer = Client().post(reverse("login"), {"username": "clerk", "password": PASSWORD})
    assert answer.status_code == 200
    as_steward.post(reverse("person_reactivate", args=[clerk.pk]), {"reactivate-reason": "返岗"})
    answer = Client().post(reverse("login"), {"username": "clerk", "password": PASSWORD})
    assert answer.status_code == 302
    assert posts_of(clerk) == [("clerk", county.pk, False), ("clerk", county.pk, True)]
    told = Event.objects.filter(kind__in=("deactivate", "reactivate")).order_by("number")
    assert [(e.kind, e.reason, e.county_id) for e in told] == [
        ("deactivate", "离职", county.pk), ("reactivate", "返岗", county.pk),
    ]  # fmt: skip


def test_without_a_reason_nothing_is_done(as_steward, steward, clerk):
    answer = as_steward.post(reverse("person_deactivate", args=[clerk.pk]), {"deactivate-reason": " "})
    assert answer.status_code == 422
    assert "请写明原因" in answer.content.decode()
    with pytest.raises(Refused, match="写明原因"):
        people.hand_over(steward, clerk, "  ")
    clerk.refresh_from_db()
    assert clerk.is_active


def test_accounts_nobody_uses_are_closed_and_invitations_that_ran_out_are_taken_back(
    settings, steward, clerk, signer, inspector, chief, county, invited
):
    old = timezone.now() - (settings.ACCOUNT_IDLE_DAYS + 1) * DAY
    recent = timezone.now() - (settings.ACCOUNT_IDLE_DAYS - 1) * DAY
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    Posting.objects.update(held_from=old)
    User.objects.update(date_joined=old, last_login=recent)
    User.objects.filter(pk__in=(clerk.pk, boss.pk, inspector.pk)).update(last_login=old)
    User.objects.filter(pk=signer.pk).update(last_login=None)
    # The inspector has come back to a new post since: that counts as use.
    Posting.objects.filter(person=inspector).update(held_from=recent)
    Invitation.objects.update(expires_at=timezone.now())
    out = io.StringIO()
    call_command("close_idle_accounts", stdout=out)
    assert "停用 2 个" in out.getvalue()
    assert "收回 1 份" in out.getvalue()
    assert set(User.objects.filter(is_active=False)) == {clerk, signer}
    assert Invitation.objects.get().revoked_at is not None
    closed = Event.objects.filter(kind="deactivate")
    assert {(e.actor, e.reason) for e in closed} == {(None, "长期未登录，系统自动停用")}
    call_command("close_idle_accounts", stdout=out)
    assert closed.count() == 2


# ── Posts are in step with accounts, by whichever door ────────────────────────────────────────


def test_a_change_at_the_stewards_desk_keeps_the_record_of_posts_and_leaves_an_event(as_steward, clerk, other_county):
    change = {"username": "clerk", "full_name": "填报员甲", "party": "signer", "place": other_county.pk}
    address = reverse("admin:schools_user_change", args=[clerk.pk])
    assert as_steward.post(address, change | {"is_active": "on"}).status_code == 302
    assert posts_of(clerk) == [("clerk", "990101", False), ("signer", other_county.pk, True)]
    assert as_steward.post(address, change).status_code == 302  # no longer active
    assert posts_of(clerk)[-1] == ("signer", other_county.pk, False)
    assert kinds() == ["account_change", "account_change"]
    password = {"password1": "another-long-one", "password2": "another-long-one", "usable_password": "true"}
    address = reverse("admin:auth_user_password_change", args=[clerk.pk])
    assert as_steward.post(address, password).status_code == 302
    assert kinds()[-1] == "password_reset"
    clerk.refresh_from_db()
    assert clerk.check_password("another-long-one")


def test_an_inspector_who_leaves_by_the_stewards_desk_answers_for_no_county_any_more(
    as_steward, chief, inspector, county
):
    given = assign(chief, county, inspector, "分工", None)
    same = {"username": "inspector", "full_name": "督学甲", "party": "inspector", "place": "990000"}
    address = reverse("admin:schools_user_change", args=[inspector.pk])
    assert as_steward.post(address, same | {"full_name": "督学甲乙", "is_active": "on"}).status_code == 302
    given.refresh_from_db()
    assert given.ended_at is None
    assert as_steward.post(address, same).status_code == 302
    given.refresh_from_db()
    assert given.ended_at is not None


def test_a_person_holds_one_post_at_a_time_and_the_database_says_so_too(clerk, county):
    assert posts_of(clerk) == [("clerk", county.pk, True)]
    with pytest.raises(IntegrityError), transaction.atomic():
        Posting.objects.create(person=clerk, party="signer", place=county)
    with pytest.raises(AppointmentRefused):
        appoint("wrong", "某人", Party.CHIEF, county, PASSWORD)
    assert not User.objects.filter(username="wrong").exists()
