"""Doors of letters to the public: ask for them, confirm, end them. Nobody signs in, and nothing is kept by a cache."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from evaluation import subscribing
from evaluation.permissions import Refused
from evaluation.senders import network_of
from evaluation.subscription_forms import SubscribeForm
from schools.models import County


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def subscribe(request: HttpRequest, code: str = "") -> HttpResponse:
    """The form of a county, or of the whole country; sent, everybody is told the same."""
    county = get_object_or_404(County.objects.select_related("parent__parent"), pk=code) if code else None
    form = SubscribeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            subscribing.ask(form.cleaned_data["address"], county, network_of(request))
            return redirect("subscribe_sent")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "evaluation/subscribe.html", {"county": county, "form": form}, status=status)


@require_safe
@login_not_required
@never_cache
def subscribe_sent(request: HttpRequest) -> HttpResponse:
    """What happens next; the same for every address."""
    return render(request, "evaluation/subscribe_sent.html", {"days": subscribing.CONFIRM_WITHIN.days})


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def subscription_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button: programs that look into letters open links, and press nothing."""
    is_done = request.method == "POST"
    found = subscribing.confirm(token) if is_done else subscribing.of_confirmation(token)
    context = {"subscription": found, "is_done": is_done or (found is not None and found.confirmed_at is not None)}
    status = HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK
    return render(request, "evaluation/subscription_confirm.html", context, status=status)


# The link in the letter is the right to end it: mail programs press the button for their reader (RFC 8058), from
# elsewhere and without a cookie. Whoever could forge the request would need the link, and could only end letters.
@csrf_exempt
@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def subscription_end(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button that ends a subscription; said of one that is over as well."""
    is_post = request.method == "POST"
    is_ours = subscribing.end(token) if is_post else subscribing.is_token_to_end(token)
    context = {"is_ours": is_ours, "is_done": is_post and is_ours}
    status = HTTPStatus.OK if is_ours else HTTPStatus.NOT_FOUND
    return render(request, "evaluation/subscription_end.html", context, status=status)
