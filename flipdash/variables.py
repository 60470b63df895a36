"""The variables that settings are read from: what each has to look like, and how one that doesn't is complained of.

`python -m flipdash.variables` reads all of them and says in one line what is wrong; bin/ and manage.py begin with it.
"""

import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from flipdash import judges

LONG = "a random text of at least 32 characters, such as of: openssl rand -hex 32"
SWITCH = "on or off"
QUOTED = "with what isn't a letter or digit of a password as %2F and so on"
POSTGRES = f"postgres://{{}}:PASSWORD@HOST:5432/flipdash, {QUOTED}"
WHOLE = "a whole number, such as {}"
HOW = {
    "SECRET_KEY": LONG,
    "SECRET_KEY_FALLBACKS": "former values of SECRET_KEY, each of at least 32 characters, comma separated",
    "SEALING_KEYS": "keys of 64 hexadecimal digits, comma separated, each of: openssl rand -hex 32",
    "DATABASE_URL": POSTGRES.format("flipdash_app"),
    "DATABASE_OWNER_URL": POSTGRES.format("flipdash_owner"),
    "DATABASE_OPERATOR_URL": POSTGRES.format("flipdash_operator"),
    "REDIS_URL": "redis://HOST:6379/0",
    "EMAIL_URL": f"smtp+tls://USER:PASSWORD@HOST:587, {QUOTED}",
    "DEFAULT_FROM_EMAIL": "FlipDash <no-reply@pay.example>",
    "ALLOWED_HOSTS": "the host names of the site, comma separated, such as pay.example",
    "SITE_URL": "the address of the site without a slash at its end, such as https://pay.example",
    "FLIPDASH_DATA": "a folder that FlipDash may write to",
    "STORAGE_URL": "s3://KEY:SECRET@bucket/folder?region=…&endpoint=https://…",
    "LEASE_SECONDS": "a whole number from 1 to 300, such as 20",
    "CALLBACK_LEASE_SECONDS": "a whole number from 6 to 300, such as 45",
    "TOP_UP_MIN": WHOLE.format("10000"),
    "TOP_UP_MAX": WHOLE.format("1000000000"),
    "OPERATOR_LEGAL_NAME": "a name of at most 200 characters",
    "OPERATOR_ADDRESS": "an address of at most 500 characters, on one line",
    "OPERATOR_NPWP": "16 digits",
    "OPERATOR_NITKU": "22 digits",
    "LIVE_RAIL": "none, or the name of a module of transactions/rails that has a RAIL",
    "PPN": "rates as 2025-01-01 12 11/12 in whole numbers, comma separated",
    "INVOICE_STAMP_FROM": "rupiah as a whole number, 0 for none, such as 5000000",
    "BEHIND_PROXY": SWITCH,
    "TRUSTED_PROXIES": "how many proxies add to X-Forwarded-For, such as 1",
    "STATEMENT_TIMEOUT_MS": "milliseconds as a whole number below 2147483648, such as 30000",
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
    "API_CALLS_A_SECOND": "a whole number from 1 to 1000000, such as 20",
    "API_CALLS_AT_ONCE": "a whole number from 1 to 1000000, such as 100",
    "API_MAINTENANCE": SWITCH,
    "LOCAL": SWITCH,
    "TECHNICAL_PAGES": SWITCH,
    "BUILT_ASSETS": SWITCH,
    "PORT": "a port from 1 to 65535, such as 8000",
    "BIND": "an address and a port from 1 to 65535, such as 127.0.0.1:8000",
    "WEB_WORKERS": "a whole number from 1 to 1000, such as 2",
    "WEB_THREADS": "a whole number from 1 to 1000, such as 4",
    "WORKER_CONCURRENCY": "a whole number from 1 to 1000, such as 2",
    "WORKER_PROCESS_MB": "MB as a whole number from 50 to 100000, such as 400",
    "WORKER_QUEUES": "some of default, reports, imports, comma separated",
    "WORKER_REST": "per cent as a whole number from 0 to 1000, such as 250",
}
"""What to write, by variable."""

