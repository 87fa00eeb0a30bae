"""Addresses of this app."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from schools.views import SignIn

urlpatterns: list[URLPattern] = [
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
