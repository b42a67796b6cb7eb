"""Every write to mailings and deliveries. This is what the other apps call to send anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet

    from mailing.models import Delivery, Mailing


@dataclass(frozen=True)
class File:
    """A file to attach: its name, its media type and its bytes."""

    filename: str
    content_type: str
    content: bytes


def send_template(
    *,
    to: str,
    name: str = "",
    template: str,
    context: Mapping[str, Any] | None = None,
    topic: str,
    subject_id: str = "",
    headers: Mapping[str, str] | None = None,
    attachments: Sequence[File] = (),
    created_by: AbstractBaseUser | None = None,
) -> Delivery:
    """Queue one transactional message and wake a worker after commit.

    ``template`` names ``templates/emails/<template>.txt``, whose first line is ``Subject: …``; the HTML part is made
    from the same text in the programme's email layout.
    """
    raise NotImplementedError


def queue_bulk(
    *,
    topic: str,
    list_key: str,
    subject: str,
    text: str,
    html: str = "",
    headers: Mapping[str, str] | None = None,
    audience: QuerySet[Any, Any],
    attachments: Iterable[File] = (),
    created_by: AbstractBaseUser | None = None,
) -> Mailing:
    """Turn an audience into deliveries by one ``INSERT … SELECT`` and wake a worker after commit.

    ``audience`` yields ``values("email", "name", "subject_id")``. In ``text``, ``html`` and ``headers``,
    ``{{name}}`` becomes the recipient's name and ``{{token}}`` the signed form of their ``subject_id``
    (``mailing.tokens.read`` turns it back), filled in as the message is sent. Suppressed addresses are left out.
    """
    raise NotImplementedError


def skip_waiting(*, recipient: str, list_key_prefix: str) -> int:
    """Withdraw what still waits to go to someone who has just unsubscribed; returns how many were withdrawn."""
    raise NotImplementedError
