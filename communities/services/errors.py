"""What the services refuse, and why. The messages are for the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db import models


class RefusedError(Exception):
    """What was asked for cannot be done now. The message says why, in words for the screen."""


class TooManyRequestsError(RefusedError):
    """An address or a network has asked for too many emails within an hour."""


class StaleVersionError(RefusedError):
    """Somebody else saved the same thing first. ``current`` is how it is now."""

    def __init__(self, current: models.Model) -> None:
        super().__init__("Somebody else saved this while you were writing.")
        self.current = current
