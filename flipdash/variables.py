"""The variables that settings are read from: what each has to look like, and how one that doesn't is complained of.

`python -m flipdash.variables` reads all of them and says in one line what is wrong; bin/ and manage.py begin with it.
"""

import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

LONG = "a long random text, such as of: openssl rand -hex 32"
SWITCH = "on or off"
POSTGRES = "postgres://{}:PASSWORD@HOST:5432/flipdash"
WHOLE = "a whole number, such as {}"
HOW = {
    "SECRET_KEY": LONG,
    "SECRET_KEY_FALLBACKS": "former values of SECRET_KEY, comma separated",
    "SEALING_KEYS": "keys of 64 hexadecimal digits, comma separated, each of: openssl rand -hex 32",
    "DATABASE_URL": POSTGRES.format("flipdash_app"),
    "DATABASE_OWNER_URL": POSTGRES.format("flipdash_owner"),
    "DATABASE_OPERATOR_URL": POSTGRES.format("flipdash_operator"),
    "REDIS_URL": "redis://HOST:6379/0",
    "EMAIL_URL": "smtp+tls://USER:PASSWORD@HOST:587",
    "DEFAULT_FROM_EMAIL": "FlipDash <no-reply@pay.example>",
    "ALLOWED_HOSTS": "the host names of the site, comma separated, such as pay.example",
    "SITE_URL": "the address of the site without a slash at its end, such as https://pay.example",
    "FLIPDASH_DATA": "a folder",
    "STORAGE_URL": "s3://KEY:SECRET@bucket/folder?region=…&endpoint=https://…",
    "LEASE_SECONDS": "a whole number from 1 to 300, such as 20",
    "CALLBACK_LEASE_SECONDS": "a whole number from 6 to 300, such as 45",
    "TOP_UP_MIN": WHOLE.format("10000"),
    "TOP_UP_MAX": WHOLE.format("1000000000"),
    "OPERATOR_LEGAL_NAME": "a name",
    "OPERATOR_ADDRESS": "an address",
    "OPERATOR_NPWP": "16 digits",
    "OPERATOR_NITKU": "22 digits",
    "LIVE_RAIL": "none, or the name of a module of transactions/rails",
    "PPN": "rates as 2025-01-01 12 11/12, comma separated",
    "INVOICE_STAMP_FROM": "rupiah as a whole number, 0 for none, such as 5000000",
    "BEHIND_PROXY": SWITCH,
    "TRUSTED_PROXIES": "how many proxies add to X-Forwarded-For, such as 1",
    "STATEMENT_TIMEOUT_MS": "milliseconds as a whole number, such as 30000",
    "OPERATIONS_TOKEN": "at least 32 letters and digits, such as of: openssl rand -hex 32",
    "SENTRY_DSN": "https://KEY@HOST/PROJECT",
    "SECURE_SSL_REDIRECT": SWITCH,
    "HSTS_SECONDS": "seconds as a whole number, such as 31536000",
    "HSTS_WHOLE_DOMAIN": SWITCH,
    "TWILIO_ACCOUNT_SID": "AC and 32 hexadecimal digits",
    "TWILIO_AUTH_TOKEN": "the token of the account",
    "TWILIO_SMS_FROM": "a number as +628111234567",
    "TWILIO_WHATSAPP_FROM": "a number as +628111234567",
    "OTP_COUNTRIES": "countries of two letters, comma separated, such as ID",
    "OTP_DAILY_CAP": WHOLE.format("1000"),
    "API_CALLS_A_SECOND": "a whole number from 1 on, such as 20",
    "API_CALLS_AT_ONCE": "a whole number from 1 on, such as 100",
    "API_MAINTENANCE": SWITCH,
    "LOCAL": SWITCH,
    "TECHNICAL_PAGES": SWITCH,
    "BUILT_ASSETS": SWITCH,
    "PORT": "a port from 1 to 65535, such as 8000",
    "BIND": "an address and a port, such as 127.0.0.1:8000",
    "WEB_WORKERS": "a whole number from 1 on, such as 2",
    "WEB_THREADS": "a whole number from 1 on, such as 4",
    "WORKER_CONCURRENCY": "a whole number from 1 on, such as 2",
    "WORKER_REST": "per cent as a whole number from 0 to 1000, such as 250",
}
"""What to write, by variable."""

SHOWN = {"LEASE_SECONDS", "CALLBACK_LEASE_SECONDS", "SITE_URL", "OTP_COUNTRIES", "LIVE_RAIL"}
"""What may be repeated in a message beside numbers and switches; in all others may be a secret."""
SWITCHES = {"on", "off", "true", "false", "yes", "no", "y", "n", "t", "f", "ok", "1", "0", ""}


def between(least: int, most: int = 10**15) -> Callable[[int], bool]:
    """Return what judges a whole number."""
    return lambda value: least <= value <= most


def matching(pattern: str) -> Callable[[str], bool]:
    """Return what judges a text; an empty one is none."""
    return lambda value: not value or bool(re.fullmatch(pattern, value))


def is_site(value: str) -> bool:
    """Return whether it is an address of a whole site."""
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.path or parts.query)


def is_redis(value: str) -> bool:
    """Return whether it is an address of Valkey or Redis."""
    parts = urlsplit(value)
    return bool(parts.hostname) if parts.scheme in {"redis", "rediss"} else parts.scheme == "unix" and bool(parts.path)


def is_postgres(value: str) -> bool:
    """Return whether it is an address of a database."""
    parts = urlsplit(value)
    return parts.scheme in {"postgres", "postgresql"} and len(parts.path) > 1


