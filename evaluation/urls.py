"""Addresses of this app."""

from django.urls import URLPattern, path

from evaluation import (
    decision_views,
    evidence_views,
    explanation_views,
    laboratory_views,
    partial_views,
    reread_views,
    revision_views,
    views,
)

urlpatterns: list[URLPattern] = [
    path("template.xlsx", views.template_download, name="template_download"),
    path("workspace/upload/", views.upload, name="upload"),
    path("workspace/checklist/<str:item>/", evidence_views.checklist_item, name="checklist_item"),
    path("workspace/checklist/<str:item>/task/", evidence_views.checklist_task, name="checklist_task"),
    path("workspace/checklist/<str:item>/evidence/", evidence_views.evidence_attach, name="evidence_attach"),
    path("evidence/<int:pk>/", evidence_views.evidence_file, name="evidence_file"),
    path("evidence/<int:pk>/withdraw/", evidence_views.evidence_withdraw, name="evidence_withdraw"),
    path("laboratory/", laboratory_views.laboratory_desk, name="laboratory"),
    path("counties/<str:code>/decisions/", decision_views.decisions_page, name="decisions"),
    path("counties/<str:code>/decisions/survey/", decision_views.survey_supply, name="survey_supply"),
    path("counties/<str:code>/decisions/monitoring/", decision_views.monitoring_supply, name="monitoring_supply"),
    path("counties/<str:code>/decisions/items/<str:item>/", decision_views.item_judge, name="item_judge"),
    path("counties/<str:code>/decisions/relaxations/", decision_views.relaxation_grant, name="relaxation_grant"),
    path("relaxations/<int:pk>/withdraw/", decision_views.relaxation_withdraw, name="relaxation_withdraw"),
    path("relaxations/<int:pk>/file/", decision_views.relaxation_file, name="relaxation_file"),
    path("supplied-results/<int:pk>/file/", decision_views.supplied_file, name="supplied_file"),
    path("submissions/<int:pk>/retry/", views.retry, name="retry"),
    path("submissions/<int:pk>/reread/", reread_views.reread, name="reread"),
    path("submissions/<int:pk>/problems/<int:position>/explain/", explanation_views.explain, name="explain"),
    path("submissions/<int:pk>/repairs/", revision_views.accept_repairs, name="accept_repairs"),
    path("submissions/<int:pk>/correction/", revision_views.correct_cell, name="correct_cell"),
    path("submissions/<int:pk>/update-previous/", partial_views.update_with_version, name="update_with_version"),
    path("partials/<int:pk>/apply/", partial_views.partial_apply, name="partial_apply"),
    path("partials/<int:pk>/discard/", partial_views.partial_discard, name="partial_discard"),
    path("partials/<int:pk>/retry/", partial_views.partial_retry, name="partial_retry"),
]
