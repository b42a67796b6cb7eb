"""Registers the people app with Django."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class PeopleConfig(AppConfig):
    """Users, organisations, roles, and who may do what."""

    name = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the registries what this app itself knows, and each new connection to SQLite all letters."""
        from people import holdings, letters, privacy, roles

        connection_created.connect(letters.teach_sqlite, dispatch_uid="people.letters")
        roles.register(
            holdings.own_roles, {"Programme staff": holdings.staff, "Administrator": holdings.administrators}
        )
        privacy.register(holdings.account_data, holdings.forget_in_admin)
