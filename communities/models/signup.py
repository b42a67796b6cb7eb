"""Signups that wait for their confirmation, and the count that keeps anybody from being bombed with email."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from communities.models.associate import Involvement
from communities.models.community import Community, new_key


class Signup(models.Model):
    """What somebody filled in on the signup page, until they confirm it by email or it expires."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=150)
    involvement = models.CharField(max_length=15, choices=Involvement.choices)
    organisation = models.CharField(max_length=200, blank=True)
    communities = models.ManyToManyField(Community, related_name="signups")
    agreed_to = models.JSONField(default=dict, blank=True, help_text="Purpose → the wording shown.")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return f"Signup of {self.made_at:%Y-%m-%d}"

    @property
    def has_expired(self) -> bool:
        """Whether its time to be confirmed is over."""
        return self.expires_at <= timezone.now()


class Attempt(models.Model):
    """Somebody asked for an email to an address; kept for an hour so that nobody can have another person bombed.

    ``digest`` is a keyed hash of the address or of the network the request came from: neither can be read back.
    """

    scope = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-made_at"]
        indexes: ClassVar = [models.Index(fields=["scope", "digest", "made_at"], name="attempt_count")]

    def __str__(self) -> str:
        return f"{self.scope} at {self.made_at:%Y-%m-%d %H:%M}"
