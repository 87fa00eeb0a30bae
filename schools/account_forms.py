"""Forms about accounts: signing in, passwords, invitations, posts, one-time codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UsernameField
from django.core.exceptions import ValidationError

from schools.actions import AppointmentRefused, check_post
from schools.api_tokens import DAYS
from schools.models import Division, User
from schools.queries import places_visible_to
from schools.vocabulary import Party

PASSWORD_RULES = "至少 10 个字符；不能全是数字，不能是常见密码，也不能与用户名、姓名或邮箱相近。"  # noqa: S105
_NAME_LENGTH, _REASON_LENGTH = 40, 280


class SignInForm(AuthenticationForm):
    """User name and password, with one sentence for whatever of the two is wrong."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "用户名或密码不正确，请检查大小写后重试。忘记密码请联系管理员。",
        "inactive": "这个账号已停用，请联系管理员。",
    }


class NewPasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    error_messages = PasswordChangeForm.error_messages | {
        "password_incorrect": "现在的密码不正确，请重新输入。",
        "password_mismatch": "两次输入的新密码不一致。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, hint in (
            ("old_password", "现在的密码", ""),
            ("new_password1", "新密码", PASSWORD_RULES),
            ("new_password2", "再输一次新密码", ""),
        ):
            self.fields[name].label, self.fields[name].help_text = label, hint


class AcceptForm(forms.Form):
    """What somebody invited chooses: a user name and a password. The rules of passwords are the action's to hold."""

    username = UsernameField(
        label="用户名", max_length=150, help_text="以后登录用，可以是姓名拼音或工号；字母、数字和 @ . + - _。"
    )
    password1 = forms.CharField(
        label="密码",
        strip=False,
        help_text=PASSWORD_RULES,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="再输一次密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_username(self) -> str:
        """A name the accounts accept."""
        username: str = self.cleaned_data["username"]
        User._meta.get_field("username").run_validators(username)
        return username

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        told = super().clean() or self.cleaned_data
        first, second = told.get("password1"), told.get("password2")
        if first and second and first != second:
            self.add_error("password2", "两次输入的密码不一致。")
        return told


class _PlaceField(forms.ModelChoiceField):
    """A place by its full name: county names alone are not unique."""

    def label_from_instance(self, obj: Division) -> str:
        return f"{obj.full_name}（{obj.code}）"


class InviteForm(forms.Form):
    """Whom to invite, as what and where."""

    full_name = forms.CharField(label="姓名", max_length=_NAME_LENGTH)
    party = forms.ChoiceField(label="身份", choices=[("", "请选择"), *((p.value, p.label) for p in Party)])
    place = _PlaceField(
        label="所属地区",
        queryset=Division.objects.none(),
        empty_label="请选择",
        help_text="填报员、签报人选县（市、区），市级复核选市，督学、审定人和管理员选省。",
    )
    email = forms.EmailField(label="邮箱", required=False, help_text="填写后链接同时发到这个邮箱。")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = places_visible_to(user)

    def clean(self) -> dict[str, Any]:
        """The place is of the party's level."""
        told = super().clean() or self.cleaned_data
        if told.get("party") and told.get("place"):
            try:
                check_post(Party(told["party"]), told["place"])
            except AppointmentRefused as refusal:
                raise ValidationError({"place": str(refusal)}) from None
        return told


class ReasonForm(forms.Form):
    """Why something is done with an account."""

    reason = forms.CharField(
        label="原因",
        max_length=_REASON_LENGTH,
        error_messages={"required": "请写明原因：它会留痕，以后的管理员要能看懂。"},
    )


class HandOverForm(forms.Form):
    """What becomes of the person who leaves a post, and who follows."""

    LEAVES, GOES_ON = "leaves", "goes_on"

    reason = forms.CharField(
        label="原因",
        max_length=_REASON_LENGTH,
        help_text="例如：调任，文号；会写入留痕。",
        error_messages={"required": "请写明原因：它会留痕，以后的管理员要能看懂。"},
    )
    afterwards = forms.ChoiceField(
        label="本人以后",
        widget=forms.RadioSelect,
        initial=LEAVES,
        choices=[(LEAVES, "不再使用本平台：账号停用"), (GOES_ON, "改任下面的身份和地区：账号继续使用")],
    )
    party = forms.ChoiceField(
        label="新的身份",
        required=False,
        choices=[("", "不改任"), *((p.value, p.label) for p in Party if p is not Party.STEWARD)],
    )
    place = _PlaceField(label="新的所属地区", required=False, queryset=Division.objects.none(), empty_label="不改任")
    successor = forms.CharField(
        label="接任人姓名", required=False, max_length=_NAME_LENGTH, help_text="填写后立即生成给接任人的邀请。"
    )
    email = forms.EmailField(label="接任人邮箱", required=False)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = places_visible_to(user)

    def clean(self) -> dict[str, Any]:
        """A new post is a party and a place, or there is none."""
        told = super().clean() or self.cleaned_data
        goes_on = told.get("afterwards") == self.GOES_ON
        if goes_on and not (told.get("party") and told.get("place")):
            raise ValidationError("改任须同时选择新的身份和新的所属地区。")
        if not goes_on and (told.get("party") or told.get("place")):
            raise ValidationError("选择了新的身份或地区：请把“本人以后”选为改任，或把这两栏改回“不改任”。")
        return told

    @property
    def next_post(self) -> tuple[Party, Division] | None:
        """The post the person goes on in, None where the account is closed."""
        told = self.cleaned_data
        return (Party(told["party"]), told["place"]) if told["afterwards"] == self.GOES_ON else None


class CodeForm(forms.Form):
    """A one-time code, or a recovery code where ``allows_recovery``."""

    code = forms.CharField(
        label="验证码",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
        error_messages={"required": "请输入验证码。"},
    )


class TokenForm(forms.Form):
    """What a token of a program is for and how long it works; made only against the person's own password."""

    name = forms.CharField(
        label="用途", max_length=40, help_text="例如：省平台每晚同步。会显示在列表和留痕里。",
        error_messages={"required": "请写明令牌的用途。"},
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label="有效期", coerce=int, initial=DAYS[1], choices=[(days, f"{days} 天") for days in DAYS]
    )
    password = forms.CharField(
        label="现在的密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "请输入现在的密码。"},
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """The password is right."""
        return checked_password(self.user, self.cleaned_data["password"])


class PasswordForm(forms.Form):
    """The person's own password, before something that weakens the account."""

    password = forms.CharField(
        label="现在的密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "请输入现在的密码。"},
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """The password is right."""
        return checked_password(self.user, self.cleaned_data["password"])


def checked_password(user: User, password: str) -> str:
    """The password a person typed once more. Raises ValidationError where it is not theirs."""
    if not user.check_password(password):
        raise ValidationError("密码不正确，请重新输入。")
    return password
