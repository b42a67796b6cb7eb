"""What an email provider tells us by webhook: django-anymail checks and reads it, here it is written down.

Only its webhooks are used; messages leave by SMTP as to any mail server. A hook answers only where
``ANYMAIL_WEBHOOK_SECRET`` is set, and takes a message only with that secret (and, for providers that sign, with a
signature by the key in ``ANYMAIL_KEYS``).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import logging
import re
import time
import uuid
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from mailing.addresses import check_address, squeeze
from mailing.bounces import reports, services
from mailing.models import Bounce, Delivery

logger = logging.getLogger(__name__)

#: Those that need nothing installed besides. (Amazon SES needs its own client, and confirms subscriptions by itself.)
PROVIDERS = {
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "mailersend": "anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "mailjet": "anymail.webhooks.mailjet.MailjetTrackingWebhookView",
    "mailtrap": "anymail.webhooks.mailtrap.MailtrapTrackingWebhookView",
    "mandrill": "anymail.webhooks.mandrill.MandrillCombinedWebhookView",
    "postal": "anymail.webhooks.postal.PostalTrackingWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "resend": "anymail.webhooks.resend.ResendTrackingWebhookView",
    "sparkpost": "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
    "unisender-go": "anymail.webhooks.unisender_go.UnisenderGoTrackingWebhookView",
}
_REFUSALS = {EventType.BOUNCED, EventType.REJECTED}
_BY_REASON = {
    RejectReason.INVALID: Bounce.Kind.HARD,
    RejectReason.SPAM: Bounce.Kind.COMPLAINT,
    RejectReason.UNSUBSCRIBED: Bounce.Kind.UNSUBSCRIBED,
    RejectReason.BLOCKED: Bounce.Kind.BLOCKED,
    RejectReason.TIMED_OUT: Bounce.Kind.SOFT,
}
_OUR_MESSAGE_ID = re.compile(r"\b([0-9a-f]{32})\.(\d{1,18})@")
_FOR_NOW = re.compile(r"(?i)\b(?:soft|temporary|transient)")
#: Resend's signatures are checked here, for which django-anymail would want a package of its own.
_OPTIONS: dict[str, dict[str, Any]] = {"resend": {"signing_secret": None}}
#: How old a signature may be, or ahead of us.
_SVIX_SECONDS = 300
#: Providers tell us of a message's end within this time, so the only message to an address in it is the one meant.
_LATEST = dt.timedelta(days=3)
#: And may seem to before we noted that it left: they count in seconds, by another clock, and we note many at a time.
_EARLIEST = dt.timedelta(minutes=1)


@csrf_exempt
@login_not_required
def hook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take what a provider posts: 404 where hooks are off, 400 where it is forged or makes no sense."""
    if not settings.ANYMAIL.get("WEBHOOK_SECRET") or provider not in PROVIDERS:
        raise Http404
    try:
        if provider == "resend" and not _is_signed_by_svix(request):
            return HttpResponseBadRequest("The signature is not of this message.", content_type="text/plain")
        options = _OPTIONS.get(provider, {})
        response: HttpResponse = import_string(PROVIDERS[provider]).as_view(**options)(request)
    except ImproperlyConfigured:
        logger.exception("The webhook of %s is not set up: see ANYMAIL_KEYS", provider)
        raise Http404 from None
    except (ValueError, LookupError, TypeError, AttributeError):
        logger.warning("The webhook of %s was sent something that it can not read", provider, exc_info=True)
        return HttpResponseBadRequest("This can not be read.", content_type="text/plain")
    return response


