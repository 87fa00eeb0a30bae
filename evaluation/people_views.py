"""Doors of the steward to the accounts, and of whoever was invited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluation import people
from evaluation.permissions import Refused, can_tend_people, why_not_tend_person
from schools.account_forms import AcceptForm, HandOverForm, InviteForm, ReasonForm
from schools.accounts import invitation_of, why_not_accept
from schools.models import Invitation, User
from schools.queries import invitations_visible_to, people_visible_to
from schools.second_factor import has_second_factor
from schools.vocabulary import Party

_GONE = 410
_PEOPLE_A_PAGE = 50


def _person(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(people_visible_to(request.user), pk=pk)


@require_safe
@never_cache
def people_page(request: HttpRequest) -> HttpResponse:
    """The accounts a steward tends, by place; open invitations above them."""
    if not can_tend_people(request.user):
        raise Http404
    asked, party = request.GET.get("q", "").strip(), request.GET.get("party", "")
    found = people_visible_to(request.user).order_by("-is_active", "place", "party", "pk")
    if asked:
        found = found.filter(
            Q(full_name__contains=asked) | Q(username__contains=asked) | Q(place__name__contains=asked)
        )
    if party in set(Party):
        found = found.filter(party=party)
    total, page = found.count(), _page_number(request)
    first = (page - 1) * _PEOPLE_A_PAGE
    context = {
        "people": found[first : first + _PEOPLE_A_PAGE],
        "total": total,
        "page": page,
        "pages": range(1, -(-total // _PEOPLE_A_PAGE) + 1),
        "asked": asked,
        "party": party,
        "parties": [(each.value, each.label) for each in Party],
        "invitations": invitations_visible_to(request.user).filter(accepted_at=None, revoked_at=None),
        "now": timezone.now(),
    }
    return render(request, "schools/people.html", context)


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), 10_000) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def people_invite(request: HttpRequest) -> HttpResponse:
    """The form of an invitation; its link is shown once, on the answer."""
    if not can_tend_people(request.user):
        raise Http404
    form = InviteForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            made = people.invite(request.user, told["full_name"], Party(told["party"]), told["place"], told["email"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return _invited(request, *made)
    return render(request, "schools/invite.html", {"form": form}, status=422 if form.errors else 200)


def _invited(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """The page with the link, this once; mailed too where there is an address."""
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    is_mailed = False
    if invitation.email:
        until = timezone.localtime(invitation.expires_at)
        text = (
            f"{invitation.full_name}，您好：\n\n{invitation.invited_by}邀请您在县域义务教育优质均衡督导评估平台担任"
            f"{invitation.place.full_name}的{invitation.get_party_display()}。请在 {until:%Y-%m-%d %H:%M} 前打开下面的"
            f"链接设置密码。链接只能使用一次，请不要转发。\n\n{link}\n"
        )
        is_mailed = bool(send_mail("督导评估平台：开通账号", text, None, [invitation.email], fail_silently=True))
    context = {"invitation": invitation, "link": link, "is_mailed": is_mailed}
    return render(request, "schools/invited.html", context)


@require_POST
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(invitations_visible_to(request.user), pk=pk)
    try:
        people.revoke_invitation(request.user, invitation)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"给{invitation.full_name}的邀请已撤回，原来的链接不再有效。")
    return redirect("people")


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """What a link of invitation leads to: the form, or the reason why it works no more."""
    invitation = invitation_of(token)
    if invitation is None:
        raise Http404
    if words := why_not_accept(invitation):
        return render(request, "schools/invitation_over.html", {"words": words}, status=_GONE)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            people.accept_invitation(token, form.cleaned_data["username"], form.cleaned_data["password1"])
        except ValidationError as weak:
            form.add_error("password1", weak)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "账号已开通，请用刚才设置的用户名和密码登录。")
            return redirect("login")
    context = {"form": form, "invitation": invitation}
    return render(request, "schools/accept.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: posts held, and what the steward may do with it."""
    return _person_page(request, _person(request, pk))


def _person_page(request: HttpRequest, person: User, **refused: forms.Form) -> HttpResponse:
    """The page; a form that was refused stands where it was, with status 422."""
    context: dict[str, Any] = {
        "person": person,
        "postings": person.postings.select_related("place__parent__parent").order_by("-held_from"),
        "has_second_factor": has_second_factor(person),
        "why_not": why_not_tend_person(request.user, person),
        "hand_over_form": refused.get("hand_over") or HandOverForm(request.user, prefix="hand_over"),
        "deactivate_form": refused.get("deactivate") or ReasonForm(prefix="deactivate"),
        "reactivate_form": refused.get("reactivate") or ReasonForm(prefix="reactivate"),
        "reset_form": refused.get("reset") or ReasonForm(prefix="reset"),
    }
    return render(request, "schools/person.html", context, status=422 if refused else 200)


@require_POST
@never_cache
def person_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """End a post, and invite who follows."""
    person = _person(request, pk)
    form = HandOverForm(request.user, request.POST, prefix="hand_over")
    if not form.is_valid():
        return _person_page(request, person, hand_over=form)
    told = form.cleaned_data
    try:
        made = people.hand_over(request.user, person, told["reason"], told["successor"], told["email"], form.next_post)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _person_page(request, _person(request, pk), hand_over=form)
    if made is not None:
        return _invited(request, *made)
    messages.success(request, f"{person}的职务已结束。他（她）过去办理的事项仍署本人姓名。")
    return redirect("people")


@require_POST
@never_cache
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an account."""
    return _with_reason(request, pk, "deactivate", people.deactivate, "账号已停用，已登录的电脑立即退出。")


@require_POST
@never_cache
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed account again."""
    return _with_reason(request, pk, "reactivate", people.reactivate, "账号已重新启用。")


@require_POST
@never_cache
def person_reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away the second factor of somebody who lost it."""
    return _with_reason(request, pk, "reset", people.reset_second_factor, "两步验证已解除，本人登录后可以重新设置。")


def _with_reason(
    request: HttpRequest, pk: int, name: str, act: Callable[[User, User, str], object], done: str
) -> HttpResponse:
    person = _person(request, pk)
    form = ReasonForm(request.POST, prefix=name)
    if form.is_valid():
        try:
            act(request.user, person, form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, done)
            return redirect("person", pk=pk)
    return _person_page(request, _person(request, pk), **{name: form})
