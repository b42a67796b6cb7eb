"""The emails to one person that the communities app sends. What goes to many is in newsletter_mail and event_mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from communities.models import Associate, MonthlyUpdate, Newsletter, Purpose, Signup, UpdateSection
from communities.tokens import preferences_url, signup_token
from communities.words import day_words
from mailing.services import send_template
from people.models import User
from people.words import time_words


def send_confirmation(signup: Signup) -> None:
    """Ask somebody to confirm what was filled in on the signup page under their address."""
    send_template(
        to=signup.email,
        name=signup.name,
        template="communities/confirm",
        topic="community confirmation",
        context={
            "name": signup.name,
            "communities": [community.name for community in signup.communities.select_related("study__theme")],
            "agreed_to": [Purpose(purpose).label for purpose in signup.agreed_to],
            "confirm_url": _absolute(reverse("communities:confirm", args=[signup_token(signup)])),
            "expires_at": signup.expires_at,
        },
        secret=True,
    )


def send_link(associate: Associate) -> None:
    """Send an associate the link to their preferences, as they asked."""
    send_template(
        to=associate.email,
        name=associate.name,
        template="communities/link",
        topic="community preferences link",
        subject_id=associate.key,
        context={"name": associate.name, "preferences_url": _absolute(preferences_url(associate))},
        secret=True,
    )


def send_approval_request(newsletter: Newsletter, *, to: User, by: User, words: str) -> None:
    """Ask a colleague to read a newsletter and approve it."""
    _about_newsletter(newsletter, to=to, template="newsletter_approval", by=by, words=words)


def send_approved(newsletter: Newsletter, *, to: User, by: User) -> None:
    """Tell somebody who wrote or asked that a newsletter is approved."""
    may_send = to.has_perm("communities.send_newsletter", newsletter)
    _about_newsletter(newsletter, to=to, template="newsletter_approved", by=by, may_send=may_send)


def send_sent_back(newsletter: Newsletter, *, to: User, by: User, words: str) -> None:
    """Tell somebody who wrote, asked or scheduled what has to be changed before a newsletter is approved."""
    _about_newsletter(newsletter, to=to, template="newsletter_sent_back", by=by, words=words)


def send_held_back(newsletter: Newsletter, reason: str) -> None:
    """Tell whoever scheduled a newsletter that it did not go, and why; all staff, where that person is gone."""
    by = newsletter.scheduled_by
    told = [by] if by and by.is_active else list(User.objects.programme_staff().order_by("pk"))
    for to in told:
        _about_newsletter(newsletter, to=to, template="newsletter_held_back", reason=reason, by_themselves=to == by)


def _about_newsletter(newsletter: Newsletter, *, to: User, template: str, **context: object) -> None:
    send_template(
        to=to.email,
        name=to.full_name,
        template=f"communities/{template}",
        topic="newsletter notice",
        context={
            "newsletter": newsletter,
            "name": to.full_name,
            "preview_url": _absolute(reverse("newsletters:preview", args=[newsletter.slug])),
            **context,
        },
    )


def send_drafts_wait(user: User, update: MonthlyUpdate, sections: Sequence[UpdateSection]) -> None:
    """Tell somebody who may approve them that a month's drafts wait, and until when."""
    _about_drafts(user, update, sections, is_reminder=False)


def send_drafts_still_wait(user: User, update: MonthlyUpdate, sections: Sequence[UpdateSection]) -> None:
    """Remind somebody that drafts wait for them, shortly before what is approved goes."""
    _about_drafts(user, update, sections, is_reminder=True)


def send_section_sent_back(user: User, section: UpdateSection) -> None:
    """Tell somebody who decides on a community's section of an update what has to be changed in it."""
    update = section.update
    send_template(
        to=user.email,
        name=user.full_name,
        template="communities/update_sent_back",
        topic="monthly update draft",
        context={
            "name": user.full_name,
            "month": update.month_words,
            "section": section,
            "by": section.sent_back_by,
            "section_url": _absolute(section.get_absolute_url()),
            "closes_at": f"{day_words(update.closes_at)} at {time_words(update.closes_at)}",
        },
    )


def _about_drafts(user: User, update: MonthlyUpdate, sections: Sequence[UpdateSection], *, is_reminder: bool) -> None:
    send_template(
        to=user.email,
        name=user.full_name,
        template="communities/update_drafted",
        topic="monthly update draft",
        context={
            "month": update.month_words,
            "sections": sections,
            "is_reminder": is_reminder,
            "update_url": _absolute(update.get_absolute_url()),
            "closes_at": f"{day_words(update.closes_at)} at {time_words(update.closes_at)}",
        },
    )


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
