"""The demonstration's newsletters: an archive, drafts with blocks of every kind, a template, one to go next week."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.text import slugify
from PIL import Image, ImageDraw

from clahrc.demo import audiences
from clahrc.demo.cast import Cast
from clahrc.demo.dates import moment, working_day
from clahrc.demo.mail import put_back
from communities.models import Associate, Colour, Community, Event, Newsletter, NewsletterBlock
from communities.services.approval import approve_newsletter, ask_for_approval, needs_approval
from communities.services.blocks import add_block
from communities.services.newsletters import keep_as_template, schedule_newsletter, send_newsletter
from communities.services.pictures import add_picture
from mailing.models import Delivery, Mailing
from studies.models import Programme

ISSUES = [
    ("Recruitment is open", "Who can take part, what it involves and how to tell people about it."),
    ("What you told us, and what we changed", "Your suggestions, the answers to them and what happens next."),
    ("A year in: what we are learning", "First lessons from services, and dates for the year to come."),
]

STORY = """Thank you to everyone who came to the last meeting. {count} of you told us what helps.

## What is new

The study team has met with services in {region}. Three things stood out:

- people want to know early what taking part involves
- staff need the materials in one place
- carers notice changes that questionnaires miss

## What you can do

Tell a colleague about this community, or come to the next event. If something here does not match what you see in \
your service, say so: your suggestions go to the study team, and we report what they changed.
"""


def load(cast: Cast, programme: Programme, communities: list[Community]) -> None:
    """Write and send them."""
    today = timezone.localdate()
    for index, community in enumerate(communities):
        for issue, (title, introduction) in enumerate(ISSUES[: 1 + index % 3]):
            day = today - dt.timedelta(days=330 - issue * 120 + index * 3)
            newsletter = _newsletter(cast, programme, community, title, introduction)
            _send_on(day, newsletter, cast)
    first = communities[0]
    Community.objects.filter(pk=first.pk).update(colour=Colour.DARK_GREEN)
    draft = _newsletter(
        cast, programme, first, "Before the winter meeting", "What we will talk about, and how to join."
    )
    _more_blocks(cast, draft)
    if needs_approval(draft):
        words = "Please look at the date and the names above all."
        ask_for_approval(newsletter=draft, colleagues=[cast.colleague], by=cast.logins["staff"], words=words)
    template = keep_as_template(newsletter=draft, by=cast.logins["staff"])
    Newsletter.objects.filter(pk=template.pk).update(title="Before a meeting")
    ahead = _newsletter(cast, programme, first, "Dates for the new year", "When we meet next, and how to join.")
    next_week = timezone.make_aware(
        dt.datetime.combine(working_day(timezone.localdate() + dt.timedelta(days=6)), dt.time(9, 30))
    )
    ahead = _approved(ahead, cast)
    schedule_newsletter(newsletter=ahead, version=ahead.version, send_at=next_week, by=cast.logins["staff"])
    # One goes out now through the door that every email leaves by, so that the outbox has something to show.
    today_s = _newsletter(cast, programme, first, "New this month", "News of the study, and a date to keep free.")
    _send(today_s, cast)
    shared = _newsletter(cast, programme, first, "A day for both our communities", "What we do together.")
    _send(audiences.for_two(shared, communities, cast.logins["staff"]), cast)
    audiences.save_two(communities, cast.logins["staff"])


def _newsletter(cast: Cast, programme: Programme, community: Community, title: str, introduction: str) -> Newsletter:
    """A draft with one story."""
    newsletter = Newsletter.objects.create(
        slug=slugify(f"{community.slug[:60]} {title}")[:120], community=community, title=title,
        introduction=introduction, created_by=cast.logins["staff"],
    )  # fmt: skip
    region = programme.region.split(":")[0] or "the region"
    NewsletterBlock.objects.create(
        newsletter=newsletter, kind=NewsletterBlock.Kind.STORY, position=10, updated_by=cast.logins["staff"],
        words=STORY.format(count=cast.chance.randrange(12, 40), region=region),
    )  # fmt: skip
    return newsletter


def _send_on(day: dt.date, newsletter: Newsletter, cast: Cast) -> None:
    """To those who were members then."""
    sent_at = moment(day, cast.chance)
    sent = _send(newsletter, cast)
    Newsletter.objects.filter(pk=sent.pk).update(created_at=sent_at, sent_at=sent_at)
    joined_later = Associate.objects.filter(confirmed_at__gt=sent_at).values("email")
    Delivery.objects.filter(mailing=sent.mailing_id, recipient__in=joined_later).delete()
    put_back(Mailing.objects.filter(pk=sent.mailing_id or 0), sent_at)


def _send(newsletter: Newsletter, cast: Cast) -> Newsletter:
    ready = _approved(newsletter, cast)
    return send_newsletter(newsletter=ready, version=ready.version, by=cast.logins["staff"])


def _approved(newsletter: Newsletter, cast: Cast) -> Newsletter:
    """As the colleague in the programme's office has approved it, where ``NEWSLETTERS_NEED_APPROVAL`` asks for one."""
    if not needs_approval(newsletter):
        return newsletter
    return approve_newsletter(newsletter=newsletter, version=newsletter.version, by=cast.colleague)


def _more_blocks(cast: Cast, newsletter: Newsletter) -> None:
    kinds, staff = NewsletterBlock.Kind, cast.logins["staff"]
    event = Event.objects.public().upcoming().filter(status=Event.Status.PUBLISHED).first()
    blocks: list[tuple[str, dict[str, Any]]] = [
        (kinds.HEADING, {"heading": "At the meeting"}),
        (
            kinds.STORY,
            {
                "heading": "Four groups, one table",
                "words": "People who use services, carers, clinicians and researchers **plan the next year together**.",
                "picture": add_picture(picture=_drawing(), by=staff),
                "alternative_text": "A drawing of a round table with four groups of seats in four colours around it",
            },
        ),
        (kinds.INSIGHT, {"heading": "What carers told us", "words": "“Ask us before the visit, not after it.”"}),
        (kinds.STUDY, {"study": newsletter.community.study}),
        (kinds.DIVIDER, {}),
        (kinds.BUTTON, {"label": "See all events", "address": "https://www.example.org/events/"}),
    ]
    if event:
        blocks.insert(3, (kinds.EVENT, {"event": event}))
    for kind, fields in blocks:
        add_block(newsletter=newsletter, kind=kind, fields=fields, by=staff)


def _drawing() -> Image.Image:
    """A round table seen from above."""
    picture = Image.new("RGB", (1200, 480), "#f0f4f5")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((420, 60, 780, 420), fill="#ffffff", outline="#14566a", width=10)
    for x, y, colour in ((220, 80, "#006747"), (780, 80, "#330072"), (220, 280, "#7c2855"), (780, 280, "#005eb8")):
        for nth in range(3):
            left = x + nth * 42 if x < 600 else x + 40 - nth * 42 + 84
            pen.ellipse((left, y + nth % 2 * 40, left + 60, y + nth % 2 * 40 + 60), fill=colour)
    return picture
