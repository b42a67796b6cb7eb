"""Addresses of events. An event's slug is none of the words that come before it here."""

from __future__ import annotations

from django.urls import path

from communities.views import attendance, events, feeds, history, registrations, series

app_name = "events"
urlpatterns = [
    path("", events.index, name="index"),
    path("past/", events.past, name="past"),
    path("feed/", feeds.events_feed, name="feed"),
    path("manage/", events.manage, name="manage"),
    path("new/", events.new, name="new"),
    path("calendar/<str:token>.ics", feeds.personal_calendar, name="personal_calendar"),
    path("registration/<str:token>/", registrations.registration, name="registration"),
    path("registration/<str:token>/change/", registrations.change, name="registration_change"),
    path("registration/<str:token>/cancel/", registrations.cancel, name="registration_cancel"),
    path("registration/<str:token>/data/", registrations.data, name="registration_data"),
    path("registration/<str:token>/erase/", registrations.erase, name="registration_erase"),
    path("registration/<str:token>/accept/", registrations.accept, name="offer_accept"),
    path("feedback/<str:token>/", registrations.feedback, name="feedback"),
    path("<slug:slug>/", events.detail, name="detail"),
    path("<slug:slug>/calendar.ics", events.calendar_entry, name="calendar_entry"),
    path("<slug:slug>/register/", registrations.sign_up, name="register"),
    path("<slug:slug>/register/sent/", registrations.sign_up_sent, name="register_sent"),
    path("<slug:slug>/registrations/", attendance.registrations, name="registrations"),
    path("<slug:slug>/registrations/add/", attendance.add, name="registration_add"),
    path("<slug:slug>/registrations/export/", attendance.export, name="registrations_export"),
    path("<slug:slug>/registrations/<int:pk>/cancel/", attendance.cancel_for, name="registration_cancel_for"),
    path("<slug:slug>/attendance/", attendance.attendance, name="attendance"),
    path("<slug:slug>/feedback/", attendance.feedback_results, name="feedback_results"),
    path("<slug:slug>/history/", history.event, name="history"),
    path("<slug:slug>/edit/", events.edit_event, name="edit"),
    path("<slug:slug>/repeat/", series.repeat, name="repeat"),
    path("<slug:slug>/publish/", events.publish, name="publish"),
    path("<slug:slug>/announce/", events.announce, name="announce"),
    path("<slug:slug>/cancel/", events.cancel, name="cancel"),
    path("<slug:slug>/delete/", events.delete, name="delete"),
]
