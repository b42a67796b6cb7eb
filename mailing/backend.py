"""The door: Django's email backend, which turns every message into rows and sends nothing by itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from email.message import Message
from email.mime.base import MIMEBase

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailAlternative, EmailAttachment, EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils.encoding import force_bytes, force_str
from django.utils.html import strip_tags

from mailing import services
from mailing.addresses import OURS, split_addresses
from mailing.models import Attachment, Mailing

logger = logging.getLogger(__name__)

#: Headers by which a caller tells the door what it sends; they do not leave with the message.
TOPIC_HEADER = "X-Mailing-Topic"
SECRET_HEADER = "X-Mailing-Secret"  # noqa: S105 - a header's name


class EmailBackend(BaseEmailBackend):
    """Keeps messages as rows for the workers, within the caller's transaction: rolled back, they never were."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue each message to all of its recipients; returns how many messages were queued.

        A message without recipients counts as none. A line break in a header or an address that is none raises
        ``ValueError`` or ``ValidationError`` (unless ``fail_silently``), and nothing of that message is queued.
        """
        queued = 0
        for message in email_messages:
            try:
                queued += _queue(message)
            except (ValueError, ValidationError):
                if not self.fail_silently:
                    raise
                logger.warning("A message was not queued", exc_info=True)
        return queued


@transaction.atomic
def _queue(message: EmailMessage) -> int:
    recipients = split_addresses(message.recipients())
    if not recipients:
        return 0
    given = {name: str(value) for name, value in message.extra_headers.items()}
    topic = given.pop(TOPIC_HEADER, "") or "account"
    secret = given.pop(SECRET_HEADER, "").lower() not in {"no", "false", "0"}
    sender = next((value for name, value in given.items() if name.lower() == "from"), "") or message.from_email
    headers = {name: value for name, value in given.items() if name.lower() not in OURS}
    if message.reply_to and "Reply-To" not in headers:
        headers["Reply-To"] = ", ".join(map(str, message.reply_to))
    if message.cc and "Cc" not in headers:
        headers["Cc"] = ", ".join(map(str, message.cc))
    text, html = _bodies(message)
    mailing = services.write_mailing(
        kind=Mailing.Kind.TRANSACTIONAL,
        topic=topic[:60],
        subject=str(message.subject) or "(no subject)",
        text=text,
        html=html,
        headers=headers,
        from_email=str(sender or settings.DEFAULT_FROM_EMAIL),
        is_secret=secret,
    )
    if len(recipients) > 1:
        # Several people see whom else it went to, as they would from any mail program; a blind copy is not shown.
        mailing.headers["To"] = ", ".join(map(str, message.to)) or "undisclosed-recipients:;"
        mailing.save(update_fields=["headers"])
    Attachment.objects.bulk_create([*_alternatives(mailing, message), *_attachments(mailing, message)])
    services.address_to(mailing=mailing, recipients=recipients)
    return 1


def _bodies(message: EmailMessage) -> tuple[str, str]:
    body = force_str(message.body or "")
    if message.content_subtype == "html":
        return strip_tags(body).strip() + "\n", body
    for alternative in getattr(message, "alternatives", []):
        if alternative[1] == "text/html":
            return body, force_str(alternative[0])
    return body, ""


def _alternatives(mailing: Mailing, message: EmailMessage) -> list[Attachment]:
    others: list[EmailAlternative] = [
        alternative for alternative in getattr(message, "alternatives", []) if alternative[1] != "text/html"
    ]
    return [
        Attachment(
            mailing=mailing,
            role=Attachment.Role.ALTERNATIVE,
            content_type=alternative[1],
            content=force_bytes(alternative[0]),
        )
        for alternative in others
    ]


def _attachments(mailing: Mailing, message: EmailMessage) -> list[Attachment]:
    kept: list[Attachment] = []
    for part in message.attachments:
        if isinstance(part, MIMEBase):
            kept.append(
                Attachment(
                    mailing=mailing,
                    role=Attachment.Role.PART,
                    filename=part.get_filename() or "",
                    content_type=part.get_content_type(),
                    content=part.as_bytes(),
                )
            )
            continue
        filename, content, mimetype = EmailAttachment(*part)
        if isinstance(content, EmailMessage):
            content = content.message()
        kept.append(
            Attachment(
                mailing=mailing,
                filename=(filename or "attachment")[:200],
                content_type=mimetype or "application/octet-stream",
                content=content.as_bytes() if isinstance(content, Message) else force_bytes(content),
            )
        )
    return kept
