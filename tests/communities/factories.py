"""Rows for the tests of communities, each by one call."""

from __future__ import annotations

import datetime as dt
from itertools import count

from django.utils import timezone

from communities.models import (
    Associate,
    Community,
    CommunityItem,
    Consent,
    Event,
    Membership,
    MonthlyUpdate,
    Newsletter,
    NewsletterBlock,
    Purpose,
    Registration,
    Signup,
    UpdateEntry,
    UpdateSection,
)
from communities.wording import consent_wording

_number = count(1)


def make_associate(
    community: Community | None = None,
    *,
    newsletters: bool = True,
    events: bool = True,
    updates: bool = False,
    email: str = "",
    **fields,
) -> Associate:
    number = next(_number)
    associate = Associate.objects.create(
        **{
            "email": email or f"person{number}@example.org",
            "name": f"Person {number}",
            "involvement": "carer",
            **fields,
        }
    )
    for purpose, agreed in (
        (Purpose.NEWSLETTERS, newsletters),
        (Purpose.EVENTS, events),
        (Purpose.UPDATES, updates),
    ):
        if agreed:
            give(associate, purpose)
    if community:
        join(associate, community, newsletters=newsletters, events=events, updates=updates)
    return associate


def join(
    associate: Associate, community: Community, *, newsletters: bool = False, events: bool = False, updates: bool = True
) -> Membership:
    return Membership.objects.create(
        associate=associate, community=community, wants_newsletters=newsletters, wants_events=events,
        wants_updates=updates,
    )  # fmt: skip


def give(associate: Associate, purpose: str) -> Consent:
    return Consent.objects.create(
        associate=associate, purpose=purpose, wording=consent_wording(purpose), source="signup page"
    )


def make_community(study, **fields) -> Community:
    return Community.objects.create(**{"study": study, "slug": study.slug, "name": study.title, **fields})


def make_signup(*communities: Community, agreed: tuple[str, ...] = (), **fields) -> Signup:
    signup = Signup.objects.create(
        **{
            "email": "joan@example.org", "name": "Joan Carer", "involvement": "carer",
            "agreed_to": {purpose: consent_wording(purpose) for purpose in agreed},
            "expires_at": timezone.now() + dt.timedelta(days=7), **fields,
        }
    )  # fmt: skip
    signup.communities.set(communities)
    return signup


def make_newsletter(community: Community, **fields) -> Newsletter:
    number = next(_number)
    words = fields.pop("words", "Hello.")
    values = {"slug": f"issue-{number}", "title": f"Issue {number}", "introduction": "What is new."}
    newsletter = Newsletter.objects.create(**{"community": community, **values, **fields})
    if words:
        make_block(newsletter, words=words)
    return newsletter


def make_block(newsletter: Newsletter, **fields) -> NewsletterBlock:
    """A story, unless ``kind`` says what else."""
    position = next(_number) * 10
    return NewsletterBlock.objects.create(**{"newsletter": newsletter, "kind": "story", "position": position, **fields})


def make_sent(community: Community, **fields) -> Newsletter:
    return make_newsletter(community, **{"status": "sent", "sent_at": timezone.now(), **fields})


def make_item(community: Community, **fields) -> CommunityItem:
    number = next(_number)
    values = {"kind": "news", "title": f"News {number}", "words": "We met and talked."}
    return CommunityItem.objects.create(**{"community": community, **values, **fields})


def make_section(
    community: Community, *, month: dt.date = dt.date(2027, 3, 1), titles: tuple[str, ...] = ("A guide",), **fields
) -> UpdateSection:
    """A community's section in a month's update, with these entries."""
    closes_at = timezone.now() + dt.timedelta(days=7)
    update, _ = MonthlyUpdate.objects.get_or_create(month=month, defaults={"closes_at": closes_at})
    section = UpdateSection.objects.create(update=update, community=community, **fields)
    for position, title in enumerate(titles, start=1):
        UpdateEntry.objects.create(
            section=section, kind="news", title=title, words="In short.", url="https://example.org/x",
            source=f"item:{next(_number) + 10_000}", position=position,
        )  # fmt: skip
    return section


def make_approved(community: Community, **fields) -> UpdateSection:
    return make_section(community, status="approved", decided_at=timezone.now(), **fields)


def make_event(community: Community | None = None, **fields) -> Event:
    number = next(_number)
    starts_at = timezone.now() + dt.timedelta(days=10)
    values = {
        "slug": f"meeting-{number}", "title": f"Meeting {number}", "kind": "community", "description": "Come and talk.",
        "starts_at": starts_at, "ends_at": starts_at + dt.timedelta(hours=2), "place": "Town hall",
        "status": "published",
    }  # fmt: skip
    return Event.objects.create(**{"community": community, **values, **fields})


def make_registration(event: Event, status: str = "coming", **fields) -> Registration:
    number = next(_number)
    extra = {
        "coming": {"coming_since": timezone.now()},
        "offered": {"offer_expires_at": timezone.now() + dt.timedelta(hours=48)},
        "cancelled": {"ended": "self"},
        "waiting": {},
    }[status]
    values = {"name": f"Guest {number}", "email": f"guest{number}@example.org", "turn": number, **extra}
    return Registration.objects.create(**{"event": event, "status": status, **values, **fields})
