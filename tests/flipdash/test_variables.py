"""A setting that is wrong, missing or contradicts another keeps everything from starting, and says what to write."""

import re
import runpy
import subprocess
import sys
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured

from flipdash import variables
from tests.test_project import ROOT, SAFE, SERVICES

TABLE = (ROOT / "docs" / "running.md").read_text().partition("## Processes")[0]
DOCUMENTED = {name for row in re.findall(r"^\| (`.*?) \|", TABLE, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
URL = "postgres://flipdash_app:p@db/flipdash"
WRONG = {
    "SECRET_KEY": ["hush", "$9fKhushhush", "hush" * 7, "hhh" * 20],
    "SECRET_KEY_FALLBACKS": ["hush", f"{'a1b2c3d4' * 4},hush"],
    "SEALING_KEYS": ["0123", "g" * 64],
    **dict.fromkeys(
        ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL"),
        (
            *("notaurl", "mysql://u@h/d", "my://u:hush@h/d", "postgres://db", "$DATABASE"),
            *("postgres://flipdash_app:hush/secret@db/flipdash", "postgres://flipdash_app:12/hush@db/flipdash"),
            *("postgres://flipdash_app:hush#x@db/flipdash", "postgres://flipdash_app:12?hush@db/flipdash"),
            *("postgres://flipdash_app:hush@db:54x/flipdash", "postgres://flipdash_app:hush@db:543210/flipdash"),
        ),
    ),
    "REDIS_URL": [
        *("valkey", "http://valkey", "redis://valkey:abc/0", "redis://:hush/x@valkey:6379/0"),
        *("redis://valkey:6379/first", "redis://"),
    ],
    "EMAIL_URL": [
        *("mail.example", "imap://mail.example", "submission://mail.example", "smtp+tls://", "smtp://mail:abc"),
        *("smtp+tls://u:hush/x@mail.example:587", "smtp+tls://u:12/hush@mail.example:587"),
        *("smtp+tls://u:12?hush@mail.example:587", "consolemail://", "dummymail://", "memorymail://"),
    ],
    "DEFAULT_FROM_EMAIL": ["FlipDash"],
    "ALLOWED_HOSTS": ["https://pay.example", "pay.example,a b"],
    "SITE_URL": ["flipdash.test", "https://pay.example/", "ftp://pay.example", "https://pay.example:http"],
    "FLIPDASH_DATA": ["/etc/passwd", "/etc/passwd/below"],
    "STORAGE_URL": [
        *("https://k:hush@s3.example", "s3://k:hush/x@bucket", "s3://k:hush@bucket?endpoint=https://"),
        "s3://k:hush@bucket?endpoint=https://minio:hush",
    ],
    "LEASE_SECONDS": ["x", "0", "4000", "2.5"],
    "CALLBACK_LEASE_SECONDS": ["soon", "3"],
    "TOP_UP_MIN": ["Rp10.000", "0"],
    "TOP_UP_MAX": ["-1"],
    "OPERATOR_LEGAL_NAME": ["PT\nFlipDash", "x" * 201],
    "OPERATOR_ADDRESS": ["Jalan\nJakarta", "x" * 501],
    "OPERATOR_NPWP": ["12.345", "1" * 15],
    "OPERATOR_NITKU": ["1" * 16],
    "LIVE_RAIL": ["simulator", "teleport", "protocol", "__init__", "simulated_charges", "../rails/simulator"],
    "PPN": ["12", "2025-01-01 12 11/0", "2025-13-45 12 12/11", "2025-01-01 12.5 11/12", "2025-01-01 101 1/1", "", ","],
    "INVOICE_STAMP_FROM": ["5 juta", "-1"],
    "TRUSTED_PROXIES": ["one", "-1"],
    "STATEMENT_TIMEOUT_MS": ["30s", "99999999999"],
    "OPERATIONS_TOKEN": ["short", "ü" * 32, "*" * 32, "a" * 32, f"${'a1b2c3d4' * 4}"],
    "SENTRY_DSN": ["sentry.example", "https://key@host/notanumber", "https://hush@host"],
    "HSTS_SECONDS": ["a year"],
    "TWILIO_ACCOUNT_SID": ["x", "AC123"],
    "TWILIO_AUTH_TOKEN": ["hush hush"],
    **dict.fromkeys(("TWILIO_SMS_FROM", "TWILIO_WHATSAPP_FROM"), ("0812345678",)),
    "OTP_COUNTRIES": ["Indonesia", "ID,sg"],
    "OTP_DAILY_CAP": ["many", "0"],
    **dict.fromkeys(("API_CALLS_A_SECOND", "API_CALLS_AT_ONCE"), ("0", "fast", "9999999")),
    **dict.fromkeys(("BEHIND_PROXY", "SECURE_SSL_REDIRECT", "HSTS_WHOLE_DOMAIN"), ("yess", "2")),
    **dict.fromkeys(("API_MAINTENANCE", "LOCAL", "BUILT_ASSETS"), ("yess", "2")),
    "PORT": ["http", "70000"],
    "WORKER_QUEUES": ["report", "reports,callbacks", ","],
    "WORKER_PROCESS_MB": ["1g", "0"],
    "WORKER_REST": ["half", "-1"],
    "BIND": ["8000", "127.0.0.1", "0.0.0.0:99999", "0.0.0.0:0"],
    **dict.fromkeys(("WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY"), ("0", "two")),
}
LOCAL_ONLY = {"TECHNICAL_PAGES"}
"""What is read where LOCAL is on alone."""
NEEDED = ("SECRET_KEY", "SEALING_KEYS", "REDIS_URL", "EMAIL_URL", "ALLOWED_HOSTS", "SITE_URL")
NUMBERS_AND_SWITCHES = re.compile(r"a whole number|whole number|on or off|a port from")
TWILIO = {"TWILIO_ACCOUNT_SID": f"AC{'0123abcd' * 4}", "TWILIO_AUTH_TOKEN": "0123abcd" * 4}


@pytest.fixture
def start(monkeypatch):
    """Return what reads the settings of production, with some variables changed; None takes one away."""
    for name in DOCUMENTED | {"FLIPDASH_TESTING"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**SAFE, **SERVICES}.items():
        monkeypatch.setenv(name, value)

    def start(**changed: str | None) -> dict:
        for name, value in changed.items():
            if value is None:
                monkeypatch.delenv(name)
            else:
                monkeypatch.setenv(name, value)
        found = runpy.run_path(str(ROOT / "flipdash" / "settings.py"))
        variables.judge_programs()
        return found

    return start


def test_each_documented_variable_says_what_to_write_and_is_tried():
    assert len(DOCUMENTED) > 40
    assert set(variables.HOW) == DOCUMENTED
    assert set(WRONG) | LOCAL_ONLY == DOCUMENTED


def test_right_ones_start(start, tmp_path):
    found = start(
        **{
            "BEHIND_PROXY": "on",
            "TRUSTED_PROXIES": "2",
            "SENTRY_DSN": "https://k@sentry.example/1",
            "BIND": "[::]:8000",
        },
        **{"ALLOWED_HOSTS": ".flipdash.example,localhost,[::1]", "STORAGE_URL": "s3://k:s@bucket/x"},
        **{"OPERATOR_NPWP": "1" * 16, "TWILIO_SMS_FROM": "+628111234567", "API_MAINTENANCE": "", "WEB_THREADS": "8"},
        **{"DEFAULT_FROM_EMAIL": "FlipDash <no-reply@pay.example>", "PPN": "2025-01-01 12 11/12"},
        **{
            "OPERATIONS_TOKEN": "0123abcd" * 4,
            "WORKER_QUEUES": "reports, imports",
            "FLIPDASH_DATA": str(tmp_path / "a/b"),
        },
        **{"EMAIL_URL": "smtp+tls://u:hush%2Fx@mail.example:587", "SECRET_KEY": f"${'a1b2c3d4' * 4}", **TWILIO},
        SECRET_KEY_FALLBACKS=f"{'a1b2c3d4' * 4}, {'e5f6g7h8' * 4}",
    )
    assert found["SECRET_KEY"] == f"${'a1b2c3d4' * 4}", "it is no name of another variable"
    assert found["SECRET_KEY_FALLBACKS"] == ["a1b2c3d4" * 4, "e5f6g7h8" * 4]
    assert found["EMAIL_HOST_PASSWORD"] == "hush/x"
    assert found["BEHIND_PROXY"]
    assert found["ALLAUTH_TRUSTED_PROXY_COUNT"] == 2


def test_the_images_build_has_what_it_needs(start):
    """It reaches nothing, and collects the static files by settings that are good enough to start."""
    step = (ROOT / "Dockerfile").read_text().partition("RUN SECRET_KEY")[2].partition("python manage.py")[0]
    given = dict(re.findall(r"([A-Z_]+)=(\S+)", step)) | {"SEALING_KEYS": "0" * 64}
    assert len(given) > 5
    start(**given)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_one_is_named_with_what_to_write(start, recwarn, name, value):
    with pytest.raises(ImproperlyConfigured) as caught:
        start(**{name: value})
    said = str(caught.value)
    assert said.startswith(name)
    assert "\n" not in said
    told = "".join(traceback.format_exception(caught.value))  # where nobody catches it
    assert "hush" not in told + "".join(str(warning.message) for warning in recwarn)
    if name not in variables.SHOWN and not NUMBERS_AND_SWITCHES.search(variables.HOW[name]):
        assert value == "" or value not in said.partition("Write")[0], "it may be a secret"


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("gone", [None, ""])
def test_a_missing_one_is_named_with_what_to_write(start, name, gone):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} .*Write"):
        start(**{name: gone})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"TOP_UP_MIN": "20000", "TOP_UP_MAX": "10000"}, "^TOP_UP_MIN is more than TOP_UP_MAX"),
        ({"SITE_URL": "https://pay.example"}, "^SITE_URL is at pay.example, which ALLOWED_HOSTS"),
        ({"DATABASE_OWNER_URL": URL, "DATABASE_URL": URL}, "^DATABASE_URL.* name one role twice"),
        ({"DATABASE_OWNER_URL": None}, "^Set all of DATABASE_URL"),
        ({"TWILIO_ACCOUNT_SID": TWILIO["TWILIO_ACCOUNT_SID"]}, "^TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together"),
        ({"TWILIO_AUTH_TOKEN": "x"}, "^TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN go together"),
        (TWILIO, "^TWILIO_ACCOUNT_SID has no number to send from"),
        ({"LIVE_RAIL": "simulator"}, "^LIVE_RAIL can't be the simulator"),
        ({"LOCAL": "on"}, "^LOCAL is on while SITE_URL is at flipdash.example"),
        ({"BEHIND_PROXY": "on", "TRUSTED_PROXIES": "0"}, "^TRUSTED_PROXIES is 0 while BEHIND_PROXY is on"),
        ({"BEHIND_PROXY": "off", "TRUSTED_PROXIES": "1"}, "^TRUSTED_PROXIES is 1 while BEHIND_PROXY is off"),
    ],
)
def test_what_can_not_be_together_is_named(start, changed, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        start(**changed)


@pytest.mark.parametrize("program", [["bin/web"], ["bin/beat"], [sys.executable, "manage.py", "check"]])
def test_nothing_starts_half(program, tmp_path):
    """One line, and the exit code of a wrong configuration; no traceback stands in front of it."""
    environment = {**SAFE, **SERVICES, "LEASE_SECONDS": "soon", "FLIPDASH_DATA": str(tmp_path)}
    environment["PATH"] = f"{sys.prefix}/bin:{environment['PATH']}"
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert done.stderr == (
        "FlipDash doesn't start: LEASE_SECONDS is 'soon'. Write a whole number from 1 to 300, such as 20\n"
    )
    assert done.stdout == ""
