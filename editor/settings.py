"""All settings, read from the environment. README.md lists the variables."""

import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from editor import configuration as read

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = read.writable_folder(
    "DATA_DIR", Path(read.text("DATA_DIR", str(BASE_DIR / "var"))).expanduser().absolute()
)
HOST = read.text("HOST", "127.0.0.1")
PORT = read.integer("PORT", 8000, least=1, most=65535)

DEBUG = False
SECRET_KEY = read.text("SECRET_KEY") or read.kept_secret(DATA_DIR / "secret-key")
HTTPS = read.flag("HTTPS")
ALLOWED_HOSTS = read.words("ALLOWED_HOSTS", ".localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [
    f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS if HTTPS and host != "*"
]

# --- what is installed ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "editor.apps.EditorConfig",
    "editor.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "editor.urls"
WSGI_APPLICATION = "editor.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "editor.web.context.shell",
            ],
        },
    },
]

# --- database -------------------------------------------------------------------------------------

DATABASE_URL = read.url(
    "DATABASE_URL",
    f"sqlite:///{DATA_DIR / 'maskroom.sqlite3'}",
    ("sqlite", "postgres", "postgresql"),
)
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    # Immediate transactions and WAL: with Django's defaults several writers meet "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000; PRAGMA mmap_size=134217728;"
        ),
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 0, "max_size": 24, "timeout": 10},
        "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- broker ---------------------------------------------------------------------------------------

BROKER_URL = read.url("BROKER_URL", "filesystem://", ("filesystem", "redis", "rediss", "memory"))
BROKER_DIR = DATA_DIR / "broker"

# --- files ----------------------------------------------------------------------------------------

SPOOL_DIR = DATA_DIR / "spool"
STORAGE_URL = read.url("STORAGE_URL", f"file://{DATA_DIR / 'files'}", ("file", "s3"))


