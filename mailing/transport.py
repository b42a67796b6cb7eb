"""What is behind the door: the portal's own outbox, or an SMTP server.

A transport says of each message one of four things, and says *unknown* only where the server may have taken the
message: once the whole of it was handed over and no answer came. Before that moment nothing can have been delivered,
so trying again is safe.
"""

from __future__ import annotations

import contextlib
import enum
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from mailing.addresses import ascii_address

_OK = range(200, 300)
_PUT_OFF = range(400, 500)
_FOR_GOOD = range(500, 600)
#: Refusals other than that the server is going down.
_OF_RECIPIENT = frozenset(range(400, 600)) - {421}
#: Seconds for which what was announced ahead is used: a server may be tired of waiting for the message after that.
_AHEAD_LASTS = 5.0
#: Enhanced status codes of addresses, mailboxes and policy (RFC 3463, sections 3.2, 3.3 and 3.8).
_OF_MAILBOX = re.compile(r"(?<![\d.])5\.[127]\.\d{1,3}(?!\.?\d)")


class Outcome(enum.Enum):
    """What became of a message."""

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message, in the server's words.

    ``is_of_recipient`` where a refusal, for now or for good, may be for the recipient's sake (``mailing.bounces`` reads
    in the words whether it is).
    """

    outcome: Outcome
    text: str
    is_of_recipient: bool = False


class UnreachableError(Exception):
    """The server can not be spoken to at all: no recipient's fault, and nothing was sent."""


@dataclass(frozen=True, slots=True)
class Next:
    """The message that is likely to follow, and what may be done for it while the server takes the one before."""

    sender: str
    recipient: str
    prepare: Callable[[], None]


class Transport(Protocol):
    """Takes messages one at a time, in one conversation."""

    def open(self) -> None:
        """Be ready to send. Raises ``UnreachableError``."""

    def send(self, *, sender: str, recipient: str, message: bytes, following: Next | None = None) -> Answer:
        """Hand one message over, its lines ended by CRLF and its dots doubled. Raises ``UnreachableError``.

        ``following`` may be announced along with it, which commits nobody to send it.
        """

    def close(self) -> None:
        """End the conversation; never raises."""


class OutboxTransport:
    """Keeps every message where it is: in the portal's outbox page. Nothing leaves this machine."""

    def open(self) -> None:
        """Nothing to do."""

    def send(self, *, sender: str, recipient: str, message: bytes, following: Next | None = None) -> Answer:
        """Count the message as sent."""
        return Answer(Outcome.SENT, "Kept in the outbox and sent nowhere")

    def close(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where the mail server is and how to talk to it."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: str = ""

    @classmethod
    def from_url(cls, url: str) -> SmtpAddress:
        """``smtp://``, ``smtp+tls://`` (STARTTLS) or ``smtps://`` with user, password, host and port."""
        parts = urlsplit(url)
        security = {"smtp": "", "smtp+tls": "starttls", "smtps": "tls", "smtp+ssl": "tls"}.get(parts.scheme)
        if security is None or not parts.hostname:
            raise ImproperlyConfigured(
                "EMAIL_URL must be outbox: or look like smtp://host:25, smtp+tls://user:password@host:587 or "
                "smtps://user:password@host:465"
            )
        port = parts.port or {"": 25, "starttls": 587, "tls": 465}[security]
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), security)


