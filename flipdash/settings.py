"""Settings, all from the environment. What is unsafe when missing has no default (docs/running.md lists all)."""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from flipdash.sealing import sealing_keys
from flipdash.storage_url import storage
from flipdash.variables import Variables, judge_together

BASE_DIR = Path(__file__).resolve().parent.parent
env = Variables()

LOCAL = env.bool("LOCAL", False)
"""Whether this is somebody's own machine, with demo people, Outbox and style guide."""
DEBUG = LOCAL and env.bool("TECHNICAL_PAGES", False)
"""Whether what is missing or fails shows Django's page for developers instead of ours."""
TESTING = env.bool("FLIPDASH_TESTING", False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", **({"default": ["localhost", "127.0.0.1"]} if LOCAL or TESTING else {}))
SEALING_KEYS = sealing_keys(env.str("SEALING_KEYS", ""), SECRET_KEY if LOCAL or TESTING else "")
"""The keys of flipdash/sealing.py: the first seals, all open."""
SITE_URL = env.str("SITE_URL", **({"default": f"http://127.0.0.1:{env.int('PORT', 8000)}"} if LOCAL or TESTING else {}))
DATA_DIR = Path(env.str("FLIPDASH_DATA", str(BASE_DIR / "var")))

INSTALLED_APPS = [
    "flipdash",
    "accounts",
    "lists",
    "deposits",
    "transactions",
    "imports",
    "documents",
    "developer",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_otp",
    "lucide",
    "django_htmx",
    "csp",
    "flipdash.backoffice_app.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "flipdash.serving.health.HealthMiddleware",  # before all that could be away
    "flipdash.serving.requests.RequestLogMiddleware",
    "flipdash.serving.charsets.Utf8Only",
    "flipdash.mode.TestModeMiddleware",  # it moves /test out of the path for all that follow
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "flipdash.assets.CompressPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # for whoever isn't signed in; a person's own choice comes later
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "flipdash.urls"
WSGI_APPLICATION = "flipdash.wsgi.application"
FORM_RENDERER = "flipdash.widgets.Renderer"

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
                "accounts.context.shell",
                "deposits.context.balance",
                "documents.reports.context.tray",
            ],
            "builtins": [
                "flipdash.templatetags.ui",
                "flipdash.templatetags.kept",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    },
]

# --- Database: `default` serves as the app role, `owner` migrates, `snapshot` reads reports, `operator` sees all ---
if len({bool(env.str(f"DATABASE_{role}URL", "")) for role in ("", "OWNER_", "OPERATOR_")}) > 1:
    raise ImproperlyConfigured(
        "Set all of DATABASE_URL (app role), DATABASE_OWNER_URL (owner role), DATABASE_OPERATOR_URL (operator role)."
    )


