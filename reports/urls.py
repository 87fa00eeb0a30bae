"""Addresses of this app."""

from django.urls import URLPattern, path

from reports import api, views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("standards/<str:code>/", views.standard, name="standard"),
    path("standards/<str:code>.toml", views.standard_document, name="standard_document"),
    path("workspace/", views.workspace, name="workspace"),
    path("submissions/<int:pk>/", views.submission, name="submission"),
    path("submissions/<int:pk>/progress/", views.submission_progress, name="submission_progress"),
    path("submissions/<int:pk>/schools/<str:code>/", views.school, name="school"),
    path("submissions/<int:pk>/file/", views.submission_file, name="submission_file"),
    path("submissions/<int:pk>/schools.<str:suffix>", views.submission_export, name="submission_export"),
    path("api/v1/submissions/<int:pk>/", api.SubmissionResult.as_view(), name="api_submission"),
]
