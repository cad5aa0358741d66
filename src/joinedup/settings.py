"""The configuration, all of it from environment variables (docs/reference/settings.md lists them).

Nothing here opens a file, a connection or a server: `database.ready()` does that when a command begins its work.
"""

from __future__ import annotations

import os
from pathlib import Path

from joinedup import database
from joinedup.errors import Unavailable
from joinedup.ui.assets import PREPARED

PACKAGE = Path(__file__).resolve().parent


def _whole_number(name: str, otherwise: int) -> int:
    given = os.environ.get(name, "") or str(otherwise)
    if not (given.isascii() and given.isdigit()):
        raise Unavailable(f"{name} is '{given}'; expected a whole number such as {otherwise}.")
    return int(given)


DATA_DIR = database.data_dir()
DEBUG = False
SECRET_KEY = os.environ.get("JOINEDUP_SECRET_KEY", "") or database.secret("session.key")
# Where people reach this server. With https, cookies carry the __Host- prefix and browsers are told to insist on it.
PUBLIC_URL = os.environ.get("JOINEDUP_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
if not PUBLIC_URL.startswith(("http://", "https://")):
    raise Unavailable(
        f"JOINEDUP_PUBLIC_URL is '{PUBLIC_URL}'; expected an address such as https://joinedup.example.nhs.uk"
    )
ALLOWED_HOSTS = [PUBLIC_URL.split("://", 1)[1].split(":")[0].split("/")[0], "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "joinedup.ui.errors.csrf_failure"

# The rooms, in the order of the data's way.
ROOMS = [
    "joinedup.ui",
    "joinedup.access",
    "joinedup.system",
    "joinedup.feeds",
    "joinedup.identity",
    "joinedup.record",
    "joinedup.population",
    "joinedup.measures",
    "joinedup.planning",
    "joinedup.money",
    "joinedup.governance",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    *ROOMS,
]
MIDDLEWARE = [
    "joinedup.ui.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "joinedup.access.forgery.CsrfRules",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "joinedup.access.sessions.SessionRules",
    "joinedup.ui.moments.MomentOfTheSite",
    "joinedup.ui.errors.ErrorPages",
]
ROOT_URLCONF = "joinedup.urls"
WSGI_APPLICATION = "joinedup.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "joinedup.ui.templating.environment"},
    }
]