SHOWN = {"LEASE_SECONDS", "CALLBACK_LEASE_SECONDS", "SITE_URL", "OTP_COUNTRIES", "LIVE_RAIL"}
"""What may be repeated in a message beside numbers and switches; in all others may be a secret."""
SWITCHES = {"on", "off", "true", "false", "yes", "no", "y", "n", "t", "f", "ok", "1", "0", ""}


def are_rates(rates: list[str]) -> bool:
    """Return whether these are rates of PPN. Raises ValueError."""
    read = import_string("documents.invoices.tax.Tax").read  # named, for it is above us
    return bool([read(rate) for rate in rates])


JUDGES: Mapping[str, Callable[[Any], bool]] = {
    "SECRET_KEY": judges.is_mixed,
    "SECRET_KEY_FALLBACKS": lambda keys: all(map(judges.is_mixed, keys)),
    **dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL"), judges.is_postgres),
    "REDIS_URL": judges.is_redis,
    "EMAIL_URL": judges.is_mail_server,
    "DEFAULT_FROM_EMAIL": judges.matching(r"[^@\r\n]*<?[^@<>\s]+@[^@<>\s]+>?"),
    "ALLOWED_HOSTS": lambda hosts: all(re.fullmatch(r"\*|\.?[\w.-]+|\[[\da-f:]+\]", host) for host in hosts),
    "SITE_URL": judges.is_site,
    "FLIPDASH_DATA": judges.is_folder,
    "LEASE_SECONDS": judges.between(1, 300),
    "CALLBACK_LEASE_SECONDS": judges.between(6, 300),
    **dict.fromkeys(("TOP_UP_MIN", "TOP_UP_MAX", "OTP_DAILY_CAP"), judges.between(1)),
    **dict.fromkeys(("API_CALLS_A_SECOND", "API_CALLS_AT_ONCE"), judges.between(1, 1_000_000)),
    **dict.fromkeys(("INVOICE_STAMP_FROM", "HSTS_SECONDS"), judges.between(0)),
    "STATEMENT_TIMEOUT_MS": judges.between(0, judges.MOST_INT),
    "OPERATOR_LEGAL_NAME": judges.matching(r"[^\x00-\x1f\x7f]{1,200}"),
    "OPERATOR_ADDRESS": judges.matching(r"[^\x00-\x1f\x7f]{1,500}"),
    "OPERATOR_NPWP": judges.matching(r"\d{16}"),
    "OPERATOR_NITKU": judges.matching(r"\d{22}"),
    "LIVE_RAIL": judges.is_rail,
    "PPN": are_rates,
    "TRUSTED_PROXIES": judges.matching(r"\d{1,2}"),
    "OPERATIONS_TOKEN": judges.is_token,
    "SENTRY_DSN": judges.is_dsn,
    "TWILIO_ACCOUNT_SID": judges.matching(r"AC[0-9a-fA-F]{32}"),
    "TWILIO_AUTH_TOKEN": judges.matching(r"[!-~]+"),
    **dict.fromkeys(("TWILIO_SMS_FROM", "TWILIO_WHATSAPP_FROM"), judges.matching(r"\+[1-9]\d{6,14}")),
    "OTP_COUNTRIES": lambda countries: all(re.fullmatch(r"[A-Z]{2}", country) for country in countries),
    "PORT": judges.between(1, 65_535),
    "BIND": judges.is_listening_address,
    **dict.fromkeys(("WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY"), judges.between(1, 1_000)),
    "WORKER_PROCESS_MB": judges.between(50, 100_000),
    "WORKER_QUEUES": lambda queues: bool(queues) and set(queues) <= judges.QUEUES,
    "WORKER_REST": judges.between(0, 1_000),
}
"""What judges each. It is asked where there is something to judge, and may raise ValueError for "no"."""