JUDGES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL"), is_postgres),
    "REDIS_URL": is_redis,
    "EMAIL_URL": matching(r"(smtp|smtps|smtp\+tls|smtp\+ssl|submission|dummymail|consolemail|memorymail)://.*"),
    "DEFAULT_FROM_EMAIL": matching(r"[^@\r\n]*<?[^@<>\s]+@[^@<>\s]+>?"),
    "ALLOWED_HOSTS": lambda hosts: all(re.fullmatch(r"\*|\.?[\w.-]+|\[[\da-f:]+\]", host) for host in hosts),
    "SITE_URL": is_site,
    "LEASE_SECONDS": between(1, 300),
    "CALLBACK_LEASE_SECONDS": between(6, 300),
    **dict.fromkeys(
        ("TOP_UP_MIN", "TOP_UP_MAX", "OTP_DAILY_CAP", "API_CALLS_A_SECOND", "API_CALLS_AT_ONCE"), between(1)
    ),
    **dict.fromkeys(("INVOICE_STAMP_FROM", "HSTS_SECONDS", "STATEMENT_TIMEOUT_MS"), between(0)),
    "OPERATOR_NPWP": matching(r"\d{16}"),
    "OPERATOR_NITKU": matching(r"\d{22}"),
    "PPN": lambda rates: all(re.fullmatch(r"\d{4}-\d\d-\d\d \d+(\.\d+)? \d+/[1-9]\d*", rate.strip()) for rate in rates),
    "TRUSTED_PROXIES": matching(r"\d{1,2}"),
    "OPERATIONS_TOKEN": matching(r"[!-~]{32,}"),
    "SENTRY_DSN": matching(r"https?://[^@/]+@[^/]+/.+"),
    **dict.fromkeys(("TWILIO_SMS_FROM", "TWILIO_WHATSAPP_FROM"), matching(r"\+[1-9]\d{6,14}")),
    "OTP_COUNTRIES": lambda countries: all(re.fullmatch(r"[A-Z]{2}", country) for country in countries),
    "PORT": between(1, 65_535),
    "BIND": matching(r"[\w.\[\]:-]*:\d{1,5}"),
    **dict.fromkeys(("WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY"), between(1, 1_000)),
    "WORKER_REST": between(0, 1_000),
}
"""What each has to be, beyond what its kind says."""


def wrong(name: str, problem: str) -> ImproperlyConfigured:
    """Return the error that names a variable, what is wrong with it, and what to write."""
    return ImproperlyConfigured(f"{name} {problem}. Write {HOW[name]}")


class Variables(environ.Env):
    """django-environ's reader, which here says what to write, and takes nothing for off that isn't."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """Return a variable's value. Raises ImproperlyConfigured."""
        if var not in HOW:
            return super().get_value(var, cast, default, parse_default)
        given = self.ENVIRON.get(var, "")
        if not given and default is self.NOTSET:
            raise wrong(var, "is missing")
        shown = f"is {given!r}" if cast in (int, bool) or var in SHOWN else "isn't what it has to be"
        if cast is bool and given.lower() not in SWITCHES:
            raise wrong(var, shown)
        try:
            value = super().get_value(var, cast, default, parse_default)
            judged = value if isinstance(value, (int, list)) else given
            is_right = not given or var not in JUDGES or JUDGES[var](judged)
        except ValueError as error:
            raise wrong(var, shown) from error
        if not is_right:
            raise wrong(var, shown)
        return value


def judge_programs() -> None:
    """Raise ImproperlyConfigured for what bin/ reads, and settings don't."""
    env = Variables()
    env.str("BIND", "")
    for name in ("STATEMENT_TIMEOUT_MS", "WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY"):
        if env.ENVIRON.get(name):  # an empty one is a missing one to bin/
            env.int(name)


def judge_together(found: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured for variables of which each is right and that can't be right together."""
    if found["TOP_UP_MIN"] > found["TOP_UP_MAX"]:
        raise ImproperlyConfigured("TOP_UP_MIN is more than TOP_UP_MAX. Write a smaller one, or a larger TOP_UP_MAX")
    roles = [role for alias in ("default", "owner", "operator") if (role := found["DATABASES"][alias]["USER"])]
    if len(set(roles)) < len(roles):
        raise ImproperlyConfigured(
            "DATABASE_URL, DATABASE_OWNER_URL and DATABASE_OPERATOR_URL name one role twice. "
            "Write flipdash_app, flipdash_owner and flipdash_operator: what one may, another must not"
        )
    if bool(found["TWILIO_ACCOUNT_SID"]) != bool(found["TWILIO_AUTH_TOKEN"]):
        raise ImproperlyConfigured("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together. Write both, or neither")
    if found["LOCAL"] or found["TESTING"] or not found["env"].str("SITE_URL", ""):
        return
    host = urlsplit(found["SITE_URL"]).hostname or ""
    if not any(_fits(host, allowed) for allowed in found["ALLOWED_HOSTS"]):
        raise ImproperlyConfigured(
            f"SITE_URL is at {host}, which ALLOWED_HOSTS doesn't have. Write ALLOWED_HOSTS={host}, or another SITE_URL"
        )


def _fits(host: str, allowed: str) -> bool:
    return allowed == "*" or host == allowed or (allowed.startswith(".") and f".{host}".endswith(allowed))


def main() -> int:
    """Read the settings; say in one line what keeps FlipDash from starting, and return 78 then."""
    try:
        import_module("flipdash.settings")  # which reads by what stands here, so it isn't imported above
        judge_programs()
    except ImproperlyConfigured as error:
        sys.stderr.write(f"FlipDash doesn't start: {error}\n")
        return 78  # EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
