"""Forms of 公示: an objection by anybody, the chief's answer to it, and the publication."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evaluation.models import Objection
from evaluation.noticing import LONGEST_ANSWER, LONGEST_TEXT, OBJECTION_FILE_LIMIT, SHORTEST_TEXT
from evaluation.seen_forms import SeenForm, words_field
from indicators.evidence_files import ACCEPT

_FILE_MEGABYTES = OBJECTION_FILE_LIMIT // 1024**2


def _optional(label: str, name: str, hint: str) -> forms.CharField:
    longest = Objection._meta.get_field(name).max_length or 0
    return forms.CharField(
        label=label,
        help_text=hint,
        required=False,
        max_length=longest,
        error_messages={
            "max_length": f"{label}最多 {longest} 个字，现在有 %(show_value)d 个。",
            "null_characters_not_allowed": f"{label}里有看不见的字符，请删除后重新填写。",
        },
    )


class ObjectionForm(forms.Form):
    """What somebody objects to. ``website`` stands where no person sees it: whatever fills it in is a machine."""

    text = words_field(
        "异议内容",
        "请写明异议内容：哪一项不实、依据是什么。",
        f"哪一项不实、依据是什么，{SHORTEST_TEXT} 至 {LONGEST_TEXT} 个字。内容不公开，只由省级核实。",
        longest=LONGEST_TEXT,
        rows=8,
    )
    name = _optional("姓名", "name", "不公开；可以匿名。")
    contact = _optional("联系方式", "contact", "电话或邮箱，不公开；核实时可能与您联系。")
    file = forms.FileField(
        label="附件",
        required=False,
        help_text=f"PDF、Word（.docx）、Excel（.xlsx）、JPEG 或 PNG，一份，不超过 {_FILE_MEGABYTES} MB；不公开。",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"empty": "这个文件是空的，请确认选对了文件。"},
    )
    website = forms.CharField(
        label="网址", required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )

    def clean_text(self) -> str:
        """The words, long enough to say something."""
        words = str(self.cleaned_data["text"]).strip()
        if len(words) < SHORTEST_TEXT:
            raise forms.ValidationError(f"异议内容至少 {SHORTEST_TEXT} 个字，现在有 {len(words)} 个字。")
        return words

    def clean_file(self) -> UploadedFile | None:
        """The file, if it is small enough."""
        file: UploadedFile | None = self.cleaned_data.get("file")
        if file is not None and (file.size or 0) > OBJECTION_FILE_LIMIT:
            raise forms.ValidationError(f"附件有 {(file.size or 0) / 1024**2:.1f} MB，最大 {_FILE_MEGABYTES} MB。")
        return file

    def clean_website(self) -> str:
        """Nothing: people leave it empty."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError("请把“网址”一栏留空后再提交。")
        return ""

    def shown(self) -> list[forms.BoundField]:
        """The fields people fill in."""
        return [self[name] for name in ("text", "name", "contact", "file")]

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told, file = self.cleaned_data, self.cleaned_data.get("file")
        said = {name: told[name] for name in ("text", "name", "contact")}
        return said | {"file": (file.name, file.read()) if file else None}


class ObjectionAnswerForm(SeenForm):
    """What was found of an objection."""

    result = forms.ChoiceField(
        label="核实结果",
        choices=[("dismissed", "异议不成立"), ("upheld", "异议成立，终止公示，退回省级评估")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择核实结果。", "invalid_choice": "请选择核实结果。"},
    )
    answer = words_field(
        "答复",
        "请写明答复：核实了什么、结论是什么。",
        "答复会公开，请不要写提出人的姓名和联系方式。",
        longest=LONGEST_ANSWER,
    )

    def __init__(self, *args: Any, can_uphold: bool = True, **more: Any) -> None:
        super().__init__(*args, **more)
        if not can_uphold:
            field = self.fields["result"]
            field.choices = field.choices[:1]  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        return super().arguments() | {"answer": self.cleaned_data["answer"]}


class PublishForm(SeenForm):
    """Publish what was seen."""
