"""The steward's desk: accounts and the register. A steward takes no step of any evaluation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from schools.actions import AppointmentRefused, check_post, keep_posting
from schools.models import Division, School, User
from schools.queries import is_steward, people_visible_to, within
from schools.vocabulary import Party

admin.site.site_header = "管理员工作台"
admin.site.site_title = "管理员工作台"
admin.site.index_title = "人员、区划与学校"
admin.site.unregister(Group)


class StewardAdmin(admin.ModelAdmin):
    """A table the steward may look at; what may be changed is opened by each subclass."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_steward(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_steward(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Division)
class DivisionAdmin(StewardAdmin):
    """Divisions come from the register file and are read here."""

    list_display = ("code", "name", "level", "parent")
    list_filter = ("level",)
    search_fields = ("code", "name")
    list_select_related = ("parent",)


@admin.register(School)
class SchoolAdmin(StewardAdmin):
    """Schools of the register."""

    list_display = ("code", "name", "county", "school_type", "closed_on")
    list_filter = ("school_type", "urban_rural")
    search_fields = ("code", "name")
    raw_id_fields = ("county",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[School]:
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(within(request.user.place_id or "", "county"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_steward(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_steward(request.user)


class _OnePlace:
    """One person, one party, one place of the party's level."""

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data  # type: ignore[misc, attr-defined]
        party, place = told.get("party"), told.get("place")
        if bool(party) != bool(place):
            raise ValidationError("身份和所属地区须同时填写。")
        if party and place:
            # What the account is now, not what the form has just put on it.
            person = User.objects.filter(pk=self.instance.pk).first()  # type: ignore[attr-defined]
            try:
                check_post(Party(party), place, person)
            except AppointmentRefused as refusal:
                raise ValidationError(str(refusal)) from None
        return told


class NewOfficialForm(_OnePlace, AdminUserCreationForm):
    """A new account."""


class OfficialForm(_OnePlace, UserChangeForm):
    """An account that is there."""


@admin.register(User)
class OfficialAdmin(StewardAdmin, UserAdmin):
    """Accounts. They are closed, never deleted: what somebody signed keeps its name."""

    form = OfficialForm
    add_form = NewOfficialForm
    list_display = ("username", "full_name", "party", "place", "is_active")
    list_filter = ("party", "is_active")
    search_fields = ("username", "full_name")
    list_select_related = ("place",)
    raw_id_fields = ("place",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("人员", {"fields": ("full_name", "email", "party", "place", "is_active")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2", "full_name", "party", "place")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_steward(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A superuser's account is not the steward's to change.
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return is_steward(request.user) and not is_above

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(pk__in=people_visible_to(request.user).values("pk"))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        if not request.user.is_superuser and "place" in form.base_fields:
            # A place of another province is no choice here, even typed.
            form.base_fields["place"].queryset = Division.objects.filter(within(request.user.place_id or "", ""))
        return form

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_superuser or obj.party == Party.STEWARD
        super().save_model(request, obj, form, change)
        keep_posting(obj)