class SmtpTransport:
    """One SMTP conversation for many messages; begun again when the server ends it.

    Where the server offers pipelining, the commands before the next message leave with the message before it (RFC 2920,
    section 3.1). Nothing of a message itself leaves before it is sent: if another one is sent instead, or none, the
    conversation is broken off, and the server has got nothing.
    """

    def __init__(self, address: SmtpAddress, *, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._smtp: smtplib.SMTP | None = None
        self._pipelines = False
        self._needs_reset = False
        self._ahead: tuple[str, ...] = ()
        self._ahead_since = 0.0

    def open(self) -> None:
        """Connect, secure and log in, unless that is done."""
        if self._smtp is not None:
            return
        where = self._address
        smtp: smtplib.SMTP | None = None
        try:
            if where.security == "tls":
                smtp = smtplib.SMTP_SSL(
                    where.host, where.port, timeout=self._timeout, context=ssl.create_default_context()
                )
            else:
                smtp = smtplib.SMTP(where.host, where.port, timeout=self._timeout)
            smtp.ehlo_or_helo_if_needed()
            if where.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if where.user:
                smtp.login(where.user, where.password)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if smtp is not None:
                smtp.close()
            raise UnreachableError(f"{where.host}:{where.port}: {_words(error)}") from error
        if smtp.sock is not None:
            # Each command is written whole; waiting to fill a packet would only delay it.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._smtp = smtp
        self._pipelines = smtp.has_extn("pipelining")
        self._needs_reset = False

    def send(self, *, sender: str, recipient: str, message: bytes, following: Next | None = None) -> Answer:
        """Hand one message over; begins the conversation again, once, if the server has left it."""
        began = time.monotonic()
        deadline = began + 3 * self._timeout
        commands = _commands(sender, recipient)
        if self._ahead and (self._ahead != commands or began - self._ahead_since > _AHEAD_LASTS):
            self._hang_up()
        fresh = self._smtp is None
        self.open()
        answer = self._offer(commands, message, deadline, following)
        if answer is None and not fresh:
            # The server had closed an idle or long conversation: common, and nothing was sent.
            self.open()
            answer = self._offer(commands, message, deadline, following)
        return answer or Answer(Outcome.DEFERRED, "The mail server ended the conversation before taking the message")

    def close(self) -> None:
        """Say goodbye, and hang up in any case."""
        if self._ahead:
            # It waits for a message, and would take our goodbye for one.
            self._hang_up()
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def _hang_up(self) -> None:
        self._ahead = ()
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _offer(
        self, commands: tuple[str, ...], message: bytes, deadline: float, following: Next | None
    ) -> Answer | None:
        """Send one message; None if the server hung up before anything of it was decided."""
        smtp = self._smtp
        if smtp is None or smtp.sock is None:
            return None
        try:
            refused = self._announce(smtp, commands)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                return Answer(Outcome.DEFERRED, "The mail server did not answer in time")
            return None
        if refused is not None:
            if refused.text.startswith("421"):
                self._hang_up()
            else:
                self._needs_reset = True
            return refused
        if time.monotonic() > deadline:
            # Our hold on this delivery may run out before an answer comes: leave it for another try.
            self._hang_up()
            return Answer(Outcome.DEFERRED, "The mail server was too slow to take the message")
        return self._hand_over(smtp, message, following)

    def _announce(self, smtp: smtplib.SMTP, commands: tuple[str, ...]) -> Answer | None:
        """Name sender and recipient and ask to send; the answer if the server refused any of it (RFC 2920)."""
        if self._ahead:
            self._ahead = ()
            return self._refusal(smtp, [smtp.getreply() for _ in commands])
        reset = self._needs_reset
        if self._pipelines:
            smtp.send(("RSET\r\n" if reset else "") + "".join(commands))
            replies = [smtp.getreply() for _ in range(len(commands) + reset)][reset:]
            self._needs_reset = False
            return self._refusal(smtp, replies)
        if reset:
            smtp.send("RSET\r\n")
            smtp.getreply()
            self._needs_reset = False
        replies = []
        for command in commands:
            smtp.send(command)
            replies.append(smtp.getreply())
            if not 200 <= replies[-1][0] < 400:
                break
        return self._refusal(smtp, replies)

    def _refusal(self, smtp: smtplib.SMTP, replies: list[tuple[int, bytes]]) -> Answer | None:
        for step, (code, text) in enumerate(replies):
            if code in _OK or (step == 2 and code == 354):
                continue
            if len(replies) == 3 and step < 2 and replies[2][0] == 354:
                smtp.send(".\r\n")  # it wants a message all the same: RFC 2920, section 3.1, an empty one
                smtp.getreply()
            # A refusal of the sender is a fault of ours, not of the recipient: staff may mend it within the hours
            # for which we try again. What is no answer at all (RFC 5321, section 4.2) refuses nobody.
            final = code in _FOR_GOOD and step > 0
            outcome = Outcome.FAILED if final else Outcome.DEFERRED
            return Answer(outcome, _line(code, text), is_of_recipient=step == 1 and code in _OF_RECIPIENT)
        return None

    def _hand_over(self, smtp: smtplib.SMTP, message: bytes, following: Next | None) -> Answer:
        try:
            smtp.send(message + b".\r\n" if message.endswith(b"\r\n") else message + b"\r\n.\r\n")
        except (OSError, smtplib.SMTPException) as error:
            # The last bytes, without which a server takes nothing, never left.
            self._hang_up()
            return Answer(Outcome.DEFERRED, f"The connection broke while the message was handed over: {_words(error)}")
        if following is not None:
            self._announce_ahead(smtp, following)
            following.prepare()
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(2 * self._timeout)
            code, text = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Answer(Outcome.UNKNOWN, f"The mail server took the message and gave no answer: {_words(error)}")
        words = _line(code, text)
        if code in _OK:
            return Answer(Outcome.SENT, words)
        if code not in _PUT_OFF and code not in _FOR_GOOD:
            self._hang_up()
            return Answer(
                Outcome.UNKNOWN, f"The mail server took the message and gave no answer that says more: {words}"
            )
        if code == 421:
            self._hang_up()
        if code in _PUT_OFF:
            return Answer(Outcome.DEFERRED, words, is_of_recipient=code in _OF_RECIPIENT)
        # Now it is most often the text that a server minds, unless it says expressly that it is the mailbox.
        return Answer(Outcome.FAILED, words, is_of_recipient=_OF_MAILBOX.search(words) is not None)

    def _announce_ahead(self, smtp: smtplib.SMTP, following: Next) -> None:
        """Say what comes before the next message, in a write of its own: the one before must fail or succeed alone."""
        if not self._pipelines or smtp.sock is None:
            return
        try:
            commands = _commands(following.sender, following.recipient)
        except ValueError:  # it is told when its turn comes
            return
        # Whatever happens to these, the answer to the message is what is read next; a break shows when they are used.
        self._ahead, self._ahead_since = commands, time.monotonic()
        with contextlib.suppress(OSError):
            smtp.sock.sendall("".join(commands).encode("ascii"))


def _commands(sender: str, recipient: str) -> tuple[str, ...]:
    """What is said before a message. ``ValueError`` for an address that makes no envelope."""
    return f"MAIL FROM:<{ascii_address(sender)}>\r\n", f"RCPT TO:<{ascii_address(recipient)}>\r\n", "DATA\r\n"


def from_settings() -> Transport:
    """The transport that ``EMAIL_URL`` names."""
    if is_embedded():
        return OutboxTransport()
    return SmtpTransport(SmtpAddress.from_url(settings.EMAIL_URL), timeout=settings.MAIL_TIMEOUT)


def is_embedded() -> bool:
    """Whether messages are kept here and sent nowhere."""
    return str(settings.EMAIL_URL).startswith("outbox:")


def _line(code: int, text: bytes) -> str:
    return f"{code} {text.decode('utf-8', 'replace')}"[:500]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return _line(error.smtp_code, reply if isinstance(reply, bytes) else str(reply).encode())
    return str(error) or type(error).__name__
