"""Addresses of newsletters. A newsletter's slug is none of the words that come before it here."""

from __future__ import annotations

from django.urls import path

from communities.views import audiences, feeds, newsletters, sending

app_name = "newsletters"
urlpatterns = [
    path("", newsletters.index, name="index"),
    path("feed/", feeds.newsletters_feed, name="feed"),
    path("manage/", newsletters.manage, name="manage"),
    path("new/", newsletters.new, name="new"),
    path("audiences/", audiences.saved, name="audiences"),
    path("audiences/<int:pk>/rename/", audiences.rename, name="audience_rename"),
    path("audiences/<int:pk>/delete/", audiences.delete, name="audience_delete"),
    path("<slug:slug>/", newsletters.detail, name="detail"),
    path("<slug:slug>/edit/", newsletters.edit_newsletter, name="edit"),
    path("<slug:slug>/preview/", newsletters.preview, name="preview"),
    path("<slug:slug>/preview/html/", newsletters.preview_html, name="preview_html"),
    path("<slug:slug>/audience/", audiences.choose, name="audience"),
    path("<slug:slug>/audience/count/", audiences.count, name="audience_count"),
    path("<slug:slug>/test/", newsletters.test, name="test"),
    path("<slug:slug>/send/", newsletters.send, name="send"),
    path("<slug:slug>/schedule/", sending.schedule, name="schedule"),
    path("<slug:slug>/unschedule/", sending.unschedule, name="unschedule"),
    path("<slug:slug>/progress/", sending.progress, name="progress"),
    path("<slug:slug>/pause/", sending.pause, name="pause"),
    path("<slug:slug>/resume/", sending.resume, name="resume"),
    path("<slug:slug>/cancel/", sending.cancel, name="cancel"),
    path("<slug:slug>/extend/", sending.extend, name="extend"),
    path("<slug:slug>/report/", sending.report, name="report"),
    path("<slug:slug>/delete/", newsletters.delete, name="delete"),
]
