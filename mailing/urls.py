"""Addresses of the mailing app."""

from __future__ import annotations

from django.urls import URLPattern, path

from mailing import views, webhooks
from mailing.bounces.views import bounce_list

app_name = "mailing"
urlpatterns: list[URLPattern] = [
    path("", views.outbox, name="outbox"),
    path("messages/<int:pk>/", views.message, name="message"),
    path("messages/<int:pk>/html/", views.message_html, name="message_html"),
    path("messages/<int:pk>/files/<int:number>/", views.message_file, name="message_file"),
    path("messages/<int:pk>/send-again/", views.message_send_again, name="message_send_again"),
    path("mailings/<int:pk>/", views.mailing, name="mailing"),
    path("mailings/<int:pk>/pause/", views.mailing_pause, name="mailing_pause"),
    path("mailings/<int:pk>/resume/", views.mailing_resume, name="mailing_resume"),
    path("mailings/<int:pk>/cancel/", views.mailing_cancel, name="mailing_cancel"),
    path("mailings/<int:pk>/send-again/", views.mailing_send_again, name="mailing_send_again"),
    path("bounces/", bounce_list, name="bounces"),
    path("hooks/<slug:provider>/", webhooks.hook, name="hook"),
    path("suppressions/", views.suppressions, name="suppressions"),
    path("suppressions/<int:pk>/lift/", views.suppression_lift, name="suppression_lift"),
]
