"""What a load balancer asks: whether this process is alive, and whether people may be sent to it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of the database, so that an outage there does not restart every host."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if database, migrations and broker are ready, else 503: says which part is not; the log says why."""
    parts = {name: _is_ready(name, check) for name, check in CHECKS.items()}
    ready = all(parts.values())
    report = {name: "ready" if answer else "not ready" for name, answer in parts.items()}
    return JsonResponse({"ready": ready, **report}, status=200 if ready else 503)


def _is_ready(name: str, check: Callable[[], bool]) -> bool:
    """Whether a part is ready; any error at all means that it is not, and its text may name hosts and passwords."""
    try:
        return check()
    except Exception:
        logger.exception("readyz: %s is not ready", name)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _migrations_are_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _broker_answers() -> bool:
    """Opens a connection of its own and gives up after two seconds: a load balancer does not wait longer."""
    options = {**current_app.conf.broker_transport_options, "socket_connect_timeout": 2, "socket_timeout": 2}
    with current_app.connection_for_write(transport_options=options) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        # The file-system broker connects to nothing: its folder must be there and take files.
        folder = options.get("data_folder_out")
        return bool(broker.connected) and (folder is None or os.access(folder, os.W_OK))


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "migrations": _migrations_are_applied,
    "broker": _broker_answers,
}
