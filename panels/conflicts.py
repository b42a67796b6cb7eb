"""Who may not review a study because they are part of it.

There is one list of who is on a study, ``StudyPerson``: a secondment puts the fellow there, so this sees it too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone

from people.models import User
from studies.models import Study, StudyPerson


def conflicts_with(study: Study, until: dt.date | None = None) -> dict[int, str]:
    """Why each person on the study may not review it: their roles in words, by the person's key.

    Counts whoever is on the study on any day from today to ``until``, the day on which reviews are due.
    """
    today = timezone.localdate()
    last = max(until or today, today)
    roles = StudyPerson.objects.overlapping(today, last).filter(study=study)
    found: dict[int, list[str]] = {}
    for person in roles:
        found.setdefault(person.user_id, []).append(person.get_role_display())
    return {user: f"On this study: {', '.join(sorted(set(roles)))}" for user, roles in found.items()}


def conflicted(users: Iterable[User], study: Study, until: dt.date | None = None) -> list[User]:
    """Those of the users who may not review the study."""
    reasons = conflicts_with(study, until)
    return [user for user in users if user.pk in reasons]
