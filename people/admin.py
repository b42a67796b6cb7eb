"""People in Django's admin: for administrators to look things up. What changes who may do what goes by the services."""

from __future__ import annotations

from typing import Any, ClassVar

# Those that register what is taken off again below.
import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from people.models import Invitation, Organisation, User
from people.read_only import ReadOnlyAdmin
from people.rules import is_administrator


@login_not_required
def login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The door to the admin, for administrators alone: the portal's own login page.

    Django's own form knows no second factor and no rate limit, and would take another person's password from somebody
    who is logged in already, who is programme staff or not.
    """
    if request.user.is_authenticated:
        if not is_administrator(request.user):
            raise PermissionDenied
        return redirect("admin:index")
    return redirect_to_login(get_next_redirect_url(request) or reverse("admin:index"), reverse("account_login"))


admin.site.login = login  # type: ignore[method-assign]
# Programme staff change things on the portal's own pages, which ask the services.
admin.site.has_permission = lambda request: is_administrator(request.user)  # type: ignore[method-assign]
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
