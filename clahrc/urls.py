"""Every address of the portal. The shell's own pages have no namespace; each app has its own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from clahrc import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("studies/", include("studies.urls")),
    path("fellows/", include("fellows.urls")),
    path("communities/", include("communities.urls.communities")),
    path("events/", include("communities.urls.events")),
    path("newsletters/", include("communities.urls.newsletters")),
    path("panels/", include("panels.urls.panels")),
    path("reviews/", include("panels.urls.reviews")),
    path("people/", include("people.urls")),
    path("outbox/", include("mailing.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
