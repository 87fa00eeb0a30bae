"""Settings, one file, read from the environment; without any the embedded default: SQLite and no Redis.

DATABASE_URL    postgres://user@host:5432/name  (default: SQLite in var/)
REDIS_URL       redis://host:6379/0             (default: none; `manage.py work` claims jobs itself)
SECRET_KEY      required as soon as DATABASE_URL is set; otherwise made once and kept in var/
ALLOWED_HOSTS   comma-separated (default: this machine alone)
CSRF_TRUSTED_ORIGINS  comma-separated origins whose forms are taken beside the own (default: none)
DEBUG           1 to see tracebacks in the browser; never in a deployment
HTTPS           1 behind TLS: secure cookies, HSTS
FRONT           1 where config/front.conf stands before the site, as in docker-compose.yml
PROXIES         how many proxies of ours a request passes, each adding to X-Forwarded-For (default: FRONT + HTTPS)
SITE_URL        address of the site in letters, notices and on certificates (default: http://127.0.0.1:8000)
EMAIL_URL       smtp://user:password@host:587/?tls=1, or smtps:// (default: letters go to the console)
EMAIL_FROM      sender of letters
WEBHOOKS        bots that are told of steps, as JSON: [{"name": "", "kind": "dingtalk|wecom|plain", "url": "",
                "secret": "", "place": "code of a division, empty for all"}]
REQUIRE_SECOND_FACTOR  1 or 0: one-time codes are a duty for inspectors, chiefs, stewards (default: as HTTPS)
OPEN_DATA_LICENCE  file with the licence of open data (default: the portal's own text)
METRICS_TOKEN   who brings it may read /metrics (default: none, and nobody may)
LOG_FORMAT      json: one object a line; plain (default)
LOG_LEVEL       least level that is logged (default: INFO with json, every request a line; else WARNING)
API_RATE_PUBLIC requests one address may make of the open part of the interface (default: 120/min; none)
API_RATE_TOKEN  requests one token may make (default: 240/min)
API_RATE_UPLOAD files one token may send (default: 60/hour)
STOP_WITHIN     seconds a worker that is told to stop goes on with the job at hand before it gives it back (default: 15)
DISK_FREE_MIB   less room than this on the disk is an alarm (default: 500)
"""

from __future__ import annotations

import datetime
import json
import os
import re
import secrets
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))
DEBUG = os.environ.get("DEBUG") == "1"
HTTPS = os.environ.get("HTTPS") == "1"
PROXIES = int(os.environ.get("PROXIES") or HTTPS + (os.environ.get("FRONT") == "1"))
DATABASE_URL = os.environ.get("DATABASE_URL", "")
IS_EMBEDDED = not DATABASE_URL or DATABASE_URL.startswith("sqlite:")
REDIS_URL = os.environ.get("REDIS_URL", "")
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]


