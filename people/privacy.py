"""What the portal holds on a person, app by app, for "see and take your data" (UK GDPR, articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from people.models import User

Exporter = Callable[["User"], dict[str, object]]

_exporters: list[Exporter] = []


def register(exporter: Exporter) -> None:
    """Add what an app holds on a person; called once from its ``AppConfig.ready``. A second call adds nothing.

    ``exporter(user)`` answers a dictionary that ``DjangoJSONEncoder`` can write, keyed by what the parts are called
    on screen ("Reviews").
    """
    if exporter not in _exporters:
        _exporters.append(exporter)


def data_on(user: User) -> dict[str, object]:
    """Everything that the apps hold on this person, one key for each part."""
    data: dict[str, object] = {}
    for exporter in _exporters:
        data.update(exporter(user))
    return data
