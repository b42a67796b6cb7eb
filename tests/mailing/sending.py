"""One run of the engine, and a code to send."""

from __future__ import annotations

from mailing import services
from mailing.engine import Engine
from mailing.models import Delivery


def send(**options):
    engine = Engine(stopping=lambda: False)
    return engine.run(urgent_only=False, seconds=30), engine.sent


def code(to="zoe@example.org", **fields) -> Delivery:
    mailing = services.write_mailing(
        kind="transactional", topic="login code", subject="Code", text="123456\n", **fields
    )
    return services.address_to(mailing=mailing, recipients=[("", to)])[0]
