"""Addresses of this app."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path

from reports import (
    checklist_views,
    compare_views,
    comparison_views,
    desk_views,
    display_views,
    downloads,
    evaluation_views,
    event_views,
    explain_views,
    feeds,
    glossary_views,
    group_views,
    insight_views,
    laboratory_views,
    method_views,
    national_views,
    notice_views,
    open_data_views,
    other_standard_views,
    partial_views,
    public_views,
    radar_views,
    rule_views,
    signing_views,
    table_views,
    views,
)


def _with_tables(address: str, view: Callable[..., HttpResponseBase], name: str) -> tuple[URLPattern, URLPattern]:
    """A public page, and beside it the files of its tables from the same view."""
    beside = path(f"{address}tables.<str:suffix>", view, name=f"{name}_tables")
    return path(address, view, name=name), beside


urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    *_with_tables("standards/<str:code>/", views.standard, "standard"),
    path("standards/<str:code>/method/", method_views.method, name="method"),
    path("standards/<str:code>.toml", views.standard_document, name="standard_document"),
    *_with_tables("rules/", rule_views.rules, "rules"),
    path("display/", display_views.choose_display, name="display"),
    path("events/", event_views.events, name="events"),
    path("events/head/", event_views.event_heads, name="event_heads"),
    path("events.<str:suffix>", event_views.events_export, name="events_export"),
    path("laboratory/<int:pk>/", laboratory_views.laboratory_run, name="laboratory_run"),
    path("laboratory/<int:pk>.xlsx", laboratory_views.laboratory_export, name="laboratory_export"),
    path("national-runs/<int:pk>/", national_views.national_run, name="national_run"),
    path("national-runs/<int:pk>/progress/", national_views.national_run_progress, name="national_run_progress"),
    path("national-runs/<int:pk>.xlsx", national_views.national_run_export, name="national_run_export"),
    path("radar/<int:pk>/", radar_views.radar_scan, name="radar_scan"),
    path("radar/<int:pk>.xlsx", radar_views.radar_export, name="radar_export"),
    *_with_tables("notices/", notice_views.notices, "notices"),
    *_with_tables("notices/<int:pk>/", notice_views.notice, "notice"),
    path("objections/<str:number>/", notice_views.objection, name="objection"),
    path("feed.atom", feeds.country_feed, name="country_feed"),
    path("counties/<str:code>/feed.atom", feeds.county_feed, name="county_feed"),
    *_with_tables("country/", public_views.country, "country"),
    *_with_tables("provinces/<str:code>/", public_views.province, "province"),
    *_with_tables("counties/<str:code>/", public_views.county, "county"),
    *_with_tables("results/<str:code>/", public_views.result, "result"),
    *_with_tables("results/<str:code>/schools/<str:school>/", public_views.result_school, "result_school"),
    path("results/<str:code>/schools.<str:suffix>", public_views.result_export, name="result_export"),
    *_with_tables("results/<str:code>/similar/", compare_views.similar, "result_similar"),
    *_with_tables("results/<str:code>/changes/", compare_views.changes, "result_changes"),
    *_with_tables("compare/", group_views.compare, "compare"),
    path("glossary/", glossary_views.glossary, name="glossary"),
    *_with_tables("search/", public_views.search, "search"),
    *_with_tables("open-data/", open_data_views.open_data, "open_data"),
    path("open-data/<int:year>/<int:version>.zip", open_data_views.open_data_file, name="open_data_file"),
    *_with_tables("corrections/", public_views.correction_log, "corrections"),
    path("workspace/", views.workspace, name="workspace"),
    path("desk/", desk_views.desk, name="desk"),
    path("evaluations/<int:pk>/", evaluation_views.evaluation, name="evaluation"),
    path("workspace/signing/", signing_views.signing, name="signing"),
    path("workspace/signing/print/", signing_views.signing_print, name="signing_print"),
    path("filings/<str:number>/print/", signing_views.filing_print, name="filing_print"),
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
    path("api/", include("reports.api.urls")),
]
