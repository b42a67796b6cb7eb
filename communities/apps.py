"""Registers the communities app with Django."""

from django.apps import AppConfig


class CommunitiesConfig(AppConfig):
    """Communities of practice, their associates, newsletters and events."""

    name = "communities"
    default_auto_field = "django.db.models.BigAutoField"
