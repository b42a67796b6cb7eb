"""Reads of communities, associates, newsletters and events that have a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from mailing.models import Suppression
from people.matching import with_words
from people.rules import is_programme_staff
from studies.querysets import is_public

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from communities.models import Associate, Community, Consent, Event, ListStop, Membership, Newsletter, Registration
    from people.models import User


class CommunityQuerySet(models.QuerySet["Community"]):
    """Communities of practice."""

    def public(self) -> CommunityQuerySet:
        """Those whose study anyone may see."""
        return self.filter(is_public("study__"))

    def open(self) -> CommunityQuerySet:
        """Those that anyone may see and that take new associates."""
        return self.public().filter(open_to_join=True)

    def convened_by(self, user: User | AnonymousUser) -> CommunityQuerySet:
        """Those that this person looks after today."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            memberships__associate__user=user, memberships__role="convenor", memberships__left_at=None
        ).distinct()

    def visible_to(self, user: User | AnonymousUser) -> CommunityQuerySet:
        """Staff see all, convenors theirs as well, everyone the public ones."""
        if is_programme_staff(user):
            return self
        public = is_public("study__")
        if not user.is_authenticated:
            return self.filter(public)
        return self.filter(public | Q(pk__in=_convened_by(user)))

    def managed_by(self, user: User | AnonymousUser) -> CommunityQuerySet:
        """Those whose members this person may see: all for staff, their own for convenors."""
        return self if is_programme_staff(user) else self.convened_by(user)

    def with_size(self) -> CommunityQuerySet:
        """Each with ``size``: how many associates belong to it today."""
        from communities.models import Membership

        members = Membership.objects.current().filter(community=OuterRef("pk")).order_by()
        how_many = Func(F("pk"), function="COUNT", output_field=models.IntegerField())
        size = Subquery(members.annotate(how_many=how_many).values("how_many"))
        return self.annotate(size=size).select_related("study__theme")

    def matching(self, words: str) -> CommunityQuerySet:
        """Those in whose name, description or study every one of the words occurs."""
        return with_words(self, words, "name", "description", "study__title", "study__acronym")


class AssociateQuerySet(models.QuerySet["Associate"]):
    """People who joined and confirmed."""

    def with_email(self, email: str) -> AssociateQuerySet:
        """The one with this address, however it is capitalised."""
        return self.annotate(email_lower=Lower("email")).filter(email_lower=email.lower())

    def consenting(self, purpose: str) -> AssociateQuerySet:
        """Those whose consent for a purpose stands."""
        from communities.models import Consent

        return self.filter(Exists(Consent.objects.standing().filter(associate=OuterRef("pk"), purpose=purpose)))

    def wanting(self, purpose: str, *communities: Community | None) -> AssociateQuerySet:
        """Those who may be sent something, each once: consent for it stands, they still belong to at least one of these
        communities and asked for it there, and their address is not suppressed. Without a community, or with None:
        those who asked for it in any community of theirs. Whom an empty choice must reach nobody, ask ``wanting_in``.
        """
        keys = [community.pk for community in communities if community is not None]
        return self.wanting_in(purpose, keys or None)

    def wanting_in(
        self, purpose: str, communities: Iterable[int] | models.QuerySet[Any, Any] | None
    ) -> AssociateQuerySet:
        """``wanting`` by the keys of communities, which may be a query; None of them is nobody, ``None`` is any."""
        from communities.models import Membership

        memberships = Membership.objects.current().filter(associate=OuterRef("pk"), **{f"wants_{purpose}": True})
        if communities is not None:
            memberships = memberships.filter(community__in=communities)
        suppressed = (
            Suppression.objects.in_force()
            .annotate(email_lower=Lower("email"))
            .filter(email_lower=Lower(OuterRef("email")))
        )
        return self.consenting(purpose).filter(Exists(memberships)).exclude(Exists(suppressed)).order_by("pk")

    def as_audience(self) -> models.QuerySet[Associate, dict[str, Any]]:
        """As ``mailing.services.queue_bulk`` takes them."""
        return self.values("email", "name", subject_id=F("key"))


