"""What the steward may look at of the judging: the loaded standards and the jobs, never changed here; and accounts,
each change of which leaves an event. There is one door in and out, that of the site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from evaluation.models import Job, Standard
from evaluation.people import record_account_change
from evaluation.sign_in import SignOut
from schools.admin import OfficialAdmin, StewardAdmin
from schools.models import User

# Keys of second factors are nobody's to read.
admin.site.unregister([TOTPDevice, StaticDevice])
admin.site.unregister(User)


@never_cache
def no_second_door(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Where the desk would ask for a password of its own: whoever is not signed in was sent to the site's page, whoever
    is has a desk here or there is none."""
    if not admin.site.has_permission(request):
        raise Http404
    return redirect("admin:index")


def own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The password page is the site's."""
    return redirect("password")


admin.site.login = no_second_door  # type: ignore[method-assign]
admin.site.logout = SignOut.as_view()  # type: ignore[method-assign, assignment]
admin.site.password_change = own_password  # type: ignore[method-assign]


@admin.register(User)
class RecordedOfficialAdmin(OfficialAdmin):
    """Accounts, with one event for each change in its transaction."""

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        leaves_post = change and not {"party", "place", "is_active"}.isdisjoint(form.changed_data)
        record_account_change(request.user, obj, "account_change" if change else "grant", leaves_post)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            if request.method == "POST" and answer.status_code == 302:
                record_account_change(request.user, User.objects.get(pk=id), "password_reset")
        return answer


@admin.register(Standard)
class StandardAdmin(StewardAdmin):
    """Loaded documents."""

    list_display = ("code", "name", "sha256", "loaded_at")


@admin.register(Job)
class JobAdmin(StewardAdmin):
    """Jobs, newest first; what is set aside carries its error."""

    list_display = ("pk", "submission", "partial", "state", "attempts", "worker", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("submission__county", "partial__base__county")
    ordering = ("-pk",)
    fields = (
        *("submission", "partial", "standard", "state", "stage", "attempts", "worker", "error"),
        *("created_at", "finished_at"),
    )
