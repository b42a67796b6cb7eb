"""The portal's own settings for the processes of a fault run; everything that differs comes from the environment."""

from pathlib import Path

from clahrc.settings import *  # noqa: F403
from clahrc.settings import DATABASES, TEMPLATES
from tests.faults import clock

TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")  # type: ignore[attr-defined]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"]["timeout"] = 300  # on a machine that is busy with much else
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA busy_timeout=300000;"
clock.watch()
