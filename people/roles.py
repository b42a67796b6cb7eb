"""Who holds which role. Each app knows its own roles and registers them here, so that people pages need not ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

if TYPE_CHECKING:
    from people.models import User


@dataclass(frozen=True)
class RoleLabel:
    """One role of one person, in words ("Study lead on HOVIS"), and the page it leads to if there is one."""

    text: str
    url: str = ""


Provider = Callable[[Iterable["User"]], Mapping[int, Iterable[RoleLabel]]]
Holders = Callable[[], QuerySet[Any, Any]]

_providers: list[Provider] = []
_kinds: dict[str, Holders] = {}


def register(provider: Provider, kinds: Mapping[str, Holders] | None = None) -> None:
    """Add an app's roles; called once from its ``AppConfig.ready``. A second call with the same provider adds nothing.

    ``provider(users)`` answers ``{user_pk: [RoleLabel, …]}`` for all the users at once, in a number of queries that
    does not grow with them. ``kinds`` names the roles that the list of people can be filtered by: ``{"Diffusion
    fellow": callable}``, where the callable answers a queryset of one column, the users' primary keys.
    """
    if provider not in _providers:
        _providers.append(provider)
    _kinds.update(kinds or {})


def roles_of(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """Every role of each of these people, in the order the apps registered; each person has an entry, maybe empty."""
    people = list(users)
    roles: dict[int, list[RoleLabel]] = {user.pk: [] for user in people}
    if not people:
        return roles
    for provider in _providers:
        for pk, labels in provider(people).items():
            if pk in roles:
                roles[pk].extend(labels)
    return roles


def kinds() -> list[str]:
    """The kinds of role that people can be filtered by, in the alphabet's order."""
    return sorted(_kinds)


def holders(kind: str) -> QuerySet[Any, Any]:
    """The primary keys of everyone with this kind of role. Raises ``KeyError`` where no app registered it."""
    return _kinds[kind]()
