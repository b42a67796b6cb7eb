"""Addresses of the people app."""

from __future__ import annotations

from django.urls import path

from people import views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("invite/", views.invite, name="invite"),
    path("organisations/", views.organisations, name="organisations"),
    path("me/", views.me, name="me"),
    path("accept/<str:token>/", views.accept, name="accept"),
]
