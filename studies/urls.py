"""Addresses of the studies app. ``/studies/`` itself is Table 1, which the shell shows."""

from __future__ import annotations

from django.urls import path

from studies.views import ledger, listing, parts, people, study

app_name = "studies"
urlpatterns = [
    path("manage/", listing.manage, name="manage"),
    path("manage/export/<str:kind>/", listing.export, name="export"),
    path("manage/suggestions/", ledger.suggestions, name="suggestions"),
    path("manage/views/", listing.saved_views, name="saved_views"),
    path("manage/views/save/", listing.saved_view_save, name="saved_view_save"),
    path("manage/views/<int:pk>/rename/", listing.saved_view_rename, name="saved_view_rename"),
    path("manage/views/<int:pk>/delete/", listing.saved_view_delete, name="saved_view_delete"),
    path("manage/views/<int:pk>/default/", listing.saved_view_default, name="saved_view_default"),
    path("new/", study.new, name="new"),
    path("<slug:slug>/", study.detail, name="detail"),
    path("<slug:slug>/edit/", study.edit, name="edit"),
    path("<slug:slug>/move/", study.move, name="move"),
    path("<slug:slug>/archive/", study.archive, name="archive"),
    path("<slug:slug>/unarchive/", study.unarchive, name="unarchive"),
    path("<slug:slug>/history/", study.history, name="history"),
    path("<slug:slug>/people/", people.people, name="people"),
    path("<slug:slug>/people/add/", people.person_add, name="person_add"),
    path("<slug:slug>/people/invite/", people.person_invite, name="person_invite"),
    path("<slug:slug>/people/<int:pk>/end/", people.person_end, name="person_end"),
    path("<slug:slug>/sites/add/", parts.site_add, name="site_add"),
    path("<slug:slug>/sites/<int:pk>/remove/", parts.site_remove, name="site_remove"),
    path("<slug:slug>/identifiers/", parts.identifiers, name="identifiers"),
    path("<slug:slug>/documents/", parts.documents, name="documents"),
    path("<slug:slug>/documents/add/", parts.document_add, name="document_add"),
    path("<slug:slug>/documents/<int:pk>/", parts.document, name="document"),
    path("<slug:slug>/documents/<int:pk>/remove/", parts.document_remove, name="document_remove"),
    path("<slug:slug>/documents/<int:pk>/put-back/", parts.document_put_back, name="document_put_back"),
    path("<slug:slug>/suggestions/", ledger.ledger, name="ledger"),
    path("<slug:slug>/suggestions/add/", ledger.suggestion_add, name="suggestion_add"),
    path("<slug:slug>/suggestions/<int:pk>/answer/", ledger.suggestion_answer, name="suggestion_answer"),
    path("<slug:slug>/suggestions/changes/add/", ledger.amendment_add, name="amendment_add"),
]
