"""Registers the shell with Django."""

from django.apps import AppConfig


class ClahrcConfig(AppConfig):
    """The pages and commands that look across every app; it has no models."""

    name = "clahrc"

    def ready(self) -> None:
        """Say who may see the pages that look across every app, and whose name stands at the head of an email."""
        from clahrc import rules  # noqa: F401 - registers the permissions
        from clahrc.branding import programme_brand
        from mailing.compose import set_brand

        set_brand(programme_brand)
