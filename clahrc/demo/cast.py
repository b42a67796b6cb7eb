"""Who the demonstration's people are. All are made up; every address is at example.org."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from people.models import Organisation, User
from people.services import mark_email_verified

#: Words for organisations, names, and studies that the demonstration knows; any other study gets general ones.
DATA: dict[str, Any] = json.loads(Path(settings.BASE_DIR, "data/demo.json").read_text(encoding="utf-8"))
#: The logins that `make run` and the login page name (``people.demo``), and what their people are called.
LOGINS = {
    "staff": "Sam Ellery",
    "lead": "Lena Marchetti",
    "team": "Tessa Holloway",
    "fellow": "Femi Adeleke",
    "commissioner": "Carys Pemberton",
    "service-user": "Ursula Whitlock",
    "scientist": "Saul Lindqvist",
    "chair": "Charlotte Amadi",
    "convenor": "Colm Tierney",
    "associate": "Asha Vernon",
}


#: Another of the programme's office, who logs in like the others: what needs two people can be tried with both.
COLLEAGUE: dict[str, str] = DATA["colleague"]


@dataclass
class Cast:
    """The people so far. Seeded, so that every demonstration has the same cast."""

    chance: random.Random = field(default_factory=lambda: random.Random(2012))  # noqa: S311
    organisations: list[Organisation] = field(default_factory=list)
    logins: dict[str, User] = field(default_factory=dict)
    colleague: User = field(init=False)
    _names: Iterator[str] = field(init=False)
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        names = [f"{first} {last}" for first in DATA["first_names"] for last in DATA["last_names"]]
        self.chance.shuffle(names)
        self._names = iter(names)

    def name(self) -> str:
        """A name that nobody else in the demonstration has."""
        return next(self._names)

    @staticmethod
    def address(name: str) -> str:
        """Their email address."""
        return f"{name.lower().replace(' ', '.')}@example.org"

    def organisation(self, *kinds: str) -> Organisation:
        """One of the partner organisations of these kinds."""
        return self.chance.choice([row for row in self.organisations if row.kind in kinds])

    def person(self, job: str, *kinds: str) -> User:
        """Somebody new who has accepted their invitation: with a job at an organisation of one of these kinds."""
        name = self.name()
        titles = DATA["job_titles"].get(job)
        return User.objects.create(
            email=self.address(name),
            full_name=name,
            job_title=self.chance.choice(titles) if titles else "",
            organisation=self.organisation(*kinds) if kinds else None,
            password=make_password(None),
            last_login=timezone.now(),
        )


def assemble() -> Cast:
    """Make the organisations and the demonstration's logins, all with the same published password."""
    cast = Cast()
    cast.organisations = [
        Organisation.objects.get_or_create(name=row["name"], defaults={key: row[key] for key in ("kind", "ods_code")})[
            0
        ]
        for row in DATA["organisations"]
    ]
    password = make_password(settings.DEMO_PASSWORD)
    cast.logins = {login: _login(login, name, password, is_staff=login == "staff") for login, name in LOGINS.items()}
    cast.colleague = _login(COLLEAGUE["login"], COLLEAGUE["name"], password, is_staff=True)
    return cast


def _login(login: str, name: str, password: str, *, is_staff: bool) -> User:
    user = User.objects.create(email=f"{login}@example.org", full_name=name, password=password, is_staff=is_staff)
    mark_email_verified(user)
    return user
