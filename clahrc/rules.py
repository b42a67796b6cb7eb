"""Who may see the pages that look across every app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules

from people.rules import is_programme_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from people.models import User


@rules.predicate
def leads_a_theme(user: User | AnonymousUser) -> bool:
    """Leads one of the programme's themes."""
    from studies.models import Theme

    return user.is_active and Theme.objects.led_by(user).exists()


rules.add_perm("clahrc.view_report", is_programme_staff | leads_a_theme)
