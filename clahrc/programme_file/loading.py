"""Writes a checked programme file into the database: all or nothing, and never over what staff have changed.

Each row remembers what the file last said of it (``loaded``). A value that is still as the file left it follows
the file; one that staff have changed since stays theirs, and the report says so.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from clahrc.programme_file import replacing
from clahrc.programme_file.schema import PanelPart, ProgrammeFile, ProgrammeFileError, StudyPart
from communities.models import Community
from communities.services.communities import community_slug
from fellows.models import FellowPost, Secondment
from panels.models import Panel
from panels.services import give_default_questions
from studies.models import Consultation, ExistingNetwork, Loaded, Programme, Study, Theme

#: The reason that history gives for a change made by loading a file.
REASON = "Programme file loaded"


@dataclass
class Report:
    """What a load did: how many rows of each kind were created, updated or left, and what was kept from staff."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for a terminal, a line each."""
        kinds = sorted({kind for kind, _ in self.counts})
        totals = [
            f"{kind}: " + ", ".join(f"{self.counts[kind, what]} {what}" for what in ("created", "updated", "unchanged"))
            for kind in kinds
        ]
        return [*totals, *self.kept, *self.notes]


@transaction.atomic
def load(file: ProgrammeFile, *, overwrite: bool = False, replace: bool = False) -> Report:
    """Load a checked file. A second load of the same file changes nothing.

    What staff have changed since the last load is kept and listed in ``Report.kept``; with ``overwrite`` the
    file's value is taken instead, which is listed too. What the file no longer names stays, and is listed.
    A file about another programme is refused; with ``replace`` the one here is taken away first, if nobody has begun
    to work with it. Raises ``ProgrammeFileError`` there, where a row that staff made stands in the way, and where a
    study, theme or panel comes under a new address; then nothing is loaded.
    """
    loader = _Loader(overwrite=overwrite)
    if replacing.is_another(file):
        if not replace:
            replacing.refuse(file)
        loader.report.notes.append(replacing.take_away())
    loader.refuse_new_addresses(file)
    programme = loader.programme(file)
    themes = loader.themes(file)
    loader.studies(file, themes, programme)
    loader.networks(file, themes)
    loader.panels(file)
    return loader.report


def _plain(value: Any) -> Any:
    """A value as ``loaded`` keeps it: JSON, with a row by its slug."""
    if isinstance(value, models.Model):
        return value.slug  # type: ignore[attr-defined]
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(Decimal(value).normalize()) if isinstance(value, Decimal) else value


