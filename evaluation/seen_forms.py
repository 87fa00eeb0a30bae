"""Forms that carry the version of the evaluation their reader saw, and what becomes of one that was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from evaluation.models import Evaluation
from evaluation.permissions import Refused
from evaluation.steps import Overtaken

_INCOMPLETE = "页面不完整，请刷新后再办理。"


def words_field(
    label: str, missing: str, hint: str = "", *, longest: int, rows: int = 4, required: bool = True
) -> forms.CharField:
    """Words of one or more lines; ``missing`` is said where there are none."""
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=longest,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": missing,
            "max_length": f"{label}最多 {longest} 个字，现在有 %(show_value)d 个。",
            "null_characters_not_allowed": f"{label}里有看不见的字符，请删除后重新填写。",
        },
    )


class SeenForm(forms.Form):
    """A form about an evaluation as its reader saw it."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": _INCOMPLETE, "invalid": _INCOMPLETE}
    )

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        return {"seen_version": self.cleaned_data["version"]}

    def see(self, version: int) -> None:
        """Go on from another version: the reader is shown what changed, and keeps what was typed."""
        self.data = self.data.copy()  # type: ignore[union-attr]
        self.data[self.add_prefix("version")] = str(version)


def carry_out(request: HttpRequest, evaluation: Evaluation, form: SeenForm, act: Callable[..., object]) -> bool:
    """Do what a form asks for; whether it was done. Why not stands on the form, or, where somebody was first, at the
    head of the page."""
    if not form.is_valid():
        return False
    try:
        act(**form.arguments())
    except Overtaken as overtaken:
        messages.error(request, str(overtaken))
        form.see(Evaluation.objects.values_list("version", flat=True).get(pk=evaluation.pk))
        return False
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def say_what_is_left(request: HttpRequest, refused: Mapping[str, SeenForm]) -> None:
    """Say at the head of the page why forms were refused that have no place on it any more."""
    for form in refused.values():
        for errors in form.errors.values():
            for error in errors:
                messages.error(request, error)
