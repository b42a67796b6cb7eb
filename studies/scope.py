"""Who may read a study from outside it: other apps say so here, because this app may not import them.

A panel's member, for example, reads the inside of the studies that they were asked to review. The panels app
registers that in its ``AppConfig.ready``; ``Study.objects.visible_to`` and ``studies.rules.is_reader_of`` ask here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from people.models import User

#: Takes a user and returns a queryset of one column: the primary keys of the studies that they may read.
Readers = Callable[["User"], "QuerySet[Any, Any]"]

_registered: dict[str, Readers] = {}


def register_readers(name: str, readers: Readers) -> None:
    """Let those whom ``readers`` names read the inside of studies; registering a name again replaces it."""
    _registered[name] = readers


def all_readers() -> list[Readers]:
    """Everything that has been registered."""
    return list(_registered.values())
