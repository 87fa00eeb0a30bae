"""Addresses of this app."""

from django.urls import URLPattern, path

from reports import api, checklist_views, comparison_views, downloads, rule_views, views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("standards/<str:code>/", views.standard, name="standard"),
    path("standards/<str:code>.toml", views.standard_document, name="standard_document"),
    path("rules/", rule_views.rules, name="rules"),
    path("workspace/", views.workspace, name="workspace"),
    path("workspace/checklist/", checklist_views.checklist_page, name="checklist"),
    path(
        "submissions/<int:pk>/compare/<int:other_pk>/", comparison_views.submission_compare, name="submission_compare"
    ),
    path(
        "submissions/<int:pk>/compare/<int:other_pk>.xlsx",
        comparison_views.comparison_export,
        name="comparison_export",
    ),
    path("submissions/<int:pk>/", views.submission, name="submission"),
    path("submissions/<int:pk>/progress/", views.submission_progress, name="submission_progress"),
    path("submissions/<int:pk>/schools/<str:code>/", views.school, name="school"),
    path("submissions/<int:pk>/file/", views.submission_file, name="submission_file"),
    path("submissions/<int:pk>/annotated.xlsx", downloads.submission_annotated, name="submission_annotated"),
    path("submissions/<int:pk>/problems.xlsx", downloads.submission_problems, name="submission_problems"),
    path("submissions/<int:pk>/schools.<str:suffix>", views.submission_export, name="submission_export"),
    path("api/v1/submissions/<int:pk>/", api.SubmissionResult.as_view(), name="api_submission"),
]