def _is_signed_by_svix(request: HttpRequest) -> bool:
    """Whether a message carries a signature by ``RESEND_SIGNING_SECRET``, of now; True where there is no such key.

    As https://docs.svix.com/receiving/verifying-payloads/how-manual has it: HMAC-SHA256 of id, time and body.
    """
    secret = str(settings.ANYMAIL.get("RESEND_SIGNING_SECRET") or "")
    if not secret or request.method != "POST":
        return True
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise ImproperlyConfigured("RESEND_SIGNING_SECRET is not what Resend shows: whsec_ and base64") from error
    name, at = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    if not (at.isdecimal() and len(at) < 18) or abs(time.time() - int(at)) > _SVIX_SECONDS:
        return False
    made = hmac.new(key, f"{name}.{at}.".encode() + request.body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(made).decode()}"
    given = request.headers.get("svix-signature", "").split()
    return any(constant_time_compare(each, expected) for each in given)


def take_event(*, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> Bounce | None:
    """Write down a bounce, complaint, rejection or unsubscription; None for any other event, or one told before."""
    kind = _kind(event)
    try:
        email = check_address(event.recipient or "")
    except ValidationError:
        email = ""
    if kind is None or not email or len(email) > 254:
        return None
    now = timezone.now()
    at = event.timestamp if event.timestamp and timezone.is_aware(event.timestamp) else now
    words = squeeze(str(event.mta_response or event.description or event.reject_reason or ""))
    told = (esp_name, event.event_type, event.event_id, event.message_id, event.timestamp, email)
    return services.record(
        kind=kind,
        source=Bounce.Source.PROVIDER,
        key=hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest(),
        email=email,
        delivery=_delivery(event, email, min(at, now)),
        status_code=reports.status_in(words),
        diagnostic=words,
        received_at=min(at, now),
    )


tracking.connect(take_event, dispatch_uid="mailing.webhooks")


def _kind(event: AnymailTrackingEvent) -> str | None:
    if event.event_type == EventType.COMPLAINED:
        return Bounce.Kind.COMPLAINT
    if event.event_type == EventType.UNSUBSCRIBED:
        return Bounce.Kind.UNSUBSCRIBED
    if event.event_type == EventType.FAILED:
        # Most often a fault of the provider's own; a refusal only where it has one of the recipient's server to show.
        said, code = reports.classify_words(str(event.mta_response or ""))
        return Bounce.Kind(said.value) if code else None
    if event.event_type not in _REFUSALS:
        return None
    if event.reject_reason in _BY_REASON:
        return _BY_REASON[event.reject_reason]
    said, code = reports.classify_words(str(event.mta_response or event.description or ""))
    if code:
        return Bounce.Kind(said.value)
    if event.reject_reason != RejectReason.BOUNCED or _FOR_NOW.search(_own_words(event)):
        return Bounce.Kind.SOFT
    return Bounce.Kind.HARD


def _own_words(event: AnymailTrackingEvent) -> str:
    """What the provider calls it, in the fields that any of them uses for that."""
    fields = event.esp_event if isinstance(event.esp_event, dict) else {}
    data = fields.get("data")
    bounce = data.get("bounce") if isinstance(data, dict) else None
    fields = {**fields, **(bounce if isinstance(bounce, dict) else {})}
    names = ("Type", "type", "event", "severity", "bounce_type", "bounce_class", "classification")
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", str(fields.get(name, ""))) for name in names)


def _delivery(event: AnymailTrackingEvent, email: str, at: dt.datetime) -> Delivery | None:
    """The delivery that the event is about: by our Message-ID, or as the only one that it can be; otherwise None."""
    theirs = Delivery.objects.of_recipient(email)
    named = _OUR_MESSAGE_ID.findall(f"{event.message_id} {event.esp_event}"[:50_000])
    for uid, pk in named[:10]:
        if found := theirs.filter(pk=int(pk), mailing__uid=uuid.UUID(uid)).first():
            return found
    if named:
        return None
    ended = theirs.filter(
        status__in=[Delivery.Status.SENT, Delivery.Status.UNKNOWN],
        settled_at__gt=at - _LATEST,
        settled_at__lte=at + _EARLIEST,
    )
    candidates = list(ended[:2])
    return candidates[0] if len(candidates) == 1 else None
