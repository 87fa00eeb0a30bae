"""What belongs to no evaluation: open pages, everybody's own rooms, accounts, assignments, rules, the laboratory."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from evaluation.models import Assignment, Standard
from indicators.checks.rules import RULES
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.permissions.askers import (
    CHIEFS,
    EVERY_CHIEF,
    EVERY_INSPECTOR,
    EVERY_PARTY,
    EVERY_STEWARD,
    EVERYBODY,
    OUTSIDE,
    SIGNED_IN,
    Asker,
)
from tests.permissions.row import ONCE, Of, Row, nothing, plain
from tests.permissions.rules import ANYBODY_SIGNED_IN, PUBLIC, answered, done_by, seen_by
from tests.permissions.world import Case, World

A = Asker
_LABORATORY = frozenset({A.STEWARD, A.OTHER_STEWARD})
#: Who tends the accounts of the county: the steward of its province, and whoever tends the whole site.
_TENDS = frozenset({A.STEWARD, A.SUPERUSER})
_STANDARD = "2017-quality"
#: Enough where a page is the same for everybody, and slow.
_SOME = frozenset({A.PUBLIC, A.CLERK, A.CHIEF, A.STEWARD})


def _standard(world: World, case: Case) -> tuple[Any, ...]:
    return (_STANDARD,)


def _named(name: str, by: str = "pk") -> Of:
    """A thing that belongs to no county."""

    def of(world: World, case: Case) -> tuple[Any, ...]:
        found = world.things[name]
        return (found if by == "" else getattr(found, by),)

    return of


def _person(asker: Asker) -> Of:
    return lambda world, case: (case.people[asker].pk,)


def _with_device(asker: Asker) -> Any:
    return lambda world, case: TOTPDevice.objects.create(user=case.people[asker], name="x", confirmed=True)


def _nobodys(world: World, case: Case) -> None:
    Assignment.objects.filter(county=case.county, ended_at=None).update(ended_at=timezone.now(), ended_because="x")


def _given(world: World, case: Case) -> dict[str, Any]:
    live = Assignment.objects.get(county=case.county, ended_at=None)
    said = {"county": case.code, "inspector": case.people[A.UNASSIGNED].pk, "reason": "工作调整。"}
    return {f"assign-{name}": told for name, told in said.items()} | {"seen": f"{case.code}:{live.pk}"}


def _recusal(world: World, case: Case) -> dict[str, Any]:
    said = {"county": case.code, "inspector": case.people[A.UNASSIGNED].pk, "ground": "home", "words": ""}
    return {f"recusal-{name}": told for name, told in said.items()}


def _rule(world: World, case: Case) -> dict[str, Any]:
    today = timezone.localdate().isoformat()
    rule = next(code for code, rule in RULES.items() if not rule.is_error)
    return {"rule": rule, "severity": "warning", "in_force_from": today, "reason": "本省统一规定。"}


def _sign_in(world: World, case: Case) -> dict[str, Any]:
    return {"username": case.people[A.CLERK].username, "password": PASSWORD}


def _draft(world: World, case: Case) -> dict[str, Any]:
    year = timezone.localdate().year
    return {"before": Standard.objects.get().pk, "loaded": Standard.objects.get().pk, "school_year": year}


_OPEN = [
    Row("home", nothing, PUBLIC, cases=ONCE),
    Row("standard", _standard, PUBLIC, cases=ONCE, askers=_SOME),
    Row("method", _standard, PUBLIC, cases=ONCE, askers=_SOME),
    Row("standard_document", _standard, PUBLIC, cases=ONCE),
    Row("rules", nothing, PUBLIC, cases=ONCE),
    Row("event_heads", nothing, PUBLIC, cases=ONCE),
    Row("notices", nothing, PUBLIC, cases=ONCE),
    # A choice is kept in the browser alone: nothing is written.
    Row("display", nothing, PUBLIC, PUBLIC, cases=ONCE, send=plain(size="large", contrast="high")),
    Row("verify", nothing, PUBLIC, PUBLIC, cases=ONCE),
    Row("login", nothing, PUBLIC, answered(seen=SIGNED_IN, done=OUTSIDE), send=_sign_in, cases=ONCE),
    Row("invitation", _named("token", ""), PUBLIC, answered(done=EVERYBODY), cases=ONCE,
        send=plain(username="newcomer", password1="a-long-new-password-1", password2="a-long-new-password-1")),
]  # fmt: skip

_OWN = [
    Row("workspace", nothing, ANYBODY_SIGNED_IN),
    Row("inbox", nothing, ANYBODY_SIGNED_IN),
    Row("inbox_read_all", nothing, None, answered(seen=SIGNED_IN), cases=ONCE,
        before=lambda world, case: [person.inbox.update(read_at=timezone.now()) for person in case.people.values()]),
    Row("account", nothing, ANYBODY_SIGNED_IN, cases=ONCE),
    Row("password", nothing, ANYBODY_SIGNED_IN, done_by(SIGNED_IN), cases=ONCE,
        send=plain(old_password=PASSWORD, new_password1="another-long-one-7", new_password2="another-long-one-7")),
    Row("logout", nothing, None, done_by(SIGNED_IN), cases=ONCE),
    Row("second_factor", nothing, ANYBODY_SIGNED_IN, answered(refused=SIGNED_IN), send=plain(code="000000"),
        cases=ONCE),
    Row("second_factor_begin", nothing, None, done_by(SIGNED_IN), cases=ONCE),
    Row("second_factor_code", nothing, ANYBODY_SIGNED_IN, answered(seen=SIGNED_IN), cases=ONCE),
    Row("second_factor_remove", nothing, None, answered(refused=SIGNED_IN), cases=ONCE,
        send=plain(**{"remove-password": "wrong"})),
    Row("recovery_codes", nothing, None, answered(refused=SIGNED_IN), cases=ONCE,
        send=plain(**{"codes-password": "wrong"})),
    Row("events", nothing, seen_by(EVERY_PARTY)),
    *(Row("events_export", lambda world, case, suffix=suffix: (suffix,), seen_by(EVERY_PARTY), what=suffix)
      for suffix in ("csv", "xlsx")),
    Row("desk", nothing, seen_by(EVERY_PARTY)),
]  # fmt: skip

_REASON = {
    "person_deactivate": plain(**{"deactivate-reason": "调离。"}),
    "person_reset_second_factor": plain(**{"reset-reason": "手机丢失。"}),
    "person_hand_over": plain(**{"hand_over-reason": "调离。", "hand_over-afterwards": "leaves"}),
}
_ACCOUNTS = [
    Row("people", nothing, seen_by(EVERY_STEWARD)),
    Row("people_invite", nothing, seen_by(EVERY_STEWARD), done_by(_TENDS, EVERY_STEWARD),
        send=lambda world, case: {"full_name": "新人", "party": Party.CLERK.value, "place": case.code, "email": ""}),
    Row("invitation_revoke", _named("invitation"), post=done_by(_TENDS), cases=ONCE),
    Row("person", _person(A.CLERK), seen_by(_TENDS)),
    Row("person", _person(A.INSPECTOR), seen_by(_TENDS), cases=ONCE, what="of an inspector"),
    Row("person", _person(A.SUPERUSER), seen_by({A.SUPERUSER}), cases=ONCE, what="of the superuser"),
    *(Row(route, _person(A.CLERK), post=done_by(_TENDS), send=send, before=_with_device(A.CLERK))
      for route, send in _REASON.items()),
    *(Row(route, _person(A.STEWARD), post=done_by({A.SUPERUSER}, {A.STEWARD}), send=send, cases=ONCE,
          before=_with_device(A.STEWARD), what="of the steward") for route, send in _REASON.items()),
    *(Row(route, _person(A.SUPERUSER), post=done_by((), {A.SUPERUSER}), send=send, cases=ONCE,
          before=_with_device(A.SUPERUSER), what="of the superuser") for route, send in _REASON.items()),
    Row("person_reactivate", _person(A.CLOSED), post=done_by(_TENDS), send=plain(**{"reactivate-reason": "回任。"})),
]  # fmt: skip

_PROVINCE = [
    Row("assignments", nothing, seen_by(EVERY_CHIEF), cases=ONCE),
    Row("assignments_share_out", nothing, post=done_by(CHIEFS, EVERY_CHIEF), before=_nobodys, cases=ONCE),
    Row("assignment_give", nothing, post=done_by(CHIEFS, EVERY_CHIEF), send=_given),
    Row("recusals", nothing, seen_by(EVERY_CHIEF | EVERY_INSPECTOR), send=_recusal, cases=ONCE,
        post=done_by(CHIEFS | {A.INSPECTOR, A.UNASSIGNED, A.RELIEVED}, EVERY_CHIEF | EVERY_INSPECTOR)),
    Row("set_rule", nothing, post=done_by(EVERY_CHIEF, SIGNED_IN), send=_rule, cases=ONCE),
    Row("laboratory", nothing, seen_by(_LABORATORY), done_by(_LABORATORY), send=_draft, cases=ONCE),
    Row("laboratory_run", _named("run"), seen_by(_LABORATORY), cases=ONCE),
    Row("laboratory_export", _named("run"), seen_by(_LABORATORY), cases=ONCE),
]  # fmt: skip

ROWS = [*_OPEN, *_OWN, *_ACCOUNTS, *_PROVINCE]
