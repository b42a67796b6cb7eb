"""The Celery app. A message only wakes a worker; the database holds what is due (docs/decisions/0007)."""

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clahrc.settings")

app = Celery("clahrc")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def sweep_at_start(**kwargs: object) -> None:
    """Look at once for what was left behind while no worker ran, rather than at beat's next round."""
    app.send_task("mailing.tasks.sweep", queue="urgent")
