"""Registers the panels app with Django."""

from django.apps import AppConfig


class PanelsConfig(AppConfig):
    """Panels, review cycles and reviews."""

    name = "panels"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the permissions; tell the apps below who sits on panels, what is held on them, what they read."""
        from panels import privacy, roles, rules  # noqa: F401 - importing rules registers the permissions
        from people import privacy as people_privacy
        from people import roles as people_roles
        from studies import scope

        people_roles.register(roles.panel_roles, {"Panel member": roles.members})
        people_privacy.register(privacy.panels_data)
        scope.register_readers("panels", roles.studies_to_read)
