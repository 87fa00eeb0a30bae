"""The form of a subscription."""

from __future__ import annotations

from django import forms

_LONGEST = 254


class SubscribeForm(forms.Form):
    """An address. ``website`` stands where no person sees it: whatever fills it in is a machine."""

    address = forms.EmailField(
        label="您的邮箱",
        max_length=_LONGEST,
        help_text="只用来发订阅的信，不公开，任何工作人员都看不到。随时可以退订，退订后立即删除。",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": "请填写邮箱。",
            "invalid": "这不是一个完整的邮箱地址，例如 name@example.cn。",
            "max_length": f"邮箱地址最多 {_LONGEST} 个字符。",
            "null_characters_not_allowed": "邮箱地址里有看不见的字符，请删除后重新填写。",
        },
    )
    website = forms.CharField(
        label="网址", required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )

    def clean_website(self) -> str:
        """Nothing: people leave it empty."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError("请把“网址”一栏留空后再提交。")
        return ""
