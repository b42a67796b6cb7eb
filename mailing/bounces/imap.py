"""Reading the bounce mailbox over IMAP."""

from __future__ import annotations

import imaplib
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings

from mailing.bounces import services
from mailing.bounces.reports import MAX_BYTES

logger = logging.getLogger(__name__)

_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """Where the mailbox is."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    security: str

    @classmethod
    def from_url(cls, url: str) -> ImapAddress:
        """``imaps://user:password@host:993/INBOX``, ``imap+tls://`` (STARTTLS) or ``imap://`` (this machine only)."""
        parts = urlsplit(url)
        security = {"imap": "", "imap+tls": "starttls", "imaps": "tls"}.get(parts.scheme)
        if security is None or not parts.hostname or not parts.username:
            raise ValueError("it must look like imaps://user:password@mail.example.org/INBOX")
        port = parts.port or (993 if security == "tls" else 143)
        folder = unquote(parts.path.strip("/")) or "INBOX"
        return cls(parts.hostname, port, unquote(parts.username), unquote(parts.password or ""), folder, security)


def read_mailbox() -> int:
    """Read the messages of ``BOUNCE_IMAP_URL`` that nobody has read; returns how many.

    Each is marked as read once what it says is in the database, so a message is read again rather than lost. One that
    can not be written down now stays unread; the others are read all the same. A server that is away is logged, and
    asked again the next time.
    """
    address = ImapAddress.from_url(settings.BOUNCE_IMAP_URL)
    try:
        client = _connect(address)
    except (OSError, imaplib.IMAP4.error) as error:
        logger.warning("The bounce mailbox can not be reached: %s", error)
        return 0
    try:
        return _read_unseen(client)
    except (OSError, imaplib.IMAP4.error) as error:
        logger.warning("Reading the bounce mailbox was broken off: %s", error)
        return 0
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()


def _connect(address: ImapAddress) -> imaplib.IMAP4:
    timeout = settings.MAIL_TIMEOUT
    client: imaplib.IMAP4
    if address.security == "tls":
        context = ssl.create_default_context()
        client = imaplib.IMAP4_SSL(address.host, address.port, ssl_context=context, timeout=timeout)
    else:
        client = imaplib.IMAP4(address.host, address.port, timeout=timeout)
    try:
        if address.security == "starttls":
            client.starttls(ssl.create_default_context())
        client.login(address.user, address.password)
        answer, _ = client.select(f'"{address.folder}"')
        if answer != "OK":
            raise imaplib.IMAP4.error(f"There is no folder {address.folder}")
    except BaseException:
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()
        raise
    return client


def _read_unseen(client: imaplib.IMAP4) -> int:
    answer, found = client.uid("SEARCH", "UNSEEN")
    if answer != "OK":
        raise imaplib.IMAP4.error("The server does not say which messages are unread")
    uids = (found[0] or b"").split()[:_MOST_AT_ONCE]
    count = 0
    for uid in uids:
        name = uid.decode("ascii")
        # PEEK leaves it unread; only so much is fetched, however long it is.
        _, fetched = client.uid("FETCH", name, f"(BODY.PEEK[]<0.{MAX_BYTES}>)")
        raw = next((part[1] for part in fetched if isinstance(part, tuple)), None)
        if raw is None:
            logger.warning("Message %s of the bounce mailbox can not be fetched; it stays unread", name)
            continue
        try:
            outcome = services.take_in(raw=raw)
        except Exception:
            logger.exception("Message %s of the bounce mailbox could not be written down; it stays unread", name)
            continue
        if isinstance(outcome, str):
            logger.info("Message %s of the bounce mailbox was passed over: %s", name, outcome)
        client.uid("STORE", name, "+FLAGS.SILENT", r"(\Seen)")
        count += 1
    return count
