"""Forms about who answers for which county."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from evaluation.models import Recusal
from schools.models import County, User

_REASON_LENGTH = 250


class _County(forms.ModelChoiceField):
    def label_from_instance(self, obj: County) -> str:
        return obj.full_name


class AssignForm(forms.Form):
    """A county, an inspector, why; and the assignment that stood on the page."""

    county = _County(label="县（市、区）", queryset=County.objects.none(), empty_label="请选择")
    inspector = forms.ModelChoiceField(label="督学", queryset=User.objects.none(), empty_label="请选择")
    reason = forms.CharField(
        label="理由",
        max_length=_REASON_LENGTH,
        help_text="改派时原督学的任务同时结束，理由写入留痕。",
        error_messages={"required": "请写明分配或改派的理由。"},
    )

    def __init__(self, counties: QuerySet[County], inspectors: QuerySet[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["county"].queryset = counties
        self.fields["inspector"].queryset = inspectors


class RecusalForm(forms.Form):
    """Who keeps away from which county, and why. An inspector declares for themself alone."""

    inspector = forms.ModelChoiceField(label="督学", queryset=User.objects.none(), empty_label="请选择")
    county = _County(label="县（市、区）", queryset=County.objects.none(), empty_label="请选择")
    ground = forms.ChoiceField(label="事由", choices=[("", "请选择"), *Recusal.Ground.choices])
    words = forms.CharField(
        label="说明", required=False, max_length=300, help_text="选“其他利害关系”时必须说明；会写入留痕。"
    )

    def __init__(
        self, counties: QuerySet[County], inspectors: QuerySet[User] | None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["county"].queryset = counties
        if inspectors is None:
            del self.fields["inspector"]
        else:
            self.fields["inspector"].queryset = inspectors
