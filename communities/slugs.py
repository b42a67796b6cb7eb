"""Names for addresses, made from titles."""

from __future__ import annotations

import secrets

from django.db import models

from people.slugs import slug_of

RESERVED = frozenset({"manage", "new", "feed", "past", "calendar", "registration", "feedback", "audiences"})


def free_slug(model: type[models.Model], words: str, *, max_length: int = 120) -> str:
    """A slug from the words that no row of the model has: numbered if need be, never a word that an address uses."""
    stem = slug_of(words)[: max_length - 8].strip("-") or model._meta.model_name or "page"
    taken = set(model._default_manager.filter(slug__startswith=stem).values_list("slug", flat=True)) | RESERVED
    if stem not in taken:
        return stem
    for number in range(2, 100):
        if f"{stem}-{number}" not in taken:
            return f"{stem}-{number}"
    return f"{stem}-{secrets.token_hex(3)}"
