"""What a newsletter is made of: its blocks, and the pictures in them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from simple_history.models import HistoricalRecords

from communities.models.community import new_key
from communities.models.event import Event
from communities.models.newsletter import Newsletter
from studies.models import Study


def picture_path(picture: Picture, filename: str) -> str:
    """Where a picture is kept: under its key, with the ending of what it was re-encoded as."""
    return f"pictures/{picture.key}.{filename.rpartition('.')[2]}"


class Picture(models.Model):
    """A picture of a newsletter, re-encoded by us. Whoever has its address may see it: mail programs log in nowhere."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    file = models.FileField(upload_to=picture_path, max_length=200)
    width = models.PositiveIntegerField(help_text="In pixels.")
    height = models.PositiveIntegerField(help_text="In pixels.")
    size = models.PositiveIntegerField(help_text="In bytes.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-added_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(width__gte=1, height__gte=1, size__gte=1), name="picture_is_no_void"),
        ]

    def __str__(self) -> str:
        return f"{self.key}.{self.ending}"

    def get_absolute_url(self) -> str:
        """Where anybody gets it, without logging in."""
        return reverse("newsletters:picture", args=[self.key, self.ending])

    @property
    def ending(self) -> str:
        """What its file's name ends with: jpg or png."""
        return str(self.file.name).rpartition(".")[2]


class NewsletterBlock(models.Model):
    """One piece of a newsletter; which fields it uses follows from its kind."""

    class Kind(models.TextChoices):
        """In the order in which they are offered."""

        STORY = "story", "Story"
        HEADING = "heading", "Heading"
        EVENT = "event", "Event"
        STUDY = "study", "Study"
        INSIGHT = "insight", "Insight"
        BUTTON = "button", "Button"
        DIVIDER = "divider", "Divider"

    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="blocks")
    position = models.PositiveIntegerField(help_text="Blocks stand in this order; gaps mean nothing.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    heading = models.CharField(max_length=150, blank=True)
    words = models.TextField(blank=True)
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    alternative_text = models.CharField(max_length=250, blank=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    label = models.CharField("words on the button", max_length=60, blank=True)
    address = models.CharField("where it leads", max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords(excluded_fields=["updated_at"])

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(picture=None) | ~Q(alternative_text=""), name="block_picture_in_words"),
            models.CheckConstraint(condition=~Q(kind="heading", heading=""), name="block_heading_has_words"),
            models.CheckConstraint(condition=~Q(kind__in=["story", "insight"], words=""), name="block_has_words"),
            models.CheckConstraint(condition=~Q(kind="event", event=None), name="block_event_is_one"),
            models.CheckConstraint(condition=~Q(kind="study", study=None), name="block_study_is_one"),
            models.CheckConstraint(
                condition=~Q(kind="button") | ~Q(label="") & ~Q(address=""), name="block_button_leads_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def summary(self) -> str:
        """What it is, in a few words, for lists and questions."""
        kind = self.get_kind_display()
        says = self.heading or self.label or str(self.event or self.study or "") or Truncator(self.words).words(8)
        return f"{kind}: {says}" if says else kind
