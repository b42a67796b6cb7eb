"""The communities app in Django's admin: for looking things up. Changes go through the portal's own pages."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from communities.models import Associate, Audience, Community, Consent, Event, ListStop, Membership, Newsletter
from people.read_only import ReadOnly, ReadOnlyAdmin


@admin.register(Community)
class CommunityAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Communities."""

    list_display = ("name", "stage", "open_to_join")
    list_filter = ("stage", "open_to_join")
    search_fields = ("name",)


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Rows that go with another, to look at."""

    extra = 0


class MembershipInline(ReadOnlyInline):
    """What an associate belongs to."""

    model = Membership


class ConsentInline(ReadOnlyInline):
    """What an associate agreed to."""

    model = Consent


class ListStopInline(ReadOnlyInline):
    """What an associate stopped being sent by one community."""

    model = ListStop


@admin.register(Associate)
class AssociateAdmin(ReadOnlyAdmin):
    """Associates with what they belong to and agreed to."""

    list_display = ("name", "email", "involvement", "confirmed_at")
    list_filter = ("involvement",)
    search_fields = ("name", "email")
    inlines: ClassVar = [MembershipInline, ConsentInline, ListStopInline]


@admin.register(Newsletter)
class NewsletterAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Newsletters."""

    list_display = ("title", "community", "status", "sent_at")
    list_filter = ("status",)
    search_fields = ("title",)


@admin.register(Audience)
class AudienceAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Whom newsletters go to."""

    list_display = ("__str__", "owner", "saved_at")
    list_select_related = ("newsletter", "owner")
    search_fields = ("name", "newsletter__title")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin, SimpleHistoryAdmin):
    """Events."""

    list_display = ("title", "kind", "starts_at", "status")
    list_filter = ("status", "kind")
    search_fields = ("title",)
