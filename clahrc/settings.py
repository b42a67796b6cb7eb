"""Settings: everything that differs between hosts comes from the environment (.env.example lists it).

Out of the box the portal keeps SQLite, its broker and its files under ``var/``; a host with PostgreSQL, Redis
and SMTP names them by URL and nothing else changes.
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from kombu import Exchange, Queue

from clahrc import safety
from clahrc.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- Who we are -----------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
#: A demonstration: fictional people with a published password, kept on this machine.
DEMO = env.bool("DEMO", default=False)
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="demo-password")

SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
HTTPS = SITE_URL.startswith("https://")

SECRET_KEY = env.str("SECRET_KEY", default="for-debug-only-" + "x" * 50 if DEBUG else "")
#: Keys of before, by which links in past emails still work and second factors are still read.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
for _key in [] if DEBUG else [SECRET_KEY, *SECRET_KEY_FALLBACKS]:
    safety.refuse_weak_secret(_key)
for _switch in ["DEBUG"] * DEBUG + ["DEMO"] * DEMO:
    safety.refuse_strangers(switch=_switch, site_url=SITE_URL, allowed_hosts=ALLOWED_HOSTS)

# --- What it is made of ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "clahrc",
    "panels",
    "communities",
    "fellows",
    "studies",
    "people",
    "mailing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rules",
    "simple_history",
    "django_filters",
    "csp",
    "crispy_forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "clahrc.headers.PermissionsPolicyMiddleware",
    "clahrc.bodies.BodySizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "clahrc.headers.PrivatePagesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "people.middleware.StaffSecondFactorMiddleware",
    "people.middleware.UnreadableSecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "clahrc.methods.WrongMethodPageMiddleware",
]

ROOT_URLCONF = "clahrc.urls"
WSGI_APPLICATION = "clahrc.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clahrc.context_processors.shell",
            ],
            "builtins": ["clahrc.templatetags.portal"],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one writes; IMMEDIATE takes the write lock at BEGIN, so that two writers queue
    # instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"  # never served as such: every file is handed out by a view that checks who asks
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    BASE_DIR / "var/assets",  # built by `make`: part of the code, not of the data
    ("nhsuk", BASE_DIR / "node_modules/nhsuk-frontend/dist/nhsuk"),
    ("css/files", BASE_DIR / "node_modules/@fontsource-variable/public-sans/files"),  # beside portal.css
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
#: Largest document that may be uploaded, in bytes.
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)

# --- Language and time ----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["clahrc.formats"]

# --- People ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True  # one address each; a new one takes over when it is confirmed
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True  # "your password was changed", to the person whose it is
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60  # seconds
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_FORMS = {
    "login": "people.forms.LoginForm",
    "request_login_code": "people.forms.RequestLoginCodeForm",
    "confirm_login_code": "people.forms.ConfirmLoginCodeForm",
    "reset_password": "people.forms.ResetPasswordForm",
    "reset_password_from_key": "people.forms.ResetPasswordKeyForm",
    "change_password": "people.forms.ChangePasswordForm",
    "set_password": "people.forms.SetPasswordForm",
    "add_email": "people.forms.ChangeEmailForm",
    "reauthenticate": "people.forms.ReauthenticateForm",
}
MFA_ADAPTER = "people.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "people.forms.AuthenticateForm",
    "reauthenticate": "people.forms.ReauthenticateByCodeForm",
    "activate_totp": "people.forms.ActivateTOTPForm",
    "add_webauthn": "people.forms.AddPasskeyForm",
    "edit_webauthn": "people.forms.EditPasskeyForm",
    "authenticate_webauthn": "people.forms.AuthenticateByPasskeyForm",
    "login_webauthn": "people.forms.LoginByPasskeyForm",
    "reauthenticate_webauthn": "people.forms.ReauthenticateByPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_TOLERANCE = 1  # half a minute either way, for phones whose clocks are not right
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
USERSESSIONS_TRACK_ACTIVITY = False  # it would write to the database on every page view
#: How many proxies stand before the portal: rate limits count the address that the outermost of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
#: Programme staff must log in with a second factor. On unless this is a demonstration or a developer's machine.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=not (DEBUG or DEMO))

# --- Forms ----------------------------------------------------------------------------------------------------

CRISPY_TEMPLATE_PACK = "nhsuk"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["nhsuk"]
CRISPY_FAIL_SILENTLY = False

# --- Email: everything goes through the mailing app; EMAIL_URL names what is behind its door ------------------------

EMAIL_BACKEND = "mailing.backend.EmailBackend"
#: ``outbox:`` keeps messages in the portal's own outbox page and sends them nowhere; otherwise an SMTP address such
#: as ``smtp+tls://user:password@mail.example.org:587``.
EMAIL_URL = env.str("EMAIL_URL", default="outbox:")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="CLAHRC portal <portal@example.org>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: Messages a second that the provider allows, over all workers; 0 for no limit.
MAIL_RATE_PER_SECOND = env.float("MAIL_RATE_PER_SECOND", default=0)
#: What single providers allow, such as ``gmail.com=5,nhs.net=2``: messages a second to addresses of that domain.
MAIL_RATES = env.list("MAIL_RATES", default=[])
#: How many workers may send bulk mail at once, each on its own connection to the mail server.
MAIL_LANES = env.int("MAIL_LANES", default=2)
#: How many deliveries a worker takes up at a time.
MAIL_BATCH = env.int("MAIL_BATCH", default=200)
#: Seconds to wait for the mail server at any step.
MAIL_TIMEOUT = env.float("MAIL_TIMEOUT", default=30)
#: Seconds after which a worker that was not heard of counts as dead; longer than any one message can take.
MAIL_LEASE_SECONDS = env.float("MAIL_LEASE_SECONDS", default=6 * MAIL_TIMEOUT)
#: Seconds that a worker sends before it lets another go on: how long one that is asked to stop may take.
MAIL_TASK_SECONDS = env.float("MAIL_TASK_SECONDS", default=20)
#: Hours for which a message that the server puts off is tried again.
MAIL_RETRY_HOURS = env.int("MAIL_RETRY_HOURS", default=72)
#: Where servers report what could not be delivered; the sender's own address if empty.
MAIL_BOUNCE_ADDRESS = env.str("MAIL_BOUNCE_ADDRESS", default="")
#: Whether each message gets a return address of its own (bounces+id@…), by which a report names what it is about.
MAIL_VERP = env.bool("MAIL_VERP", default=False)
#: The mailbox that reports come back to, such as ``imaps://user:password@mail.example.org/INBOX``; empty: none is read.
BOUNCE_IMAP_URL = env.str("BOUNCE_IMAP_URL", default="")
#: ``name:password`` that an email provider's webhooks must bring; empty: no webhook is answered.
ANYMAIL = {"WEBHOOK_SECRET": env.str("ANYMAIL_WEBHOOK_SECRET", default="")}
#: The keys of providers that sign what they send, such as ``MAILGUN_WEBHOOK_SIGNING_KEY=…``.
ANYMAIL |= dict(pair.split("=", 1) for pair in env.list("ANYMAIL_KEYS", default=[]))
#: Messages refused for good, one after another, before an address takes no more bulk mail.
MAIL_FAILURES_TO_SUPPRESS = env.int("MAIL_FAILURES_TO_SUPPRESS", default=2)
#: Messages that came back for now (a full mailbox) within so many days before an address takes no more bulk mail.
MAIL_SOFT_BOUNCES_TO_SUPPRESS = env.int("MAIL_SOFT_BOUNCES_TO_SUPPRESS", default=4)
MAIL_SOFT_BOUNCE_DAYS = env.int("MAIL_SOFT_BOUNCE_DAYS", default=60)
#: A bulk mailing pauses itself when more than this share of its last so many messages went wrong; 0: never.
MAIL_PAUSE_SHARE = env.float("MAIL_PAUSE_SHARE", default=0.2)
MAIL_PAUSE_SAMPLE = env.int("MAIL_PAUSE_SAMPLE", default=100)
#: Days for which the text of a transactional message is kept once it is sent.
MAIL_KEEP_BODIES_DAYS = env.int("MAIL_KEEP_BODIES_DAYS", default=90)
#: Days for which we know to whom a message went, once it is settled; after that only the numbers are kept.
MAIL_KEEP_RECIPIENTS_DAYS = env.int("MAIL_KEEP_RECIPIENTS_DAYS", default=730)
#: Topics whose messages let their reader in: dropped once sent, and shown to nobody.
MAIL_SECRET_TOPICS = ["account", "invitation", "login code", "password reset"]

# --- Newsletters ----------------------------------------------------------------------------------------------

#: Whether a second person must approve a newsletter before it is sent.
NEWSLETTERS_NEED_APPROVAL = env.bool("NEWSLETTERS_NEED_APPROVAL", default=False)
#: Whether a newsletter's links count how often they are pressed, by everybody together; never by whom.
NEWSLETTERS_COUNT_PRESSES = env.bool("NEWSLETTERS_COUNT_PRESSES", default=False)
#: Whether staff can have the other websites that a newsletter leads to asked whether the pages are there.
CHECK_OUTSIDE_LINKS = env.bool("CHECK_OUTSIDE_LINKS", default=not DEMO)

# --- Events ---------------------------------------------------------------------------------------------------

#: Hours for which a place that became free is kept for the next in line; half of the time left, where that is less.
EVENT_OFFER_HOURS = env.int("EVENT_OFFER_HOURS", default=48)
#: Days after an event for which we keep what people eat and need; the forms and the privacy page say how many.
EVENT_KEEP_NEEDS_DAYS = env.int("EVENT_KEEP_NEEDS_DAYS", default=14)
#: Days after an event for which we keep who registered. How many came is kept.
EVENT_KEEP_REGISTRATIONS_DAYS = env.int("EVENT_KEEP_REGISTRATIONS_DAYS", default=180)

#: Working days after its drafting at whose end a monthly update goes; what is not approved by then is left out.
MONTHLY_UPDATE_WORKING_DAYS = env.int("MONTHLY_UPDATE_WORKING_DAYS", default=5)

#: What whoever reads the figures at /metrics must bring as bearer token; empty: there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Celery ---------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost//")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_LOST_WAIT = 1.0  # seconds until a process that was killed is taken for lost, and its slot is free again
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# People wait for what is in "urgent"; newsletters are in "bulk". A worker takes all three unless told otherwise (-Q).
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("urgent", "celery", "bulk")]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object]
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = VAR_DIR / "broker"
    for _folder in ("messages", "processed", "control"):
        (_broker / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT = "clahrc.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "processed_folder": str(_broker / "processed"),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.5,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "queue_order_strategy": "priority",
        "visibility_timeout": 600,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
    }
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- Security -------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "object-src": [NONE],
    }
}
#: In the session, so that the portal sets no third cookie (the privacy page says which there are).
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 12  # seconds: a working day, then log in again
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SILENCED_SYSTEM_CHECKS = ["security.W019"]  # we frame our own previews of newsletters and emails, nobody else does

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "clahrc.logs.line"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
