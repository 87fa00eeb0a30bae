"""Doors of a person to the tokens their own programs use: make one, shown once; revoke one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from evaluation import people
from evaluation.permissions import Refused, why_not_use_tokens
from schools.account_forms import TokenForm
from schools.api_tokens import MOST_TOKENS, tokens_of, why_ended


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens of a person, and the form of a new one; the answer to it shows its text, this once."""
    if why_not_use_tokens(request.user):
        raise Http404
    form = TokenForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        told, is_verified = form.cleaned_data, request.user.is_verified()
        try:
            made = people.make_api_token(request.user, told["name"], told["days"], is_verified=is_verified)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return render(request, "schools/token.html", {"token": made[0], "text": made[1]})
    listed = [(token, why_ended(token)) for token in tokens_of(request.user)]
    context = {"form": form, "tokens": listed, "most": MOST_TOKENS}
    return render(request, "schools/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: HttpRequest) -> HttpResponse:
    """End one token, whoever holds its text."""
    try:
        people.revoke_api_token(request.user, request.POST.get("token", "")[:200].replace("\0", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "令牌已撤销，用它的程序不能再访问。")
    return redirect("tokens")
