"""Letters to whoever asked for them: confirmed twice, ended with one press, and no address ever shown or guessed."""

from __future__ import annotations

import datetime
import re
from smtplib import SMTPRecipientsRefused
from unittest import mock

import pytest
from django.core import mail, signing
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation import outbox, subscribing
from evaluation.certifying import revoke, start_correction
from evaluation.management.commands import work
from evaluation.models import Event, OutboxEntry, Subscription, SubscriptionAsk
from evaluation.noticing import last_day, publish
from evaluation.permissions import Refused
from evaluation.subscription_letters import Letter
from schools.actions import add_division, appoint
from schools.models import County, Division
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD
from tests.evaluation.test_races import Track
from tests.evaluation.walk import in_notice, people_of_county

pytestmark = pytest.mark.django_db
ADDRESS = "reader@example.test"
DAY = datetime.timedelta(days=1)


def asked(client: Client, address: str = ADDRESS, code: str = "990101", **more: str):
    """The form, sent as a browser would."""
    name, arguments = ("subscribe_county", [code]) if code else ("subscribe_country", [])
    return client.post(reverse(name, args=arguments), {"address": address, "website": "", **more})


def letters() -> list[mail.EmailMessage]:
    """What was sent since the last look."""
    outbox.send_outbox(500)
    found = list(mail.outbox)
    mail.outbox.clear()
    return found


def path_in(letter: mail.EmailMessage, name: str) -> str:
    """The path of a link in a letter."""
    return re.search(rf"/{name}/\S+", letter.body).group()


def confirmed(address: str = ADDRESS, county: County | None = None) -> Subscription:
    """A subscription that was asked for and confirmed by its letter."""
    client = Client()
    asked(client, address, county.pk if county else "")
    client.post(path_in(letters()[-1], "subscribe/confirm"))
    return Subscription.objects.get(address=address, county=county)


def test_nothing_is_sent_before_the_address_was_confirmed_by_a_press(client, county, standard):
    assert asked(client).url == reverse("subscribe_sent")
    (letter,) = letters()
    assert letter.to == [ADDRESS]
    assert county.full_name in letter.subject
    page = path_in(letter, "subscribe/confirm")
    assert "确认订阅" in client.get(page).content.decode()
    # Programs that look into letters open links: opening confirms nothing.
    assert Subscription.objects.get().confirmed_at is None
    assert "订阅已经生效" in client.post(page).content.decode()
    first = Subscription.objects.get().confirmed_at
    assert first is not None
    assert "订阅已经生效" in client.post(page).content.decode()
    assert Subscription.objects.get().confirmed_at == first
    assert not Event.objects.exists()


def test_everything_public_of_a_county_is_told_once_and_nothing_else(county, other_county, clerk, signer, standard):
    confirmed(county=county)
    confirmed("country@example.test")
    confirmed("other@example.test", other_county)
    asked(Client(), "waiting@example.test")
    letters()
    people = people_of_county(county, clerk, signer)
    evaluation, notice = in_notice(county, people)

    def told(words: str, path: str, both: bool = True) -> str:
        found = [each for each in letters() if "List-Unsubscribe" in each.extra_headers]
        assert sorted(each.to[0] for each in found) == ["country@example.test", ADDRESS]
        for each in found:
            assert words in each.subject
            assert county.full_name in each.subject
            assert path in each.body
        return found[0].body

    assert "任何人都可以提出异议" in told("正在公示", reverse("notice", args=[notice.pk]))
    publish(people.chief, evaluation, evaluation.version, last_day(notice) + DAY)
    result = reverse("result", args=[evaluation.certificate.code])
    assert evaluation.certificate.number in told("已经公布", result)
    start_correction(people.chief, evaluation, evaluation.version, "校舍面积有误。")
    assert "校舍面积有误。" in told("正在更正", result)
    evaluation.refresh_from_db()
    revoke(people.chief, evaluation, evaluation.version, "查实数据造假。")
    assert "查实数据造假。" in told("已经撤销", result)
    assert not [each for each in letters() if "List-Unsubscribe" in each.extra_headers]


def test_one_press_ends_it_and_leaves_nothing_behind(client, county, standard):
    subscription = confirmed(county=county)
    announced(county)
    outbox.send_outbox()  # spreads and sends
    (letter,) = letters()
    address = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address.endswith(path_in(letter, "unsubscribe"))
    path = path_in(letter, "unsubscribe")
    assert "立即删除" in client.get(path).content.decode()
    assert Subscription.objects.count() == 1
    announced(county)
    # As a mail program does it: from elsewhere, with no cookie and no token of the form.
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert "已经退订" in answer.content.decode()
    assert not Subscription.objects.exists()
    assert letters() == []
    assert "已经退订" in client.post(path).content.decode()
    assert f"subscription:{subscription.pk}" not in OutboxEntry.objects.exclude(state="sent").values_list(
        "target", flat=True
    )


