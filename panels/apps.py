"""Registers the panels app with Django."""

from django.apps import AppConfig


class PanelsConfig(AppConfig):
    """Panels, review cycles and reviews."""

    name = "panels"
    default_auto_field = "django.db.models.BigAutoField"
