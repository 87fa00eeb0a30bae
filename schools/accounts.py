"""The only writers of accounts: invitations that work once, posts that change hands, accounts that are closed and
opened again. Accounts are never deleted: what somebody signed keeps its name. Who may do this, and the record of it,
is one room above (``evaluation.people``)."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from schools.actions import appoint, check_post, keep_posting
from schools.models import Division, Invitation, Posting, User
from schools.vocabulary import Party

_TOKEN_BYTES = 32


class AccountRefused(ValueError):
    """A change of an account is not possible; the message says why and what to do."""


def invitation_of(token: str) -> Invitation | None:
    """The invitation a link leads to, whatever became of it; None where there never was one."""
    found = Invitation.objects.select_related("place__parent__parent", "invited_by")
    return found.filter(token_sha256=_hash(token)).first()


def why_not_accept(invitation: Invitation) -> str:
    """Empty if an invitation still works, otherwise the reason in words."""
    if invitation.accepted_at is not None:
        return "这份邀请已经使用过，账号已开通。请直接登录；如果不是您本人开通的，请立即告诉管理员。"
    if invitation.revoked_at is not None:
        return "这份邀请已被管理员撤回。如仍需要账号，请联系管理员重新邀请。"
    if invitation.expires_at <= timezone.now():
        expired_on = timezone.localtime(invitation.expires_at)
        return f"这份邀请已于 {expired_on:%Y-%m-%d %H:%M} 过期。请联系管理员重新邀请。"
    return ""


@transaction.atomic
def invite(
    invited_by: User,
    full_name: str,
    party: Party,
    place: Division,
    email: str = "",
    takes_over_from: User | None = None,
) -> tuple[Invitation, str]:
    """Make an invitation that works once within INVITATION_DAYS; returns it and its token, which is kept nowhere.
    Raises AppointmentRefused where the place is of another level, AccountRefused where such an invitation is open."""
    name = full_name.strip()
    check_post(party, place)
    if not name:
        raise AccountRefused("请填写被邀请人的姓名。")
    is_open = Q(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    if Invitation.objects.filter(is_open, full_name=name, party=party, place=place).exists():
        raise AccountRefused(f"{name}已有一份有效的邀请。链接丢失时，请先撤回那一份，再重新邀请。")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = Invitation.objects.create(
        token_sha256=_hash(token),
        email=email,
        full_name=name,
        party=party,
        place=place,
        takes_over_from=takes_over_from,
        invited_by=invited_by,
        expires_at=timezone.now() + datetime.timedelta(days=settings.INVITATION_DAYS),
    )
    return invitation, token


def revoke_invitation(invitation: Invitation) -> None:
    """Take an invitation back. Raises AccountRefused where it was accepted or revoked already."""
    open_ones = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not open_ones.update(revoked_at=timezone.now()):
        raise AccountRefused("这份邀请已经使用或撤回，不能再撤回。")


@transaction.atomic
def accept(token: str, username: str, password: str) -> User:
    """Open the account of an invitation and begin its post; of two at once one wins. Raises AccountRefused where the
    invitation no longer works or the name is taken, ValidationError where the password is too weak."""
    # The lock lets a second person wait and then read that the first has won.
    invitation = Invitation.objects.select_for_update().filter(token_sha256=_hash(token)).first()
    if invitation is None:
        raise AccountRefused("没有这份邀请，请检查链接是否完整。")
    if words := why_not_accept(invitation):
        raise AccountRefused(words)
    validate_password(password, User(username=username, full_name=invitation.full_name, email=invitation.email))
    try:
        with transaction.atomic():
            person = appoint(
                username,
                invitation.full_name,
                Party(invitation.party),
                invitation.place,
                password,
                invitation.email,
            )
    except IntegrityError:
        raise AccountRefused(f"用户名“{username}”已被使用，请换一个。") from None
    still_open = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not still_open.update(accepted_at=timezone.now(), accepted_by=person):
        raise AccountRefused("这份邀请刚刚被使用或撤回，账号没有开通。")
    return person


@transaction.atomic
def change_post(person: User, party: Party, place: Division) -> None:
    """Let a person hold another post from now on; the one before is closed. Raises AppointmentRefused, and
    AccountRefused where nothing would change."""
    check_post(party, place, person)
    if not person.is_active:
        raise AccountRefused("账号已停用，请先重新启用。")
    if (person.party, person.place_id) == (party, place.pk):
        raise AccountRefused("新的身份和地区与现在相同，没有变化。")
    User.objects.filter(pk=person.pk).update(party=party, place=place, is_staff=party is Party.STEWARD)
    person.refresh_from_db()
    keep_posting(person)


@transaction.atomic
def deactivate(person: User) -> None:
    """Close an account: signing in ends at once, its post too; party and place stay to be read. Raises AccountRefused
    where it is closed already."""
    if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        raise AccountRefused("这个账号已经停用。")
    person.refresh_from_db()
    keep_posting(person)


@transaction.atomic
def reactivate(person: User) -> None:
    """Open a closed account again with the post it had, from now on. Raises AccountRefused where it is open."""
    if not User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        raise AccountRefused("这个账号正在使用，不需要启用。")
    person.refresh_from_db()
    keep_posting(person)


def idle_accounts(now: datetime.datetime) -> list[User]:
    """The open accounts nobody has used for ACCOUNT_IDLE_DAYS, counted from the beginning of the post where that is
    later. A superuser's is never closed by itself: somebody must be able to open the others."""
    before = now - datetime.timedelta(days=settings.ACCOUNT_IDLE_DAYS)
    unused = Q(last_login__lt=before) | Q(last_login=None, date_joined__lt=before)
    newly_held = Posting.objects.filter(person=OuterRef("pk"), held_until=None, held_from__gte=before)
    idle = User.objects.filter(unused, is_active=True, is_superuser=False).exclude(Exists(newly_held))
    return list(idle.order_by("pk"))


def expired_invitations(now: datetime.datetime) -> list[Invitation]:
    """The invitations nobody accepted in time and nobody has taken back."""
    return list(Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__lte=now).order_by("pk"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
