"""What is typed about certificates and documents: a number or a file to be verified, the reason of a revocation or a
correction."""

from __future__ import annotations

from django import forms

#: A certificate is under one megabyte; a document with its fonts and pictures is larger.
LARGEST_FILE = 20 * 1024 * 1024


class NumberForm(forms.Form):
    """The number of a certificate or its code; the number of a document, or the hash of its file."""

    number = forms.CharField(
        label="证书或文件的编号",
        max_length=80,
        help_text="例如 优质均衡〔2026〕示例省 001 号，或 YZ-2026-990101-01；报告、意见书的编号在首页和页脚；"
        "也可以输入文件的 SHA-256。",
    )


class RecordForm(forms.Form):
    """The PDF of a certificate, or its record; a document that was made here."""

    file = forms.FileField(
        label="证书 PDF 或记录（JSON），报告、意见书的 PDF 或 Word 文件",
        help_text="最大 20 MB。文件只用来核验，不会保存。",
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("文件超过 20 MB，不是本平台的证书或文件。")
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