DATABASES = {"default": database.connection_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/access/sign-in/"

# Letters (invitations, resets) go into a folder until a mail server is named.
DEFAULT_FROM_EMAIL = os.environ.get("JOINEDUP_MAIL_FROM", "joinedup <no-reply@localhost>")
EMAIL_HOST = os.environ.get("JOINEDUP_MAIL_HOST", "")
EMAIL_PORT = _whole_number("JOINEDUP_MAIL_PORT", 25)
EMAIL_USE_TLS = os.environ.get("JOINEDUP_MAIL_TLS", "") == "1"
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "joinedup.access.letters.Outbox"
EMAIL_FILE_PATH = DATA_DIR / "outbox"

SESSION_COOKIE_NAME = "__Host-joinedup-session" if IS_HTTPS else "joinedup-session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-joinedup-csrf" if IS_HTTPS else "joinedup-csrf"
SESSION_IDLE_MINUTES = _whole_number("JOINEDUP_SESSION_IDLE_MINUTES", 15)
SESSION_ABSOLUTE_HOURS = _whole_number("JOINEDUP_SESSION_ABSOLUTE_HOURS", 8)
# Who may open a record (rules: record R79, R81): how long a tie opens it, and how long a broken glass does.
DAYS_BEFORE_APPOINTMENT = _whole_number("JOINEDUP_DAYS_BEFORE_APPOINTMENT", 7)
DAYS_AFTER_CARE = _whole_number("JOINEDUP_DAYS_AFTER_CARE", 28)
BREAK_GLASS_MINUTES = _whole_number("JOINEDUP_BREAK_GLASS_MINUTES", 60)
# Does a resident see who looked by name, or by role and organisation only?
ACCESS_LOG_NAMES = os.environ.get("JOINEDUP_ACCESS_LOG_NAMES", "") == "1"
# Behind a proxy that ends TLS, the proxy must set and strip this header itself.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("cy", "Cymraeg")]
LOCALE_PATHS = [PACKAGE / "ui" / "locale"]
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = PREPARED
STATICFILES_DIRS: list[Path] = []
WHITENOISE_IMMUTABLE_FILE_TEST = r"\.[0-9a-f]{12}\."  # a name with a digest never changes its content
# Rendered charts and maps are kept by the digest of what they show, so a chart is drawn once.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "drawings": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(DATA_DIR / "drawings"),
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
# The heads of the audit chain are written here, outside the database, so that a rewrite of the database shows.
AUDIT_HEADS_DIR = Path(os.environ.get("JOINEDUP_AUDIT_HEADS", str(DATA_DIR / "audit-heads")))
# Logs of other rooms that are sealed like the audit: log -> the table whose `id` and `body` it seals.
SEALED_LOGS: dict[str, str] = {"ledger": "money_transaction"}
# How a room proves that what it reads is what was sealed: log -> dotted path of prove() -> [(entry id | None, words)].
LOG_PROOFS: dict[str, str] = {"ledger": "joinedup.money.ledger.proof.prove_ledger"}

# What rooms offer to pages and jobs that may not import them: name -> dotted path of a callable.
SEARCHES = [  # find(text, moment, grant) -> list of ui.SearchResult
    "joinedup.system.search.find",
    "joinedup.record.search.find",
    "joinedup.measures.search.find",
]
NAVIGATION = [  # (request) -> entries
    "joinedup.record.navigation.entries",
    "joinedup.measures.navigation.entries",
    "joinedup.planning.navigation.entries",
    "joinedup.money.navigation.entries",
    "joinedup.governance.navigation.entries",
    "joinedup.population.navigation.entries",
    "joinedup.identity.navigation.entries",
    "joinedup.system.navigation.entries",
    "joinedup.feeds.navigation.entries",
    "joinedup.access.navigation.entries",
]
BODY_NAMES = ["joinedup.system.lookup.names_of"]  # (ids) -> {id: name}
BODY_BY_CODE = ["joinedup.system.lookup.id_of"]  # (code) -> id or None
BODY_CODES = ["joinedup.system.lookup.ods_codes_of"]  # (ids) -> {id: ODS codes that it answers for}
SUBJECTS_OF = ["joinedup.identity.subjects_of"]  # (resident id) -> subject ids
# (subject ids): told in the transaction in which a person joins, parts or undoes a merge of them
JOINS_CHANGED = ["joinedup.record.merges.author_merge_links"]
# (grant, ids) -> counts: takes in again what feeds set aside and somebody wants tried again
RETRY = "joinedup.record.retrying.retry"
# (folder, grant) -> lines for people: what other rooms keep of the published files once system has imported them
KEEPS_PUBLISHED_FILES = ["joinedup.money.allocation.kept_tables.keep_published"]
# (code, key or id of a body, day) -> dicts of kind, id, title, owner, link: what the body has open on the day, which
# needs a new owner when it closes. A room that is not here is listed as not checked.
OPEN_WORK = [
    "joinedup.access.open_work.open_work",
    "joinedup.system.open_work.open_work",
    "joinedup.feeds.open_work.open_work",
    "joinedup.identity.open_work.open_work",
    "joinedup.record.open_work.open_work",
    "joinedup.population.open_work.open_work",
    "joinedup.measures.open_work.open_work",
    "joinedup.planning.open_work.open_work",
    "joinedup.money.open_work.open_work",
    "joinedup.governance.open_work.open_work",
]
# (room, kind, key, codes of bodies) -> dicts of body, to, on, is_in_force, title, href: who has it from the day
NEW_OWNERS = ["joinedup.governance.kept.new_owners.new_owners"]
# (key of a change event): raises RuleError where the change is prepared and not ready to take force
BEFORE_IN_FORCE = ["joinedup.governance.acts.day_one.must_be_ready"]
# (references) -> {reference: address of its page}: decisions, for rooms that keep only the reference
DECISION_PAGES = ["joinedup.governance.kept.decision_pages.pages_of"]
# () -> bool: are simulated people or areas in the database?
LOADED_DEMO_DATA = [
    "joinedup.access.demo.is_loaded",
    "joinedup.system.simulated.is_loaded",
    "joinedup.record.sources.is_loaded",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "joinedup.ui.logs.AllowListedLine"}},
    "handlers": {"console": {"class": "joinedup.ui.logs.Console", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"joinedup": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
