"""Doors of the people: signing in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator


class SignInForm(AuthenticationForm):
    """User name and password, with one sentence for whatever of the two is wrong."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "用户名或密码不正确，请检查大小写后重试。忘记密码请联系管理员。",
        "inactive": "这个账号已停用，请联系管理员。",
    }


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """The sign-in page."""

    template_name = "schools/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request"):
            # A waiting page whose session ran out asks from inside: the whole page has to come here.
            return HttpResponse(headers={"HX-Refresh": "true"})
        return super().dispatch(request, *args, **kwargs)
