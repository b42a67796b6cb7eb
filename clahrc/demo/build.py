"""Puts the demonstration together, in one transaction: all of it or nothing."""

from __future__ import annotations

from django.db import transaction

from clahrc.demo import cast as people
from clahrc.demo import communities, dates, fellows, panels, studies
from people.models import User
from people.services import invite
from studies.models import Programme


class DemoError(Exception):
    """The demonstration cannot be made here; the message says why and what to do."""


@transaction.atomic
def build() -> people.Cast:
    """Bring the loaded programme to life as of today.

    Raises ``DemoError`` where no programme is loaded, or where there are people already: it is made once, on a
    portal that is otherwise empty, and never mixed with real people.
    """
    programme = Programme.objects.current()
    if programme is None:
        raise DemoError("There is no programme yet. Load one first: manage.py load_programme data/clahrc-ndl.json")
    if User.objects.exists():
        raise DemoError(
            "There are people here already, so nothing was added. Use an empty database for a demonstration."
        )
    dates.bring_up_to_date(programme)
    cast = people.assemble()
    studies.bring_to_life(cast, programme)
    fellows.bring_to_life(cast, programme)
    communities.bring_to_life(cast, programme)
    panels.bring_to_life(cast, programme)
    name = cast.name()
    invite(email=cast.address(name), full_name=name, role="Researcher", invited_by=cast.logins["staff"])
    return cast
