"""The blocks of a draft newsletter. Each change counts the newsletter's version up; a sent one changes no more."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from communities.models import Newsletter, NewsletterBlock
from communities.services.drafts import count_change, hold_draft
from communities.services.errors import RefusedError, StaleVersionError
from people.models import User
from studies.services.history import delete_as, save_as

_STEP = 10
_MOST = 60
_COPIED = (
    "position", "kind", "heading", "words", "picture", "alternative_text", "event", "study", "label", "address",
)  # fmt: skip


@transaction.atomic
def add_block(*, newsletter: Newsletter, kind: str, fields: dict[str, Any], by: User) -> NewsletterBlock:
    """Put a block at the end. Raises ``RefusedError`` if the newsletter is no draft or has 60 blocks already."""
    current = hold_draft(newsletter)
    if current.blocks.count() >= _MOST:
        raise RefusedError(f"A newsletter has at most {_MOST} blocks. Delete one first, or begin another newsletter.")
    last = current.blocks.aggregate(last=Max("position"))["last"] or 0
    block = NewsletterBlock(newsletter=current, kind=kind, position=last + _STEP, updated_by=by, **fields)
    save_as(block, by)
    count_change(current, by=by)
    return block


@transaction.atomic
def save_block(*, block: NewsletterBlock, version: int, changes: dict[str, Any], by: User) -> NewsletterBlock:
    """Change a block. ``version`` is the block's that the person edited.

    Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if the newsletter is no draft or the
    block was deleted meanwhile.
    """
    newsletter = hold_draft(block.newsletter)
    current = newsletter.blocks.filter(pk=block.pk).first()
    if current is None:
        raise RefusedError("Somebody deleted this block meanwhile. Copy your words, and add them as a new block.")
    if current.version != version:
        raise StaleVersionError(current)
    for field, value in changes.items():
        setattr(current, field, value)
    current.version += 1
    current.updated_by = by
    save_as(current, by)
    count_change(newsletter, by=by)
    return current


@transaction.atomic
def move_block(*, block: NewsletterBlock, up: bool, by: User) -> bool:
    """Change places with the block above or below; False, and nothing changes, where there is none.

    Raises ``RefusedError`` if the newsletter is no draft.
    """
    newsletter = hold_draft(block.newsletter)
    keys = list(newsletter.blocks.values_list("pk", flat=True))
    if block.pk not in keys:
        return False
    here = keys.index(block.pk)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(keys):
        return False
    keys[here], keys[there] = keys[there], keys[here]
    places = {key: (nth + 1) * _STEP for nth, key in enumerate(keys)}
    rows = list(newsletter.blocks.all())
    for each in rows:
        each.position = places[each.pk]
    NewsletterBlock.objects.bulk_update(rows, ["position"])
    moved = next(each for each in rows if each.pk == block.pk)
    count_change(newsletter, by=by, reason=f"Moved {'up' if up else 'down'}: {moved.summary}")
    return True


@transaction.atomic
def delete_block(*, block: NewsletterBlock, by: User) -> None:
    """Take a block out; its history stays. A second call changes nothing. Raises ``RefusedError`` if the newsletter
    is no draft.
    """
    newsletter = hold_draft(block.newsletter)
    current = newsletter.blocks.filter(pk=block.pk).first()
    if current is not None:
        delete_as(current, by)
        count_change(newsletter, by=by)


def copy_blocks(*, source: Newsletter, target: Newsletter, by: User) -> None:
    """Give a newsletter that has no blocks those of another. Pictures are shared, not copied."""
    for block in source.blocks.all():
        NewsletterBlock.objects.create(
            newsletter=target, updated_by=by, **{name: getattr(block, name) for name in _COPIED}
        )
