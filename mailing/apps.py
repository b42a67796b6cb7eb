"""Registers the mailing app with Django."""

from django.apps import AppConfig


class MailingConfig(AppConfig):
    """The one door that every email leaves by."""

    name = "mailing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the settings checked."""
        from mailing import checks

        checks.register()
