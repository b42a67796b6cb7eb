"""What Celery does for communities by the clock. Each is safe to run twice."""

from __future__ import annotations

from celery import shared_task

from communities.services.signups import delete_expired_signups


@shared_task
def delete_unconfirmed_signups() -> int:
    """Forget people who never confirmed, and requests that no limit counts any more."""
    return delete_expired_signups()
