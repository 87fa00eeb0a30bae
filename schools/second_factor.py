"""The second factor: a one-time code from the person's own phone, and recovery codes on paper for the day it is lost.

Whoever has set it up is asked for it at every sign-in; REQUIRE_SECOND_FACTOR makes it a duty for those whose word
counts most. A code works once: none of the half minute of the last one used or before is taken, and wrong ones cost a
growing wait.
"""

from __future__ import annotations

import base64
import math

import qrcode
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from schools.models import ApiToken, User
from schools.vocabulary import Party

#: Whose word decides over an evaluation, or over who may speak.
DUTY_OF = (Party.INSPECTOR, Party.CHIEF, Party.STEWARD)
#: Set in the session of somebody who has given the password and owes the code.
OWES_CODE = "owes_code"
_RECOVERY_CODES = 10
_CODE_DIGITS = 6


class CodeRefused(ValueError):
    """A code was not accepted; the message says what to do."""


def is_duty_of(person: User) -> bool:
    """Whether this person must use a second factor here."""
    return bool(settings.REQUIRE_SECOND_FACTOR and (person.party in DUTY_OF or person.is_superuser))


def has_second_factor(person: User) -> bool:
    """Whether this person has confirmed a device."""
    return TOTPDevice.objects.filter(user=person, confirmed=True).exists()


def owed_step(request: HttpRequest) -> str:
    """The name of the page a signed-in person must pass before any other; empty where nothing is owed."""
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated or user.is_verified():
        return ""
    if request.session.get(OWES_CODE):
        return "second_factor_code"
    if not is_duty_of(user):
        return ""
    return "second_factor_code" if has_second_factor(user) else "second_factor"


def pending_device(person: User) -> TOTPDevice | None:
    """The device being set up, not yet confirmed."""
    return TOTPDevice.objects.filter(user=person, confirmed=False).first()


@transaction.atomic
def begin(person: User) -> TOTPDevice:
    """Begin to set a device up, with a fresh key. Raises CodeRefused where one is in use."""
    User.objects.select_for_update().get(pk=person.pk)
    if has_second_factor(person):
        raise CodeRefused("两步验证已经启用。要换手机，请先停用再重新设置。")
    TOTPDevice.objects.filter(user=person).delete()
    return TOTPDevice.objects.create(user=person, name="手机验证器", confirmed=False)


def confirm(person: User, code: str) -> tuple[TOTPDevice, list[str]]:
    """Confirm the device being set up with its first code; returns it and the recovery codes, shown this once. Raises
    CodeRefused."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=person, confirmed=False).first()
        if device is None:
            raise CodeRefused("没有正在设置的验证器，请重新开始设置。")
        _check_wait(device)
        is_right = device.verify_token(code)
        if is_right:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            return device, _recovery_codes(person)
    # Outside: a wrong try is remembered, it would be rolled back with the refusal.
    raise CodeRefused("验证码不正确。请核对手机时间是否准确，用最新显示的 6 位数字再试。")


def check_code(person: User, code: str) -> Device:
    """The device that accepts ``code``: six digits from the phone, or a recovery code, used up by this. Raises
    CodeRefused."""
    typed = code.replace(" ", "").lower()
    kind = TOTPDevice if len(typed) == _CODE_DIGITS and typed.isascii() and typed.isdecimal() else StaticDevice
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=person, confirmed=True).first()
        if device is None:
            raise CodeRefused("这个账号没有启用两步验证。")
        _check_wait(device)
        if device.verify_token(typed):
            return device
    raise CodeRefused("验证码不正确或已经用过。请等手机显示下一个 6 位数字再试；手机不在身边时可以用恢复码。")


def codes_left(person: User) -> int:
    """How many recovery codes are left."""
    return StaticToken.objects.filter(device__user=person).count()


@transaction.atomic
def renew_recovery_codes(person: User) -> list[str]:
    """Fresh recovery codes, shown this once; the earlier ones no longer work. Raises CodeRefused without a device."""
    if not has_second_factor(person):
        raise CodeRefused("请先启用两步验证。")
    return _recovery_codes(person)


@transaction.atomic
def remove(person: User) -> None:
    """Take the second factor of a person away, recovery codes included. Raises CodeRefused where there is none."""
    count, _ = TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()
    # A phone that was lost may have been where the tokens lay, too.
    ApiToken.objects.filter(user=person).delete()
    if not count:
        raise CodeRefused("这个账号没有启用两步验证。")


def typed_key(device: TOTPDevice) -> str:
    """The key of a device as a person types it where no camera is at hand: base32 in groups of four."""
    text = base64.b32encode(device.bin_key).decode("ascii").rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def qr_path(text: str) -> tuple[int, str]:
    """A QR code as the side of its square in modules, margin included, and the path of its dark modules."""
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return len(rows), path


def _recovery_codes(person: User) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="恢复码", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(_RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def _check_wait(device: TOTPDevice | StaticDevice) -> None:
    is_allowed, told = device.verify_is_allowed()
    if not is_allowed:
        until = (told or {}).get("locked_until") or timezone.now()
        seconds = max(1, math.ceil((until - timezone.now()).total_seconds()))
        raise CodeRefused(f"连续输错后需要等待，请 {seconds} 秒后再试。")
