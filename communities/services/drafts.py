"""What every change of a draft newsletter does first and last: hold it, and count its version up."""

from __future__ import annotations

from communities.models import Newsletter
from communities.services.errors import RefusedError
from people.models import User
from studies.services.history import save_as

ALREADY_SENT = "This newsletter has been sent, so it can no longer be changed."
SCHEDULED = "This newsletter is scheduled. Take it back to a draft before you change it."


def hold_draft(newsletter: Newsletter) -> Newsletter:
    """The newsletter as it is now, locked until the transaction ends.

    Raises ``RefusedError`` if it has been sent or is scheduled.
    """
    current = Newsletter.objects.select_for_update().get(pk=newsletter.pk)
    if current.is_sent or current.is_scheduled:
        raise RefusedError(ALREADY_SENT if current.is_sent else SCHEDULED)
    return current


def count_change(current: Newsletter, *, by: User, reason: str = "") -> None:
    """Save a held draft as changed by somebody: whoever looked at the last version has to look again. ``reason`` stands
    in its history, where nothing else there says what the change was.
    """
    current.version += 1
    current.updated_by = by
    save_as(current, by, reason[:100])
