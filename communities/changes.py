"""The histories of what the communities app keeps: of a community, a newsletter, an event, an audience, an update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.paginator import Page
from django.db.models import Q
from django.utils.text import get_text_list

from communities.models import (
    ApprovalStep,
    Audience,
    Community,
    CommunityItem,
    CommunityMove,
    Event,
    EventPosting,
    Involvement,
    MonthlyUpdate,
    Newsletter,
    NewsletterBlock,
    Purpose,
    UpdateSection,
)
from communities.querysets import CommunityQuerySet
from people.changes import Change, FieldChange, Rows, Told, page_of_changes
from studies.services.moving import MOVED

#: What says nothing that the line itself, its writer or its address does not say.
_ALWAYS_HIDDEN = frozenset({"slug", "version", "created_by", "created_at", "updated_by"})


def changes_to_community(community: Community, page: int | str) -> Page[Change]:
    """What a community says of itself, its stages, and what was shared on its page. Nothing of its members."""
    own = _own(Community, "community", community.pk, hidden={"study"}, leave_out=Q(history_change_reason=MOVED))
    items = _part(CommunityItem, "item", Q(community_id=community.pk), ("kind", "title"), {"community", "published_at"})
    moves = CommunityMove.objects.filter(community=community).select_related("moved_by")
    return page_of_changes({"community": own, "item": items, "move": Told(moves, "moved_at", _moved)}, page)


def _moved(move: CommunityMove) -> Change:
    stages = FieldChange("Stage", move.get_from_stage_display(), move.get_to_stage_display())
    return Change(move.moved_at, move.moved_by, "Moved the community", [stages], move.reason)


def changes_to_newsletter(newsletter: Newsletter, page: int | str) -> Page[Change]:
    """A newsletter, its blocks, whom it goes to, and who asked for its approval, approved it and sent it back."""
    own = _own(
        Newsletter, "newsletter", newsletter.pk,
        hidden={"mailing", "sent_by", "sent_at", "scheduled_by", "approved_by", "approved_as", "approved_version"},
        labels={"send_at": "Goes by itself on"},
        describe=_by_status(
            sent="Sent the newsletter", scheduled="Scheduled the newsletter",
            draft="Took the newsletter back to a draft",
        ),
    )  # fmt: skip
    of_it = Q(newsletter_id=newsletter.pk)
    blocks = _part(NewsletterBlock, "block", of_it, ("kind", "heading"), {"newsletter", "position"})
    steps = ApprovalStep.objects.filter(newsletter=newsletter).select_related("made_by").prefetch_related("asked")
    return page_of_changes(
        {
            "newsletter": own,
            "block": blocks,
            "audience": _audiences(
                of_it,
                {
                    "+": "Chose whom it goes to",
                    "~": "Changed whom it goes to",
                    "-": "Let it go to its own community alone",
                },
            ),
            "approval": Told(steps, "made_at", _stepped),
        },
        page,
    )


def _stepped(step: ApprovalStep) -> Change:
    whom = get_text_list([str(each) for each in step.asked.all()], "and")
    what = f"{step.get_kind_display()}: {whom}" if whom else step.get_kind_display()
    return Change(step.made_at, step.made_by, what, reason=step.words)


def changes_to_audience(audience: Audience, page: int | str) -> Page[Change]:
    """A saved audience."""
    verbs = {"+": "Saved the audience", "~": "Changed the audience"}
    return page_of_changes({"audience": _audiences(Q(id=audience.pk), verbs)}, page)


def _audiences(belong: Q, verbs: Mapping[str, str]) -> Rows:
    return Rows(
        Audience,
        "audience",
        belong,
        verbs=verbs,
        hidden=_ALWAYS_HIDDEN | {"newsletter", "owner"},
        lists=("communities", "themes", "without_communities", "without_newsletters"),
        labels={
            "communities": "Communities", "themes": "Themes", "involvement": "Who", "also_agreed": "Also agreed to",
            "organisation": "Organisation", "area": "Town or county", "without_communities": "Without members of",
            "without_newsletters": "Without those who were sent",
        },
        values={"involvement": _labels_of(Involvement), "also_agreed": _labels_of(Purpose)},
    )  # fmt: skip


def _labels_of(choices: Any) -> Callable[[list[str]], str]:
    labels = dict(choices.choices)
    return lambda values: ", ".join(str(labels.get(each, each)) for each in values)


def changes_to_event(event: Event, page: int | str) -> Page[Change]:
    """An event, and the emails about it. Nothing of those who registered."""
    own = _own(
        Event, "event", event.pk,
        hidden={"uid", "sequence", "series"},
        lists=("also_for",),
        labels={"also_for": "Also for", "starts_at": "From", "ends_at": "Until", "attended_count": "How many came"},
        describe=_by_status(published="Published the event", cancelled="Cancelled the event"),
    )  # fmt: skip
    postings = EventPosting.objects.filter(event=event).select_related("made_by")
    return page_of_changes({"event": own, "posting": Told(postings, "made_at", _posted)}, page)


def _posted(posting: EventPosting) -> Change:
    return Change(posting.made_at, posting.made_by, f"Emailed people: {posting.get_kind_display().lower()}")


_SECTION_HIDDEN = frozenset({"update", "decided_by", "decided_at", "sent_back_by", "sent_back_at"})
_SECTION_LABELS = {"status": "State", "sent_back_words": "What should be changed"}


def changes_to_section(section: UpdateSection, page: int | str) -> Page[Change]:
    """What one community tells in a month's update."""
    own = _own(
        UpdateSection, "draft", section.pk,
        hidden=_SECTION_HIDDEN | {"community"},
        labels=_SECTION_LABELS,
        describe=_by_status(approved="Approved", skipped="Skipped this month", draft="Made a draft again"),
    )  # fmt: skip
    return page_of_changes({"section": own}, page)


def changes_to_update(update: MonthlyUpdate, communities: CommunityQuerySet, page: int | str) -> Page[Change]:
    """When a month's update goes and went, and what became of the drafts of these communities."""
    own = _own(
        MonthlyUpdate, "update", update.pk,
        hidden={"month", "drafted_at", "reminded_at", "closed_by", "preparing_since"},
        labels={"closes_at": "Goes on", "closed_at": "Closed on"},
    )  # fmt: skip
    of_it = Q(update_id=update.pk, community_id__in=communities.order_by().values("pk"))
    sections = _part(UpdateSection, "draft", of_it, ("community",), _SECTION_HIDDEN, labels=_SECTION_LABELS)
    return page_of_changes({"update": own, "section": sections}, page)


def _own(model: Any, noun: str, key: int, *, hidden: Any = (), **more: Any) -> Rows:
    """The thing itself. Where it has no lists, changes of what is hidden are left out."""
    verbs = {"+": f"Made the {noun}", "~": f"Changed the {noun}", "-": f"Removed the {noun}"}
    more["only_seen"] = "lists" not in more
    return Rows(model, noun, Q(id=key), verbs=verbs, hidden=_ALWAYS_HIDDEN | set(hidden), **more)


def _part(model: Any, noun: str, belong: Q, named_by: tuple[str, ...], hidden: Any, **more: Any) -> Rows:
    """What belongs to the thing."""
    return Rows(model, noun, belong, named_by=named_by, hidden=_ALWAYS_HIDDEN | hidden, only_seen=True, **more)


def _by_status(**words: str) -> Callable[[Any, Any | None], str]:
    """What a change of status was; nothing where it is another change."""
    return lambda row, before: words.get(row.status, "") if before is not None and row.status != before.status else ""
