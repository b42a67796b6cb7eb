"""What makes sure that nothing is ever left behind, however wake-ups and workers were lost."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from mailing import rates, recovery, wake
from mailing.models import Delivery, Lease, Mailing


def sweep() -> None:
    """Take back what dead workers held, then wake workers for whatever is due; there is no oldest age.

    Two at once, or one every second, do no harm: a worker that finds nothing to do goes back to sleep.
    """
    recovery.recover()
    rates.mend_turns()
    recovery.mend_clock()
    now = timezone.now()
    if Delivery.objects.urgent_due(now).exists():
        wake.wake_urgent()
    if Mailing.objects.bulk_due(now).exists() or Mailing.objects.to_withdraw().exists():
        at_it = Lease.objects.live(now).filter(mailing__isnull=False).count()
        wake.wake_bulk(max(0, settings.MAIL_LANES - at_it))
