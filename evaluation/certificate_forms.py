"""What is typed about certificates: a number or a file to be verified, the reason of a revocation or a correction."""

from __future__ import annotations

from django import forms

#: A certificate is under one megabyte.
LARGEST_FILE = 4 * 1024 * 1024


class NumberForm(forms.Form):
    """The number of a certificate, or its code."""

    number = forms.CharField(
        label="证书编号或查询编号", max_length=60, help_text="例如 优质均衡〔2026〕示例省 001 号，或 YZ-2026-990101-01"
    )


class RecordForm(forms.Form):
    """The PDF of a certificate, or its record."""

    file = forms.FileField(label="证书 PDF 或记录（JSON）", help_text="最大 4 MB。文件只用来核验，不会保存。")

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("文件超过 4 MB，不是本平台的证书。")
        return bytes(file.read())


class ReasonForm(forms.Form):
    """Why a certificate is revoked or corrected, and the version of the evaluation the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="理由",
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="理由向社会公开，请勿写入个人信息。",
    )
