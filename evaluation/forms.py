"""Forms of the judging."""

from __future__ import annotations

from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

#: What a county may send: the workbook, or the school rows alone.
SUFFIXES = (".xlsx", ".csv")


class UploadForm(forms.Form):
    """One file, of a kind and size that can be a county's workbook; what is in it is for the worker to say."""

    file = forms.FileField(
        label="填好的文件",
        error_messages={
            "required": "请先选择要上传的文件。",
            "empty": "这个文件是空的，请确认已在表格软件中保存后再上传。",
        },
        widget=forms.FileInput(attrs={"accept": ",".join(SUFFIXES)}),
    )

    only_some_schools = forms.BooleanField(label="这份文件只含部分学校", required=False)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        suffix = PurePath(file.name or "").suffix.lower()
        if suffix == ".xls":
            raise forms.ValidationError("这是旧版 .xls 文件。请在表格软件中另存为 .xlsx 后再上传。")
        if suffix not in SUFFIXES:
            raise forms.ValidationError("只接受 .xlsx 工作簿或 .csv 文件，请上传填好的模板。")
        limit = settings.UPLOAD_LIMIT
        if (file.size or 0) > limit:
            raise forms.ValidationError(
                f"文件有 {(file.size or 0) / 1024**2:.1f} MB，超过上限 {limit // 1024**2} MB。"
                "请删除图片和多余的工作表后再上传。"
            )
        return file
