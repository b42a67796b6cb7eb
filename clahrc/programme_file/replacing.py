"""Whether a file is about the programme that is here, and how one gives way to another.

An installation serves one programme. A file about another one is refused: its studies beside these would be no
programme at all. ``--replace`` takes away what is here first, as long as nobody has begun to work with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import ForeignObjectRel, Model

from clahrc.programme_file.schema import ProgrammeFile, ProgrammeFileError
from communities.models import Community
from fellows.models import FellowPost, Secondment
from panels.models import Panel, Question
from studies.models import Consultation, ExistingNetwork, Loaded, Programme, Study, Theme

#: What a load makes, each after what hangs on it, so that this is also the order in which it can be taken away.
_MADE: tuple[type[Model], ...] = (
    Secondment, FellowPost, Community, Question, Panel, Study, ExistingNetwork, Theme, Consultation, Programme,
)  # fmt: skip

#: Of these a file says only how many there are, so their rows do not tell who made them; their history does.
_COUNTED = (Secondment, FellowPost)

#: How many kinds of work a refusal names.
_SHOWN = 5


def is_another(file: ProgrammeFile) -> bool:
    """Whether the file is about another programme than the one here.

    It is about the same one where either name is the same, now or when it was last loaded, or where at least half of
    its studies are here: then the programme has been renamed.
    """
    here = Programme.objects.current()
    if here is None:
        return False
    known = {name.casefold() for name in (here.name, here.short_name, *map(str, _names_loaded(here)))}
    if known & {file.programme.name.casefold(), file.programme.short_name.casefold()}:
        return False
    slugs = [study.slug for study in file.studies]
    return not slugs or 2 * Study.objects.filter(slug__in=slugs).count() < len(slugs)


def _names_loaded(here: Programme) -> list[str]:
    return [here.loaded[key] for key in ("name", "short_name") if key in here.loaded]


def refuse(file: ProgrammeFile) -> None:
    """Raise ``ProgrammeFileError``, which says what the two programmes are and what can be done."""
    raise ProgrammeFileError(
        [
            f"programme.short_name: the file is about {file.programme.short_name}, but this portal serves "
            f"{Programme.objects.current()}. If that is the same programme with new names, change its short name on "
            "/admin/ first. If it is another one, give it a database of its own; or, where nobody has begun to work "
            "with what is here, add --replace"
        ]
    )


def take_away() -> str:
    """Delete all that a file has made, and answer what that was; a person's account stays.

    Raises ``ProgrammeFileError`` where anybody has begun to work with it; then nothing is deleted.
    """
    counts: Counter[str] = Counter()
    for kind, count in _use():
        counts[kind] = max(counts[kind], count)  # a row may hang on two of them
    if used := _most(+counts):
        raise ProgrammeFileError(
            [
                f"--replace: people have begun to work with {Programme.objects.current()}, and their work would be "
                f"lost ({used}). Give the other programme a database of its own",
            ]
        )
    was = f"{Programme.objects.current()} and its studies ({Study.objects.count()}) were taken away, as you asked"
    for model in _MADE:
        model._default_manager.all().delete()
    return was


def _most(counts: Counter[str]) -> str:
    """The most numerous kinds of work in words, such as ``studies changed by staff: 1; panel seats: 18``."""
    words = "; ".join(f"{kind}: {count}" for kind, count in counts.most_common(_SHOWN))
    return words + (f"; and more of {len(counts) - _SHOWN} other kinds" if len(counts) > _SHOWN else "")


def _use() -> Iterator[tuple[str, int]]:
    """What people have done that hangs on the programme here: each kind, and how many rows, which may be none."""
    for model in _MADE:
        words = str(model._meta.verbose_name_plural)
        if issubclass(model, Loaded) and model not in _COUNTED:
            yield f"{words} made by hand", model._default_manager.filter(loaded={}).count()
        if history := getattr(model, "history", None):
            yield f"{words} changed by staff", history.exclude(history_user=None).values("id").distinct().count()
        for relation in model._meta.get_fields(include_hidden=True):
            other: Any = relation.related_model
            if not isinstance(relation, ForeignObjectRel) or other in _MADE or hasattr(other, "history_type"):
                continue
            # A table that only joins two others has no name that people know.
            owner = other._meta.auto_created
            kind = f"links of {owner._meta.verbose_name_plural}" if owner else str(other._meta.verbose_name_plural)
            yield kind, other._default_manager.exclude(**{relation.field.name: None}).count()
    yield "fellows with a name", Secondment.objects.exclude(fellow=None).count()
