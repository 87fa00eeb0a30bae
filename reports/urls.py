"""Addresses of this app."""

from django.urls import URLPattern, path

from reports import (
    api,
    checklist_views,
    comparison_views,
    downloads,
    explain_views,
    insight_views,
    laboratory_views,
    method_views,
    other_standard_views,
    partial_views,
    rule_views,
    table_views,
    views,
)

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("standards/<str:code>/", views.standard, name="standard"),
    path("standards/<str:code>/method/", method_views.method, name="method"),
    path("standards/<str:code>.toml", views.standard_document, name="standard_document"),
    path("rules/", rule_views.rules, name="rules"),
    path("laboratory/<int:pk>/", laboratory_views.laboratory_run, name="laboratory_run"),
    path("laboratory/<int:pk>.xlsx", laboratory_views.laboratory_export, name="laboratory_export"),
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
    path("submissions/<int:pk>/coefficients/<str:stage>/<str:code>/", insight_views.coefficient, name="coefficient"),
    path(
        "submissions/<int:pk>/coefficients/<str:stage>/<str:code>.<str:suffix>",
        insight_views.coefficient_export,
        name="coefficient_export",
    ),
    path(
        "submissions/<int:pk>/explain/value/<str:school>/<str:stage>/<str:code>/",
        explain_views.explain_value,
        name="explain_value",
    ),
    path(
        "submissions/<int:pk>/explain/coefficient/<str:stage>/<str:code>/",
        explain_views.explain_coefficient,
        name="explain_coefficient",
    ),
    path(
        "submissions/<int:pk>/explain/composite/<str:stage>/",
        explain_views.explain_composite,
        name="explain_composite",
    ),
    path("submissions/<int:pk>/explain/item/<str:code>/", explain_views.explain_item, name="explain_item"),
    path(
        "submissions/<int:pk>/explain/item/<str:code>/<str:school>/",
        explain_views.explain_school_item,
        name="explain_school_item",
    ),
    path("submissions/<int:pk>/firmness/", insight_views.verdict_firmness, name="firmness"),
    path("submissions/<int:pk>/file/", downloads.submission_file, name="submission_file"),
    path("submissions/<int:pk>/annotated.xlsx", downloads.submission_annotated, name="submission_annotated"),
    path("submissions/<int:pk>/problems.xlsx", downloads.submission_problems, name="submission_problems"),
    path("submissions/<int:pk>/schools.<str:suffix>", views.submission_export, name="submission_export"),
    path(
        "submissions/<int:pk>/standards/<str:code>/",
        other_standard_views.submission_standard,
        name="submission_standard",
    ),
    path("submissions/<int:pk>/tables/", table_views.submission_tables, name="submission_tables"),
    path("submissions/<int:pk>/tables.xlsx", table_views.submission_tables_export, name="submission_tables_export"),
    path("partials/<int:pk>/", partial_views.partial, name="partial"),
    path("partials/<int:pk>/progress/", partial_views.partial_progress, name="partial_progress"),
    path("partials/<int:pk>/file/", partial_views.partial_file, name="partial_file"),
    path("api/v1/submissions/<int:pk>/", api.SubmissionResult.as_view(), name="api_submission"),
]
