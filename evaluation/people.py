"""What is done with accounts and with signing in, and the record of it: one event each, in the same transaction. The
accounts themselves are written by ``schools.accounts``; who may do this is said by ``evaluation.permissions``."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django_otp.models import Device

from evaluation.events import record_event
from evaluation.models import Assignment, Event
from evaluation.permissions import Person, Refused, why_not_tend, why_not_tend_person, why_not_use_tokens
from schools import accounts, api_tokens, second_factor
from schools.actions import AppointmentRefused
from schools.models import ApiToken, County, Division, Invitation, User
from schools.vocabulary import Party

_LONGEST_REASON = 300


def invite(
    user: User, full_name: str, party: Party, place: Division, email: str = "", follows: User | None = None
) -> tuple[Invitation, str]:
    """Invite somebody to open an account; returns the invitation and the token of its link, kept nowhere. Raises
    Refused."""
    _check(why_not_tend(user, place))
    with _in_words(), transaction.atomic():
        made = accounts.invite(user, full_name, party, place, email, follows)
        _record_invitation(user, made[0], follows)
    return made


def _record_invitation(user: User, made: Invitation, follows: User | None) -> None:
    follower = {"takes_over_from": follows.username} if follows is not None else {}
    told = {"invitation": made.pk, **_post(made.full_name, made.party, made.place), **follower}
    _record("invite", user, made.place, told)


def revoke_invitation(user: User, invitation: Invitation) -> None:
    """Take back an invitation nobody has accepted. Raises Refused."""
    _check(why_not_tend(user, invitation.place))
    with _in_words(), transaction.atomic():
        accounts.revoke_invitation(invitation)
        _record("invitation_revoke", user, invitation.place, {"invitation": invitation.pk})


def accept_invitation(token: str, username: str, password: str) -> User:
    """Open the account of an invitation. Raises Refused where it does not work any more or the name is taken, and
    ValidationError where the password is too weak."""
    with _in_words(), transaction.atomic():
        person = accounts.accept(token, username, password)
        invitation = Invitation.objects.get(accepted_by=person)
        _record("accept", person, person.place, {"invitation": invitation.pk, **_about(person)})
    return person


def hand_over(
    user: User,
    person: User,
    reason: str,
    successor: str = "",
    email: str = "",
    next_post: tuple[Party, Division] | None = None,
) -> tuple[Invitation, str] | None:
    """End the post of ``person``: they go on in ``next_post``, or their account is closed; their assignments end, and
    what they did keeps their name. ``successor`` is invited to the post; returns that invitation and its token. Raises
    Refused."""
    _check(why_not_tend_person(user, person))
    said = _reason(reason)
    if not person.is_active:
        raise Refused("这个账号已经停用，没有可以交接的职务。")
    if person.place is None:
        raise Refused("这个账号没有身份和地区，没有可以交接的职务。")
    party, place = Party(person.party), person.place
    with _in_words(), transaction.atomic():
        if next_post is None:
            accounts.deactivate(person)
        else:
            _check(why_not_tend(user, next_post[1]))
            accounts.change_post(person, *next_post)
        told = _about(person) | {"from": _post(str(person), party, place), "is_closed": next_post is None}
        told["assignments_ended"] = _end_assignments(person, f"督学换岗：{said}")
        # All rows before the first event: whoever holds the chain waits for nobody.
        made = accounts.invite(user, successor, party, place, email, person) if successor.strip() else None
        _record("hand_over", user, place, told, said)
        if made is not None:
            _record_invitation(user, made[0], person)
    return made


def deactivate(user: User, person: User, reason: str) -> None:
    """Close an account; its assignments end. Raises Refused."""
    _check(why_not_tend_person(user, person))
    _deactivate(user, person, _reason(reason))


def _deactivate(user: User | None, person: User, reason: str) -> None:
    with _in_words(), transaction.atomic():
        accounts.deactivate(person)
        told = _about(person) | {"assignments_ended": _end_assignments(person, f"账号停用：{reason}")}
        _record("deactivate", user, person.place, told, reason)


def reactivate(user: User, person: User, reason: str) -> None:
    """Open a closed account again with the post it had. Raises Refused."""
    _check(why_not_tend_person(user, person))
    said = _reason(reason)
    with _in_words(), transaction.atomic():
        accounts.reactivate(person)
        _record("reactivate", user, person.place, _about(person), said)


def reset_second_factor(user: User, person: User, reason: str) -> None:
    """Take away the second factor of somebody who lost phone and recovery codes. Raises Refused."""
    _check(why_not_tend_person(user, person))
    said = _reason(reason)
    with _in_words(), transaction.atomic():
        second_factor.remove(person)
        _record("second_factor_reset", user, person.place, _about(person), said)


def confirm_second_factor(person: User, code: str) -> tuple[Device, list[str]]:
    """Switch a person's own second factor on with its first code; returns the device and the recovery codes. Raises
    Refused."""
    with transaction.atomic():
        try:
            device, codes = second_factor.confirm(person, code)
        except second_factor.CodeRefused as refusal:
            # Carried out of the transaction: the count of wrong tries must stay.
            refused = Refused(str(refusal))
        else:
            record_of_oneself("second_factor_on", person)
            return device, codes
    raise refused


def check_second_factor(person: User, code: str) -> Device:
    """The device that accepts a code of this person. Raises Refused."""
    with transaction.atomic():
        try:
            device = second_factor.check_code(person, code)
        except second_factor.CodeRefused as refusal:
            refused = Refused(str(refusal))
        else:
            record_of_oneself("second_factor_code", person)
            return device
    raise refused


def renew_recovery_codes(person: User) -> list[str]:
    """Fresh recovery codes of a person; the earlier ones no longer work. Raises Refused."""
    with _in_words(), transaction.atomic():
        codes = second_factor.renew_recovery_codes(person)
        record_of_oneself("recovery_codes", person)
    return codes


def remove_second_factor(person: User) -> None:
    """Switch a person's own second factor off. Raises Refused."""
    with _in_words(), transaction.atomic():
        second_factor.remove(person)
        record_of_oneself("second_factor_off", person)


