"""Settings of a test run: the portal's own, on throw-away data, with nothing outside this machine.

``DATABASE_URL``, ``CELERY_BROKER_URL`` and ``CACHE_URL`` choose the column of DESIGN's table that is tested.
"""

import os
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="clahrc-test-")
(Path(os.environ["VAR_DIR"]) / "assets").mkdir()
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 50
os.environ["DEBUG"] = "0"
os.environ["DEMO"] = "0"
os.environ["SITE_URL"] = "http://testserver"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["EMAIL_URL"] = "outbox:"
os.environ["STAFF_SECOND_FACTOR"] = "0"

from clahrc.settings import *  # noqa: E402, F403
from clahrc.settings import STORAGES, VAR_DIR  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATICFILES_DIRS = [_ROOT / "static", _ROOT / "var/assets", ("nhsuk", _ROOT / "node_modules/nhsuk-frontend/dist/nhsuk")]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# Tasks are asked for but not run: tests that mean to run one call it, as a worker would.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "memory://")
