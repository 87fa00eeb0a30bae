"""Forms of proposing, replying and deciding: they say what is missing; the actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evaluation.evidence_forms import small_enough
from evaluation.models import Proposal
from evaluation.proposing import LONGEST_TEXT, MOST_NOTICE_DAYS
from evaluation.seen_forms import SeenForm, words_field
from evaluation.workflow import NOTICE_WORKING_DAYS
from indicators.evidence_files import ACCEPT

LONGEST_REASON = 4_000
_FILE_HINT = "PDF、Word（.docx）、Excel（.xlsx）、JPEG 或 PNG，不超过 20 MB。"


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    words = f"请选择{label}。"
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": words, "invalid_choice": words},
    )


class ProposeForm(SeenForm):
    """Certify or decline, and why."""

    decision = _choice("建议", [(each.value, each.label) for each in Proposal.Decision])
    reason = words_field(
        "理由", "请写明理由。", "依据哪些数据、材料和核查情况；县里会看到。", longest=LONGEST_REASON, rows=5
    )

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told = self.cleaned_data
        return {
            "decision": Proposal.Decision(told["decision"]),
            "reason": told["reason"],
            "seen_version": told["version"],
        }


class ReplyForm(SeenForm):
    """Agree or disagree with one finding."""

    agrees = forms.TypedChoiceField(
        label="本县意见",
        coerce=lambda text: text == "yes",
        choices=[("yes", "同意"), ("no", "不同意")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择同意或不同意。", "invalid_choice": "请选择同意或不同意。"},
    )
    text = words_field("说明", "", "不同意须写明：哪里不对、依据是什么。", longest=LONGEST_TEXT, rows=3, required=False)
    file = forms.FileField(
        label="依据材料",
        required=False,
        help_text=_FILE_HINT,
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"empty": "这个文件是空的，请确认选对了文件。"},
    )

    def clean_file(self) -> UploadedFile | None:
        """The file, if it is small enough to be read into memory."""
        file = self.cleaned_data.get("file")
        return small_enough(file) if file else None

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told, file = self.cleaned_data, self.cleaned_data.get("file")
        return {
            "agrees": told["agrees"],
            "text": told["text"],
            "file": (file.name, file.read()) if file else None,
            "seen_version": told["version"],
        }


class FinishForm(SeenForm):
    """The county has said all it wanted."""


class AnswerReplyForm(SeenForm):
    """The answer to a disagreement."""

    answer = words_field(
        "答复",
        "请写明答复：核对了什么、结论是什么。",
        "核对了什么、结论是什么；县里会看到。",
        longest=LONGEST_TEXT,
        rows=3,
    )

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        return {"answer": self.cleaned_data["answer"], "seen_version": self.cleaned_data["version"]}


class DecideForm(SeenForm):
    """Agree with what is proposed, or not, and why; how long the 公示 of a certification lasts."""

    choice = _choice("审定", [("approve", "同意建议"), ("refuse", "不同意，退回督学")])
    words = words_field("审定意见", "请写明审定意见。", "县里和督学都会看到。", longest=LONGEST_REASON)
    notice_days = forms.IntegerField(
        label="公示期（工作日）",
        help_text=f"至少 {NOTICE_WORKING_DAYS} 个工作日，发布当日不计。",
        min_value=NOTICE_WORKING_DAYS,
        max_value=MOST_NOTICE_DAYS,
        initial=NOTICE_WORKING_DAYS,
        error_messages={
            "required": "请填写公示期。",
            "invalid": "公示期应为整数。",
            "min_value": f"公示期至少 {NOTICE_WORKING_DAYS} 个工作日。",
            "max_value": f"公示期最多 {MOST_NOTICE_DAYS} 个工作日。",
        },
    )

    def __init__(self, decision: str, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if decision != Proposal.Decision.CERTIFY:
            del self.fields["notice_days"]

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told = self.cleaned_data
        said = {"words": told["words"], "seen_version": told["version"]}
        is_announced = told["choice"] == "approve" and "notice_days" in self.fields
        return said | ({"notice_days": told["notice_days"]} if is_announced else {})
