"""Addresses of the mailing app."""

from __future__ import annotations

from django.urls import URLPattern, path

app_name = "mailing"
urlpatterns: list[URLPattern] = []