class ConsentQuerySet(models.QuerySet["Consent"]):
    """What people agreed to."""

    def standing(self) -> ConsentQuerySet:
        """What has not been taken back."""
        return self.filter(withdrawn_at=None)


class ListStopQuerySet(models.QuerySet["ListStop"]):
    """What people stopped being sent by one community."""

    def standing(self) -> ListStopQuerySet:
        """What has not been asked for again."""
        return self.filter(resumed_at=None)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Associates in communities."""

    def current(self) -> MembershipQuerySet:
        """Those who have not left."""
        return self.filter(left_at=None)

    def of(self, user: User | AnonymousUser) -> MembershipQuerySet:
        """The memberships of whoever is logged in: none of a visitor's."""
        return self.filter(associate__user=user) if user.is_authenticated else self.none()

    def matching(self, words: str) -> MembershipQuerySet:
        """Those in whose name, address or organisation every one of the words occurs."""
        return with_words(self, words, "associate__name", "associate__email", "associate__organisation")


class NewsletterQuerySet(models.QuerySet["Newsletter"]):
    """Newsletters."""

    def sent(self) -> NewsletterQuerySet:
        """Those in the public archive, newest first."""
        return self.filter(status="sent").order_by("-sent_at", "-pk")

    def with_blocks(self) -> NewsletterQuerySet:
        """Each with its blocks, and what they show, read at once."""
        from communities.models import NewsletterBlock

        blocks = NewsletterBlock.objects.select_related("picture", "event", "study")
        return self.prefetch_related(Prefetch("blocks", blocks))

    def to_begin_with(self, user: User | AnonymousUser) -> NewsletterQuerySet:
        """What somebody who writes may copy: every template, and whatever they may write themselves or read."""
        return self.filter(Q(status__in=["template", "sent"]) | Q(pk__in=self.managed_by(user).values("pk")))

    def with_last_step(self) -> NewsletterQuerySet:
        """Each with ``last_step``: what was last done towards its approval (``ApprovalStep.Kind``), if anything."""
        from communities.models import ApprovalStep

        steps = ApprovalStep.objects.filter(newsletter=OuterRef("pk")).order_by("-made_at", "-pk")
        return self.annotate(last_step=Subquery(steps.values("kind")[:1]))

    def asked_for_approval(self, user: User) -> NewsletterQuerySet:
        """Those for whose approval somebody asked and nobody answered, and which this person did not change last."""
        waiting: Any = self.filter(status__in=["draft", "scheduled"]).with_last_step()
        return (
            waiting.filter(last_step="asked").exclude(updated_by=user.pk).exclude(updated_by=None, created_by=user.pk)
        )

    def due(self, now: dt.datetime) -> NewsletterQuerySet:
        """Scheduled ones whose time has come."""
        return self.filter(status="scheduled", send_at__lte=now)

    def visible_to(self, user: User | AnonymousUser) -> NewsletterQuerySet:
        """Staff see all, convenors their communities' drafts as well, everyone what was sent."""
        if is_programme_staff(user):
            return self
        if not user.is_authenticated:
            return self.filter(status="sent")
        return self.filter(Q(status="sent") | Q(community__in=_convened_by(user)))

    def managed_by(self, user: User | AnonymousUser) -> NewsletterQuerySet:
        """Those this person may write: all for staff, those of their communities for convenors."""
        if is_programme_staff(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(community__in=_convened_by(user))


class EventQuerySet(models.QuerySet["Event"]):
    """Events."""

    def public(self) -> EventQuerySet:
        """Those that anyone may see, cancelled ones included."""
        return self.exclude(status="draft")

    def upcoming(self) -> EventQuerySet:
        """Those that have not ended, soonest first."""
        return self.filter(ends_at__gte=timezone.now()).order_by("starts_at", "pk")

    def past(self) -> EventQuerySet:
        """Those that have ended, latest first."""
        return self.filter(ends_at__lt=timezone.now()).order_by("-starts_at", "-pk")

    def counted_in(self, year: int) -> EventQuerySet:
        """Those that took place in a calendar year (London's) and whose attendance was ticked."""
        return self.public().exclude(status="cancelled").filter(starts_at__year=year, attended_count__gt=0)

    def for_communities(self, communities: Iterable[int] | models.QuerySet[Any, Any]) -> EventQuerySet:
        """Those that are for one of these communities (keys, which may be a query), alone or among others."""
        from communities.models import Event

        also = Event.also_for.through.objects.filter(community__in=communities)
        return self.filter(Q(community__in=communities) | Q(pk__in=also.order_by().values("event")))

    def with_communities(self) -> EventQuerySet:
        """Each with the communities that it is for and their studies, in two queries for all."""
        return self.select_related("community__study").prefetch_related("also_for__study")

    def in_series_of(self, event: Event) -> EventQuerySet:
        """All dates of its series, itself included, soonest first; none where it does not repeat."""
        if event.series_id is None:
            return self.none()
        return self.filter(series=event.series_id).order_by("starts_at", "pk")

    def following(self, event: Event) -> EventQuerySet:
        """The dates of its series that come after it, are not over and have not been cancelled; soonest first."""
        later = Q(starts_at__gt=event.starts_at) | Q(starts_at=event.starts_at, pk__gt=event.pk)
        return self.in_series_of(event).filter(later, ends_at__gt=timezone.now()).exclude(status="cancelled")

    def with_registrations(self) -> EventQuerySet:
        """Each with ``coming`` and ``waiting``: how many have a place, how many wait or were offered one."""
        return self.annotate(
            coming=Count("registrations", filter=Q(registrations__status="coming")),
            waiting=Count("registrations", filter=Q(registrations__status__in=["waiting", "offered"])),
        )

    def with_places_to_pass_on(self) -> EventQuerySet:
        """Public events with an offer that nobody answered in time, or with somebody waiting while a place is free."""
        from communities.models import Registration

        now, theirs = timezone.now(), Registration.objects.filter(event=OuterRef("pk"))
        taken = theirs.taking_places().order_by().values("event").annotate(count=Count("pk")).values("count")
        return (
            self.filter(status="published")
            .annotate(taken=Coalesce(Subquery(taken), 0))
            .filter(
                Exists(theirs.filter(status="offered", offer_expires_at__lte=now))
                | Exists(theirs.filter(status="waiting"))
                & Q(starts_at__gt=now)
                & (Q(capacity=None) | Q(capacity__gt=F("taken")))
            )
            .order_by("pk")
        )

    def visible_to(self, user: User | AnonymousUser) -> EventQuerySet:
        """Staff see drafts as well."""
        return self if is_programme_staff(user) else self.public()


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Who comes to events."""

    def with_email(self, email: str) -> RegistrationQuerySet:
        """Those of an address, however it is capitalised."""
        return self.annotate(email_lower=Lower("email")).filter(email_lower=email.lower()).exclude(email="")

    def live(self) -> RegistrationQuerySet:
        """Those that were not cancelled."""
        return self.exclude(status="cancelled")

    def coming(self) -> RegistrationQuerySet:
        """Those with a place."""
        return self.filter(status="coming")

    def waiting(self) -> RegistrationQuerySet:
        """Those in line for a place that have not been offered one, whoever came first first."""
        return self.filter(status="waiting").order_by("turn")

    def taking_places(self) -> RegistrationQuerySet:
        """Those that hold a place: people who come, and people who were offered one and may still say yes."""
        return self.filter(status__in=["coming", "offered"])

    def reachable(self) -> RegistrationQuerySet:
        """Those that can be emailed."""
        return self.exclude(email="")


def _convened_by(user: User) -> models.QuerySet[Any, Any]:
    """The keys of the communities that this person looks after, as a subquery."""
    from communities.models import Community

    return Community.objects.convened_by(user).values("pk")
