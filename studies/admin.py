"""The studies app in the admin: to look things up and mend what no page can. Its history shows beside each row.

What a service guards is read only here: stages move, documents are uploaded and suggestions are answered on the
portal's own pages, which record who and why.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from people.read_only import ReadOnlyAdmin
from studies.models import (
    Amendment,
    Consultation,
    ExistingNetwork,
    Programme,
    SavedView,
    StageMove,
    Study,
    StudyDocument,
    StudyIdentifier,
    StudyPerson,
    StudySite,
    Suggestion,
    Theme,
)


@admin.register(Programme)
class ProgrammeAdmin(SimpleHistoryAdmin):
    """The one programme."""

    list_display = ("short_name", "funder", "starts_on", "ends_on")


@admin.register(Consultation)
class ConsultationAdmin(admin.ModelAdmin):
    """How the programme chose its studies."""

    list_display = ("held_in", "invited", "took_part")


@admin.register(Theme)
class ThemeAdmin(SimpleHistoryAdmin):
    """Themes, and who leads them."""

    list_display = ("name", "kind", "position")
    list_filter = ("kind",)
    autocomplete_fields: ClassVar = ("leads",)
    search_fields = ("name",)


@admin.register(ExistingNetwork)
class ExistingNetworkAdmin(admin.ModelAdmin):
    """Networks that were there before the programme."""

    list_display = ("name", "host", "theme")
    list_filter = ("theme",)


@admin.register(Study)
class StudyAdmin(SimpleHistoryAdmin):
    """Studies. An edit here counts as a version, so that nobody on the portal's pages overwrites it unseen."""

    list_display = ("title", "acronym", "theme", "stage", "design", "starts_on", "ends_on", "archived_at")
    list_filter = ("theme", "stage", "design")
    list_select_related = ("theme",)
    search_fields = ("title", "acronym", "slug")
    readonly_fields = ("stage", "version", "archived_at", "created_at", "updated_at")
    history_list_display: ClassVar = ("stage", "version")

    def save_model(self, request: HttpRequest, obj: Study, form: Any, change: bool) -> None:
        """Count the edit."""
        if change:
            obj.version += 1
        super().save_model(request, obj, form, change)


class _PartAdmin(SimpleHistoryAdmin):
    """A part of a study."""

    autocomplete_fields: ClassVar[tuple[str, ...]] = ("study",)
    list_select_related: ClassVar[tuple[str, ...]] = ("study",)


@admin.register(StudyPerson)
class StudyPersonAdmin(_PartAdmin):
    """Who is on which study."""

    list_display = ("user", "study", "role", "starts_on", "ends_on")
    list_filter = ("role",)
    list_select_related: ClassVar[tuple[str, ...]] = ("study", "user")
    autocomplete_fields: ClassVar[tuple[str, ...]] = ("study", "user")
    search_fields = ("user__full_name", "study__title", "study__acronym")


@admin.register(StudySite)
class StudySiteAdmin(_PartAdmin):
    """Where studies run."""

    list_display = ("study", "organisation", "place", "opened_on")
    list_select_related: ClassVar[tuple[str, ...]] = ("study", "organisation")


@admin.register(StudyIdentifier)
class StudyIdentifierAdmin(_PartAdmin):
    """Studies' numbers in registries."""

    list_display = ("study", "scheme", "value")
    list_filter = ("scheme",)
    search_fields = ("value", "study__title")


@admin.register(StudyDocument)
class StudyDocumentAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Documents: uploaded, removed and put back on the study's own page. The file itself is not linked from here."""

    list_display = ("title", "study", "kind", "size", "uploaded_by", "uploaded_at", "removed_at")
    list_select_related = ("study", "uploaded_by")
    fields = ("study", "kind", "title", "filename", "size", "content_type", "uploaded_by", "uploaded_at", "removed_at")


@admin.register(StageMove)
class StageMoveAdmin(ReadOnlyAdmin):
    """Moves from stage to stage."""

    list_display = ("study", "from_stage", "to_stage", "moved_by", "moved_at", "reason")
    list_select_related = ("study", "moved_by")


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Suggestions, answered on the study's own page."""

    list_display = ("__str__", "study", "source", "status", "made_on")
    list_filter = ("status", "source")
    list_select_related = ("study",)


@admin.register(Amendment)
class AmendmentAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """What studies changed because of suggestions."""

    list_display = ("__str__", "study", "made_on", "made_by")
    list_select_related = ("study", "made_by")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    """People's saved views of the list of studies."""

    list_display = ("name", "user", "query", "is_default")
    list_select_related = ("user",)
