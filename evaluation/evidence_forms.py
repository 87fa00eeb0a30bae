"""Forms of evidence and of the checklist's tasks: they say what is missing; the actions decide."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile

from indicators.evidence_files import ACCEPT, EVIDENCE_LIMIT
from indicators.models import ChecklistTask, Evidence

_DATE_WORDS = "请填写有效的日期，例如 2026-03-15。"


def _text(
    model: type[Evidence] | type[ChecklistTask], name: str, label: str, hint: str, required: str = ""
) -> forms.CharField:
    longest = model._meta.get_field(name).max_length
    return forms.CharField(
        label=label,
        help_text=hint,
        required=bool(required),
        max_length=longest,
        error_messages={
            "required": required,
            "max_length": f"{label}最多 {longest} 个字，现在有 %(show_value)d 个。",
            "null_characters_not_allowed": f"{label}里有看不见的字符，请删除后重新填写。",
        },
    )


def date_field(label: str, hint: str, required: str = "") -> forms.DateField:
    """A day, as browsers send it and as people type it; ``required`` is what to say where it is missing."""
    # The browser's own date field sends this form; whoever types sends it too.
    return forms.DateField(
        label=label,
        help_text=hint,
        required=bool(required),
        input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": required, "invalid": _DATE_WORDS},
    )


class EvidenceForm(forms.Form):
    """A file, and what it is: who issued it, when, and where in it the proof stands."""

    file = forms.FileField(
        label="文件",
        help_text="PDF、Word（.docx）、Excel（.xlsx）、JPEG 或 PNG，不超过 20 MB；不能含宏、脚本和内嵌程序。",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"required": "请选择要上传的文件。", "empty": "这个文件是空的，请确认选对了文件。"},
    )
    issued_by = _text(Evidence, "issued_by", "发文单位", "文件上盖章或署名的单位。", "请填写发文单位。")
    issued_on = date_field("发文日期", "文件上的日期，不能晚于今天。", "请填写发文日期。")
    proof_page = _text(
        Evidence,
        "proof_page",
        "证明所在页码",
        "能证明这一项的页码或位置，例如 第3页、第2张表。",
        "请填写证明所在页码。",
    )
    note = _text(Evidence, "note", "备注", "需要补充说明的情况。")

    def clean_file(self) -> UploadedFile:
        """The file, if it is small enough to be read into memory at all."""
        return small_enough(self.cleaned_data["file"])


def small_enough(file: UploadedFile) -> UploadedFile:
    """The file itself. Raises ValidationError where it is too large to be read into memory."""
    if (file.size or 0) > EVIDENCE_LIMIT:
        raise forms.ValidationError(
            f"文件有 {(file.size or 0) / 1024**2:.1f} MB，超过上限 {EVIDENCE_LIMIT // 1024**2} MB。"
            "请压缩图片或分成几个文件。"
        )
    return file


class TaskForm(forms.Form):
    """Who prepares an item, and by when."""

    person = _text(ChecklistTask, "person", "负责人", "准备这一项材料或数据的人。")
    due_on = date_field("截止日期", "留空表示没有期限。")