NO_LONGER_THAN = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds, for what was sent and never acknowledged
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""After how long a server that hangs, or a network that drops packets, counts as away."""
DATABASE_BOUNDS = {
    "default": {
        "statement_timeout": 0,  # of web alone there is one (flipdash/processes.py): only its people wait
        "idle_in_transaction_session_timeout": 5 * 60 * 1_000,
    },
    "owner": {"lock_timeout": 60_000 if TESTING else 10_000},  # a migration that waits keeps all who come after it
}
"""What each connection is told, in milliseconds; 0 is for ever (flipdash/db.py)."""


def _database(variable: str) -> dict:
    database = env.db(variable)
    return database | {
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": NO_LONGER_THAN | database.get("OPTIONS", {}),
        "TEST": {"MIRROR": "owner"},
    }


DATABASES = {
    "default": _database("DATABASE_URL"),
    "owner": _database("DATABASE_OWNER_URL") | {"TEST": {}},
    "snapshot": _database("DATABASE_URL"),
    "operator": _database("DATABASE_OPERATOR_URL"),
}
DATABASE_ROUTERS = ["flipdash.db.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, cache; may be emptied at any moment without loss -----------------------------------------
REDIS_URL = env.str("REDIS_URL")
_socket = urlsplit(REDIS_URL).path if REDIS_URL.startswith("unix:") else ""
PATIENCE = {"socket_timeout": 2, "socket_connect_timeout": 2}  # seconds, then a page goes on without Redis
CACHES = {
    "default": {
        "BACKEND": "flipdash.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": PATIENCE,
    }
}
CELERY_BROKER_URL = f"redis+socket://{_socket}" if _socket else REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 30 * 60  # seconds
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60 * 60,  # seconds, above every time limit
    **PATIENCE,  # a broker that hangs would keep a page, and its thread, for ever
}
CELERY_TASK_PUBLISH_RETRY = False  # the sweep wakes what a lost message didn't
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "flipdash.operations.heartbeats:Scheduler"
# In seconds; what hasn't run when the next one is due is dropped.
CELERY_BEAT_SCHEDULE = {
    "sweep-top-ups": {"task": "deposits.tasks.sweep_top_ups", "schedule": 2.0, "options": {"expires": 2}},
    "tidy-top-ups": {"task": "deposits.tasks.tidy_top_ups", "schedule": 60.0, "options": {"expires": 60}},
    "tidy-people": {"task": "accounts.tasks.tidy_people", "schedule": 3600.0, "options": {"expires": 3600}},
    "seal-activity": {"task": "accounts.tasks.seal_activity", "schedule": 3.0, "options": {"expires": 3}},
    "clean-search-lists": {"task": "flipdash.tasks.clean_search_lists", "schedule": 2.0, "options": {"expires": 2}},
    "issue-invoices": {"task": "documents.tasks.issue_invoices", "schedule": 600.0, "options": {"expires": 600}},
    "run-schedules": {"task": "documents.tasks.run_schedules", "schedule": 10.0, "options": {"expires": 10}},
    "throw-away-orphans": {
        "task": "flipdash.tasks.throw_away_orphans",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep-callbacks": {
        "task": "developer.tasks.sweep_callbacks",
        "schedule": 2.0,
        "options": {"expires": 2, "queue": "callbacks"},
    },
    "tidy-operations": {"task": "flipdash.tasks.tidy_operations", "schedule": 3600.0, "options": {"expires": 3600}},
    "sweep": {"task": "flipdash.tasks.sweep", "schedule": 2.0, "options": {"expires": 2}},
    "tidy-callbacks": {"task": "developer.tasks.tidy_callbacks", "schedule": 3600.0, "options": {"expires": 3600}},
    "tidy-transactions": {
        "task": "transactions.tasks.tidy_transactions",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "tidy-calls": {"task": "developer.tasks.tidy_calls", "schedule": 3600.0, "options": {"expires": 3600}},
}

# --- Mail and messages to phones -------------------------------------------------------------------------------
OUTBOX = LOCAL or TESTING
"""Whether the local Outbox page exists and what was sent stays readable there; never in production (trust.md A8)."""
if OUTBOX and not env.str("EMAIL_URL", ""):
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # the Outbox shows it
else:
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "FlipDash <no-reply@localhost>")
EMAIL_TIMEOUT = 20  # seconds

# --- People ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # the e-mail is unique, in any case, by a constraint on lower(email)
    *("security.W005", "security.W021"),  # HSTS for a whole domain is the operator's to say: HSTS_WHOLE_DOMAIN
]
AUTHENTICATION_BACKENDS = ["accounts.sign_in.backend.Backend"]
PASSWORD_HASHERS = ["flipdash.hashers.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.sign_in.passwords.MostBytes"},
    {"NAME": "accounts.sign_in.passwords.NotGuessable"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up; elsewhere one signs in
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.forms.SignInForm",
    "signup": "accounts.sign_in.forms.SignUpForm",
    "reset_password": "accounts.sign_in.forms.ResetForm",
    "reset_password_from_key": "accounts.sign_in.forms.NewPasswordForm",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login": "",  # who signs in without a mistake pays nothing: an office shares an address (trust.md A1)
    "login_failed": "",  # counted in Postgres: accounts.models.SignInTry
}
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
"""Whether the proxy in front is believed: that it says https, and whose address it adds to X-Forwarded-For."""
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.str("TRUSTED_PROXIES", "") or BEHIND_PROXY)
MFA_ADAPTER = "accounts.sign_in.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {"authenticate": "accounts.sign_in.forms.SecondStepForm"}
MFA_TOTP_TOLERANCE = 0
MFA_TOTP_ISSUER = "FlipDash"
SESSION_ENGINE = "flipdash.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 24 * 60 * 60  # seconds; the business's own limits are shorter (accounts/middleware.py)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_FAILURE_VIEW = "accounts.views.pages.csrf_failure"

# --- The merchant API, and callbacks (developer/) --------------------------------------------------------------------
CALLBACK_NETWORKS = [ip_network(one) for one in env.list("CALLBACK_NETWORKS", default=[]) if LOCAL or TESTING]
"""Networks besides the public internet that callbacks may go to: for trying them on a laptop, never in production."""
CALLBACK_LEASE_SECONDS = env.int("CALLBACK_LEASE_SECONDS", 45)
"""After how long a callback is taken over whose worker died. A call ends at least five seconds earlier."""
CALLBACK_DAYS_KEPT = 400
"""How long callbacks and their attempts are kept, once they are over."""

API_CALLS_A_SECOND = env.int("API_CALLS_A_SECOND", 20)
API_CALLS_AT_ONCE = env.int("API_CALLS_AT_ONCE", 100)
API_MAINTENANCE = env.bool("API_MAINTENANCE", False)
API_CALL_DAYS_KEPT = 30

# --- Codes to phones (accounts/phones/otp.py) -----------------------------------------------------------------------
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", "")
TWILIO_SMS_FROM = env.str("TWILIO_SMS_FROM", "")
TWILIO_WHATSAPP_FROM = env.str("TWILIO_WHATSAPP_FROM", "")
OTP_COUNTRIES = env.list("OTP_COUNTRIES", default=["ID"])
OTP_DAILY_CAP = env.int("OTP_DAILY_CAP", 1_000)

# --- Words and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Jakarta"
USE_TZ = True
DATE_FORMAT = "j M Y"

# --- Files -------------------------------------------------------------------------------------------------------
FILE_UPLOAD_HANDLERS = [
    "flipdash.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
STATIC_URL = "/static/"  # absolute: a relative one would be cached with Test Mode's prefix
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
BUILT_ASSETS = env.bool("BUILT_ASSETS", not (LOCAL or TESTING))
"""Whether pages load what collectstatic made, or the sources (flipdash/assets.py)."""
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not BUILT_ASSETS
STORAGES = {
    "default": storage(env.str("STORAGE_URL", ""), DATA_DIR / "files"),
    "staticfiles": {
        "BACKEND": "flipdash.assets.BuiltStorage"
        if BUILT_ASSETS
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- What the page may load -----------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", not (LOCAL or TESTING))
SECURE_HSTS_SECONDS = 0 if LOCAL or TESTING else env.int("HSTS_SECONDS", 365 * 24 * 60 * 60)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_WHOLE_DOMAIN", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not (LOCAL or TESTING)
COOKIE_PREFIX = "__Host-" if SESSION_COOKIE_SECURE else ""
"""By this browsers know that a cookie is of this host alone, by https, and of the whole site (asvs.md)."""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
X_FRAME_OPTIONS = "DENY"

# --- Limits ----------------------------------------------------------------------------------------------------------
HISTORY_TIMEOUT_MS = 2_000
HISTORY_COUNT_TIMEOUT_MS = 50  # no page waits longer for its count: the browser asks for it once the page is there
HISTORY_LATE_COUNT_TIMEOUT_MS = 2_000  # then it reads "Many transactions"
LEASE_SECONDS = env.int("LEASE_SECONDS", 20)
"""After how long a silent worker's row is given to another."""
WORKERS = env.int("WORKER_CONCURRENCY", 2)  # as bin/worker starts them
WORKER_REST = env.int("WORKER_REST", 0 if TESTING else 250)
"""For how many per cent of the processor's time that a turn took a worker rests while more of the same waits."""
REPORT_DAYS_KEPT = 30
MESSAGE_DAYS_KEPT = 30
"""How long mails and messages to phones are kept once they were sent; those that failed three times as long."""
RECEIPT_MAILS_A_DAY = {"live": 200, "test": 20}
"""How many receipts a business may mail, to whomever, within 24 hours: its zone can be changed."""
RECEIPT_LINKS_A_DAY = 1_000
"""How many addresses of receipts a business may make in the same time, the mailed ones included."""
RECEIPT_FILES_A_DAY = 5_000
"""How many files of receipts a business may let be made and kept in the same time; more are printed and not kept."""
REPORT_WORKPLACE = DATA_DIR / "tmp" / "reports"  # on the same disk as the files, which are renamed into their place

