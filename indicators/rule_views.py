"""The door through which a province sets a rule."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from indicators import rule_settings
from indicators.problem import Severity
from indicators.rule_forms import RuleSettingForm


@require_POST
def set_rule(request: HttpRequest) -> HttpResponse:
    """Set the severity of a rule; where that is not possible, say why above the form, which keeps what was typed."""
    form = RuleSettingForm(request.POST)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        messages.error(request, f"{form.fields[field].label}：{errors[0]}")
    else:
        asked = form.cleaned_data | {"severity": Severity(form.cleaned_data["severity"])}
        try:
            rule_settings.set_rule(request.user, **asked)
        except rule_settings.SettingRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "规则已设置，从起期当天上传的版本开始适用。")
            return redirect("rules")
    typed = {name: request.POST.get(name, "")[:300] for name in form.fields}
    return redirect(f"{reverse('rules')}?{urlencode(typed)}#set-rule")
