"""People in Django's admin: for administrators to look things up. What changes who may do what goes by the services."""

from __future__ import annotations

from typing import ClassVar

# Those that register what is taken off again below.
import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from people.models import Invitation, Organisation, User
from people.read_only import ReadOnlyAdmin

# The admin's own login page knows no second factor and no rate limit.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# Nothing here asks a group; addresses and sessions are looked after by their owners and the services.
admin.site.unregister([EmailAddress, UserSession, Group, Authenticator])


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


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second factors: who has which. Their secret is shown to nobody."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter: ClassVar = ["type"]
    list_select_related = ("user",)
    search_fields = ("user__full_name", "user__email")
    exclude = ("data",)