def wrong(name: str, problem: str) -> ImproperlyConfigured:
    """Return the error that names a variable, what is wrong with it, and what to write."""
    return ImproperlyConfigured(f"{name} {problem}. Write {HOW[name]}")


class Variables(environ.Env):
    """django-environ's reader, which here says what to write, takes nothing for off that isn't, and repeats no secret.

    A value is what stands there: elsewhere django-environ takes one that begins with $ for the name of another.
    """

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
        try:
            if cast is bool and given.lower() not in SWITCHES:
                raise ValueError
            value = self.parse_value(self.ENVIRON[var], cast) if var in self.ENVIRON else default
            if isinstance(value, list):
                value = [one.strip() for one in value if one.strip()]
            judged = value if isinstance(value, (int, list)) else given
            if var in JUDGES and (given or judged == []) and not JUDGES[var](judged):
                raise ValueError
        except ValueError:
            raise wrong(var, shown) from None  # what the cause says may be half of a password
        return value


def judge_programs() -> None:
    """Raise ImproperlyConfigured for what bin/ reads, and settings don't."""
    env = Variables()
    env.str("BIND", "")
    numbers = ("STATEMENT_TIMEOUT_MS", "PORT", "WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY", "WORKER_PROCESS_MB")
    for name in numbers:
        if env.ENVIRON.get(name):  # an empty one is a missing one to bin/
            env.int(name)
    if env.ENVIRON.get("WORKER_QUEUES"):
        env.list("WORKER_QUEUES")


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
    _judge_phones(found)
    _judge_proxies(found)
    host = urlsplit(found["SITE_URL"]).hostname or ""
    if found["LOCAL"] or found["TESTING"]:
        _judge_laptop(found, host)
        return
    if not any(_fits(host, allowed) for allowed in found["ALLOWED_HOSTS"]):
        raise ImproperlyConfigured(
            f"SITE_URL is at {host}, which ALLOWED_HOSTS doesn't have. Write ALLOWED_HOSTS={host}, or another SITE_URL"
        )
    if not found["EMAIL_BACKEND"].endswith(".smtp.EmailBackend"):
        raise wrong("EMAIL_URL", "sends no mail to anybody, which is for development alone")


def _judge_phones(found: Mapping[str, Any]) -> None:
    account, token = found["TWILIO_ACCOUNT_SID"], found["TWILIO_AUTH_TOKEN"]
    if bool(account) != bool(token):
        raise ImproperlyConfigured("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together. Write both, or neither")
    if account and not (found["TWILIO_SMS_FROM"] or found["TWILIO_WHATSAPP_FROM"]):
        raise ImproperlyConfigured(
            "TWILIO_ACCOUNT_SID has no number to send from. Write TWILIO_SMS_FROM, TWILIO_WHATSAPP_FROM, or both"
        )


def _judge_proxies(found: Mapping[str, Any]) -> None:
    count = found["ALLAUTH_TRUSTED_PROXY_COUNT"]
    if found["BEHIND_PROXY"] and not count:
        raise ImproperlyConfigured(
            "TRUSTED_PROXIES is 0 while BEHIND_PROXY is on: all people would have the proxy's address, and share its "
            "limits. Write how many proxies add to X-Forwarded-For, such as 1, or BEHIND_PROXY=off"
        )
    if count and not found["BEHIND_PROXY"]:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES is {count} while BEHIND_PROXY is off: an address that any client writes would be "
            "believed. Write BEHIND_PROXY=on, or TRUSTED_PROXIES=0"
        )


def _judge_laptop(found: Mapping[str, Any], host: str) -> None:
    if found["LOCAL"] and not _is_near(host):
        raise ImproperlyConfigured(
            f"LOCAL is on while SITE_URL is at {host}: people with known passwords, and a page with everybody's mails, "
            "are for one's own machine. Write LOCAL=off, or leave SITE_URL away"
        )


def _is_near(host: str) -> bool:
    """Return whether a host is this machine, or one of a network of one's own."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".test", ".internal"))


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
