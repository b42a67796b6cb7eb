"""The portal's own settings for the processes of a fault run; everything that differs comes from the environment."""

from pathlib import Path

from clahrc.settings import *  # noqa: F403
from clahrc.settings import TEMPLATES
from tests.faults import clock

TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")  # type: ignore[attr-defined]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
clock.watch()
