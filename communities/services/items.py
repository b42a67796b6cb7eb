"""Sharing news, resources and insights on a community's page."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from communities.models import Community, CommunityItem
from communities.services.errors import StaleVersionError
from communities.services.update_entries import item_changed, item_deleted
from people.models import User
from studies.services.history import save_as


@transaction.atomic
def share_item(*, community: Community, by: User, **fields: Any) -> CommunityItem:
    """Put an item on a community's page, at once. A second call makes a second item."""
    item = CommunityItem(community=community, created_by=by, updated_by=by, **fields)
    save_as(item, by)
    return item


@transaction.atomic
def save_item(*, item: CommunityItem, version: int, changes: dict[str, Any], by: User) -> CommunityItem:
    """Change an item; the time at which it was shared stays, and drafts of the monthly update say the new words.

    ``version`` is the one that the person edited.

    Raises ``StaleVersionError`` if somebody saved another since.
    """
    current = CommunityItem.objects.select_related("community").select_for_update(of=("self",)).get(pk=item.pk)
    if current.version != version:
        raise StaleVersionError(current)
    for field, value in changes.items():
        setattr(current, field, value)
    current.version += 1
    current.updated_by = by
    save_as(current, by)
    item_changed(current)
    return current


@transaction.atomic
def delete_item(*, item: CommunityItem) -> None:
    """Take an item off the community's page and out of monthly updates that have not gone; its history stays, and so
    does what was emailed of it. A second call changes nothing.
    """
    current = CommunityItem.objects.select_for_update().filter(pk=item.pk).first()
    if current:
        current.delete()
        item_deleted(item.pk)
