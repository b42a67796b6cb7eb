"""Addresses of newsletters. A newsletter's slug is none of the words that come before it here."""

from __future__ import annotations

from django.urls import path

from communities.views import approving, audiences, feeds, history, newsletters, presses, preview, sending, writing

app_name = "newsletters"
urlpatterns = [
    path("", newsletters.index, name="index"),
    path("feed/", feeds.newsletters_feed, name="feed"),
    path("manage/", newsletters.manage, name="manage"),
    path("new/", writing.new, name="new"),
    path("pictures/<str:key>.<slug:ending>", writing.picture, name="picture"),
    path("follow/<str:key>/", presses.follow, name="follow"),
    path("audiences/", audiences.saved, name="audiences"),
    path("audiences/<int:pk>/history/", history.audience, name="audience_history"),
    path("audiences/<int:pk>/rename/", audiences.rename, name="audience_rename"),
    path("audiences/<int:pk>/delete/", audiences.delete, name="audience_delete"),
    path("<slug:slug>/", newsletters.detail, name="detail"),
    path("<slug:slug>/edit/", writing.edit_newsletter, name="edit"),
    path("<slug:slug>/details/", writing.details, name="details"),
    path("<slug:slug>/blocks/add/<slug:kind>/", writing.add_block, name="add_block"),
    path("<slug:slug>/blocks/<int:pk>/", writing.edit_block, name="edit_block"),
    path("<slug:slug>/blocks/<int:pk>/move/", writing.move_block, name="move_block"),
    path("<slug:slug>/blocks/<int:pk>/delete/", writing.delete_block, name="delete_block"),
    path("<slug:slug>/template/", writing.template, name="template"),
    path("<slug:slug>/approve/", approving.approve, name="approve"),
    path("<slug:slug>/ask/", approving.ask, name="ask"),
    path("<slug:slug>/send-back/", approving.send_back, name="send_back"),
    path("<slug:slug>/preview/", preview.preview, name="preview"),
    path("<slug:slug>/preview/html/", preview.preview_html, name="preview_html"),
    path("<slug:slug>/audience/", audiences.choose, name="audience"),
    path("<slug:slug>/audience/count/", audiences.count, name="audience_count"),
    path("<slug:slug>/links/", preview.links, name="links"),
    path("<slug:slug>/test/", newsletters.test, name="test"),
    path("<slug:slug>/send/", newsletters.send, name="send"),
    path("<slug:slug>/schedule/", sending.schedule, name="schedule"),
    path("<slug:slug>/unschedule/", sending.unschedule, name="unschedule"),
    path("<slug:slug>/progress/", sending.progress, name="progress"),
    path("<slug:slug>/pause/", sending.pause, name="pause"),
    path("<slug:slug>/resume/", sending.resume, name="resume"),
    path("<slug:slug>/cancel/", sending.cancel, name="cancel"),
    path("<slug:slug>/extend/", sending.extend, name="extend"),
    path("<slug:slug>/history/", history.newsletter, name="history"),
    path("<slug:slug>/report/", sending.report, name="report"),
    path("<slug:slug>/delete/", newsletters.delete, name="delete"),
]
