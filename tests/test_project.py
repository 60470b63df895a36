"""The project's own files: what is pinned, what production refuses, what every page answers with."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAFE = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "not a secret, but as long and as mixed as 1 of 50 characters",
    "SEALING_KEYS": "0123456789abcdef" * 4,
    "ALLOWED_HOSTS": "flipdash.example",
    "SITE_URL": "https://flipdash.example",
    "DJANGO_SETTINGS_MODULE": "flipdash.settings",
    "EMAIL_URL": "smtp://mail.flipdash.example",
}
SERVICES = {
    name: os.environ[name]
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL", "REDIS_URL")
    if name in os.environ
}


@pytest.mark.parametrize("name", ["production.txt", "development.txt"])
def test_requirements_are_pinned_hashed_and_name_no_address(name):
    text = (ROOT / "requirements" / name).read_text()
    packages = re.findall(r"^([\w.\[\]-]+)==", text, re.M)
    assert len(packages) > 20
    assert len(re.findall(r"^\s+--hash=sha256:", text, re.M)) >= len(packages)
    assert "://" not in text
    assert "index-url" not in text


def test_production_and_development_pin_the_same_versions():
    pins = [
        set(re.findall(r"^[\w.\[\]-]+==\S+", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("production.txt", "development.txt")
    ]
    assert pins[0] - pins[1] == set()


def manage(*args, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=ROOT,
        env={**SAFE, **SERVICES, **environment},
        capture_output=True,
        text=True,
    )


def test_production_settings_pass_djangos_own_deployment_check():
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "missing",
    [
        *("SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL", "REDIS_URL", "EMAIL_URL"),
        *("SEALING_KEYS", "SITE_URL"),
    ],
)
def test_nothing_starts_when_a_setting_is_missing(missing):
    environment = {**SAFE, **SERVICES}
    environment.pop(missing)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert missing in done.stderr


@pytest.mark.parametrize(
    ("environment", "is_local", "is_technical"),
    [
        ({}, False, False),
        ({"TECHNICAL_PAGES": "1"}, False, False),
        ({"LOCAL": "1"}, True, False),
        ({"LOCAL": "1", "TECHNICAL_PAGES": "1"}, True, True),
    ],
)
def test_ones_own_machine_shows_our_pages_of_errors_unless_it_is_asked_for_djangos(environment, is_local, is_technical):
    code = "import django; django.setup(); from django.conf import settings; print(settings.LOCAL, settings.DEBUG)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**SAFE, **SERVICES, "SITE_URL": "https://flipdash.test", "ALLOWED_HOSTS": ".test", **environment},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(is_local), str(is_technical)], done.stderr


@pytest.mark.parametrize("door", ["/styleguide/", "/outbox/"])
def test_development_doors_are_not_routed_in_production(door):
    """trust: A8."""
    code = f"import django; django.setup(); from django.urls import resolve; resolve('{door}')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**SAFE, **SERVICES}, capture_output=True, text=True
    )
    assert "Resolver404" in done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/sign-in/", "/money-transfers/", "/documents/reports/", "/nothing-here/", "/money-transfers/1/"]
)
def test_every_answer_carries_the_same_walls(web, path):
    answer = web.get(path)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_pages_hold_no_inline_script_or_style(web):
    for path in ("/sign-in/", "/money-transfers/", "/documents/reports/", "/styleguide/"):
        content = web.get(path).content.decode()
        assert " style=" not in content
        assert not re.search(r"<script(?![^>]*\bsrc=)", content)
        assert not re.search(r"\son\w+=", content)


# --- What isn't promised to stay ---------------------------------------------------------------------------------

PRIVATE = {
    "allauth.core.internal.cryptokit": {"normalize_user_code"},
    "allauth.mfa.recovery_codes.internal.auth": {"RecoveryCodes"},
    "allauth.mfa.totp.internal.auth": {"format_hotp_value", "generate_totp_secret", "hotp_value"},
    "allauth.mfa.webauthn.internal": {"auth"},
}
"""What we import from allauth's private modules, which any of its releases may move."""


@pytest.mark.parametrize("module", PRIVATE)
def test_allauths_private_modules_are_where_we_import_them_from(module):
    """Reads no module of ours: when one is gone, ours can't be imported either, and this says why."""
    upgraded = f"allauth {version('django-allauth')} has moved what accounts/sign_in imports from {module}"
    try:
        found = __import__(module, fromlist=PRIVATE[module])
    except ImportError as problem:
        pytest.fail(f"{upgraded} ({problem})")
    assert PRIVATE[module] - vars(found).keys() == set(), upgraded


def test_no_other_private_modules_are_imported():
    imported = {}
    # Not var/, where `make containers` has whole systems.
    packages = [folder for folder in ROOT.glob("[a-z]*/") if folder.name != "var"]
    for path in (path for folder in packages for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and ".internal" in node.module:
                imported.setdefault(node.module, set()).update(alias.name for alias in node.names)
    assert imported == PRIVATE


def test_each_decision_has_a_number_of_its_own():
    """Branches that met had taken the same ones."""
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert len(numbers) > 50
    assert sorted(set(numbers)) == numbers
