"""Who comes to an event, who waits for a place, what they need and what they thought of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from communities.models.community import new_key
from communities.models.event import Event
from communities.querysets import RegistrationQuerySet
from communities.words import day_words
from people.words import time_words


class Registration(models.Model):
    """One person's place at an event, or their turn in the line for one. Needs no login, and agrees to no other email.

    ``turn`` orders the line: it is given out under the event's lock, so that nobody overtakes anybody.
    """

    class Status(models.TextChoices):
        """A place is taken while somebody is coming or has been offered it."""

        COMING = "coming", "Coming"
        WAITING = "waiting", "Waiting"
        OFFERED = "offered", "Offered a place"
        CANCELLED = "cancelled", "Cancelled"

    class Ended(models.TextChoices):
        """How a cancelled registration came to be one."""

        SELF = "self", "by themselves"
        STAFF = "staff", "by staff"
        DECLINED = "declined", "did not want the place offered"
        LAPSED = "lapsed", "did not answer the offer in time"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="registrations")
    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    name = models.CharField(max_length=150)
    email = models.EmailField(blank=True, help_text="Empty only for somebody whom staff added.")
    organisation = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    turn = models.PositiveIntegerField()
    registered_at = models.DateTimeField(default=timezone.now)
    coming_since = models.DateTimeField(null=True, blank=True)
    offer_expires_at = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=10, choices=Ended.choices, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    attended = models.BooleanField(default=False)
    gave_feedback = models.BooleanField(default=False)

    objects = RegistrationQuerySet.as_manager()

    #: Those that still mean something to their person.
    LIVE: ClassVar = (Status.COMING, Status.WAITING, Status.OFFERED)
    #: Those that hold a place.

    class Meta:
        ordering: ClassVar = ["turn", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("event", Lower("email"), condition=~Q(email=""), name="registration_email_once"),
            models.UniqueConstraint(fields=["event", "turn"], name="registration_turn_once"),
            models.CheckConstraint(
                condition=Q(status="offered", offer_expires_at__isnull=False)
                | (~Q(status="offered") & Q(offer_expires_at__isnull=True)),
                name="registration_offer_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(status="coming", coming_since__isnull=False)
                | (~Q(status="coming") & Q(coming_since__isnull=True)),
                name="registration_coming_since",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled") & ~Q(ended="") | ~Q(status="cancelled") & Q(ended=""),
                name="registration_ended_somehow",
            ),
            models.CheckConstraint(
                condition=Q(attended=False) | Q(status="coming"), name="registration_came_if_coming"
            ),
            models.CheckConstraint(
                condition=~Q(email="") | Q(status__in=["coming", "cancelled"]), name="registration_waits_by_email"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.event}"

    @property
    def is_live(self) -> bool:
        """Whether it has not been cancelled."""
        return self.status in self.LIVE

    @property
    def is_coming(self) -> bool:
        """Whether its person has a place."""
        return self.status == self.Status.COMING

    @property
    def is_offered(self) -> bool:
        """Whether a place is kept for its person until they answer."""
        return self.status == self.Status.OFFERED

    @property
    def offer_is_open(self) -> bool:
        """Whether the offer can still be accepted."""
        return self.offer_expires_at is not None and self.offer_expires_at > timezone.now()

    @property
    def ended_how(self) -> str:
        """How it came to be cancelled, as its person reads it."""
        return _ENDED_HOW[Registration.Ended(self.ended)] if self.ended else ""

    @property
    def answer_by(self) -> str:
        """Until when an offer can be accepted, in London's time and in words."""
        ends = self.offer_expires_at
        return f"{day_words(ends)}, {time_words(ends)}" if ends else ""


_ENDED_HOW = {
    Registration.Ended.SELF: "You cancelled it.",
    Registration.Ended.STAFF: "Programme staff cancelled it.",
    Registration.Ended.DECLINED: "You did not want the place that we offered.",
    Registration.Ended.LAPSED: "You did not answer our offer in time.",
}


class AttendeeNeeds(models.Model):
    """What somebody needs in order to eat and take part. About health, so it is held apart and deleted soon.

    Special category data under UK GDPR, article 9(2)(a): given with consent to the words in
    ``agreed_to``, seen by staff alone, gone ``EVENT_KEEP_NEEDS_DAYS`` after the event.
    """

    registration = models.OneToOneField(Registration, on_delete=models.CASCADE, related_name="needs")
    dietary = models.TextField(blank=True)
    access = models.TextField(blank=True)
    agreed_to = models.TextField(blank=True, help_text="The words of the box that was ticked.")
    agreed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "attendee needs"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(dietary="", access=""), name="attendee_needs_something"),
        ]

    def __str__(self) -> str:
        return f"Needs for {self.registration.event}"


class Notice(models.Model):
    """Somebody who registered was emailed about something once: what makes every such email safe to ask for twice."""

    class Kind(models.TextChoices):
        """What the email said."""

        CHANGE = "change", "Time or place changed"
        CANCELLATION = "cancellation", "The event is off"
        WEEK = "week", "Reminder, a week before"
        DAY = "day", "Reminder, the day before"
        NO_PLACE = "no_place", "No place came free"
        THANKS = "thanks", "Thank you, and what did you think?"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    starts_at = models.DateTimeField(help_text="When the event was to start: a moved date is another notice.")
    sequence = models.PositiveIntegerField(default=0, help_text="The event's revision, where the notice is about it.")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["registration", "kind", "starts_at", "sequence"], name="notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.registration}"


class EventFeedback(models.Model):
    """What somebody who came thought of an event. Nothing in it says who, and no time says when."""

    class Score(models.IntegerChoices):
        """How useful it was."""

        VERY = 5, "Very useful"
        USEFUL = 4, "Useful"
        SO_SO = 3, "Neither useful nor useless"
        LITTLE = 2, "Of little use"
        NONE = 1, "Of no use"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="feedback")
    score = models.PositiveSmallIntegerField(choices=Score.choices)
    words = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-score", "pk"]
        verbose_name_plural = "event feedback"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(score__range=(1, 5)), name="event_feedback_score"),
        ]

    def __str__(self) -> str:
        return f"{self.get_score_display()}: {self.event}"
