"""The door to how a province shows its results."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evaluation.models import MOST_FEWEST_PUPILS
from evaluation.permissions import Refused, why_not_set_publication_rule
from evaluation.publication_rules import fewest_pupils_in, rules_of, set_fewest_pupils


class FewestPupilsForm(forms.Form):
    """Below how many pupils, and why."""

    fewest_pupils = forms.IntegerField(
        label="少于多少学生的学校不单独公布",
        min_value=0,
        max_value=MOST_FEWEST_PUPILS,
        help_text="按各学段在校生合计。学生很少时，数字就是个人的情况。",
    )
    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def publication_rule(request: HttpRequest) -> HttpResponse:
    """What the province has set, and the form to set it anew."""
    if why_not_set_publication_rule(request.user):
        raise Http404
    fewest = fewest_pupils_in(request.user.place)
    form = FewestPupilsForm(request.POST or None, initial={"fewest_pupils": fewest})
    if request.method == "POST" and form.is_valid():
        try:
            set_fewest_pupils(request.user, form.cleaned_data["fewest_pupils"], form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "已设定，公开页面立即按新的人数显示。")
            return redirect("publication_rule")
    context = {"form": form, "fewest": fewest, "rules": rules_of(request.user.place)}
    return render(request, "evaluation/publication_rule.html", context, status=422 if form.errors else 200)
