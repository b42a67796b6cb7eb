"""Every address of the portal. The shell's own pages have no namespace; each app has its own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from clahrc import health, views
from communities.views import feeds
from mailing.metrics import metrics
from people.views import remove_passkey, turn_off_app

urlpatterns = [
    path("", views.home, name="home"),
    path("themes/<slug:slug>/", views.theme_detail, name="theme_detail"),
    path("studies/", views.table_1, name="table_1"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("search/", views.search, name="search"),
    path("report/", views.report, name="report"),
    path("report/download/", views.report_csv, name="report_csv"),
    path("help/", views.help_page, name="help"),
    path("privacy/", views.privacy, name="privacy"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("studies/", include("studies.urls")),
    path("fellows/", include("fellows.urls")),
    path("communities/", include("communities.urls.communities")),
    path("events/", include("communities.urls.events")),
    path("events.ics", feeds.events_calendar, name="events_calendar"),
    path("newsletters/", include("communities.urls.newsletters")),
    path("updates/", include("communities.urls.updates")),
    path("panels/", include("panels.urls.panels")),
    path("reviews/", include("panels.urls.reviews")),
    path("people/", include("people.urls")),
    path("outbox/", include("mailing.urls")),
    path("accounts/2fa/totp/deactivate/", turn_off_app, name="mfa_deactivate_totp"),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("robots.txt", views.robots, name="robots"),
    path("metrics", metrics, name="metrics"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
