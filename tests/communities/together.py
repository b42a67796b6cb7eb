"""Several people at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

from communities.services.errors import RefusedError


def at_once(actions: list[Callable[[], object]]) -> list[BaseException]:
    """Run all the actions at the same moment, each on a connection of its own; what they raised, but for refusals."""
    faults: list[BaseException] = []
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        gate.wait()
        try:
            action()
        except RefusedError:
            pass
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults
