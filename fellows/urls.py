"""Addresses of the fellows app."""

from __future__ import annotations

from django.urls import path

from fellows import views

app_name = "fellows"
urlpatterns = [
    path("", views.index, name="index"),
    path("studies/<slug:slug>/", views.study, name="study"),
    path("studies/<slug:slug>/open/", views.post_open, name="post_open"),
    path("studies/<slug:slug>/posts/<int:number>/close/", views.post_close, name="post_close"),
    path("studies/<slug:slug>/posts/<int:number>/second/", views.second, name="second"),
    path("secondments/<int:pk>/name/", views.secondment_name, name="secondment_name"),
    path("secondments/<int:pk>/change/", views.secondment_change, name="secondment_change"),
    path("secondments/<int:pk>/take-back/", views.secondment_take_back, name="secondment_take_back"),
    path("secondments/<int:pk>/end/", views.secondment_end, name="secondment_end"),
    path("secondments/<int:pk>/undo-end/", views.secondment_undo_end, name="secondment_undo_end"),
]
