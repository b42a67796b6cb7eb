"""Registers the people app with Django."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, organisations, roles, and who may do what."""

    name = "people"
    default_auto_field = "django.db.models.BigAutoField"
