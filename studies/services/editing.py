"""Makes and edits studies, so that two people who edit one at the same time lose nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import transaction
from django.db.models import Field, Model

from people.models import User
from studies.models import Study
from studies.services.history import save_as

#: The fields that people edit. The web address is chosen once and then stays, because others link to it.
EDITABLE = ("title", "acronym", "theme", "summary", "research_question", "design", "starts_on", "ends_on")


@dataclass(frozen=True)
class Difference:
    """One field on which two people's versions differ.

    ``was`` is what both began from; ``was_known`` says whether the history still has it.
    """

    field: str
    was: Any
    theirs: Any
    yours: Any
    was_known: bool = True

    @property
    def clashes(self) -> bool:
        """Whether both changed it, so that somebody has to choose."""
        return not self.was_known or (self.theirs != self.was and self.yours != self.was)

    @property
    def kept(self) -> str:
        """Which of the two to suggest: the one that somebody changed; neither where both did."""
        if self.clashes:
            return ""
        return "theirs" if self.yours == self.was else "yours"


class EditConflictError(Exception):
    """Somebody else saved the study since this person opened it. Nothing was written.

    ``study`` is as it is now; ``differences`` are the fields on which it differs from what was sent.
    """

    def __init__(self, study: Study, differences: list[Difference]) -> None:
        super().__init__("The study was changed by somebody else in the meantime.")
        self.study = study
        self.differences = differences


def base_of(study: Study, version: int) -> Any | None:
    """The study as it was in that version, from its history."""
    return study.history.filter(version=version).order_by("-history_date", "-history_id").first()


def _attribute(field: str) -> str:
    """Where the row keeps the field: the key itself of a related row."""
    return cast("Field[Any, Any]", Study._meta.get_field(field)).attname


def _plain(value: Any) -> Any:
    """What to compare and keep: keys of related rows, texts without differences in line endings."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return value.pk if isinstance(value, Model) else value


def differences(*, study: Study, yours: Mapping[str, Any], version: int) -> list[Difference]:
    """The fields on which the study differs from ``yours``, which was made from ``version`` of it."""
    base = base_of(study, version)
    found = []
    for field in EDITABLE:
        mine, now = _plain(yours[field]), _plain(getattr(study, _attribute(field)))
        if mine != now:
            was = _plain(getattr(base, _attribute(field))) if base else None
            found.append(Difference(field, was, now, mine, was_known=base is not None))
    return found


@transaction.atomic
def create_study(*, slug: str, fields: Mapping[str, Any], by: User) -> Study:
    """Make a study, in the stage "proposed", last in its theme. ``fields`` has a value for each of ``EDITABLE``.

    Raises ``ValidationError`` by field where a rule of the model forbids it, such as a web address or an acronym that
    another study has: so a second call with the same makes no second study.
    """
    last = Study.objects.filter(theme=fields["theme"]).order_by("-position").values_list("position", flat=True).first()
    study = Study(slug=slug, position=(last or 0) + 1, **{field: fields[field] for field in EDITABLE})
    study.full_clean()
    save_as(study, by)
    return study


@transaction.atomic
def edit_study(*, study: Study, fields: Mapping[str, Any], version: int, by: User) -> Study:
    """Save an edit that was made from ``version`` of a study. ``fields`` has a value for each of ``EDITABLE``.

    Raises ``EditConflictError`` where somebody saved another version since and any field would come out different.
    An edit that changes nothing writes nothing, so a second call with the same is harmless. Raises
    ``ValidationError`` by field where a rule of the model forbids the edit.
    """
    now = Study.objects.select_for_update().get(pk=study.pk)
    found = differences(study=now, yours=fields, version=version)
    if not found:
        return now
    if now.version != version:
        raise EditConflictError(now, found)
    for difference in found:
        setattr(now, _attribute(difference.field), difference.yours)
    now.version += 1
    now.full_clean(exclude=["slug"])
    save_as(now, by)
    return now
