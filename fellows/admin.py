"""Posts and secondments in the administration pages: for mending what the pages of the portal cannot."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from fellows.models import FellowPost, Secondment


@admin.register(FellowPost)
class FellowPostAdmin(SimpleHistoryAdmin):
    """Places for fellows."""

    list_display: ClassVar = ["study", "number", "closed_on"]
    list_filter: ClassVar = ["study__theme", "closed_on"]
    list_select_related: ClassVar = ["study"]
    search_fields: ClassVar = ["study__title", "study__acronym"]
    raw_id_fields: ClassVar = ["study"]


@admin.register(Secondment)
class SecondmentAdmin(SimpleHistoryAdmin):
    """Who was seconded, to which post, when."""

    list_display: ClassVar = ["post", "fellow", "organisation", "starts_on", "ends_on", "days_per_week"]
    list_filter: ClassVar = ["organisation", "starts_on", "ends_on"]
    list_select_related: ClassVar = ["post__study", "fellow", "organisation"]
    search_fields: ClassVar = ["fellow__full_name", "fellow__email", "post__study__title", "post__study__acronym"]
    raw_id_fields: ClassVar = ["post", "fellow", "organisation"]
