"""Settings of a test run: the portal's own, on throw-away data, with nothing outside this machine.

``DATABASE_URL``, ``CELERY_BROKER_URL`` and ``CACHE_URL`` choose the column of DESIGN's table that is tested. Each
process of a parallel run has its own folder, database, cache and broker.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from scripts.processes import fast_folder

_ROOT = Path(__file__).resolve().parent.parent
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="clahrc-test-", dir=fast_folder())
atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)
(_ROOT / "var/assets").mkdir(parents=True, exist_ok=True)
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 50
os.environ["DEBUG"] = "0"
os.environ["DEMO"] = "0"
os.environ["SITE_URL"] = "http://testserver"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["EMAIL_URL"] = "outbox:"
os.environ["STAFF_SECOND_FACTOR"] = "0"

# scripts/test.py names two Redis databases for each process: they are ours to flush.
if _urls := os.environ.get("TEST_REDIS_URLS", "").split():
    _number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["CACHE_URL"], os.environ["CELERY_BROKER_URL"] = _urls[2 * _number], _urls[2 * _number + 1]

from clahrc.settings import *  # noqa: E402, F403
from clahrc.settings import DATABASES, STORAGES, VAR_DIR  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, where Django would test in memory: there every thread shares one connection, and two at once (a live
    # server, two workers) fail in ways that the portal does not. In /dev/shm it is as quick.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
    # Where ten write at once on a machine that is busy with much else, the last waits long.
    DATABASES["default"]["OPTIONS"]["timeout"] = 300
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA busy_timeout=300000;"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# Tasks are asked for but not run: tests that mean to run one call it, as a worker would.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "memory://")
