"""django-newsletter as its documentation sets it up, on the benchmark's PostgreSQL and mail server."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

_server = urlsplit(os.environ["RIVAL_POSTGRES"])
MESSAGE = json.loads(Path(os.environ["RIVAL_MESSAGE"]).read_text())

SECRET_KEY = "only-for-benchmarks"
USE_TZ = True
TIME_ZONE = "Europe/London"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
ROOT_URLCONF = "newsletter.urls"
SITE_ID = 1
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sites",
    "sorl.thumbnail",
    "newsletter",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "rival",
        "HOST": _server.hostname,
        "PORT": _server.port,
        "USER": _server.username,
    }
}
# The newsletter's own texts, filled in for each subscriber by its own templates.
_NAMES = {"{{name}}": "{{ subscription.name }}", "{{token}}": "{{ subscription.activation_code }}"}


def _template(source: str) -> str:
    for ours, theirs in _NAMES.items():
        source = source.replace(ours, theirs)
    return source


TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        (
                            "django.template.loaders.locmem.Loader",
                            {
                                "newsletter/message/message_subject.txt": MESSAGE["subject"],
                                "newsletter/message/message.txt": _template(MESSAGE["text"]),
                                "newsletter/message/message.html": _template(MESSAGE["html"]),
                            },
                        )
                    ],
                )
            ]
        },
    }
]
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["RIVAL_SINK"])
NEWSLETTER_THUMBNAIL = "sorl-thumbnail"
NEWSLETTER_USE_HTTPS = False
if os.environ.get("RIVAL_DELAY"):
    NEWSLETTER_EMAIL_DELAY = NEWSLETTER_BATCH_DELAY = float(os.environ["RIVAL_DELAY"])