def _file_storage(address: str) -> dict[str, object]:
    parts = urlsplit(address)
    if parts.scheme == "file":
        if not parts.path.startswith("/"):
            raise ImproperlyConfigured(
                "STORAGE_URL must be file:///an/absolute/folder or s3://bucket/prefix."
            )
        folder = read.writable_folder("STORAGE_URL", Path(unquote(parts.path)))
        return {"BACKEND": "editor.storage.DurableStorage", "OPTIONS": {"location": str(folder)}}
    if not parts.hostname:
        raise ImproperlyConfigured("STORAGE_URL must name a bucket: s3://bucket/prefix.")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(query) - {"endpoint_url", "region_name", "addressing_style"}
    if unknown:
        raise ImproperlyConfigured(
            f"STORAGE_URL has an unknown option: {', '.join(sorted(unknown))}."
        )
    options = {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "file_overwrite": True,
        "default_acl": None,
        "querystring_auth": False,
        **query,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "default": _file_storage(STORAGE_URL),
    "staticfiles": {"BACKEND": "editor.storage.StaticStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = Path(read.text("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_MAX_AGE = 3600

# --- uploads --------------------------------------------------------------------------------------

UPLOAD_MAX_BYTES = 50 * 1024 * 1024
UPLOAD_MAX_PIXELS = 64_000_000
UPLOAD_DIR = read.writable_folder("DATA_DIR", DATA_DIR / "uploads")
FILE_UPLOAD_TEMP_DIR = str(UPLOAD_DIR)
FILE_UPLOAD_HANDLERS = [
    "editor.web.uploads.SizeLimitHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FILES = 50

# --- people ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "editor.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "editor.web.signin.NameOrEmailBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "gallery"
LOGOUT_REDIRECT_URL = "signin"
INVITATION_DAYS = 7

# Password guessing: ten wrong tries for one name from one address wait ten minutes.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1 / 6
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "editor.web.signin.locked_out"

# --- what browsers are told -----------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "maskroom_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "maskroom_csrf"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^v1(/|$)"]  # a redirected POST would become a GET
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = read.text("TIME_ZONE", "UTC")

# --- the provider ---------------------------------------------------------------------------------

SANDBOX_PORT = read.integer("SANDBOX_PORT", 0, most=65535)
SANDBOX_KEY = "sandbox"
OPENAI_BASE_URL = "https://api.openai.com/v1"
_own_base_url = read.text("PROVIDER_BASE_URL")
_openai_key = read.text("OPENAI_API_KEY")
if _own_base_url:
    PROVIDER_BASE_URL = read.url("PROVIDER_BASE_URL", "", ("http", "https")).rstrip("/")
    PROVIDER_API_KEY = read.text("PROVIDER_API_KEY") or _openai_key
elif read.text("PROVIDER_API_KEY") or _openai_key:
    PROVIDER_BASE_URL = OPENAI_BASE_URL
    PROVIDER_API_KEY = read.text("PROVIDER_API_KEY") or _openai_key
else:
    PROVIDER_BASE_URL = ""  # the sandbox: its address is known when it has started
    PROVIDER_API_KEY = SANDBOX_KEY
PROVIDER_IS_SANDBOX = not PROVIDER_BASE_URL
PROVIDER_IS_OPENAI = PROVIDER_BASE_URL == OPENAI_BASE_URL
PROVIDER_ORGANIZATION = read.text("PROVIDER_ORGANIZATION")
PROVIDER_PROJECT = read.text("PROVIDER_PROJECT")
if PROVIDER_IS_SANDBOX:
    PROVIDER_BASE_URL = f"http://127.0.0.1:{SANDBOX_PORT or PORT + 1}/v1"
if not PROVIDER_IS_SANDBOX and not PROVIDER_API_KEY:
    raise ImproperlyConfigured("PROVIDER_BASE_URL is given, so PROVIDER_API_KEY must be given too.")
CATALOGUE_FILE = read.text(
    "CATALOGUE_FILE"
)  # models of the operator's own, beside the built-in ones

PROVIDER_CONNECT_TIMEOUT_S = read.number("PROVIDER_CONNECT_TIMEOUT", 5, least=0.1, most=60)
PROVIDER_READ_TIMEOUT_S = read.number("PROVIDER_READ_TIMEOUT", 600, least=1, most=3600)
PROVIDER_EDITS_AS = read.one_of("PROVIDER_EDITS_AS", "multipart", ("multipart", "json"))
PROVIDER_STRIP = read.words("PROVIDER_STRIP", "")
PROVIDER_AZURE_API_VERSION = read.text("PROVIDER_AZURE_API_VERSION")
PROVIDER_KEY_HEADER = read.one_of(
    "PROVIDER_KEY_HEADER",
    "api-key" if PROVIDER_AZURE_API_VERSION else "authorization",
    ("authorization", "api-key"),
)
PROVIDER_DEPLOYMENTS = read.pairs("PROVIDER_DEPLOYMENTS")  # model=deployment, …

# --- the gateway: our own Images API --------------------------------------------------------------

GATEWAY_CALLS_PER_MINUTE = read.integer("GATEWAY_CALLS_PER_MINUTE", 60, least=1, most=100_000)
GATEWAY_WAIT_S = read.number("GATEWAY_WAIT", 590, least=1, most=3600)
GATEWAY_MOST_WAITING = read.integer("GATEWAY_MOST_WAITING", 64, least=1, most=512)
GATEWAY_FETCH_URLS = read.flag("GATEWAY_FETCH_URLS")
GATEWAY_URL_LIFETIME_S = read.integer("GATEWAY_URL_LIFETIME", 3600, least=1, most=86_400)
GATEWAY_MOST_BODY_BYTES = 820 * 1024 * 1024  # 16 pictures of 50 MB, and a mask
GATEWAY_MOST_JSON_BYTES = 25 * 1024 * 1024

# --- the life of an edit --------------------------------------------------------------------------

PARTIAL_IMAGES = read.integer("PARTIAL_IMAGES", 2, most=3)  # live previews, where the model can
RESULT_MAX_BYTES = 200 * 1024 * 1024
CALL_DEADLINE_S = read.number("CALL_DEADLINE", 600, least=1, most=3600)
LEASE_S = read.number("LEASE", 30, least=2, most=3600)
SWEEP_EVERY_S = read.number("SWEEP_EVERY", 15, least=0.1, most=3600)
WORKER_THREADS = read.integer("WORKER_THREADS", 64, least=1, most=512)
PIXEL_WORKERS = read.integer("PIXEL_WORKERS", 2, least=1, most=64)
MONTHLY_BUDGET_USD = read.text("MONTHLY_BUDGET_USD")
MONTHLY_BUDGET_MICROUSD = (
    round(read.number("MONTHLY_BUDGET_USD", 0) * 1_000_000) if MONTHLY_BUDGET_USD else None
)

# --- logs -----------------------------------------------------------------------------------------

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "editor": {"level": read.one_of("LOG_LEVEL", "INFO", LOG_LEVELS)},
        "axes": {"level": "ERROR"},
        "kombu.connection": {
            "level": "ERROR"
        },  # it misses a host name in the files transport's address
    },
}
