"""The shell: settings, URLs, the Celery app and the pages that look across every app."""

from clahrc.celery import app as celery_app

__all__ = ["celery_app"]
