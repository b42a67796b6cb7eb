"""Registers the studies app with Django."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """The programme, its themes and studies, and the co-production ledger."""

    name = "studies"
    default_auto_field = "django.db.models.BigAutoField"
