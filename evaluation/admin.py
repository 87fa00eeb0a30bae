"""What the steward may look at of the judging: the loaded standards and the jobs, never changed here."""

from __future__ import annotations

from django.contrib import admin

from evaluation.models import Job, Standard
from schools.admin import StewardAdmin


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