# --- What the operator writes under documents (documents/operator.py) ------------------------------------------------
OPERATOR_LEGAL_NAME = env.str("OPERATOR_LEGAL_NAME", "PT FlipDash Demo" if LOCAL or TESTING else "")
OPERATOR_ADDRESS = env.str(
    "OPERATOR_ADDRESS",
    "Gedung Contoh Lantai 8, Jalan Jenderal Sudirman Kav. 1, Jakarta Selatan 12190, Indonesia"
    if LOCAL or TESTING
    else "",
)
OPERATOR_NPWP = env.str("OPERATOR_NPWP", "0012345678011000" if LOCAL or TESTING else "")
OPERATOR_NITKU = env.str("OPERATOR_NITKU", "0012345678011000000000" if LOCAL or TESTING else "")
PPN = env.list("PPN", default=["2022-04-01 11 1/1", "2025-01-01 12 11/12"])
"""Rates of PPN: from which day, how many per cent, of which share of the price (documents/invoices/tax.py)."""
INVOICE_STAMP_FROM = env.int("INVOICE_STAMP_FROM", 0)
"""Invoices from this sum on, in rupiah, wait for an e-meterai before they are issued; 0: none does."""

# --- The deposit -----------------------------------------------------------------------------------------------------
TOP_UP_MIN = env.int("TOP_UP_MIN", 10_000)  # rupiah
TOP_UP_MAX = env.int("TOP_UP_MAX", 1_000_000_000)  # rupiah
TOP_UP_HOURS = 24
TOP_UPS_OPEN, TOP_UPS_OF_AN_AMOUNT, TOP_UPS_AN_HOUR = 20, 10, 60
"""How many top-ups a business may have open in one mode, how many codes of one amount and bank it may hold, the resting
ones included, and how many it may ask for within an hour: there are 999 codes of an amount, for everybody."""
TOP_UP_QUIET_DAYS = 7
"""How long a closed top-up keeps its code, so that a late payment isn't taken for another's."""
SIMULATED_BANK = LOCAL or TESTING
"""Whether the simulated bank answers in Live Mode too. No variable turns it on: in production it never does."""
SIMULATED_BANK_SECONDS = 4