def _secret_key() -> str:
    """The key of the environment, or, in the embedded default alone, one made on first use."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    if not IS_EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY must be set where DATABASE_URL is")
    path = VAR_DIR / "secret_key"
    if _WRITES_NOTHING and not path.exists():
        return secrets.token_urlsafe(50)
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


# `manage.py judge` promises to leave no trace, not even this folder.
_WRITES_NOTHING = sys.argv[1:2] == ["judge"]
if IS_EMBEDDED and not _WRITES_NOTHING:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    # Admin without autodiscovery: commands need no admin; config/urls.py discovers it.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "rest_framework",
    "django_filters",
    "knox",
    "csp",
    "django_htmx",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "schools",
    "indicators",
    "evaluation",
    "reports",
]

MIDDLEWARE = [
    # First: machines ask for health without a session, in plain HTTP, under any host name.
    "evaluation.probes.Probes",
    "evaluation.request_log.RequestLog",
    # Before everything that gives a page its headers: it keeps a page with them.
    "reports.public_cache.KeptPages",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "schools.middleware.PlainText",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    # Deny by default: a page is open only where its view says login_not_required.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "schools.middleware.SessionAge",
    "schools.middleware.SecondFactor",
    # Last: turns the answer to a locked sign-in into the page that says until when.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "evaluation.context_processors.inbox",
                "reports.display.display",
            ],
        },
    },
]

DATABASES = {"default": dj_database_url.parse(DATABASE_URL or f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if IS_EMBEDDED:
    # Four writers at once get along with these, and with none of Django's defaults.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
    }
    # A file, so that tests can start real workers on it.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
else:
    # No acknowledged row may be lost in a crash, and nobody waits for ever on a lock.
    DATABASES["default"]["OPTIONS"] = {
        "options": "-c synchronous_commit=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
        "connect_timeout": 5,
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "schools.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# The first refuses a locked sign-in before any password is hashed.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "schools.sign_in_backend.OfficialBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "schools.passwords.UnlikeThePerson",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": "schools.passwords.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "schools.passwords.NotCommon"},
    {"NAME": "schools.passwords.NotDigitsAlone"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "workspace"
LOGOUT_REDIRECT_URL = "home"

# Five wrong passwords for one name from one address, then a quarter of an hour of rest; trying on in it changes
# nothing, so that the page can say when it ends. Counted in the database: all web processes count together, without a
# cache.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# Not the address of the proxy, which everybody shares: whoever guesses would lock the owner out with themselves.
AXES_CLIENT_IP_CALLABLE = "evaluation.senders.network_of"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "evaluation.sign_in.locked_page"
# Who signed in, out, or was locked out is told by the chain of events.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
#: One-time codes as a duty (schools/second_factor.py). Off where the portal runs on one machine to be tried out.
REQUIRE_SECOND_FACTOR = os.environ.get("REQUIRE_SECOND_FACTOR", "1" if HTTPS else "0") == "1"
OTP_TOTP_ISSUER = "督导评估平台"

# Letters go to the console unless a server is named.
_mail = urlsplit(os.environ.get("EMAIL_URL", ""))
if _mail.scheme not in ("", "smtp", "smtps"):
    raise ImproperlyConfigured("EMAIL_URL begins with smtp:// or smtps://")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail.hostname else 'console'}.EmailBackend"
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", parse_qs(_mail.query).get("tls") == ["1"]
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or (465 if EMAIL_USE_SSL else 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "portal@localhost")
#: Receivers of notices beside people: the only addresses the portal itself ever calls (evaluation/webhooks.py).
WEBHOOKS = json.loads(os.environ.get("WEBHOOKS", "[]"))

#: Under which terms packages of open data are given away: a text file, the portal's own or that of a province.
OPEN_DATA_LICENCE = os.environ.get("OPEN_DATA_LICENCE", str(BASE_DIR / "fixtures/open-data/licence.txt"))

#: An inspector keeps away from a county in which, or in whose city, they held a post within so many years.
FORMER_POST_YEARS = 5

#: A link of invitation works for so many days: a week and a weekend, so that leave does not eat it up.
INVITATION_DAYS = 9
#: An account nobody used for so many days is closed. Counties file once a year, from September on: a year between two
#: filings is usual, and two months more let a late one in; whoever was away longer has probably changed post.
ACCOUNT_IDLE_DAYS = 425

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.static_files.SwaggerFiles",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.HashedFiles"},
}
# Before `collectstatic` has run (tests, a fresh checkout) files are served from where they lie.
WHITENOISE_USE_FINDERS = True

#: Largest workbook taken in, bytes; a bound of the reading process too (indicators/workbook/package.py).
UPLOAD_LIMIT = 20 * 1024 * 1024

#: A refused file is kept with its report for so many days; then its bytes are cleared, the report stays.
REFUSED_FILES_KEPT_DAYS = 90
#: The plans of single schools are kept for so many days, two school years: three hundred files a county and year. Their
#: numbers and hashes stay, and they can be made anew from what was signed.
SCHOOL_PLANS_KEPT_DAYS = 730

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
# A working day, then the password again; and an hour at most away from the desk (schools/middleware.py).
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_IDLE_SECONDS = 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

REST_FRAMEWORK = {
    # Denied unless a view says otherwise: Django's own login middleware leaves the views of DRF to DRF.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # A token is asked for first, so that a stranger is answered 401 with how to come in; a session keeps its CSRF
    # check.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "reports.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "reports.api.errors.told_in_words",
    "URL_FORMAT_OVERRIDE": None,
}
_RATE = re.compile(r"[1-9][0-9]{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)|none")


def _rate(name: str, usual: str) -> str | None:
    """A rate of the environment; the usual one where it is not set or empty, as compose files pass what is not set."""
    given = os.environ.get(name, "").strip() or usual
    if not _RATE.fullmatch(given):
        raise ImproperlyConfigured(f"{name} is like 120/min (sec, min, hour, day), or none")
    return None if given == "none" else given


#: How often the interface may be asked; None for no limit.
API_RATES = {
    "public": _rate("API_RATE_PUBLIC", "120/min"),
    "token": _rate("API_RATE_TOKEN", "240/min"),
    "upload": _rate("API_RATE_UPLOAD", "60/hour"),
}
KNOX_TOKEN_MODEL = "schools.ApiToken"  # noqa: S105
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "dudao_"}
# The table of knox itself is not used: the portal has its own (schools/models.py).
MIGRATION_MODULES = {"knox": None}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "县域义务教育优质均衡督导评估平台接口",
    "VERSION": "1.0.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Docstrings are for whoever reads the code; what is told to the world stands in the views, in Chinese.
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "TAGS": [{"name": name} for name in ("县和结果", "公示和标准", "填报（须带令牌）", "接口")],
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": True,
    "ENUM_NAME_OVERRIDES": {
        "StageKey": "reports.api.shapes.STAGES",
        "ItemStatus": "reports.api.shapes.STATUSES",
        "DimensionKey": "reports.api.shapes.GROUPS",
        "CountyState": "reports.api.filters.COUNTY_STATES",
        "ResultStatus": "reports.api.filters.RESULT_STATUSES",
        "JobState": "evaluation.models.JobState",
        "JobStage": "evaluation.models.JobStage",
    },
}


def _shared() -> dict[str, object]:
    """A store of all processes where there is Redis; whoever uses it gets along without."""
    if not REDIS_URL:
        here = "django.core.cache.backends.locmem.LocMemCache"
        return {"BACKEND": here, "LOCATION": "shared", "OPTIONS": {"MAX_ENTRIES": 20_000}}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal-shared",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }


# Pages kept for a minute live in each process. Requests are counted for all of them together, and what a worker has
# made ready is for all of them. One store for both: Django looks at every store after every request.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2_000},
    },
    "shared": _shared(),
}

# The message is only a doorbell: it carries an id, and losing it loses nothing (evaluation/jobs.py).
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A person who uploads does not wait for a broker that is down.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 3, "socket_connect_timeout": 2} if REDIS_URL else {}
# Beat writes its schedule down after every task: that it lives is seen by the age of the file (config/probe.py).
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_SCHEDULE = {
    "ring-waiting-jobs": {"task": "evaluation.ring_waiting_jobs", "schedule": 10.0},
    # Some times a day, though once is enough: a beat that starts anew begins to count anew.
    "clear-refused-files": {"task": "indicators.clear_refused_files", "schedule": 6 * 60 * 60.0},
    "clear-school-plans": {"task": "evaluation.clear_school_plans", "schedule": 6 * 60 * 60.0},
    "send-outbox": {"task": "evaluation.send_outbox", "schedule": 10.0},
    "remind-of-deadlines": {"task": "evaluation.remind_of_deadlines", "schedule": 60 * 60.0},
    "build-open-data": {"task": "evaluation.build_open_data", "schedule": 6 * 60 * 60.0},
    "clear-subscriptions": {"task": "evaluation.clear_subscriptions", "schedule": 60 * 60.0},
    "close-idle-accounts": {"task": "evaluation.close_idle_accounts", "schedule": 6 * 60 * 60.0},
}

#: Who brings it may read the figures for monitoring (evaluation/probes.py).
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
#: Less room on the disk than this, MiB, is an alarm.
DISK_FREE_MIB = int(os.environ.get("DISK_FREE_MIB", "500"))
#: A worker that is told to stop goes on with the job at hand for so many seconds, then gives it back.
STOP_WITHIN = float(os.environ.get("STOP_WITHIN", "15"))

LOG_FORMAT = os.environ.get("LOG_FORMAT", "plain")
if LOG_FORMAT not in ("plain", "json"):
    raise ImproperlyConfigured("LOG_FORMAT is json or plain")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "evaluation.logs.PlainLines",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "evaluation.logs.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {
        "handlers": ["console"],
        "level": os.environ.get("LOG_LEVEL", "INFO" if LOG_FORMAT == "json" else "WARNING"),
    },
    "loggers": {
        # Django's own handlers would write every line a second time, unmasked.
        "django": {"handlers": [], "level": "NOTSET"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # What was refused has its line in portal.requests, with its id.
        "django.request": {"level": "ERROR"},
        # It names who failed to sign in, and from where; the chain of events tells that to those who may know.
        "axes": {"level": "CRITICAL"},
    },
}
