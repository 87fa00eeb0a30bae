"""The steward's desk: accounts and the register. A steward takes no step of any evaluation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import AbstractBaseUser, Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from schools.models import Division, School, User
from schools.vocabulary import Party

admin.site.site_header = "管理员工作台"
admin.site.site_title = "管理员工作台"
admin.site.index_title = "人员、区划与学校"
admin.site.unregister(Group)


def is_steward(user: AbstractBaseUser | Any) -> bool:
    """Whether this person tends accounts and the register."""
    return bool(user.is_active and (user.is_superuser or getattr(user, "party", "") == Party.STEWARD))


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
        if party and place and Party(party).place_level != place.level:
            raise ValidationError(f"{Party(party).label}应属于{Party(party).place_level.label}级，{place.name}不是。")
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

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_superuser or obj.party == Party.STEWARD
        super().save_model(request, obj, form, change)
