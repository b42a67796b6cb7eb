"""Registers the fellows app with Django."""

from django.apps import AppConfig


class FellowsConfig(AppConfig):
    """Fellow posts and the secondments that fill them."""

    name = "fellows"
    default_auto_field = "django.db.models.BigAutoField"
