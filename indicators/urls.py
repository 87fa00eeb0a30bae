"""Addresses of this app."""

from django.urls import URLPattern, path

from indicators import views

urlpatterns: list[URLPattern] = [
    path("template.xlsx", views.template_download, name="template_download"),
]
