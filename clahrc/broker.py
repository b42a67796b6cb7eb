"""The broker out of the box: kombu's messages in a folder, made safe for several processes that read and write at once.

kombu writes a message, and who listens where, into a file that others see empty for a moment. A worker that reads one
then ends with "Unrecoverable error", and ``make run`` with it. Here a file appears whole, belongs to one reader only,
and one that a loss of power has left broken is passed over: a message only wakes a worker (docs/decisions/0003).
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)


def _write_whole(file: Path, what: object) -> None:
    part = file.with_name(f"{uuid.uuid4()}.part")  # a name that no reader takes for a message or a table
    part.write_text(dumps(what))
    part.replace(file)


class Channel(filesystem.Channel):
    """What one process reads and writes."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        """Add a message, behind those that are there."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out, name), payload)

    def _get(self, queue: str) -> dict[str, Any]:  # type: ignore[override]
        """Take the oldest message that nobody else takes; raises ``Empty``."""
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            mine = Path(self.processed_folder, name)
            try:
                Path(self.data_folder_in, name).rename(mine)
            except FileNotFoundError:  # another worker was quicker
                continue
            text = mine.read_text()
            mine.unlink()
            try:
                return dict(loads(text))
            except ValueError:
                logger.warning("A message that was not written to its end is passed over: %s", name)
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Which queues take what is sent to ``exchange``."""
        try:
            return list(super().get_table(exchange))
        except ValueError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str | None, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        self._change_table(exchange, lambda rows: rows if row in rows else [row, *rows])

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any) -> None:
        self._purge(queue)
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        self._change_table(exchange, lambda rows: [other for other in rows if other != row])

    def _change_table(self, exchange: str, change: Callable[[list[Any]], list[Any]]) -> None:
        with Path(self.control_folder, "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            before = self.get_table(exchange)  # which refuses a name that is no file's
            after = change(before)
            if after != before:
                _write_whole(Path(self.control_folder, f"{exchange}.exchange"), after)


class Transport(filesystem.Transport):
    """Named by ``CELERY_BROKER_TRANSPORT``."""

    Channel = Channel
