"""The form of the standard laboratory."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evaluation.models import Standard
from schools.queries import current_school_year

_LARGEST = 500_000
FIRST_YEAR = 2013


class LaboratoryForm(forms.Form):
    """A loaded standard to compare with, and what is tried out: another loaded one, or a document from a file."""

    before = forms.ModelChoiceField(
        Standard.objects.order_by("code"),
        label="对照标准",
        empty_label=None,
        initial="2017-quality",
        error_messages={"required": "请选择对照标准。", "invalid_choice": "请选择列出的标准。"},
    )
    loaded = forms.ModelChoiceField(
        Standard.objects.order_by("code"),
        label="试用已载入的标准",
        required=False,
        empty_label="（上传文件）",
        error_messages={"invalid_choice": "请选择列出的标准。"},
    )
    draft = forms.FileField(
        label="试用尚未载入的标准文件",
        help_text="TOML 文件，可以用 extends 写明它在哪个标准上加严。试用不会载入，也不会改变任何结论。",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".toml"}),
        error_messages={"empty": "这个文件是空的，请确认选对了文件。"},
    )
    school_year = forms.IntegerField(
        label="学年开始的年份",
        min_value=FIRST_YEAR,
        max_value=2100,
        initial=current_school_year,
        error_messages={
            "required": "请填写学年，例如 2026。",
            "invalid": "请填写学年开始的年份，例如 2026。",
            "min_value": f"学年不早于 {FIRST_YEAR}。",
            "max_value": "请填写学年开始的年份，例如 2026。",
        },
    )

    def clean_draft(self) -> UploadedFile | None:
        draft: UploadedFile | None = self.cleaned_data.get("draft")
        if draft is not None and (draft.size or 0) > _LARGEST:
            raise forms.ValidationError("标准文件不超过 500 kB，请确认选对了文件。")
        return draft

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and (cleaned.get("loaded") is None) == (cleaned.get("draft") is None):
            raise forms.ValidationError("请在“已载入的标准”和“标准文件”中选一个，不能都选，也不能都不选。")
        return cleaned

    def document(self) -> bytes:
        """The text that is tried out; call on a valid form."""
        loaded: Standard | None = self.cleaned_data["loaded"]
        if loaded is not None:
            return loaded.document.encode("utf-8")
        return bytes(self.cleaned_data["draft"].read())
