"""Lists of recipients: made at once where people are few, and by a worker where they are very many.

The email is there at once, and can be paused and cancelled: it waits with ``Mailing.preparing_since`` until
``make_each`` has made its list of those who may have it by then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

from communities.querysets import AssociateQuerySet
from mailing import wake
from mailing.models import Mailing
from mailing.services import queue_bulk

logger = logging.getLogger(__name__)

#: To more people than this, their list is made by a worker rather than while somebody waits for the page.
AT_ONCE = 2000

M = TypeVar("M", bound=Model)


def is_long(people: AssociateQuerySet) -> bool:
    """Whether these are so many that a worker makes their list."""
    return people.order_by()[AT_ONCE : AT_ONCE + 1].exists()


def leave_to_worker() -> None:
    """Wake a worker to make lists, after commit. The clock asks for it as well, should nobody hear."""
    wake.after_commit_for("communities.tasks.make_lists")


def queue_list(people: AssociateQuerySet, *, later: bool, **message: Any) -> Mailing:
    """``queue_bulk`` to these people: at once, for which the caller holds their lists, or ``later``, by a worker."""
    if later:
        leave_to_worker()
    return queue_bulk(audience=None if later else people.as_audience(), **message)


def make_each(waiting: QuerySet[M], make: Callable[[M], bool]) -> int:
    """Have ``make`` make the list of each of these rows; returns how many it made.

    Each is held in a transaction of its own, so that two calls at once, and one after another, make each once, and one
    that fails stops no other and is tried again, as is one that is not to be made yet (False).
    """
    count = 0
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                held = waiting.filter(pk=pk).select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
                count += held is not None and make(held)
        except Exception:
            logger.exception("The list of %s %d could not be made; it is tried again", waiting.model.__name__, pk)
    return count
