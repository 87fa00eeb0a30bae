"""The form through which a province sets a rule."""

from __future__ import annotations

from django import forms

from indicators.checks.rules import RULE_GROUPS, RULES
from indicators.rule_settings import CHOICES, LONGEST_REASON, SHORTEST_REASON


def _rule_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The rules that may be set, by group."""
    return [
        (group, [(rule.code, rule.title) for rule in RULES.values() if rule.group == group and not rule.is_error])
        for group in RULE_GROUPS
        if any(rule.group == group and not rule.is_error for rule in RULES.values())
    ]


class RuleSettingForm(forms.Form):
    """Rule, severity, dates and reason; what may be set is decided by the action."""

    rule = forms.ChoiceField(label="规则", choices=_rule_choices())
    severity = forms.ChoiceField(label="级别", choices=[(severity.value, severity.label) for severity in CHOICES])
    in_force_from = forms.DateField(label="起", widget=forms.DateInput(attrs={"type": "date"}))
    in_force_until = forms.DateField(
        label="止",
        required=False,
        help_text="当天仍有效；不填表示长期有效。",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(
        label="理由",
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        help_text="写明依据，本省各县都能看到。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
