"""Addresses of reviews, as their members see them."""

from __future__ import annotations

from django.urls import path

from panels.views import hindrances
from panels.views import reviews as views

app_name = "reviews"
urlpatterns = [
    path("", views.index, name="index"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/autosave/", views.autosave, name="autosave"),
    path("<int:pk>/conflict/", hindrances.conflict, name="conflict"),
    path("<int:pk>/conflict/undo/", hindrances.undo_conflict, name="undo_conflict"),
    path("<int:pk>/decline/", hindrances.decline, name="decline"),
    path("<int:pk>/decline/undo/", hindrances.undo_decline, name="undo_decline"),
    path("<int:pk>/longer/", hindrances.longer, name="longer"),
    path("<int:pk>/check/", views.check, name="check"),
    path("<int:pk>/sent/", views.done, name="done"),
    path("<int:pk>/change/", views.change, name="change"),
]
