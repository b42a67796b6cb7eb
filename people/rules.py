"""Who may do what in the people app, and the two predicates that the other apps build on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules
from django.conf import settings

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from people.models import User


@rules.predicate
def is_programme_staff(user: User | AnonymousUser) -> bool:
    """Programme staff who may log in, administrators among them."""
    return bool(user.is_active and (user.is_staff or user.is_superuser))


@rules.predicate
def is_administrator(user: User | AnonymousUser) -> bool:
    """An administrator: programme staff who also decide who the programme staff are."""
    return bool(user.is_active and user.is_superuser)


@rules.predicate
def is_somebody_else(user: User | AnonymousUser, person: User | None) -> bool:
    """Not oneself: nobody locks themselves out by a slip."""
    return person is None or user.pk != person.pk


@rules.predicate
def is_ordinary(user: User | AnonymousUser, person: User | None) -> bool:
    """A person who is neither programme staff nor an administrator."""
    return person is None or not (person.is_staff or person.is_superuser)


@rules.predicate
def needs_second_factor(user: User | AnonymousUser) -> bool:
    """Programme staff and administrators, where ``STAFF_SECOND_FACTOR`` is on."""
    return bool(settings.STAFF_SECOND_FACTOR and user.is_active and (user.is_staff or user.is_superuser))


rules.add_perm("people.view_people", is_programme_staff)
rules.add_perm("people.invite_person", is_programme_staff)
rules.add_perm("people.change_organisation", is_programme_staff)
rules.add_perm("people.deactivate_person", is_somebody_else & ((is_programme_staff & is_ordinary) | is_administrator))
rules.add_perm("people.reset_second_factor", is_somebody_else & ((is_programme_staff & is_ordinary) | is_administrator))
rules.add_perm("people.erase_person", is_somebody_else & is_administrator)
rules.add_perm("people.manage_staff", is_administrator)
