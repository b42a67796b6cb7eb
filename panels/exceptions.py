"""What can go wrong, by name, so that a page can say it in words."""

from __future__ import annotations

from collections.abc import Mapping


class PanelsError(Exception):
    """Something that a person asked for cannot be done. The text says so in words for the screen."""


class AlreadyOpenError(PanelsError):
    """The panel is already looking at this study for this reason."""


class CycleClosedError(PanelsError):
    """Reviews are closed."""


class StillOpenError(PanelsError):
    """Reviews must be closed first."""


class NotAskedError(PanelsError):
    """The member is not, or no longer, asked for this review, or has already sent it."""


class HasConflictError(PanelsError):
    """Somebody who is on the study, or who declared a conflict of interest, cannot review it."""


class AlreadyDecidedError(PanelsError):
    """The panel's decision stands."""


class ChairTakenError(PanelsError):
    """The panel has a chair."""


class AlreadySeatedError(PanelsError):
    """The person already sits on the panel."""


class StaleReviewError(PanelsError):
    """The review was saved in another tab or on another device since this page was opened."""


class IncompleteReviewError(PanelsError):
    """The review cannot be sent yet: ``errors`` names each field and what it needs."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("Some questions still need an answer.")
        self.errors = dict(errors)
