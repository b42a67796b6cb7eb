"""Panels in Django's admin, for administrators. What reviews say is read on the portal's own pages, not here."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from panels.models import Decision, Panel, PanelSeat, Question, Review, ReviewCycle
from people.read_only import ReadOnly, ReadOnlyAdmin


@admin.register(Panel)
class PanelAdmin(SimpleHistoryAdmin):
    """Panels."""

    list_display: ClassVar = ["name", "kind", "position"]


@admin.register(PanelSeat)
class PanelSeatAdmin(SimpleHistoryAdmin):
    """Who sits on which panel."""

    list_display: ClassVar = ["user", "panel", "role", "organisation", "starts_on", "ends_on"]
    list_filter: ClassVar = ["panel", "role"]
    list_select_related: ClassVar = ["user", "panel", "organisation"]
    raw_id_fields: ClassVar = ["user"]


@admin.register(Question)
class QuestionAdmin(ReadOnly, SimpleHistoryAdmin):
    """What panels ask, read only: rewording a question that was asked would change past reviews."""

    list_display: ClassVar = ["text", "panel", "kind", "is_required", "retired_at"]
    list_filter: ClassVar = ["panel"]
    list_select_related: ClassVar = ["panel"]


@admin.register(ReviewCycle)
class ReviewCycleAdmin(SimpleHistoryAdmin):
    """Review cycles."""

    list_display: ClassVar = ["study", "panel", "reason", "status", "due_on"]
    list_filter: ClassVar = ["panel", "status"]
    list_select_related: ClassVar = ["study", "panel"]
    raw_id_fields: ClassVar = ["opened_by", "closed_by"]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Who was asked for which review and how far they are; not what they wrote."""

    list_display = ("member", "cycle", "status", "assigned_at", "submitted_at")
    list_filter: ClassVar = ["status"]
    list_select_related: ClassVar = ["member", "cycle__panel", "cycle__study"]
    fields = ("member", "cycle", "status", "is_peer", "assigned_at", "submitted_at", "released_at")


@admin.register(Decision)
class DecisionAdmin(SimpleHistoryAdmin):
    """What panels decided: an administrator can mend a slip, and the history keeps what it said."""

    list_display: ClassVar = ["cycle", "outcome", "recorded_by", "recorded_at"]
    list_select_related: ClassVar = ["cycle__panel", "cycle__study", "recorded_by"]
    raw_id_fields: ClassVar = ["cycle", "recorded_by"]