def announced(county: County) -> None:
    """Something of the county became public."""
    evaluation = mock.Mock(county_id=county.pk)
    subscribing.announce(evaluation, Letter("主题", "正文", "http://127.0.0.1:8000/x/"))


def test_whether_an_address_is_known_is_told_to_nobody_but_its_letter(client, county, standard):
    confirmed(county=county)
    known, unknown = asked(client), asked(client, "nobody@example.test")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert client.get(known.url).content == client.get(unknown.url).content
    assert {each.to[0]: each.subject[:4] for each in letters()} == {
        ADDRESS: "您已经订",
        "nobody@example.test": "请确认邮",
    }
    # Who asks more often than an address may be written to is told the same, and the address is left alone.
    for _ in range(4):
        assert asked(client).url == known.url
    assert len(letters()) == subscribing.MOST_TO_ADDRESS - 2
    assert asked(client, ADDRESS.upper()).url == known.url
    assert letters() == []
    assert Subscription.objects.count() == 2


def test_one_network_cannot_ask_without_end_and_is_not_remembered(client, county, standard):
    for number in range(subscribing.MOST_BY_SENDER):
        assert asked(client, f"a{number}@example.test").status_code == 302
    refused = asked(client, "one-more@example.test")
    assert refused.status_code == 422
    assert "次数太多" in refused.content.decode()
    assert not Subscription.objects.filter(address="one-more@example.test").exists()
    assert asked(Client(REMOTE_ADDR="203.0.113.7"), "one-more@example.test").status_code == 302
    assert not [each for each in SubscriptionAsk.objects.values_list("sender", flat=True) if "127.0.0.1" in each]
    later = timezone.now() + DAY + datetime.timedelta(hours=1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        subscribing.clear_subscriptions()
    assert not SubscriptionAsk.objects.exists()


def test_who_does_not_confirm_in_time_is_forgotten_and_the_link_with_it(client, county, standard):
    confirmed("stays@example.test", county)
    asked(client)
    page = path_in(letters()[0], "subscribe/confirm")
    week = timezone.now() + subscribing.CONFIRM_WITHIN
    with mock.patch("django.utils.timezone.now", return_value=week - DAY):
        assert subscribing.clear_subscriptions() == 0
    with mock.patch("django.utils.timezone.now", return_value=week + DAY):
        command = work.Command()
        command.next_clearing = 0
        command.clear_once_a_day()
    assert Subscription.objects.get().address == "stays@example.test"
    assert not OutboxEntry.objects.exclude(target__startswith="subscription:").exists()
    answer = client.post(page)
    assert answer.status_code == 404
    assert "已经失效" in answer.content.decode()


def test_a_letter_that_was_given_up_stays_for_a_while_for_somebody_to_look_at(client, county, standard):
    asked(client)
    OutboxEntry.objects.update(state=OutboxEntry.State.SET_ASIDE)
    for days, left in ((8, 1), (31, 0)):
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() + datetime.timedelta(days=days)):
            subscribing.clear_subscriptions()
        assert OutboxEntry.objects.filter(state=OutboxEntry.State.SET_ASIDE).count() == left


def test_a_link_that_is_too_old_confirms_nothing_even_before_the_address_is_forgotten(client, county, standard):
    asked(client)
    page = path_in(letters()[0], "subscribe/confirm")
    with mock.patch("time.time", return_value=(timezone.now() + subscribing.CONFIRM_WITHIN + DAY).timestamp()):
        assert client.post(page).status_code == 404
    assert Subscription.objects.get().confirmed_at is None


def test_forged_and_borrowed_links_open_nothing(client, county, standard):
    one = confirmed(county=county)
    asked(client, "two@example.test")
    two = Subscription.objects.get(address="two@example.test")
    other_key = signing.TimestampSigner(key="another-key", salt="subscription-confirm").sign(two.key)
    for token in (two.key, f"{two.key}:x", subscribing.token_to_end(two), other_key, "x" * 500, "甲:乙:丙"):
        assert client.get(reverse("subscription_confirm", args=[token])).status_code == 404
        assert client.post(reverse("subscription_confirm", args=[token])).status_code == 404
    two.refresh_from_db()
    assert two.confirmed_at is None
    for token in (one.key, f"{one.key}:x", signing.TimestampSigner(salt="subscription-confirm").sign(one.key)):
        assert client.post(reverse("subscription_end", args=[token])).status_code == 404
    assert Subscription.objects.filter(pk=one.pk).exists()


