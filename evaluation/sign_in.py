"""Doors of a person's own account: signing in and out, the password. Each leaves an event."""

from __future__ import annotations

import datetime
from typing import Any

from axes.helpers import get_client_username, get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from evaluation.people import record_lock_out, record_of_oneself
from evaluation.permissions import why_not_use_tokens
from schools.account_forms import NewPasswordForm, SignInForm
from schools.middleware import begin_session
from schools.models import User
from schools.second_factor import OWES_CODE, has_second_factor

_TOO_MANY_REQUESTS = 429


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """The sign-in page. Whoever has a second factor owes its code afterwards."""

    template_name = "schools/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request"):
            # A waiting page whose session ran out asks from inside: the whole page has to come here.
            return HttpResponse(headers={"HX-Refresh": "true"})
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in; the session gets a new key, and an event says so."""
        with transaction.atomic():
            answer = super().form_valid(form)
            begin_session(self.request)
            person = form.get_user()
            if isinstance(person, User):
                if has_second_factor(person):
                    self.request.session[OWES_CODE] = True
                record_of_oneself("login", person)
        return answer


class SignOut(LogoutView):
    """The way out, for whoever is in."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session; an event says so."""
        person = User.objects.select_related("place").filter(pk=request.user.pk).first()
        with transaction.atomic():
            answer = super().post(request, *args, **kwargs)
            if person is not None:
                record_of_oneself("logout", person)
        return answer


@method_decorator(never_cache, name="dispatch")
class PasswordPage(PasswordChangeView):
    """A person's own new password; every other session of theirs ends."""

    template_name = "schools/password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("account")

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        """Keep the password; an event says so, without it."""
        with transaction.atomic():
            answer = super().form_valid(form)
            record_of_oneself("password_change", form.user)
        messages.success(self.request, "密码已修改。在其他电脑上的登录已全部退出。")
        return answer


@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """A person's own account: who they are here, password, second factor, posts held."""
    postings = request.user.postings.select_related("place__parent__parent").order_by("-held_from")
    context = {
        "postings": postings,
        "has_second_factor": has_second_factor(request.user),
        "uses_tokens": not why_not_use_tokens(request.user),
    }
    return render(request, "schools/account.html", context)


def locked_page(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """The answer of django-axes to a locked sign-in: until when, and what to do. Called for every attempt; only the one
    that locked leaves an event, so that trying on does not fill the chain."""
    username = get_client_username(request, credentials) or ""
    if request.axes_failures_since_start == get_failure_limit(request, credentials):
        record_lock_out(username)
    until = _locked_until(username, request.axes_ip_address)
    minutes = settings.AXES_COOLOFF_TIME // datetime.timedelta(minutes=1)
    context = {"until": until, "limit": get_failure_limit(request, credentials), "minutes": minutes}
    answer = render(request, "schools/locked.html", context, status=_TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(max(1, int((until - timezone.now()).total_seconds())))
    return answer


def _locked_until(username: str, address: str | None) -> datetime.datetime:
    attempts = AccessAttempt.objects.filter(username=username, ip_address=address)
    last = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    return (last or timezone.now()) + settings.AXES_COOLOFF_TIME
