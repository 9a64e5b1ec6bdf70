"""Settings: the only reader of the environment. Fails early with the list of what is missing."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from idp.configuration import (
    CARD_TYPES,
    LEVELS,
    LONGEST_PLACE,
    PUSH_SERVICES,
    SECTEUR_ACTIVITE_OID,
    SUBJECT_ROLE_OID,
    Hygie,
    Lifetimes,
    Mode,
    day_counts,
    port_number,
    table_oid,
    whole_number,
)
from idp.core import logs
from idp.policies import *  # noqa: F403 - settings of our own, each named there
from idp.wiring import *  # noqa: F403

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- What a deployment says, and what is missing ------------------------------------------------
_mode = env.str("HYGIE_MODE", default=Mode.PRODUCTION)
if _mode not in set(Mode):
    raise ImproperlyConfigured(f"HYGIE_MODE must be one of: {', '.join(Mode)}.")
MODE = Mode(_mode)
IS_SANDBOX = MODE is Mode.SANDBOX
DATA_DIR = Path(env.str("HYGIE_DATA_DIR", default=str(ROOT / "var")))
PORT = port_number("HYGIE_PORT", env.str("HYGIE_PORT", default="8000"))
PORTAL_PORT = port_number("HYGIE_PORTAL_PORT", env.str("HYGIE_PORTAL_PORT", default="8100"))

_missing: list[str] = []


def _required(name: str, *, in_sandbox: str, meaning: str) -> str:
    """A security setting: a default exists in the sandbox only."""
    if value := str(env.str(name, default="")):
        return value
    if not IS_SANDBOX:
        _missing.append(f"{name}: {meaning}")
    return in_sandbox


SECRET_KEY = _required(
    "HYGIE_SECRET_KEY",
    in_sandbox="sandbox-only-key-" + "0" * 50,
    meaning="at least 50 random characters; signs cookies and step tokens",
)
ENCRYPTION_KEY = _required(
    "HYGIE_ENCRYPTION_KEY",
    in_sandbox="sandbox-only-encryption-key-" + "0" * 32,
    meaning="at least 32 random characters; encrypts signing keys and device secrets at rest",
)
BASE_URL = _required(
    "HYGIE_BASE_URL",
    in_sandbox=f"http://localhost:{PORT}",
    meaning="the public address, for example https://connexion.example.fr",
).rstrip("/")
DATABASE_URL = _required(
    "DATABASE_URL",
    in_sandbox=f"sqlite:///{DATA_DIR / 'hygie.sqlite3'}",
    meaning="the database, for example postgres://hygie:…@db/hygie",
)
REDIS_URL = env.str("REDIS_URL", default="")
if _missing:
    raise ImproperlyConfigured(
        "Hygie cannot start: these settings are missing.\n  "
        + "\n  ".join(_missing)
        + "\nFor a try on your own machine use ./run demo (HYGIE_MODE=sandbox)."
    )
if not IS_SANDBOX and not BASE_URL.startswith("https://"):
    raise ImproperlyConfigured("HYGIE_BASE_URL must begin with https:// outside the sandbox.")
if not IS_SANDBOX and (
    SECRET_KEY == ENCRYPTION_KEY or "sandbox-only-" in SECRET_KEY + ENCRYPTION_KEY
):
    raise ImproperlyConfigured(
        "HYGIE_SECRET_KEY and HYGIE_ENCRYPTION_KEY must be two, and not those of the sandbox."
    )
if not urlsplit(BASE_URL).hostname or urlsplit(BASE_URL).path:
    raise ImproperlyConfigured("HYGIE_BASE_URL must be an address without a path.")
if not IS_SANDBOX and (len(SECRET_KEY) < 50 or len(ENCRYPTION_KEY) < 32):
    raise ImproperlyConfigured("HYGIE_SECRET_KEY or HYGIE_ENCRYPTION_KEY is too short.")
if bool(env.str("HYGIE_TLS_CLIENT_CERT_HEADER", default="")) != bool(
    env.list("HYGIE_TRUSTED_PROXIES", default=[])
):
    raise ImproperlyConfigured(
        "HYGIE_TLS_CLIENT_CERT_HEADER and HYGIE_TRUSTED_PROXIES go together: a certificate is "
        "believed from these addresses alone."
    )
for _address in env.list("HYGIE_TRUSTED_PROXIES", default=[]):
    try:
        ip_network(_address)
    except ValueError as error:
        raise ImproperlyConfigured(f"HYGIE_TRUSTED_PROXIES: {error}.") from error
_AUTHORITIES = env.str("HYGIE_TLS_CLIENT_AUTHORITIES", default="")

# Only a sandbox calls a push service that is not behind https.
if not IS_SANDBOX and any("/" in name for name in env.list("HYGIE_PUSH_SERVICES", default=[])):
    raise ImproperlyConfigured("HYGIE_PUSH_SERVICES names hosts, for example *.push.apple.com.")


def _number(name: str, default: int) -> int:
    return whole_number(name, env.str(name, default=str(default)))


def _level(name: str) -> str:
    value = str(env.str(name, default="eidas2"))
    if value not in LEVELS:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(LEVELS)}.")
    return value


def _card_types() -> dict[str, str]:
    """`HYGIE_CARD_TYPES=CPE=eidas1,CPA=no`: kinds that differ from the rule."""
    table = {}
    for row in env.list("HYGIE_CARD_TYPES", default=[]):
        kind, _equals, level = str(row).partition("=")
        if kind not in CARD_TYPES or level not in {"no", *LEVELS}:
            raise ImproperlyConfigured(
                f"HYGIE_CARD_TYPES: {row} is not one of {', '.join(CARD_TYPES)}, =, and no or one "
                f"of {', '.join(LEVELS)}."
            )
        table[kind] = "" if level == "no" else level
    return table


def _pin_digits() -> int:
    digits = str(env.str("HYGIE_PIN_DIGITS", default="6"))
    if digits not in {"4", "6"}:
        raise ImproperlyConfigured("HYGIE_PIN_DIGITS must be 4 or 6.")
    return int(digits)


def _places() -> tuple[tuple[IPv4Network | IPv6Network, str], ...]:
    """`HYGIE_PLACES=192.0.2.0/24=CHU de Lille, …`: the narrowest network that holds one wins."""
    table = []
    for row in env.list("HYGIE_PLACES", default=[]):
        text, _equals, name = (part.strip() for part in str(row).partition("="))
        try:
            network = ip_network(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"HYGIE_PLACES: {error}.") from error
        if not 0 < len(name) <= LONGEST_PLACE or not name.isprintable():
            raise ImproperlyConfigured(
                f"HYGIE_PLACES: {row} needs a name of at most {LONGEST_PLACE} characters."
            )
        table.append((network, name))
    return tuple(sorted(table, key=lambda place: -place[0].prefixlen))


HYGIE = Hygie(
    mode=MODE,
    base_url=BASE_URL,
    data_dir=DATA_DIR,
    portal_url=env.str("HYGIE_PORTAL_URL", default=f"http://localhost:{PORTAL_PORT}").rstrip("/"),
    bridge_ports=tuple(
        port_number("HYGIE_BRIDGE_PORTS", port.strip())
        for port in env.str("HYGIE_BRIDGE_PORTS", default="24817,24818,24819,24820").split(",")
    ),
    card_level=_level("HYGIE_CARD_LEVEL"),
    card_types=_card_types(),
    crl_grace=timedelta(hours=_number("HYGIE_CRL_GRACE_HOURS", 0)),
    phone_level=_level("HYGIE_PHONE_LEVEL"),
    # A portal's own tests refuse and time out more often than a person would.
    phone_requests_per_holder=_number("HYGIE_PHONE_REQUESTS_PER_HOLDER", 1000 if IS_SANDBOX else 3),
    phone_requests_per_day=_number("HYGIE_PHONE_REQUESTS_PER_DAY", 10_000 if IS_SANDBOX else 10),
    phone_denials_per_holder=_number("HYGIE_PHONE_DENIALS_PER_HOLDER", 1000 if IS_SANDBOX else 2),
    pin_digits=_pin_digits(),
    number_choices=env.bool("HYGIE_NUMBER_CHOICES", default=False),
    phone_starts_per_network=_number("HYGIE_PHONE_STARTS_PER_NETWORK", 30),
    qr_streams_per_network=_number("HYGIE_QR_STREAMS_PER_NETWORK", 10),
    places=_places(),
    subject_component=env.str(
        "HYGIE_SUBJECT_COMPONENT", default="550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
    ),
    subject_role_oid=table_oid(
        "HYGIE_SUBJECT_ROLE_OID", env.str("HYGIE_SUBJECT_ROLE_OID", default=SUBJECT_ROLE_OID)
    ),
    secteur_activite_oid=table_oid(
        "HYGIE_SECTEUR_ACTIVITE_OID",
        env.str("HYGIE_SECTEUR_ACTIVITE_OID", default=SECTEUR_ACTIVITE_OID),
    ),
    key_rotation_days=_number("HYGIE_KEY_ROTATION_DAYS", 90),
    tls_client_cert_header=env.str("HYGIE_TLS_CLIENT_CERT_HEADER", default=""),
    trusted_proxies=tuple(env.list("HYGIE_TRUSTED_PROXIES", default=[])),
    tls_client_authorities=Path(_AUTHORITIES) if _AUTHORITIES else None,
    phone_alarms_per_holder=_number("HYGIE_PHONE_ALARMS_PER_HOLDER", 1000 if IS_SANDBOX else 3),
    accepted_card_policies=tuple(env.list("HYGIE_CARD_POLICIES", default=[])),
    lifetimes=Lifetimes(
        approval_request=timedelta(seconds=_number("HYGIE_PHONE_REQUEST_SECONDS", 120)),
        phone_denial_quiet=timedelta(
            minutes=_number("HYGIE_PHONE_DENIAL_QUIET_MINUTES", 0 if IS_SANDBOX else 5)
        ),
        phone_report_block=timedelta(
            hours=whole_number(
                "HYGIE_PHONE_REPORT_BLOCK_HOURS",
                env.str("HYGIE_PHONE_REPORT_BLOCK_HOURS", default="0" if IS_SANDBOX else "24"),
                # Rows of requests are kept for a day: a longer block would not be held.
                highest=24,
            )
        ),
        device=timedelta(days=_number("HYGIE_PHONE_DAYS", 730)),
        pin_key_device=timedelta(days=_number("HYGIE_PIN_PHONE_DAYS", 365)),
        device_idle=timedelta(days=_number("HYGIE_PHONE_IDLE_DAYS", 180)),
        phone_warnings=day_counts(
            "HYGIE_PHONE_WARNING_DAYS", env.list("HYGIE_PHONE_WARNING_DAYS", default=["30", "7"])
        ),
        phone_probation=timedelta(hours=_number("HYGIE_PHONE_PROBATION_HOURS", 24)),
    ),
    offline_codes=env.bool("HYGIE_OFFLINE_CODES", default=False),
    refuses_who_left_the_register=env.bool("HYGIE_REFUSE_WHO_LEFT_REGISTER", default=True),
    refuses_whose_practices_ended=env.bool("HYGIE_REFUSE_PRACTICES_ENDED", default=False),
    push_services=tuple(env.list("HYGIE_PUSH_SERVICES", default=list(PUSH_SERVICES))),
    proxies=_number("HYGIE_PROXIES", 0),
    accepts_registrations=env.bool("HYGIE_CLIENT_REGISTRATION", default=False),
)

# --- Django ------------------------------------------------------------------------------------
DEBUG = False
_host = urlsplit(BASE_URL).hostname or ""
ALLOWED_HOSTS = [_host, *(["localhost", "127.0.0.1"] if IS_SANDBOX else [])]
ROOT_URLCONF = "idp.urls"
ASGI_APPLICATION = "idp.asgi.application"
WSGI_APPLICATION = "idp.wsgi.application"
USE_TZ = True
TIME_ZONE = "Europe/Paris"
USE_I18N = True
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("français")), ("en", _("anglais"))]
LOCALE_PATHS = [ROOT / "idp" / "locale"]
APPEND_SLASH = False

# The sandbox is an app of its own: where it is not installed, no test identity can exist.
INSTALLED_APPS = [*APPS, *(["idp.sandbox"] if IS_SANDBOX else [])]  # noqa: F405 - of the wiring
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "idp.core.pages.context",
            ],
        },
    }
]

# --- Data: SQLite and memory by default, PostgreSQL and Redis by settings alone -------------------
DATABASES: dict[str, Any] = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
    # A file, as in life: in memory, two threads of a test would share their locks.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 20, "timeout": 10}}
if REDIS_URL:
    # Two deployments may share one Redis.
    _prefix = env.str("HYGIE_REDIS_PREFIX", default="hygie")
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": _prefix,
            # What may be lost must not be waited for.
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": _prefix},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Rate windows and used proofs: the 300 of the default a stranger would push out.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- Security ----------------------------------------------------------------------------------
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
CSRF_COOKIE_NAME = HYGIE.cookie_name("csrf")
SESSION_COOKIE_NAME = HYGIE.cookie_name("session")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = HYGIE.is_https
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HYGIE.is_https
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "idp.core.pages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Never to another site (RFC 9700 §4.2). "no-referrer" would make Chromium send "Origin: null".
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HYGIE.is_https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HYGIE.is_https else None

# --- Static files --------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [ROOT / "idp" / "static"]

# --- Logs ----------------------------------------------------------------------------------------
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_trace": {"()": "idp.core.logs.WithoutTrace"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": env.str("HYGIE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"filters": ["without_trace"]},
        # `csrf_refused` says it already.
        "django.security.csrf": {"level": "ERROR"},
        "uvicorn.access": {"level": "WARNING"},
        # They would write whole addresses, with codes in them.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
    },
}
logs.configure(as_json=not IS_SANDBOX)
