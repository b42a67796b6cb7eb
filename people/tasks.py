"""What Celery does for people by the clock. Safe to run twice."""

from __future__ import annotations

from celery import shared_task

from people import services


@shared_task
def forget_sessions() -> int:
    """Forget where people were logged in."""
    return services.forget_sessions()
