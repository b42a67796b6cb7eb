"""Addresses of events. An event's slug is none of the words that come before it here."""

from __future__ import annotations

from django.urls import path

from communities.views import events, feeds

app_name = "events"
urlpatterns = [
    path("", events.index, name="index"),
    path("past/", events.past, name="past"),
    path("feed/", feeds.events_feed, name="feed"),
    path("manage/", events.manage, name="manage"),
    path("new/", events.new, name="new"),
    path("<slug:slug>/", events.detail, name="detail"),
    path("<slug:slug>/calendar.ics", events.calendar_entry, name="calendar_entry"),
    path("<slug:slug>/edit/", events.edit_event, name="edit"),
    path("<slug:slug>/publish/", events.publish, name="publish"),
    path("<slug:slug>/announce/", events.announce, name="announce"),
    path("<slug:slug>/cancel/", events.cancel, name="cancel"),
    path("<slug:slug>/delete/", events.delete, name="delete"),
]
