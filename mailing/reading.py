"""A message as its recipient got it: built again from the rows, and read back as a mail program reads it."""

from __future__ import annotations

import email
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.policy import default as default_policy

from django.utils import timezone

from mailing.mime import Blueprint, Recipient
from mailing.models import Delivery


@dataclass(frozen=True)
class AttachedFile:
    """A file that came with a message."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Received:
    """What a mail program makes of a message."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    html: str = ""
    files: list[AttachedFile] = field(default_factory=list)


def received(delivery: Delivery) -> Received:
    """The message of ``delivery``. Raises ``ValueError`` where it can not be written as a message."""
    mailing = delivery.mailing
    recipient = Recipient(
        delivery.pk, delivery.recipient, delivery.recipient_name, delivery.subject_id, delivery.created_at
    )
    blueprint = Blueprint(mailing, mailing.attachments.all(), for_wire=False)
    raw = blueprint.bytes_for(recipient, now=delivery.settled_at or timezone.now())
    message = email.message_from_bytes(raw, policy=default_policy)
    if not isinstance(message, EmailMessage):
        raise TypeError("The policy makes EmailMessages")
    return Received(
        headers=[(name, str(value)) for name, value in message.items() if name.lower() != "mime-version"],
        text=_body(message, "plain"),
        html=_body(message, "html"),
        files=[_file(part) for part in message.iter_attachments()]
        if message.get_content_type() == "multipart/mixed"
        else [],
    )


def _file(part: Message) -> AttachedFile:
    content = part.get_payload(decode=True)
    # An attached message has no payload of its own to decode.
    whole = content if isinstance(content, bytes) else b"".join(p.as_bytes() for p in part.walk() if p is not part)
    return AttachedFile(part.get_filename() or "attachment", part.get_content_type(), whole)


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""
