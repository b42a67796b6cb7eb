"""Search across the apps: each kind of page by its words, never more than the person who asks may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from communities.models import Community, Event, Newsletter
from people.matching import stands_in, words_in
from people.models import User
from studies.models import Study

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    Viewer = User | AnonymousUser

#: Characters that are read of a query.
MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Result:
    """One thing found."""

    title: str
    url: str
    summary: str
    note: str


@dataclass(frozen=True)
class Kind:
    """One kind of thing that can be found: what the viewer may see of it, where its words are, how it is shown."""

    key: str
    label: str
    noun: str
    rows: Callable[[Viewer], QuerySet[Any]]
    fields: tuple[str, ...]
    show: Callable[[Any], Result]
    allowed: Callable[[Viewer], bool] = lambda user: True
    #: Fields of the rows that belong to it, of which there may be many.
    within: tuple[str, ...] = ()

    def find(self, user: Viewer, words: list[str]) -> QuerySet[Any]:
        """The rows that have every word in one of the fields."""
        found = self.rows(user)
        for word in words:
            match = stands_in(word, *self.fields)
            for field in self.within:
                match |= Q(pk__in=found.model._default_manager.filter(stands_in(word, field)).values("pk"))
            found = found.filter(match)
        return found


def _studies(user: Viewer) -> QuerySet[Study]:
    return (
        (Study.objects.public() | Study.objects.visible_to(user))
        .select_related("theme")
        .order_by("theme__position", "position", "title", "pk")
    )


def _newsletters(user: Viewer) -> QuerySet[Newsletter]:
    return Newsletter.objects.visible_to(user).select_related("community").order_by("-sent_at", "-pk")


def _people(user: Viewer) -> QuerySet[User]:
    return User.objects.filter(erased_at=None).select_related("organisation").order_by("full_name", "pk")


def _show_study(study: Study) -> Result:
    note = "Archived" if study.is_archived else study.get_stage_display()
    return Result(str(study), study.get_absolute_url(), study.summary, f"{study.theme} · {note}")


def _show_community(community: Community) -> Result:
    return Result(community.name, community.get_absolute_url(), community.description, community.get_stage_display())


def _show_event(event: Event) -> Result:
    note = event.get_kind_display()
    if event.status != Event.Status.PUBLISHED:
        note = f"{note} · {event.get_status_display()}"
    return Result(event.title, event.get_absolute_url(), event.description, note)


def _show_newsletter(newsletter: Newsletter) -> Result:
    note = "Draft" if newsletter.status == Newsletter.Status.DRAFT else str(newsletter.community)
    return Result(newsletter.title, newsletter.get_absolute_url(), newsletter.introduction, note)


def _show_person(person: User) -> Result:
    where = " · ".join(filter(None, [person.job_title, str(person.organisation or "")]))
    return Result(str(person), reverse("people:detail", args=[person.pk]), person.email, where)


KINDS = (
    Kind(
        "studies", "Studies", "study", _studies,
        ("title", "acronym", "summary", "research_question", "theme__name"), _show_study,
    ),
    Kind(
        "communities", "Communities", "community",
        lambda user: Community.objects.visible_to(user).order_by("name", "pk"),
        ("name", "description", "study__title", "study__acronym"), _show_community,
    ),
    Kind(
        "events", "Events", "event",
        lambda user: Event.objects.visible_to(user).order_by("-starts_at", "-pk"),
        ("title", "description", "place"), _show_event,
    ),
    Kind(
        "newsletters", "Newsletters", "newsletter", _newsletters, ("title", "introduction"), _show_newsletter,
        within=("blocks__heading", "blocks__words"),
    ),
    Kind(
        "people", "People", "person", _people, ("full_name", "email", "job_title", "organisation__name"),
        _show_person, lambda user: user.has_perm("people.view_people"),
    ),
)  # fmt: skip


def words_of(query: str) -> list[str]:
    """The words of a query that are looked for; control characters count as spaces."""
    printable = "".join(letter if letter.isprintable() else " " for letter in query[:MAX_LENGTH])
    return words_in(printable)


def kinds_for(user: Viewer) -> list[Kind]:
    """The kinds that the person may search."""
    return [kind for kind in KINDS if kind.allowed(user)]
