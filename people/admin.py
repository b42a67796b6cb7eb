"""People in Django's admin: for administrators to look things up. What changes who may do what goes by the services."""

from __future__ import annotations

from typing import ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest

from people.models import Invitation, Organisation, User

# The admin's own login page knows no second factor and no rate limit.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at. Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """No."""
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People, without their password's hash."""

    list_display = ("full_name", "email", "organisation", "is_staff", "is_superuser", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    list_select_related = ("organisation",)
    search_fields = ("full_name", "email")
    exclude = ("password", "groups", "user_permissions")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations."""

    list_display = ("user", "role", "invited_by", "sent_at", "expires_at", "accepted_at", "withdrawn_at")
    list_select_related = ("user", "invited_by")
    search_fields = ("user__full_name", "user__email", "role")


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    """Organisations, which administrators may mend here too."""

    list_display = ("name", "kind", "ods_code", "ror_id", "is_partner")
    list_filter: ClassVar = ["kind", "is_partner"]
    search_fields = ("name", "ods_code", "ror_id")
