"""The form below the statement: who signs, as what, and the password once more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from evaluation.signing import LONGEST_NAME, LONGEST_POST, Seen, Signature
from schools.models import User


class SigningForm(forms.Form):
    """What the signer types. Whether it is enough is for the action to say, with everything else that is asked."""

    submission = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.IntegerField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(
        label="签报人姓名", required=False, widget=forms.TextInput(attrs={"maxlength": LONGEST_NAME})
    )
    post = forms.CharField(
        label="职务",
        required=False,
        help_text="例如：县教育局局长。姓名、职务和签报时间会写在签报回执上。",
        widget=forms.TextInput(attrs={"maxlength": LONGEST_POST}),
    )
    accepts = forms.BooleanField(label="本人已阅读并同意以上声明", required=False)
    password = forms.CharField(
        label="登录密码",
        required=False,
        strip=False,
        help_text="再输入一次，确认是本人签报。",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("name", "post", "accepts", "password"):
            self.fields[name].widget.attrs["required"] = True

    def seen(self) -> Seen:
        """What the signer had before their eyes."""
        told = self.cleaned_data
        return Seen(told["submission"], told["verdict"], told["version"])

    def signature(self, request: HttpRequest, user: User) -> Signature:
        """What the signer wrote, the password asked of whoever answers for logins: failures count there, too."""
        told = self.cleaned_data
        found = authenticate(request, username=user.get_username(), password=told["password"])
        return Signature(told["name"], told["post"], told["accepts"], found is not None and found.pk == user.pk)


class WithdrawalForm(forms.Form):
    """Why a signature is taken back."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="撤回的理由",
        required=False,
        help_text="例如：发现某校在校生数填错。市级复核会看到。",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 4000, "required": True}),
    )
