"""Addresses of communities of practice. A community's slug is none of the words that come before it here."""

from __future__ import annotations

from django.urls import path

from communities.views import feeds, history, items, join, manage, preferences, public, unsubscribe

app_name = "communities"
urlpatterns = [
    path("", public.index, name="index"),
    path("manage/", manage.manage, name="manage"),
    path("manage/open/<slug:study_slug>/", manage.open_one, name="open"),
    path("mine/", preferences.mine, name="mine"),
    path("join/", join.join, name="join"),
    path("join/sent/", join.join_sent, name="join_sent"),
    path("confirm/<str:token>/", join.confirm, name="confirm"),
    path("confirm/<str:token>/again/", join.renew, name="renew"),
    path("link/", preferences.link, name="link"),
    path("link/sent/", preferences.link_sent, name="link_sent"),
    path("preferences/erased/", preferences.erased, name="erased"),
    path("preferences/<str:token>/", preferences.preferences, name="preferences"),
    path("preferences/<str:token>/details/", preferences.details, name="preferences_details"),
    path("preferences/<str:token>/calendar/", preferences.calendar, name="preferences_calendar"),
    path("preferences/<str:token>/data/", preferences.data, name="preferences_data"),
    path("preferences/<str:token>/erase/", preferences.erase, name="preferences_erase"),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/undo/", unsubscribe.resubscribe, name="resubscribe"),
    path("<slug:slug>/", public.detail, name="detail"),
    path("<slug:slug>/events.ics", feeds.community_calendar, name="calendar"),
    path("<slug:slug>/items/", items.index, name="items"),
    path("<slug:slug>/items/new/", items.new, name="item_new"),
    path("<slug:slug>/items/<int:pk>/edit/", items.edit_item, name="item_edit"),
    path("<slug:slug>/items/<int:pk>/delete/", items.delete, name="item_delete"),
    path("<slug:slug>/edit/", manage.edit_community, name="edit"),
    path("<slug:slug>/history/", history.community, name="history"),
    path("<slug:slug>/stage/", manage.move, name="move"),
    path("<slug:slug>/members/", manage.members, name="members"),
    path("<slug:slug>/members/export/", manage.export_members, name="export_members"),
    path("<slug:slug>/members/<int:pk>/role/", manage.change_role, name="change_role"),
    path("<slug:slug>/members/<int:pk>/remove/", manage.remove_member, name="remove_member"),
]
