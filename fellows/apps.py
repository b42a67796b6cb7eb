"""Registers the fellows app with Django."""

from django.apps import AppConfig


class FellowsConfig(AppConfig):
    """Fellow posts and the secondments that fill them."""

    name = "fellows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say who may do what, who is in post, and what the app holds on a person."""
        from fellows import rules  # noqa: F401 - registers the permissions
        from fellows.people import KINDS, labels_of, what_we_hold_on
        from people import privacy, roles

        roles.register(labels_of, KINDS)
        privacy.register(what_we_hold_on)
