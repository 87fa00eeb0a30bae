"""Tokens of programs: made and revoked by the person they act for, and the only place that says whether one works.

A token is of one post and one password. Whoever closes an account, changes a post or a password, by whatever way, ends
the tokens by it: nothing has to be remembered in those places.
"""

from __future__ import annotations

import datetime
from hmac import compare_digest

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from knox.crypto import hash_token
from knox.settings import CONSTANTS

from schools.models import ApiToken, Posting, User
from schools.second_factor import is_duty_of

#: How long a token may live, in days.
DAYS = (30, 90, 180)
#: Tokens somebody may have at once: one for each program.
MOST_TOKENS = 5
_LONGEST_TOKEN = 100


class TokenRefused(ValueError):
    """A token was not made, or does not work; the message says why and what to do."""


def tokens_of(person: User) -> list[ApiToken]:
    """The tokens of a person, the newest first, also those that have ended."""
    return list(ApiToken.objects.filter(user=person).select_related("posting", "user"))


def why_ended(token: ApiToken) -> str:
    """Empty while a token works, otherwise the reason in words."""
    person = token.user
    if not person.is_active or token.posting.held_until is not None:
        return "身份或账号已变更"
    if not compare_digest(token.seal, person.get_session_auth_hash()):
        return "密码已更换"
    if token.expiry is None or token.expiry <= timezone.now():
        return "已到期"
    if is_duty_of(person) and not token.is_verified:
        return "本账号须启用两步验证"
    return ""


@transaction.atomic
def make_token(person: User, name: str, days: int, *, is_verified: bool) -> tuple[ApiToken, str]:
    """Make a token for a person's program; returns it and its text, which is kept nowhere. Those that have ended are
    cleared away. Raises TokenRefused."""
    User.objects.select_for_update().get(pk=person.pk)
    posting = Posting.objects.filter(person=person, held_until=None).first()
    if posting is None:
        raise TokenRefused("没有身份和地区的账号不能使用接口令牌。")
    if not name.strip():
        raise TokenRefused("请写明令牌的用途。")
    if days not in DAYS:
        raise TokenRefused("请选择有效期。")
    if is_duty_of(person) and not is_verified:
        raise TokenRefused("请先完成两步验证，再创建令牌。")
    ended = [token.pk for token in tokens_of(person) if why_ended(token)]
    ApiToken.objects.filter(pk__in=ended).delete()
    if ApiToken.objects.filter(user=person).count() >= MOST_TOKENS:
        raise TokenRefused(f"最多同时有 {MOST_TOKENS} 个令牌。请先撤销不用的。")
    return ApiToken.objects.create(
        user=person,
        expiry=datetime.timedelta(days=days),
        name=name.strip(),
        posting=posting,
        seal=person.get_session_auth_hash(),
        is_verified=is_verified,
    )


def revoke_token(person: User, digest: str) -> ApiToken:
    """End one token of a person. Raises TokenRefused where they have no such token."""
    found = ApiToken.objects.filter(user=person, pk=digest).first()
    if found is None:
        raise TokenRefused("没有这个令牌，可能已经撤销。")
    ApiToken.objects.filter(pk=found.pk).delete()
    return found


def end_tokens(person: User) -> int:
    """End every token of a person; returns how many there were."""
    return ApiToken.objects.filter(user=person).delete()[0]


def token_of(text: str) -> ApiToken:
    """The token with this text, its person with it. Raises TokenRefused where there is none or it has ended: the words
    are the same for all that never was, so that trying tells nothing."""
    if not text.isascii() or len(text) > _LONGEST_TOKEN:
        raise TokenRefused("令牌无效。请检查是否完整复制；需要时请在“我的账号—接口令牌”重新创建。")
    beginning = text[: CONSTANTS.TOKEN_KEY_LENGTH]
    found = ApiToken.objects.filter(token_key=beginning).select_related("user__place__parent__parent", "posting")
    digest = hash_token(text)
    token = next((each for each in found if compare_digest(each.digest, digest)), None)
    if token is None:
        raise TokenRefused("令牌无效。请检查是否完整复制；需要时请在“我的账号—接口令牌”重新创建。")
    if why := why_ended(token):
        raise TokenRefused(f"令牌已失效：{why}。请在“我的账号—接口令牌”重新创建。")
    _remember_use(token)
    return token


def _remember_use(token: ApiToken) -> None:
    """Keep the day a token was used last: one write a day."""
    today = timezone.localdate()
    unseen = Q(last_used_on=None) | Q(last_used_on__lt=today)
    if token.last_used_on is None or token.last_used_on < today:
        ApiToken.objects.filter(unseen, pk=token.pk).update(last_used_on=today)
