"""Addresses of this app."""

from django.urls import URLPattern, path

from evaluation import views

urlpatterns: list[URLPattern] = [
    path("workspace/upload/", views.upload, name="upload"),
    path("submissions/<int:pk>/retry/", views.retry, name="retry"),
]