class _Loader:
    """One load on its way: the rules for rows, and the report so far."""

    def __init__(self, *, overwrite: bool) -> None:
        self.overwrite = overwrite
        self.report = Report()

    def merge(self, row: Loaded, values: Mapping[str, Any], *, kind: str, name: str) -> None:
        """Bring one row to what the file says, except where staff have changed it; saves only a difference."""
        is_new = row.pk is None
        changed = is_new
        for key, wanted in values.items():
            if is_new or self._differs(row, key, wanted, name):
                setattr(row, key, wanted)
                changed = True
        said = {**row.loaded, **{key: _plain(wanted) for key, wanted in values.items()}}
        if changed and not is_new and isinstance(row, Study):
            row.version += 1
        if changed or said != row.loaded:
            row.loaded = said
            if changed:
                self._save(row, name)
            else:
                type(row)._default_manager.filter(pk=row.pk).update(loaded=said)
        self.report.counts[kind, "created" if is_new else "updated" if changed else "unchanged"] += 1

    def _differs(self, row: Loaded, key: str, wanted: Any, name: str) -> bool:
        """Whether the row says something else than the file, and may be made to say the same."""
        current = _plain(getattr(row, key))
        return current != _plain(wanted) and self._may_write(name, key, current, row.loaded.get(key), _plain(wanted))

    @staticmethod
    def _save(row: Loaded, name: str) -> None:
        """Save, or say at which place of the file another row stands in the way."""
        try:
            row.validate_unique()
            row.validate_constraints()
        except ValidationError as error:
            raise ProgrammeFileError([f"{name}: {message}" for message in error.messages]) from error
        row._change_reason = REASON  # type: ignore[attr-defined]
        row.save()

    def _may_write(self, name: str, key: str, current: Any, last: Any, wanted: Any) -> bool:
        if current == last:
            return True
        if self.overwrite:
            self.report.kept.append(f"{name}.{key}: replaced {current!r}, as you asked, by the file's {wanted!r}")
            return True
        self.report.kept.append(f"{name}.{key}: kept {current!r}, as changed here; the file says {wanted!r}")
        return False

    @staticmethod
    def refuse_new_addresses(file: ProgrammeFile) -> None:
        """Raise ``ProgrammeFileError`` where the file gives a row that it made before another address (slug).

        Loaded, it would be there twice; and people link to the address that it has.
        """
        problems = []
        kinds: tuple[tuple[str, type[Loaded], Sequence[Any], tuple[str, ...]], ...] = (
            ("themes", Theme, file.themes, ("name",)),
            ("studies", Study, file.studies, ("acronym", "title")),
            ("panels", Panel, file.panels, ("name",)),
        )
        for kind, model, parts, keys in kinds:
            rows: Sequence[Any] = list(model._default_manager.all())
            slugs, named = {row.slug for row in rows}, {part.slug for part in parts}
            gone = [row for row in rows if row.loaded and row.slug not in named]
            known = {(key, row.loaded.get(key)): row.slug for row in gone for key in keys if row.loaded.get(key)}
            for index, part in enumerate(parts):
                same = next((key for key in keys if (key, getattr(part, key)) in known), None)
                if same and part.slug not in slugs:
                    problems.append(
                        f'{kind}[{index}].slug: "{part.slug}" has the {same} that "{known[same, getattr(part, same)]}" '
                        "has here, which the file no longer names. People link to that address, so keep it"
                    )
        if problems:
            raise ProgrammeFileError(problems)

    def programme(self, file: ProgrammeFile) -> Programme:
        part = file.programme
        row = Programme.objects.current() or Programme()
        self.merge(
            row,
            {
                "name": part.name,
                "short_name": part.short_name,
                "funder": part.funder,
                "region": part.region,
                "population": part.population,
                "starts_on": part.starts_on,
                "ends_on": part.ends_on,
                "aims": part.aims,
                "communications": file.communications,
                "target_associates": part.targets.associates_in_first_year,
                "target_fellows": part.targets.diffusion_fellows,
                "secondment_days_per_week": part.secondment.days_per_week,
                "secondment_max_years": part.secondment.max_years,
                "fellows_per_study_min": part.secondment.fellows_per_study_min,
                "fellows_per_study_max": part.secondment.fellows_per_study_max,
            },
            kind="programme",
            name="programme",
        )
        if held := file.consultation:
            interviews = held.scoping_interviews
            self.merge(
                Consultation.objects.filter(programme=row).first() or Consultation(programme=row),
                {
                    "held_in": held.held_in,
                    "respondents": held.respondents,
                    "invited": interviews.invited if interviews else 0,
                    "took_part": interviews.took_part if interviews else 0,
                    "outcomes": held.outcomes,
                },
                kind="consultation",
                name="consultation",
            )
        return row

    def themes(self, file: ProgrammeFile) -> dict[str, Theme]:
        existing = {theme.slug: theme for theme in Theme.objects.all()}
        self._gone("themes", existing, {part.slug for part in file.themes})
        for index, part in enumerate(file.themes):
            row = existing.setdefault(part.slug, Theme(slug=part.slug))
            values = {"name": part.name, "kind": part.kind, "position": index}
            self.merge(row, values, kind="themes", name=f"themes[{index}]")
        return existing

    def studies(self, file: ProgrammeFile, themes: dict[str, Theme], programme: Programme) -> None:
        existing = {study.slug: study for study in Study.objects.select_related("theme")}
        communities = {community.study_id: community for community in Community.objects.all()}
        self._gone("studies", existing, {part.slug for part in file.studies})
        for index, part in enumerate(file.studies):
            name = f"studies[{index}]"
            row = existing.get(part.slug) or Study(slug=part.slug)
            if row.is_archived:
                self.report.notes.append(f"{name}: archived by staff; brought up to date and left archived")
            values = {"theme": themes[part.theme], "acronym": part.acronym, "title": part.title, "position": index}
            self.merge(row, values, kind="studies", name=name)
            community = communities.get(row.pk) or Community(study=row, slug=community_slug(part.slug))
            self.merge(community, {"name": part.title}, kind="communities", name=f"{name} community")
            self._posts(row, part, name=name, programme=programme)

    def _posts(self, study: Study, part: StudyPart, *, name: str, programme: Programme) -> None:
        """Open or close posts, and put unnamed fellows in them, until the numbers are the file's.

        The file knows how many fellows are in post, not who: staff name them later. Numbers that staff have
        changed since the last load stay.
        """
        open_posts = FellowPost.objects.filter(study=study).open()
        for key, wanted, count in (
            ("fellow_posts", part.fellow_posts, open_posts.count()),
            ("fellows_in_post", part.fellows_in_post, open_posts.filled().count()),
        ):
            last = study.loaded.get(key)
            is_free = count == (last or 0)
            if count != wanted and (is_free or self._may_write(name, key, count, last, wanted)):
                change = self._set_posts if key == "fellow_posts" else self._set_in_post
                change(study, wanted - count, name, programme)
            study.loaded = {**study.loaded, key: wanted}
        Study.objects.filter(pk=study.pk).update(loaded=study.loaded)

    def _set_posts(self, study: Study, difference: int, name: str, programme: Programme) -> None:
        if difference > 0:
            last = FellowPost.objects.filter(study=study).aggregate(last=Max("number"))["last"] or 0
            for number in range(last + 1, last + 1 + difference):
                FellowPost.objects.create(study=study, number=number)
            self.report.counts["fellow posts", "created"] += difference
            return
        surplus = list(FellowPost.objects.filter(study=study).vacant().order_by("-number")[:-difference])
        for post in surplus:
            post.closed_on = timezone.localdate()
            post.save()
        self.report.counts["fellow posts", "updated"] += len(surplus)
        if len(surplus) < -difference:
            self.report.notes.append(f"{name}.fellow_posts: the rest are filled; end a secondment first")

    def _set_in_post(self, study: Study, difference: int, name: str, programme: Programme) -> None:
        if difference > 0:
            vacant = list(FellowPost.objects.filter(study=study).vacant().order_by("number")[:difference])
            for post in vacant:
                Secondment.objects.create(
                    post=post, starts_on=programme.starts_on, days_per_week=programme.secondment_days_per_week
                )
            self.report.counts["fellows in post", "created"] += len(vacant)
            return
        unnamed = Secondment.objects.in_post().filter(post__study=study, fellow=None).order_by("-post__number")
        ending = list(unnamed[:-difference])
        yesterday = timezone.localdate() - dt.timedelta(days=1)
        for secondment in ending:
            secondment.ends_on = max(yesterday, secondment.starts_on)
            secondment.ended_because = REASON
            secondment.save()
        self.report.counts["fellows in post", "updated"] += len(ending)
        if len(ending) < -difference:
            self.report.notes.append(f"{name}.fellows_in_post: staff have named the rest; end theirs by hand")

    def networks(self, file: ProgrammeFile, themes: dict[str, Theme]) -> None:
        existing = {network.name: network for network in ExistingNetwork.objects.select_related("theme")}
        self._gone("existing_networks", existing, {part.name for part in file.existing_networks})
        for index, part in enumerate(file.existing_networks):
            row = existing.get(part.name) or ExistingNetwork(name=part.name)
            values = {"host": part.host, "theme": themes[part.theme], "note": part.note}
            self.merge(row, values, kind="existing networks", name=f"existing_networks[{index}]")

    def panels(self, file: ProgrammeFile) -> None:
        existing = {panel.slug: panel for panel in Panel.objects.all()}
        self._gone("panels", existing, {part.slug for part in file.panels})
        for index, part in enumerate(file.panels):
            row = existing.get(part.slug) or Panel(slug=part.slug)
            self.merge(row, self._panel(part, index), kind="panels", name=f"panels[{index}]")
            give_default_questions(panel=row)

    @staticmethod
    def _panel(part: PanelPart, index: int) -> dict[str, Any]:
        return {
            "kind": part.kind,
            "name": part.name,
            "seats_for": part.seats,
            "meets_when": part.when,
            "asks": part.asks,
            "position": index,
        }

    def _gone(self, kind: str, existing: Mapping[str, Loaded], named: set[str]) -> None:
        """Say which rows an earlier file named and this one does not; they stay."""
        for key, row in existing.items():
            if row.loaded and key not in named:
                self.report.notes.append(f'{kind}: "{key}" is no longer in the file; it was left as it is')
