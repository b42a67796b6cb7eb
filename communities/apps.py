"""Registers the communities app with Django, and what it knows of people with the people app."""

from django.apps import AppConfig


class CommunitiesConfig(AppConfig):
    """Communities of practice, their associates, newsletters and events."""

    name = "communities"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say who is a convenor or associate, and what is held on them; forget them when their account is closed."""
        from communities import rules  # noqa: F401 - registers the permissions
        from communities.privacy import forget, what_we_hold_on
        from communities.roles import associates, convenors, roles_of
        from communities.services.preferences import leave_by_provider
        from mailing.bounces import leaving
        from people import privacy, roles

        roles.register(roles_of, {"Community convenor": convenors, "Associate": associates})
        privacy.register(what_we_hold_on, forget)
        leaving.register(leave_by_provider)
