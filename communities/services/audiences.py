"""Choosing whom a newsletter goes to, and keeping a choice under a name."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from communities.audiences import ROWS, Choice, is_within
from communities.models import Audience, Newsletter
from communities.services.drafts import count_change, hold_draft
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.history import save_with_lists
from people.models import User

#: More than anyone keeps by hand.
MOST = 50
NOT_YOURS = "You can only choose communities that you look after. Programme staff can choose any."


class NameRefusedError(RefusedError):
    """A choice cannot be kept under this name."""


@transaction.atomic
def save_audience(*, newsletter: Newsletter, version: int, choice: Choice, by: User) -> Newsletter:
    """Let a draft go to those of ``choice``, and to its own community again where that is all it says.

    ``version`` is the newsletter's that the person looked at; it has a new one afterwards, so that nobody sends it
    unaware of where it goes now. Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if it
    has been sent or scheduled or is a template, or the choice reaches a community that this person does not look after.
    """
    current = hold_draft(newsletter)
    if current.is_template:
        raise RefusedError("A template goes to nobody. Begin a newsletter from it, and choose for that.")
    if current.version != version:
        raise StaleVersionError(current)
    _refuse_others(choice, by)
    if choice == Choice(communities=frozenset([current.community_id])):
        Audience.objects.filter(newsletter=current).delete()
    else:
        audience = Audience.objects.filter(newsletter=current).first() or Audience(newsletter=current)
        audience.owner = by
        _write(audience, choice, by)
    count_change(current, by=by)
    return current


@transaction.atomic
def keep_audience(*, name: str, choice: Choice, by: User) -> Audience:
    """Keep a choice under a name, to choose it again. Later changes of it change no newsletter.

    Raises ``NameRefusedError`` where this person has one of that name, or very many, and ``RefusedError`` where they do
    not look after all of it.
    """
    User.objects.select_for_update().get(pk=by.pk)
    _refuse_others(choice, by)
    theirs = Audience.objects.saved().filter(owner=by)
    if theirs.count() >= MOST:
        raise NameRefusedError(f"You have {MOST} saved audiences. Delete one first.")
    audience = Audience(owner=by, name=_free_name(name, theirs))
    _write(audience, choice, by)
    return audience


@transaction.atomic
def rename_audience(*, audience: Audience, name: str) -> Audience:
    """Give a saved audience another name. Raises ``NameRefusedError`` where its owner has another of that name."""
    others = Audience.objects.saved().filter(owner=audience.owner_id).exclude(pk=audience.pk)
    audience.name = _free_name(name, others)
    audience.save(update_fields=["name"])
    return audience


def delete_audience(*, audience: Audience) -> None:
    """Forget a saved audience; newsletters that began with it keep theirs. A second call changes nothing."""
    Audience.objects.saved().filter(pk=audience.pk).delete()


def _free_name(name: str, others: Any) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise NameRefusedError("Give it a name of up to 80 characters.")
    if others.filter(name__iexact=name).exists():
        raise NameRefusedError("There is a saved audience of this name already. Choose another name.")
    return name


def _refuse_others(choice: Choice, by: User) -> None:
    if not is_within(choice, by):
        raise RefusedError(NOT_YOURS)


def _write(audience: Audience, choice: Choice, by: User) -> None:
    for name in ("organisation", "area", "joined_from", "joined_until"):
        setattr(audience, name, getattr(choice, name))
    audience.involvement, audience.also_agreed = list(choice.involvement), list(choice.also_agreed)
    audience.saved_at = timezone.now()
    save_with_lists(audience, by, **{name: getattr(choice, name) for name in ROWS})
