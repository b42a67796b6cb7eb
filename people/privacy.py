"""What the portal holds on a person, app by app, for "see and take your data" (UK GDPR, articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from people.models import User

Exporter = Callable[["User"], dict[str, object]]
Eraser = Callable[["User"], None]

_exporters: list[Exporter] = []
_erasers: list[Eraser] = []


def register(exporter: Exporter, eraser: Eraser | None = None) -> None:
    """Add what an app holds on a person; called once from its ``AppConfig.ready``. A second call adds nothing.

    ``exporter(user)`` answers a dictionary that ``DjangoJSONEncoder`` can write, keyed by what the parts are called
    on screen ("Reviews"). ``eraser(user)`` removes what the app may not keep when the person closes their account; it
    runs before their name and address are erased, in the same transaction.
    """
    if exporter not in _exporters:
        _exporters.append(exporter)
    if eraser is not None and eraser not in _erasers:
        _erasers.append(eraser)


def data_on(user: User) -> dict[str, object]:
    """Everything that the apps hold on this person, one key for each part."""
    data: dict[str, object] = {}
    for exporter in _exporters:
        data.update(exporter(user))
    return data


def erase(user: User) -> None:
    """Let every app remove what it may not keep of this person (UK GDPR, article 17)."""
    for eraser in _erasers:
        eraser(user)
