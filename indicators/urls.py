"""Addresses of this app."""

from django.urls import URLPattern, path

from indicators import header_views, rule_views, views

urlpatterns: list[URLPattern] = [
    path("workspace/register/", views.register_changes, name="register_changes"),
    path("workspace/register/all/", views.register_decide_all, name="register_decide_all"),
    path("workspace/register/<int:pk>/", views.register_decide, name="register_decide"),
    path("workspace/headers/", header_views.headers, name="headers"),
    path("workspace/headers/<int:pk>/forget/", header_views.header_forget, name="header_forget"),
    path("rules/set/", rule_views.set_rule, name="set_rule"),
]
