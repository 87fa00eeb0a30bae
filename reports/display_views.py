"""The page on which a reader chooses larger type or high contrast: a plain form, for everybody, without JavaScript."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reports.display import COOKIE, KEPT_SECONDS, Contrast, Display, TextSize


class DisplayForm(forms.Form):
    """The two choices there are."""

    size = forms.ChoiceField(label="字号", choices=TextSize.choices, widget=forms.RadioSelect)
    contrast = forms.ChoiceField(label="对比度", choices=Contrast.choices, widget=forms.RadioSelect)


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
def choose_display(request: HttpRequest) -> HttpResponse:
    """The form, with what is chosen now; after sending, back to where the reader came from."""
    now = Display.of(request)
    form = DisplayForm(request.POST or None, initial={"size": now.size.value, "contrast": now.contrast.value})
    back = _back(request)
    if request.method != "POST" or not form.is_valid():
        return render(request, "reports/display.html", {"form": form, "back": back})
    chosen = Display(TextSize(form.cleaned_data["size"]), Contrast(form.cleaned_data["contrast"]))
    answer = redirect(back)
    if chosen == Display():
        answer.delete_cookie(COOKIE, samesite="Lax")
    else:
        how = {"httponly": True, "samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE}
        answer.set_cookie(COOKIE, str(chosen), max_age=KEPT_SECONDS, **how)
    return answer


def _back(request: HttpRequest) -> str:
    """The page of this site the reader came from; the first page where it is none of ours, or this one."""
    asked = request.POST.get("back") or request.GET.get("back") or reverse("home")
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours and not asked.startswith(request.path) else reverse("home")