RAILS = {"test": "simulator", "live": env.str("LIVE_RAIL", "simulator" if LOCAL or TESTING else "none")}
"""What moves the money in each mode: a module of transactions/rails; "none": nothing can be sent."""
if RAILS["live"] == "simulator" and not (LOCAL or TESTING):
    raise ImproperlyConfigured("LIVE_RAIL can't be the simulator: it would say that money was paid which never was.")
APPROVAL_DAYS = 7
"""How long what was made waits for an approver before it is cancelled."""
SIMULATED_RAIL_SECONDS = 4
"""About how long the simulated rail thinks before it answers."""

# --- Who watches us (flipdash/operations) ---------------------------------------------------------------------------
OPERATIONS_TOKEN = env.str("OPERATIONS_TOKEN", "")
"""What a monitor and Prometheus show to read /health/deep and /metrics; without it there are none."""
COUNTS_REQUESTS = not TESTING
"""Whether each request is counted by its route (flipdash/serving/counting.py)."""
SENTRY_DSN = env.str("SENTRY_DSN", "")
"""Where errors are told of; empty: nowhere."""

LOG_MASK = "developer.calls.logs.masked"
"""What masks secrets in a text that leaves us."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "words": {"()": "developer.calls.logs.Masked", "format": "%(levelname)s %(name)s: %(message)s"},
        "lines": {"()": "developer.calls.logs.MaskedLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "words" if LOCAL or TESTING else "lines"}},
    "loggers": {
        "twilio.http_client": {"level": "WARNING"},  # else it writes down each request
        # sweeps may run every two seconds: of tasks, only what goes wrong is told
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.worker.request": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "weasyprint.progress": {"level": "WARNING"},  # seven steps of each document
        "flipdash.serving.requests": {"level": "WARNING" if LOCAL or TESTING else "INFO"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}

judge_together(globals())
