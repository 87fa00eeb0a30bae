"""The form that starts a national run."""

from __future__ import annotations

from django import forms

from evaluation.laboratory_forms import FIRST_YEAR
from evaluation.models import Standard
from schools.queries import current_school_year


class NationalRunForm(forms.Form):
    """A loaded standard and a school year."""

    standard = forms.ModelChoiceField(
        Standard.objects.order_by("code"),
        label="标准",
        empty_label=None,
        initial="2017-quality",
        error_messages={"required": "请选择标准。", "invalid_choice": "请选择列出的标准。"},
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
