"""Who may do what in the communities app. A convenor's permissions are for their own communities alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules

from people.rules import is_programme_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from communities.models import Community, Newsletter, UpdateSection
    from people.models import User as Account

    User = Account | AnonymousUser


@rules.predicate
def is_convenor_of(user: User, community: Community | None) -> bool:
    """Looks after this community today."""
    from communities.models import Community

    if community is None or not user.is_active:
        return False
    return Community.objects.convened_by(user).filter(pk=community.pk).exists()


@rules.predicate
def is_convenor(user: User) -> bool:
    """Looks after a community today."""
    from communities.models import Community

    return user.is_active and Community.objects.convened_by(user).exists()


@rules.predicate
def is_convenor_of_its_community(user: User, of_one: Newsletter | UpdateSection | None) -> bool:
    """Looks after the community that a newsletter, or a section of a monthly update, is for."""
    return of_one is not None and is_convenor_of(user, of_one.community)


# Every community, and the list of them for staff.
rules.add_perm("communities.manage_communities", is_programme_staff)

# One community.
rules.add_perm("communities.change_community", is_programme_staff | is_convenor_of)
rules.add_perm("communities.view_members", is_programme_staff | is_convenor_of)
rules.add_perm("communities.change_members", is_programme_staff | is_convenor_of)
rules.add_perm("communities.export_members", is_programme_staff)
rules.add_perm("communities.change_items", is_programme_staff | is_convenor_of)

# Newsletters: convenors write, staff send.
rules.add_perm("communities.write_newsletters", is_programme_staff | is_convenor)
rules.add_perm("communities.change_newsletter", is_programme_staff | is_convenor_of_its_community)
rules.add_perm("communities.send_newsletter", is_programme_staff)

# Monthly updates: convenors approve what their communities tell, staff send.
rules.add_perm("communities.see_updates", is_programme_staff | is_convenor)
rules.add_perm("communities.approve_section", is_programme_staff | is_convenor_of_its_community)
rules.add_perm("communities.send_updates", is_programme_staff)

# Events.
rules.add_perm("communities.manage_events", is_programme_staff)
# Who comes to them. What people eat and need is about health: staff alone, and a permission of its own.
rules.add_perm("communities.manage_registrations", is_programme_staff)
rules.add_perm("communities.view_needs", is_programme_staff)
