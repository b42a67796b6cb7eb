"""Whose emails these are: the programme's."""

from __future__ import annotations

from mailing.compose import Brand
from studies.models import Programme


def programme_brand() -> Brand:
    """The programme's name for the head of an email and, for its foot, the whole of it and who funds it."""
    programme = Programme.objects.current()
    if programme is None:
        return Brand(name="CLAHRC portal")
    footer = f"{programme.name}. Funded by {programme.funder}." if programme.funder else f"{programme.name}."
    return Brand(name=programme.short_name, footer=footer)
