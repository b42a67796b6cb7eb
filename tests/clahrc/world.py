"""One of everything, so that every address of the portal has something to show."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import F
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from PIL import Image

from communities.lists import unsubscribe_headers
from communities.models import (
    Associate,
    Audience,
    CommunityItem,
    Event,
    MonthlyUpdate,
    Newsletter,
    NewsletterBlock,
    NewsletterLink,
    Registration,
    Signup,
    UpdateSection,
)
from communities.services.pictures import add_picture
from communities.tokens import calendar_token, owner_token, registration_token, signup_token
from mailing.compose import site_url
from mailing.services import queue_bulk, send_template, suppress
from panels import services as panel_services
from panels.models import Condition, Decision, ReviewCycle
from people.models import User
from people.services import invite
from studies.models import Amendment, SavedView, StudyDocument, StudySite, Suggestion
from tests.communities.links import recipient_token
from tests.conftest import make_user


def address_patterns(
    resolver: URLResolver | None = None, namespace: str = "", above: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """Every named address but the admin's: its name, and the names of what it takes."""
    found: dict[str, list[str]] = {}
    for entry in (resolver or get_resolver()).url_patterns:
        wanted = (*above, *(entry.pattern.converters or entry.pattern.regex.groupindex))
        if isinstance(entry, URLPattern):
            found[f"{namespace}{entry.name}"] = list(wanted)
        elif entry.namespace != "admin":
            inside = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            found |= address_patterns(entry, inside, wanted)
    return found


