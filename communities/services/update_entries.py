"""What becomes of an update's entries when the item that they were made from changes."""

from __future__ import annotations

from django.db.models import F

from communities.models import CommunityItem, UpdateEntry, UpdateSection
from communities.whats_new import item_fields, item_source


def item_changed(item: CommunityItem) -> None:
    """Let a draft say what the item says now. What is approved stays as it was approved."""
    entries = UpdateEntry.objects.filter(
        source=item_source(item.pk), section__status=UpdateSection.Status.DRAFT, section__update__closed_at=None
    )
    sections = list(entries.values_list("section", flat=True))
    if sections:
        entries.update(**item_fields(item))
        UpdateSection.objects.filter(pk__in=sections).update(version=F("version") + 1)


def item_deleted(pk: int) -> None:
    """Take an item out of every update that has not gone, approved or not."""
    UpdateEntry.objects.filter(source=item_source(pk), section__update__closed_at=None).delete()
