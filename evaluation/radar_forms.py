"""The form that starts a scan."""

from __future__ import annotations

from django import forms

from schools.queries import current_school_year

_FIRST_YEAR = 2013


class RadarForm(forms.Form):
    """The school year to look at."""

    school_year = forms.IntegerField(
        label="学年开始的年份",
        help_text="与上一学年的数据一并比较。",
        min_value=_FIRST_YEAR,
        max_value=2100,
        initial=current_school_year,
        error_messages={
            "required": "请填写学年，例如 2026。",
            "invalid": "请填写学年开始的年份，例如 2026。",
            "min_value": f"学年不早于 {_FIRST_YEAR}。",
            "max_value": "请填写学年开始的年份，例如 2026。",
        },
    )
