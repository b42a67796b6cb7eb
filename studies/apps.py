"""Registers the studies app with Django."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """The programme, its themes and studies, and the co-production ledger."""

    name = "studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say who may do what, who is on which study, and what the app holds on a person."""
        from people import privacy, roles
        from studies import rules  # noqa: F401 - registers the permissions
        from studies.people import KINDS, forget, labels_of, what_we_hold_on

        roles.register(labels_of, KINDS)
        privacy.register(what_we_hold_on, forget)
