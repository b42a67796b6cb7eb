"""Registers the people app with Django."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, organisations, roles, and who may do what."""

    name = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the registries what this app itself knows."""
        from people import holdings, privacy, roles

        roles.register(
            holdings.own_roles, {"Programme staff": holdings.staff, "Administrator": holdings.administrators}
        )
        privacy.register(holdings.account_data, holdings.forget_in_admin)