@pytest.mark.parametrize(
    "address",
    [
        "a@example.test\nBcc: b@example.test",
        "a@example.test\r\nSubject: x",
        "a@example.test,b@example.test",
        "a@example.test b@example.test",
        '"><script>alert(1)</script>@example.test',
        "=1+1",
        "a\x00@example.test",
        f"{'a' * 250}@example.test",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_with_words_and_stored_nowhere(client, county, standard, address):
    answer = asked(client, address)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.content.decode()
    assert not Subscription.objects.exists()
    assert letters() == []


def test_machines_that_fill_in_everything_are_refused(client, county, standard):
    assert asked(client, website="http://spam.test").status_code == 422
    assert not Subscription.objects.exists()


def test_a_name_of_a_place_cannot_add_a_line_to_a_letter(client, standard):
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990103", "甲\r\nBcc: b@example.test 县", DivisionLevel.COUNTY, "990100")
    asked(client, code="990103")
    (letter,) = letters()
    assert "\n" not in letter.subject
    assert (letter.to, letter.bcc, letter.cc) == ([ADDRESS], [], [])
    assert "Bcc" not in letter.message()


def test_a_mail_server_that_refuses_leaves_no_address_in_what_people_read(client, county, standard, caplog):
    asked(client)
    refusal = SMTPRecipientsRefused({ADDRESS: (550, f"no such user {ADDRESS}".encode())})
    with mock.patch("django.core.mail.EmailMessage.send", side_effect=refusal):
        outbox.send_outbox()
    OutboxEntry.objects.update(state=OutboxEntry.State.SET_ASIDE)
    (entry,) = OutboxEntry.objects.all()
    assert ADDRESS not in f"{entry.target} {entry.error} {entry.body} {caplog.text}"
    assert entry.error == "SMTPRecipientsRefused"
    steward = appoint("steward", "管理员", Party.STEWARD, Division.objects.get(pk="990000"), PASSWORD)
    client.force_login(steward)
    page = client.get(reverse("dead_letters")).content.decode()
    assert ADDRESS not in page
    assert "已确认 0 个，等待确认 1 个" in page


def test_letters_to_people_with_work_to_do_go_first(client, county, standard):
    confirmed(county=county)
    announced(county)
    outbox.send_outbox(1)
    body = {"id": "1", "subject": "办理", "text": "x", "link": "y"}
    OutboxEntry.objects.create(kind=OutboxEntry.Kind.EMAIL, target="clerk@example.test", body=body)
    assert [each.to[0] for each in letters()] == ["clerk@example.test", ADDRESS]


def test_thousands_are_written_some_at_a_time_and_each_once(county, standard, monkeypatch):
    monkeypatch.setattr(subscribing, "_AT_A_TIME", 3)
    now = timezone.now()
    Subscription.objects.bulk_create(
        Subscription(county=county, address=f"a{number}@example.test", confirmed_at=now) for number in range(9)
    )
    announced(county)
    entry = OutboxEntry.objects.get()
    with (
        mock.patch.object(subscribing, "_enqueue", side_effect=[None, IntegrityError]),
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):
        subscribing.spread(entry)
    subscribing.spread(OutboxEntry.objects.get())
    subscribing.spread(entry)  # somebody whose claim ran out
    assert OutboxEntry.objects.filter(kind=OutboxEntry.Kind.SUBSCRIBER).count() == 9
    assert len({each.to[0] for each in letters()}) == 9


def test_the_form_needs_its_token_and_is_kept_by_no_cache(county, standard):
    address = reverse("subscribe_county", args=[county.pk])
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(address)
    assert "no-store" in page.headers["Cache-Control"]
    assert strict.post(address, {"address": ADDRESS, "website": ""}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode()).group(1)
    sent = strict.post(address, {"address": ADDRESS, "website": "", "csrfmiddlewaretoken": token})
    assert sent.status_code == 302
    # The page of the county, which is kept for everybody, has links and no form.
    kept = Client().get(reverse("county", args=[county.pk]))
    assert address in kept.content.decode()
    assert "csrfmiddlewaretoken" not in kept.content.decode()
    assert not kept.cookies


def test_asking_too_often_is_refused_in_the_action_itself(county, standard):
    for number in range(subscribing.MOST_BY_SENDER):
        subscribing.ask(f"a{number}@example.test", None, "203.0.113.7")
    with pytest.raises(Refused):
        subscribing.ask("b@example.test", None, "203.0.113.7")


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one_subscription_and_confirm_it_once(county, standard):
    track = Track()
    try:
        for number in range(5):
            address = f"race{number}@example.test"
            network = f"203.0.113.{number}"
            outcomes = track.race(
                lambda a=address, n=network: subscribing.ask(a, county, n),
                lambda a=address, n=network: subscribing.ask(a, county, n),
            )
            assert outcomes == (None, None)
            found = Subscription.objects.get(address=address)
            token = signing.TimestampSigner(salt="subscription-confirm").sign(found.key)
            times: list[datetime.datetime | None] = []

            def press(token: str = token, times: list[datetime.datetime | None] = times) -> None:
                subscribing.confirm(token)
                times.append(Subscription.objects.get(key=token.partition(":")[0]).confirmed_at)

            assert track.race(press, press) == (None, None)
            assert len(set(times)) == 1
            end = subscribing.token_to_end(found)
            assert track.race(lambda e=end: subscribing.end(e), lambda e=end: subscribing.end(e)) == (None, None)
            assert not Subscription.objects.filter(address=address).exists()
    finally:
        track.close()
