"""Addresses of this app."""

from django.urls import URLPattern, path

from evaluation import evidence_views, explanation_views, revision_views, views

urlpatterns: list[URLPattern] = [
    path("template.xlsx", views.template_download, name="template_download"),
    path("workspace/upload/", views.upload, name="upload"),
    path("workspace/checklist/<str:item>/", evidence_views.checklist_item, name="checklist_item"),
    path("workspace/checklist/<str:item>/task/", evidence_views.checklist_task, name="checklist_task"),
    path("workspace/checklist/<str:item>/evidence/", evidence_views.evidence_attach, name="evidence_attach"),
    path("evidence/<int:pk>/", evidence_views.evidence_file, name="evidence_file"),
    path("evidence/<int:pk>/withdraw/", evidence_views.evidence_withdraw, name="evidence_withdraw"),
    path("submissions/<int:pk>/retry/", views.retry, name="retry"),
    path("submissions/<int:pk>/problems/<int:position>/explain/", explanation_views.explain, name="explain"),
    path("submissions/<int:pk>/repairs/", revision_views.accept_repairs, name="accept_repairs"),
    path("submissions/<int:pk>/correction/", revision_views.correct_cell, name="correct_cell"),
]
