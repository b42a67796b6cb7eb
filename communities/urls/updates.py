"""Addresses of the monthly updates, for those who approve them."""

from __future__ import annotations

from django.urls import path

from communities.views import history, update_sending, updates

app_name = "updates"
urlpatterns = [
    path("", updates.index, name="index"),
    path("<int:year>-<int:month>/", updates.detail, name="detail"),
    path("<int:year>-<int:month>/deadline/", updates.deadline, name="deadline"),
    path("<int:year>-<int:month>/history/", history.update, name="history"),
    path("<int:year>-<int:month>/send/", update_sending.send, name="send"),
    path("<int:year>-<int:month>/pause/", update_sending.pause, name="pause"),
    path("<int:year>-<int:month>/resume/", update_sending.resume, name="resume"),
    path("<int:year>-<int:month>/cancel/", update_sending.cancel, name="cancel"),
    path("sections/<int:pk>/", updates.section, name="section"),
    path("sections/<int:pk>/history/", history.section, name="section_history"),
    path("sections/<int:pk>/email/", updates.section_html, name="section_html"),
    path("sections/<int:pk>/test/", updates.test, name="test"),
    path("sections/<int:pk>/decide/", updates.decide, name="decide"),
    path("sections/<int:pk>/send-back/", updates.send_back, name="send_back"),
]
