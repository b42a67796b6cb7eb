"""Telling the app that keeps people's consent that somebody does not want its mail.

Whoever marks a message as spam, or unsubscribes at the email provider, has taken their consent back, though they never
came to us to say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

#: Is given the address and whom the message's sender knew it as (``subject_id``; empty where that is not known).
Listener: TypeAlias = Callable[[str, str], None]

_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Have ``listener`` told of everybody who leaves. It may be told twice of one person, and must not mind."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(*, email: str, subject_id: str) -> None:
    """Tell all that ``email`` leaves, within the caller's transaction: what one of them raises undoes the report too,
    and it is read again.
    """
    for listener in _listeners:
        listener(email, subject_id)
