"""Addresses of panels, their cycles and their decisions."""

from __future__ import annotations

from django.urls import path

from panels.views import cycles, decisions, panels

app_name = "panels"
urlpatterns = [
    path("", panels.index, name="index"),
    path("studies/<slug:slug>/", decisions.study, name="study"),
    path("studies/<slug:slug>/open/", cycles.open_cycle, name="open_cycle"),
    path("decisions/<int:pk>/", decisions.detail, name="decision"),
    path("conditions/<int:pk>/met/", decisions.condition_met, name="condition_met"),
    path("conditions/<int:pk>/not-met/", decisions.condition_unmet, name="condition_unmet"),
    path("<slug:slug>/", panels.detail, name="detail"),
    path("<slug:slug>/members/add/", panels.add_seat, name="add_seat"),
    path("<slug:slug>/members/<int:pk>/", panels.change_seat, name="change_seat"),
    path("<slug:slug>/members/<int:pk>/end/", panels.end_seat, name="end_seat"),
    path("<slug:slug>/questions/", panels.questions, name="questions"),
    path("<slug:slug>/questions/add/", panels.add_question, name="add_question"),
    path("<slug:slug>/questions/<int:pk>/", panels.change_question, name="change_question"),
    path("<slug:slug>/questions/<int:pk>/retire/", panels.retire_question, name="retire_question"),
    path("<slug:slug>/questions/<int:pk>/move/", panels.move_question, name="move_question"),
    path("<slug:slug>/cycles/new/", cycles.choose_study, name="choose_study"),
    path("<slug:slug>/cycles/<int:pk>/", cycles.detail, name="cycle_detail"),
    path("<slug:slug>/cycles/<int:pk>/history/", cycles.history, name="cycle_history"),
    path("<slug:slug>/cycles/<int:pk>/edit/", cycles.edit, name="cycle_edit"),
    path("<slug:slug>/cycles/<int:pk>/remind/", cycles.remind, name="remind"),
    path("<slug:slug>/cycles/<int:pk>/members/", cycles.add_reviewers, name="add_reviewers"),
    path("<slug:slug>/cycles/<int:pk>/peer/", cycles.invite_peer, name="invite_peer"),
    path("<slug:slug>/cycles/<int:pk>/reviews/<int:review_pk>/withdraw/", cycles.withdraw, name="withdraw"),
    path("<slug:slug>/cycles/<int:pk>/close/", cycles.close, name="cycle_close"),
    path("<slug:slug>/cycles/<int:pk>/reopen/", cycles.reopen, name="cycle_reopen"),
    path("<slug:slug>/cycles/<int:pk>/release/", cycles.release, name="cycle_release"),
    path("<slug:slug>/cycles/<int:pk>/export/", cycles.export, name="cycle_export"),
    path("<slug:slug>/cycles/<int:pk>/decision/", decisions.record, name="record_decision"),
]
