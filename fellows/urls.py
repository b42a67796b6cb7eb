"""Addresses of the fellows app."""

from __future__ import annotations

from django.urls import URLPattern, path

app_name = "fellows"
urlpatterns: list[URLPattern] = []
