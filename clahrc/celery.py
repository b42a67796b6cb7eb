"""The Celery app. A message only wakes a worker; the database holds what is due (docs/decisions/0003)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clahrc.settings")

app = Celery("clahrc")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