def make_api_token(person: User, name: str, days: int, *, is_verified: bool) -> tuple[ApiToken, str]:
    """Make a token for a person's own program; returns it and its text, kept nowhere. Raises Refused."""
    _check(why_not_use_tokens(person))
    with _in_words(), transaction.atomic():
        made = api_tokens.make_token(person, name, days, is_verified=is_verified)
        record_of_oneself("token_made", person, {"what": f"{made[0].name}，{days} 天"})
    return made


def revoke_api_token(person: User, digest: str) -> None:
    """End one of a person's own tokens. Raises Refused."""
    with _in_words(), transaction.atomic():
        token = api_tokens.revoke_token(person, digest)
        record_of_oneself("token_revoked", person, {"what": token.name})


def close_idle_accounts() -> tuple[int, int]:
    """Close the accounts nobody used for ACCOUNT_IDLE_DAYS and take back the invitations that ran out; returns how many
    of each. Safe to run at any time and twice at once."""
    closed = expired = 0
    for person in accounts.idle_accounts(timezone.now()):
        try:
            _deactivate(None, person, "长期未登录，系统自动停用")
            closed += 1
        except Refused:
            continue  # another run was there first
    for invitation in accounts.expired_invitations(timezone.now()):
        try:
            with transaction.atomic():
                accounts.revoke_invitation(invitation)
                told = {"invitation": invitation.pk}
                _record("invitation_expire", None, invitation.place, told, "邀请到期未使用")
            expired += 1
        except accounts.AccountRefused:
            continue
    return closed, expired


def record_account_change(user: User, person: User, kind: str, leaves_post: bool = False) -> Event:
    """Record what was done with an account at the steward's desk; call in its transaction. Whoever leaves a post by it
    answers for no county any more."""
    told = _about(person)
    if leaves_post:
        told["assignments_ended"] = _end_assignments(person, "账号的身份、地区或状态有变更")
    return _record(kind, user, person.place, told)


def record_of_oneself(kind: str, person: User, told: dict[str, Any] | None = None) -> Event:
    """Record what somebody did with their own account: signing in and out, password, second factor, tokens."""
    return _record(kind, person, person.place, told or {})


def record_lock_out(username: str) -> None:
    """Record that signing in was locked after too many wrong passwords; a name nobody has is not kept, it may be a
    password typed in the wrong place."""
    person = User.objects.select_related("place").filter(username=username).first()
    if person is not None:
        _record("login_locked", None, person.place, _about(person), "连续输错密码")


def _end_assignments(person: User, reason: str) -> int:
    live = Assignment.objects.filter(inspector=person, ended_at=None)
    return live.update(ended_at=timezone.now(), ended_because=reason[:_LONGEST_REASON])


def _record(kind: str, actor: Person | None, place: Division | None, told: dict[str, Any], reason: str = "") -> Event:
    # What happens to the people of a county is that county's to read.
    county = County.objects.filter(pk=place.pk).first() if place is not None else None
    return record_event(kind, actor, county=county, reason=reason, payload=told)


def _about(person: User) -> dict[str, Any]:
    return {"person": person.pk, "username": person.username, **_post(str(person), person.party, person.place)}


def _post(name: str, party: str, place: Division | None) -> dict[str, Any]:
    return {"name": name, "party": str(party), "place": place.pk if place is not None else ""}


def _reason(words: str) -> str:
    said = words.strip()
    if not said:
        raise Refused("请写明原因：它会留痕，本人和以后的管理员都要能看懂。")
    if len(said) > _LONGEST_REASON - 20:
        raise Refused(f"原因有 {len(said)} 个字，最多 {_LONGEST_REASON - 20} 个字。")
    return said


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)


class _in_words:
    """Turns the refusals of the room below into this room's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        refusals = (AppointmentRefused, accounts.AccountRefused, second_factor.CodeRefused, api_tokens.TokenRefused)
        if isinstance(error, refusals):
            raise Refused(str(error)) from error
