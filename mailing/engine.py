"""The sending loop: take up a batch, note each message before it leaves, settle what came of it.

A worker sends bulk mail only while nobody waits for a transactional message: it looks between two messages, at least
every ``_LOOK_EVERY`` seconds, and sends what it finds before it goes on.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from email.utils import parseaddr
from functools import partial
from typing import TypeVar

from celery.worker import state as worker_state
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from mailing import ledger, pace, rates, services
from mailing.bounces import verp
from mailing.mime import Blueprint
from mailing.models import Delivery, Mailing
from mailing.transport import Answer, Next, Outcome, Transport, UnreachableError, from_settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_EVERY = 0.2  # seconds between looks for urgent messages
_SETTLE_EVERY = 1.0  # seconds after which what was sent is noted, so that staff see it go
_URGENT_BATCH = 10
_NEAR = 2.0  # seconds for which a worker with nothing else to do waits for a turn
_BLUEPRINTS = 8  # kept at a time


class Ended(enum.Enum):
    """Why a run ended."""

    NOTHING_DUE = "nothing due"
    TIME_UP = "time up"
    UNREACHABLE = "the mail server can not be reached"


class _LeaseLostError(Exception):
    """The batch in hand is no longer this worker's to send."""


class Engine:
    """One worker's run over one connection to the mail server."""

    def __init__(self, *, transport: Transport | None = None, stopping: Callable[[], bool] | None = None) -> None:
        """``stopping`` is asked between two messages; by default whether the Celery worker is being shut down."""
        self._transport = transport or from_settings()
        self._stopping = stopping or _worker_is_stopping
        self._blueprints: OrderedDict[int, tuple[Blueprint, str]] = OrderedDict()
        self._looked = self._settled = self._began = 0.0
        self._shaken = False
        self._reserved: list[float] = []
        self._written: tuple[int, str, bytes] | None = None
        self.sent = 0

    def run(self, *, urgent_only: bool, seconds: float) -> Ended:
        """Send what is due for up to ``seconds``; what is in hand then is finished or given back.

        Nothing that goes wrong with one message stops the others. An outage of the mail server ends the run; an outage
        of the database is waited out for as long as the lease lasts.
        """
        until = time.monotonic() + seconds
        try:
            return self._drain(urgent_only=urgent_only, until=until)
        except UnreachableError as error:
            logger.warning("Mail waits: the mail server can not be reached: %s", error)
            return Ended.UNREACHABLE
        finally:
            self._transport.close()

    def _drain(self, *, urgent_only: bool, until: float) -> Ended:
        last_mailing = 0
        while True:
            if self._must_stop(until):
                return Ended.TIME_UP
            self._looked = time.monotonic()
            batch = self._insist(lambda: ledger.claim_urgent(limit=_URGENT_BATCH))
            if batch is None and not urgent_only:
                claim = partial(ledger.claim_bulk, limit=settings.MAIL_BATCH, after=last_mailing)
                batch = self._insist(claim)
                if batch is not None:
                    last_mailing = batch.items[0].mailing_id
                    self._send(self._held_back(batch), until=until, gives_way=True)
                    continue
            if batch is None:
                if not urgent_only and self._insist(lambda: rates.turn_is_near(_NEAR)):
                    time.sleep(_LOOK_EVERY)
                    continue
                return Ended.NOTHING_DUE
            self._send_urgent(batch)

    def _held_back(self, batch: ledger.Batch) -> ledger.Batch:
        return self._insist(lambda: rates.hold_back(batch=batch)) if settings.MAIL_RATES else batch

    # --- one batch ---

    def _send_urgent(self, batch: ledger.Batch) -> None:
        self._send(batch, until=float("inf"), gives_way=False)
        mailings = {item.mailing_id for item in batch.items}
        self._insist(lambda: services.drop_secrets(mailing_ids=mailings))

    def _send(self, batch: ledger.Batch, *, until: float, gives_way: bool) -> None:
        """Send a batch in order. However this ends, what was sent is settled and the rest given back."""
        answers: list[tuple[int, str]] = []
        why = ""
        self._settled = time.monotonic()
        self._shaken = False
        mine = ledger.ids(batch.items)
        try:
            self._transport.open()
            for position, item in enumerate(batch.items, 1):
                if gives_way and not self._give_way(batch, answers, until):
                    break
                if item.pk not in mine:
                    continue
                following = next((other for other in batch.items[position:] if other.pk in mine), None)
                mine = self._one(batch, item, answers, mine, following if gives_way else None)
        except _LeaseLostError:
            pass
        except UnreachableError as error:
            why = f"Waiting: the mail server can not be reached: {error}"
            raise
        finally:
            self._insist(lambda: ledger.release(lease_id=batch.lease_id, answers=answers, answer=why))

    def _one(
        self,
        batch: ledger.Batch,
        item: ledger.Item,
        answers: list[tuple[int, str]],
        mine: set[int],
        following: ledger.Item | None,
    ) -> set[int]:
        """Send one message; returns which of the batch are still ours. Raises ``_LeaseLostError`` when none is.

        ``following`` is the one that goes next, if nothing comes between.
        """
        try:
            sender, message = self._write(item)
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # whatever it is: the batch would come back to this message for ever
            logger.exception("Delivery %d can not be written", item.pk)
            refusal = Answer(Outcome.FAILED, f"It can not be written as a message: {error}")
            self._insist(lambda: ledger.settle_other(lease_id=batch.lease_id, item=item, answer=refusal))
            return mine
        while not self._insist(lambda: ledger.advance(lease_id=batch.lease_id, pk=item.pk)):
            mine = self._insist(lambda: ledger.review(lease_id=batch.lease_id))
            if not mine:
                raise _LeaseLostError
            if item.pk not in mine:
                return mine
        if self._shaken:
            # The database went away and came back: what it had not written to disk may be gone. Begin a new lease.
            raise _LeaseLostError
        try:
            answer = self._hand_over(item, sender, message, self._next(following))
        except UnreachableError:
            raise
        except BaseException as error:  # a fault of ours, or the worker is made to stop: the server may have it by now
            doubt = Answer(Outcome.UNKNOWN, f"The worker was stopped while it was on its way: {error!r}")
            self._insist(lambda: ledger.settle_other(lease_id=batch.lease_id, item=item, answer=doubt))
            raise
        if answer.outcome is Outcome.SENT:
            self.sent += 1
            answers.append((item.pk, answer.text))
        else:
            self._insist(lambda: ledger.settle_other(lease_id=batch.lease_id, item=item, answer=answer))
        return mine

    def _write(self, item: ledger.Item) -> tuple[str, bytes]:
        """Who a message comes from, and its bytes; whatever goes wrong is raised."""
        written, self._written = self._written, None
        if written is not None and written[0] == item.pk:
            return written[1:]
        blueprint, sender = self._blueprint(item.mailing_id)
        return sender, blueprint.bytes_for(item.recipient, now=timezone.now())

    def _next(self, item: ledger.Item | None) -> Next | None:
        """What may be announced and written while the server takes the message before; None where something is to come
        between the two.
        """
        now = time.monotonic()
        took, self._began = now - self._began, now
        if item is None or settings.MAIL_RATE_PER_SECOND or now + took > self._looked + _LOOK_EVERY:
            return None
        _, sender = self._blueprint(item.mailing_id)

        def prepare() -> None:
            with contextlib.suppress(Exception):  # it is written again when its turn comes, and fails then
                self._written = (item.pk, *self._write(item))

        return Next(verp.sender_for(item.pk, sender), item.recipient.address, prepare)

    def _hand_over(self, item: ledger.Item, sender: str, message: bytes, following: Next | None) -> Answer:
        envelope, address = verp.sender_for(item.pk, sender), item.recipient.address
        try:
            return self._transport.send(sender=envelope, recipient=address, message=message, following=following)
        except ValueError as error:
            # An address in the settings that makes no envelope: ours to mend within the hours for which we try again.
            logger.exception("Delivery %d can not be handed over", item.pk)
            return Answer(Outcome.DEFERRED, f"It can not be handed over: {error}")

    def _flush(self, batch: ledger.Batch, answers: list[tuple[int, str]]) -> None:
        if answers:
            self._insist(lambda: ledger.settle_sent(lease_id=batch.lease_id, answers=answers))
            answers.clear()
        self._settled = time.monotonic()

    # --- between two messages ---

    def _give_way(self, batch: ledger.Batch, answers: list[tuple[int, str]], until: float) -> bool:
        """Do what comes before the next bulk message; False if this batch must end here."""
        if not self._await_turn(batch, answers, until):
            return False
        now = time.monotonic()
        if now - self._settled > _SETTLE_EVERY:
            self._flush(batch, answers)
        if now - self._looked > _LOOK_EVERY:
            if self._must_stop(until):
                return False
            self._let_urgent_pass(batch, answers)
        return True

    def _let_urgent_pass(self, batch: ledger.Batch, answers: list[tuple[int, str]]) -> None:
        self._looked = time.monotonic()
        if not self._insist(lambda: Delivery.objects.urgent_due(timezone.now()).exists()):
            return
        # What was sent is settled first: were we killed now, only the urgent message would be in doubt.
        self._flush(batch, answers)
        shaken = self._shaken
        while urgent := self._insist(lambda: ledger.claim_urgent(limit=_URGENT_BATCH)):
            shaken = shaken or self._shaken
            self._send_urgent(urgent)
            self._insist(lambda: ledger.touch(lease_id=batch.lease_id))
        # The urgent batches began anew; the one in hand is no less shaken for that.
        self._shaken = self._shaken or shaken
        self._looked = time.monotonic()

    def _await_turn(self, batch: ledger.Batch, answers: list[tuple[int, str]], until: float) -> bool:
        """Wait for the provider's rate limit, without keeping anybody urgent waiting; False when it is time to end."""
        rate = settings.MAIL_RATE_PER_SECOND
        if not rate:
            return True
        if not self._reserved:
            # A quarter of a second's worth at a time keeps the shared row out of the way at high rates.
            count = max(1, int(rate / 4))
            start = self._insist(lambda: pace.reserve(count=count, rate=rate))
            self._reserved = [start + position / rate for position in range(count)]
        turn = self._reserved.pop(0)
        while (wait := turn - time.time()) > 0:
            if wait > _LOOK_EVERY:
                self._flush(batch, answers)
            time.sleep(min(wait, _LOOK_EVERY))
            if self._must_stop(until):
                return False
            if time.monotonic() - self._looked > _LOOK_EVERY:
                self._let_urgent_pass(batch, answers)
                if wait > _SETTLE_EVERY:
                    self._insist(lambda: ledger.touch(lease_id=batch.lease_id))
        return True

    def _must_stop(self, until: float) -> bool:
        return time.monotonic() > until or self._stopping()

    def _blueprint(self, mailing_id: int) -> tuple[Blueprint, str]:
        """What all copies of a mailing share, and who it comes from."""
        found = self._blueprints.get(mailing_id)
        if found is None:
            mailing = self._insist(lambda: Mailing.objects.prefetch_related("attachments").get(pk=mailing_id))
            sender = settings.MAIL_BOUNCE_ADDRESS or parseaddr(mailing.from_email)[1]
            found = self._blueprints[mailing_id] = (Blueprint(mailing, mailing.attachments.all()), sender)
            if len(self._blueprints) > _BLUEPRINTS:
                self._blueprints.popitem(last=False)
        else:
            self._blueprints.move_to_end(mailing_id)
        return found

    def _insist(self, write: Callable[[], T]) -> T:
        """Do ``write``, which may be done twice; wait out a database that is away, for as long as our lease lasts."""
        give_up = time.monotonic() + settings.MAIL_LEASE_SECONDS
        pause = 0.05
        while True:
            try:
                return write()
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or time.monotonic() > give_up:
                    raise
                logger.warning("The database does not answer; trying again", exc_info=True)
                self._shaken = True
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, 2.0)


def _worker_is_stopping() -> bool:
    # Celery keeps the exit code here, and 0 is one: only None and False mean "go on".
    return any(
        flag is not None and flag is not False for flag in (worker_state.should_stop, worker_state.should_terminate)
    )
