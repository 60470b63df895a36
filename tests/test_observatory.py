"""What the HTTP Observatory of MDN would say of each kind of page, by its published rules (trust: X3).

The scanner itself can't reach a test. Its rules are few: points are taken off a hundred for what is missing, and given
on top for what is more than usual. Here they are written once more, for the answers of production's own settings.
"""

import json
import re
import subprocess
import sys
from http.cookies import SimpleCookie

import pytest
from django.http import HttpResponse
from django.test import Client

from tests import factories
from tests.test_project import ROOT, SAFE, SERVICES

pytestmark = pytest.mark.django_db
LEAST = 130
HALF_A_YEAR = 15_768_000
PRODUCTION = (
    *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"),
    *("SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE"),
    *("COOKIE_PREFIX", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"),
    *("CSRF_COOKIE_SAMESITE", "SECURE_REFERRER_POLICY", "SECURE_CONTENT_TYPE_NOSNIFF", "CONTENT_SECURITY_POLICY"),
)


@pytest.fixture(scope="module")
def in_production():
    """What the settings that matter are in production."""
    code = "import django, json; django.setup(); from django.conf import settings; "
    code += f"print(json.dumps({{name: getattr(settings, name) for name in {PRODUCTION}}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**SAFE, **SERVICES}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def production(settings, in_production):
    for name, value in in_production.items():
        setattr(settings, name, value)


# --- The rules ----------------------------------------------------------------------------------------------------


def score(answer: HttpResponse) -> int:
    """Return what the page gets: bonuses count only for whoever has 90 without them."""
    policy = directives(answer.headers.get("Content-Security-Policy", ""))
    parts = [
        of_policy(policy),
        of_cookies(answer),
        of_transport(answer.headers.get("Strict-Transport-Security", "")),
        of_frames(policy, answer.headers.get("X-Frame-Options", "")),
        of_referrer(answer.headers.get("Referrer-Policy")),
        of_resources(answer.headers.get("Cross-Origin-Resource-Policy")),
        of_scripts(answer.content.decode()),
        0 if answer.headers.get("X-Content-Type-Options") == "nosniff" else -5,
        -50 if answer.headers.get("Access-Control-Allow-Credentials") else 0,
    ]
    plain = 100 + sum(part for part in parts if part < 0)
    return plain + sum(part for part in parts if part > 0) if plain >= 90 else max(plain, 0)


def directives(policy: str) -> dict[str, set[str]]:
    words = (part.split() for part in policy.split(";") if part.strip())
    return {first.lower(): set(rest) for first, *rest in words}


def of_policy(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    everything = policy.get("default-src", {"*"})
    scripts, objects, styles = (policy.get(name, everything) for name in ("script-src", "object-src", "style-src"))
    broad = {"*", "http:", "https:", "data:", "'unsafe-inline'"}
    if (scripts | objects) & broad:
        return -20
    if "'unsafe-eval'" in scripts | styles:
        return -10
    if styles & broad:
        return 0
    is_closed = everything == {"'none'"} and policy.get("form-action", {"*"}) <= {"'none'", "'self'"}
    return 10 if is_closed and policy.get("base-uri", {"*"}) <= {"'none'", "'self'"} else 5


def of_cookies(answer: HttpResponse) -> int:
    cookies: SimpleCookie = answer.cookies
    if not cookies:
        return 0
    for name, cookie in cookies.items():
        is_session = "sess" in name or "login" in name
        if not cookie["secure"]:
            return -40 if is_session else -20
        if is_session and not cookie["httponly"]:
            return -30
        if cookie["samesite"].lower() not in {"lax", "strict"}:
            return -20 if "csrf" in name else 0
    return 5


def of_transport(header: str) -> int:
    found = re.search(r"max-age=(\d+)", header)
    if not found:
        return -20
    return 0 if int(found[1]) >= HALF_A_YEAR else -10


def of_frames(policy: dict[str, set[str]], header: str) -> int:
    if policy.get("frame-ancestors", {"*"}) <= {"'none'", "'self'"}:
        return 5
    return 0 if header in {"DENY", "SAMEORIGIN"} else -20


def of_referrer(header: str | None) -> int:
    if header is None:
        return 0
    private = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
    return 5 if header in private else -5


def of_resources(header: str | None) -> int:
    return 10 if header in {"same-origin", "same-site"} else 0 if header in {None, "cross-origin"} else -5


def of_scripts(page: str) -> int:
    """Scripts of our own origin cost nothing; those of others want a fingerprint, and these we have none of."""
    sources = re.findall(r"<script[^>]*\ssrc=[\"']([^\"']*)", page)
    return -50 if any(re.match(r"(\w+:)?//", source) for source in sources) else 0


# --- The pages ----------------------------------------------------------------------------------------------------


def pages(web: Client, member, monkeypatch):
    """Yield each kind of page with its answer."""
    nobody = Client(raise_request_exception=False)
    link = factories.make_link(member.business)
    for name, asker, path, status in (
        ("sign-in", nobody, "/sign-in/", 200),
        ("sign-up", nobody, "/sign-up/", 200),
        ("a history", web, "/money-transfers/", 200),
        ("a history of Test Mode", web, "/test/payments/", 200),
        ("the deposit", web, "/deposit/", 200),
        ("a public payment page", nobody, f"/pay/{link.slug}/", 200),
        ("the documentation", web, "/developer/reference/", 200),
        ("what is missing", nobody, "/nothing-here/", 404),
        ("the back office's door", nobody, "/admin/", 302),
    ):
        yield name, asker.get(path, secure=True), status
    yield "a form from elsewhere", Client(enforce_csrf_checks=True).post("/sign-in/", secure=True), 403
    monkeypatch.setattr("transactions.transfers.history.TransferHistory.results", lambda *a, **k: 1 / 0)
    web.raise_request_exception = False
    yield "what failed", web.get("/money-transfers/", secure=True), 500


def test_each_kind_of_page_gets_what_the_observatory_calls_more_than_enough(production, web, admin, monkeypatch):
    found = {}
    for name, answer, status in pages(web, admin, monkeypatch):
        assert answer.status_code == status, name
        found[name] = score(answer)
    assert {name: points for name, points in found.items() if points < LEAST} == {}


def test_each_cookie_is_of_this_host_alone(production, admin):
    """asvs: 3.3.1 to 3.3.4. A browser throws away what is called so and isn't."""
    admin.user.set_password("gayo-arabika-88")
    admin.user.save()
    client = Client(headers={"referer": "https://testserver/sign-in/"})
    answers = [
        client.get("/sign-in/", secure=True),
        client.post("/sign-in/language/", {"language": "id"}, secure=True),
        client.post("/sign-in/", {"login": admin.user.email, "password": "gayo-arabika-88"}, secure=True),
    ]
    cookies = {name: cookie for answer in answers for name, cookie in answer.cookies.items()}
    assert {name.removeprefix("__Host-") for name in cookies} >= {
        "sessionid",
        "csrftoken",
        "devices",
        "django_language",
    }
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), name
    assert client.get("/", secure=True).status_code == 302
    assert client.get("/money-transfers/", secure=True).status_code == 200


def test_http_leads_to_https_of_the_same_host(production):
    answer = Client().get("/sign-in/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/sign-in/")
    assert "Strict-Transport-Security" not in answer.headers, "nobody may believe it there"


@pytest.mark.parametrize(
    ("spoil", "most"),
    [
        (lambda a: a.headers.pop("Content-Security-Policy"), 75),
        (lambda a: a.headers.__setitem__("Content-Security-Policy", "default-src 'self' 'unsafe-inline'"), 80),
        (lambda a: a.headers.pop("Cross-Origin-Resource-Policy"), 125),
        (lambda a: a.headers.pop("Strict-Transport-Security"), 80),
        (lambda a: a.headers.__setitem__("Strict-Transport-Security", "max-age=300"), 125),
        (lambda a: a.headers.pop("Referrer-Policy"), 130),
        (lambda a: a.cookies["__Host-csrftoken"].__setitem__("secure", ""), 80),
        (lambda a: a.headers.pop("X-Content-Type-Options"), 130),
        (lambda a: setattr(a, "content", b"<script src='https://cdn.example/x.js'></script>"), 50),
    ],
)
def test_the_rules_notice_what_is_missing(production, client, spoil, most):
    answer = client.get("/sign-in/", secure=True)
    whole = score(answer)
    spoil(answer)
    assert score(answer) <= most < whole