class World:
    """A study with a review under way, a newsletter, an event, a person: ``kwargs(name)`` finds an address's parts."""

    def __init__(
        self, *, study, community, panel, fellow, steering, panel_member, staff, associate, organisation
    ) -> None:
        person = make_user("somebody")
        self.staff, self.person = staff, person
        now, soon = timezone.now(), timezone.now() + dt.timedelta(days=9)
        self.draft = Newsletter.objects.create(
            slug="a-draft", community=community, title="Draft", introduction="Soon", created_by=staff
        )
        picture = add_picture(picture=Image.new("RGB", (40, 20), "#14566a"), by=staff)
        block = NewsletterBlock.objects.create(
            newsletter=self.draft, kind="story", position=10, heading="We met", words="And talked.", picture=picture,
            alternative_text="People at a table",
        )  # fmt: skip
        self.newsletter = Newsletter.objects.create(
            slug="an-issue", community=community, title="Issue", introduction="Now", created_by=staff,
            status="sent", sent_at=now,
        )  # fmt: skip
        link = NewsletterLink.objects.create(newsletter=self.newsletter, address=site_url("/events/"))
        self.event = Event.objects.create(
            slug="a-meeting", community=community, kind="community", title="Meeting", description="Words",
            starts_at=soon, ends_at=soon + dt.timedelta(hours=1), place="Hall", status="published", created_by=staff,
            takes_registrations=True,
        )  # fmt: skip
        registration = Registration.objects.create(
            event=self.event, name="Guest", email="guest@example.org", turn=1, status="coming", coming_since=now
        )
        item = CommunityItem.objects.create(community=community, kind="news", title="We met", words="And talked.")
        update = MonthlyUpdate.objects.create(month=dt.date(2027, 3, 1), closes_at=soon)
        section = UpdateSection.objects.create(update=update, community=community)
        question = panel_services.add_question(panel=panel, text="Is it sound?", kind="score")
        self.cycle = panel_services.open_cycle(
            panel=panel, study=study, reason=ReviewCycle.Reason.ANNUAL, members=[panel_member], opened_by=staff,
            due_on=timezone.localdate() + dt.timedelta(days=20),
        )  # fmt: skip
        self.review = self.cycle.reviews.get()
        closed = ReviewCycle.objects.create(
            panel=panel, study=study, reason=ReviewCycle.Reason.PROTOCOL, due_on=timezone.localdate(), opened_by=staff,
            status="closed", closed_at=now, closed_by=staff,
        )  # fmt: skip
        decision = Decision.objects.create(
            cycle=closed, outcome="conditions", reasons="Nearly there", recorded_by=staff
        )
        suggestion = Suggestion.objects.create(study=study, source="panel", text="Ask carers too")
        condition = Condition.objects.create(decision=decision, text="Ask carers too", suggestion=suggestion)
        Amendment.objects.create(study=study, text="Carers are asked").suggestions.add(suggestion)
        document = StudyDocument.objects.create(
            study=study, kind="protocol", title="Protocol", file=ContentFile(b"%PDF-1.7", "p.pdf"), size=8,
            content_type="application/pdf", uploaded_by=staff,
        )  # fmt: skip
        site = StudySite.objects.create(study=study, organisation=organisation)
        invited = invite(email="invited@example.org", full_name="In Vited", role="Researcher", invited_by=staff)
        invitation = invited.invitations.get()
        member = associate.associate.memberships.get()
        signup = Signup.objects.create(email="new@example.org", name="New", involvement="carer", expires_at=soon)
        signup.communities.add(community)
        mailing = queue_bulk(
            topic="newsletter", list_key="newsletter:x", subject="Issue", text="Words {{token}}", created_by=staff,
            headers=unsubscribe_headers("newsletters"),
            audience=Associate.objects.values("email", "name", subject_id=F("key")),
        )  # fmt: skip
        delivery = send_template(
            to="a@example.org", template="people/new_role", topic="new role", context=role_words(staff)
        )
        suppression = suppress(email="full@example.org", reason="The mailbox is full")
        audience = Audience.objects.create(owner=staff, name="Everybody")
        view = SavedView.objects.create(user=staff, name="Mine", query="theme=1")
        seat = panel_member.panel_seats.get()
        self.parts: dict[str, dict[str, Any]] = {
            "studies": {"slug": study.slug, "kind": "csv"},
            "studies:saved_view": {"pk": view.pk},
            "studies:person": {"slug": study.slug, "pk": steering.study_roles.get().pk},
            "studies:site": {"slug": study.slug, "pk": site.pk},
            "studies:document": {"slug": study.slug, "pk": document.pk},
            "studies:suggestion": {"slug": study.slug, "pk": suggestion.pk},
            "fellows": {"slug": study.slug, "number": 1},
            "fellows:secondment": {"pk": fellow.secondments.get().pk},
            "communities": {"slug": community.slug, "study_slug": study.slug, "pk": member.pk},
            "communities:item": {"slug": community.slug, "pk": item.pk},
            "communities:confirm": {"token": signup_token(signup)},
            "communities:renew": {"token": signup_token(signup)},
            "communities:preferences": {"token": owner_token(associate.associate)},
            "communities:unsubscribe": {"token": recipient_token(associate.associate)},
            "communities:resubscribe": {"token": recipient_token(associate.associate)},
            "events": {"slug": self.event.slug, "pk": registration.pk, "token": registration_token(registration)},
            "events:personal_calendar": {"token": calendar_token(associate.associate)},
            "newsletters:audience_rename": {"pk": audience.pk},
            "newsletters:audience_delete": {"pk": audience.pk},
            "newsletters:audience_history": {"pk": audience.pk},
            "newsletters:detail": {"slug": self.newsletter.slug},
            "newsletters:details": {"slug": self.draft.slug},
            "newsletters:follow": {"key": link.key},
            "newsletters:picture": {"key": picture.key, "ending": "jpg"},
            "newsletters:add_block": {"slug": self.draft.slug, "kind": "story"},
            "newsletters": {"slug": self.draft.slug, "pk": block.pk},
            "updates": {"year": update.month.year, "month": update.month.month, "pk": section.pk},
            "panels": {"slug": panel.slug, "pk": self.cycle.pk, "review_pk": self.review.pk},
            "panels:open_cycle": {"slug": study.slug},
            "panels:study": {"slug": study.slug},
            "panels:decision": {"pk": decision.pk},
            "panels:condition": {"pk": condition.pk},
            "panels:change_seat": {"slug": panel.slug, "pk": seat.pk},
            "panels:end_seat": {"slug": panel.slug, "pk": seat.pk},
            "panels:change_question": {"slug": panel.slug, "pk": question.pk},
            "panels:retire_question": {"slug": panel.slug, "pk": question.pk},
            "panels:move_question": {"slug": panel.slug, "pk": question.pk},
            "reviews": {"pk": self.review.pk},
            "people": {"pk": person.pk},
            "people:resend": {"pk": invitation.pk},
            "people:withdraw": {"pk": invitation.pk},
            "people:accept": {"token": "not-a-token"},
            "people:organisation": {"pk": organisation.pk},
            "mailing": {"pk": delivery.pk, "number": 0},
            "mailing:hook": {"provider": "postmark"},
            "mailing:mailing": {"pk": mailing.pk},
            "mailing:suppression": {"pk": suppression.pk},
            "theme_detail": {"slug": study.theme.slug},
            "account": {"key": "not-a-key", "uidb36": "1"},
            "mfa": {"pk": 1},
        }

    def kwargs(self, name: str, wanted: list[str]) -> dict[str, Any]:
        """What the address ``name`` takes: by the longest entry that its name begins with."""
        matches = [prefix for prefix in self.parts if name.startswith(prefix)]
        parts = self.parts[max(matches, key=len)] if matches else {}
        return {part: parts[part] for part in wanted}


def role_words(staff: User) -> dict[str, Any]:
    return {"person": staff, "invited_by": staff, "role": "Study lead", "invitation": {"role": "Study lead"}}
