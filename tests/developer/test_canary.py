"""Secrets go in by every act that handles one; then everything written is searched for them (trust: K1, O5, canary).

Searched are the whole database as its superuser reads it, the mails in it, sessions opened, all that is in Valkey
(tasks with their arguments among it), and every log at its finest. Only pages show secrets, to whom they belong.
"""

import base64
import json
import logging
import re
from ipaddress import ip_network
from urllib.parse import quote

import pytest
from celery import Celery
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from accounts.phones import senders
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from developer.api import disbursements
from developer.calls import recording
from flipdash import addresses, clock
from flipdash.celery import app
from flipdash.models import Message
from tests import factories
from tests.accounts.signing_in import PASSWORD as SIGN_IN_PASSWORD
from tests.accounts.signing_in import sign_in
from tests.developer.receivers import found_at, receiver
from tests.leaks import Watched, valkey
from tests.superuser import connect

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
PASSWORD, WRONG_PASSWORD = "burung-kenari-di-tambang-7", "burung-gelatik-di-tambang-8"
KEY = re.compile(r"fd_(?:live|test)_[0-9A-Za-z]{61}")
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
MANAGE = "/developer/manage/"


# --- What is searched --------------------------------------------------------------------------------------------


def database() -> str:
    """Return every row of every table as text, binary columns as they are; and each session opened."""
    with connect("FLIPDASH_SUPERUSER_URL") as superuser:
        superuser.execute("SET bytea_output = 'escape'")
        tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(tables) > 30
        rows = [superuser.execute(f'SELECT t::text FROM public."{name}" t').fetchall() for (name,) in tables]
    sessions = [json.dumps(session.get_decoded(), default=str) for session in Session.objects.all()]
    return "\n".join([*(text for table in rows for (text,) in table), *sessions])


def forms_of(secret: str) -> set[str]:
    """Return how a secret may stand somewhere: as it is, quoted, in base64, as the user name of Basic."""
    packed = [base64.b64encode(text.encode()).decode().rstrip("=") for text in (secret, f"{secret}:")]
    return {secret, quote(secret, safe=""), secret.encode().hex(), *packed, *(text[:-2] for text in packed)}


def as_written(caplog) -> str:
    """Return the logs as the site writes them, which says by which formatter."""
    [console] = [handler for handler in logging.getLogger().handlers if handler.name == "console"]
    return "\n".join(map(console.formatter.format, caplog.records))


def places(logged: str, tasks: list[str]) -> dict[str, str]:
    return {
        "the database": database(),
        "Valkey": "\n".join(valkey()),
        "logs": logged,
        "task arguments": "\n".join(tasks),
    }


def leaks(secrets: dict[str, str], written: dict[str, str]) -> list[str]:
    """Return which secret stands where."""
    return [
        f"{name} in {place}"
        for place, text in written.items()
        for name, secret in secrets.items()
        if any(form in text for form in forms_of(secret))
    ]


# --- The run -----------------------------------------------------------------------------------------------------


class Phone:
    """Keeps what was sent to it, as a phone does."""

    def __init__(self):
        self.codes = []

    def send(self, *, to, text, channel, language):
        self.codes.append(text[:6])


@pytest.fixture
def phone(monkeypatch):
    theirs = Phone()
    monkeypatch.setattr(senders, "current", lambda: theirs)
    return theirs


@pytest.fixture
def tasks(monkeypatch):
    """What tasks were asked for with."""
    asked, send = [], Celery.send_task

    def noting(app, *args, **kwargs):
        asked.append(repr((args, kwargs)))
        return send(app, *args, **kwargs)

    monkeypatch.setattr(Celery, "send_task", noting)
    return asked


@pytest.fixture
def this_machine(settings, monkeypatch):
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(addresses, "PORTS", {"https": range(1, 65_536), "http": range(1, 65_536)})


def echo(handler):
    """Answer with all that came, as a receiver that was set up for looking does."""
    [(headers, body)] = handler.server.found.got[-1:]
    said = json.dumps(headers).encode() + b"\n" + body
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(said)))
    handler.end_headers()
    handler.wfile.write(said)


def found(pattern, response) -> str:
    [secret] = set(pattern.findall(response.content.decode()))
    return secret


def signed_in(member, secret):
    """Sign in by the form with password and app, after a wrong password; return the browser and the app's code."""
    sign_in(member.user.email, WRONG_PASSWORD)
    page, _answer = sign_in(member.user.email, PASSWORD)
    code = factories.code_of(secret)
    assert page.post("/sign-in/second-step/", {"code": code}).status_code == 302
    assert page.get("/money-transfers/").status_code == 200
    return page, code


def prove(page):
    session = page.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()


def live_key(page, phone):
    """Generate a live key by SMS, after a wrong code."""
    page.post(f"{MANAGE}key/", {"grace": "24"})
    page.post(f"{MANAGE}keys/channel/", {"channel": "sms"})
    right = phone.codes[-1]
    page.post(f"{MANAGE}keys/code/", {"code": f"{(int(right) + 1) % 10**6:06}"})
    key = found(KEY, page.post(f"{MANAGE}keys/code/", {"code": right}))
    OtpChallenge.objects.update(created_at=timezone.now() - timezone.timedelta(minutes=2))
    return key, right


def shown_token(page, prefix=""):
    """Return the Validation Token as the page shows it."""
    content = page.post(f"{prefix}{MANAGE}token/text/").content.decode()
    [token] = set(re.findall(r'data-copy="([\w-]{43})"', content))
    return token


def call(key, token, monkeypatch):
    """Call the API in ways that put secrets where they don't belong, among them one that breaks."""
    program = Client(raise_request_exception=False)
    basic = base64.b64encode(f"{key}:".encode()).decode()
    right = {"Authorization": f"Basic {basic}"}
    for path, query, headers in (
        ("general/balance", {}, right),
        ("general/balance", {"key": key, "validation_token": token, "x": token}, {**right, "User-Agent": key}),
        (f"nowhere/{key}/{token}", {}, right),
        ("general/balance", {}, {"Authorization": f"Bearer {key}"}),
        ("general/balance", {"api_key": key}, {"Authorization": f"Basic {key}"}),
        ("disbursement", {"remark": key, "sort": token}, right),
    ):
        program.get(f"/api/v3/{path}", query, headers=headers)
    program.post(
        f"/api/v3/general/balance?{key}", data={"token": token}, content_type="application/json", headers=right
    )
    with monkeypatch.context() as patch:
        patch.setattr(disbursements, "_filtered", lambda *args: 1 / 0)
        assert program.get("/api/v3/disbursement", {"remark": key}, headers=right).status_code == 500


@pytest.mark.usefixtures("this_machine", "dear_passwords")
def test_no_secret_is_written_anywhere(people, phone, tasks, settings, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    settings.API_CALLS_AT_ONCE = 100
    settings.OUTBOX = False
    developer = people[Role.DEVELOPER]
    developer.user.set_password(PASSWORD)
    developer.user.save()
    PhoneDevice.objects.create(user=developer.user, name="phone", number="+6281234567890", confirmed_at=timezone.now())
    seed = factories.make_app(developer)
    page, app_code = signed_in(developer, seed)
    prove(page)

    first, code = live_key(page, phone)
    second, _code = live_key(page, phone)
    test = found(KEY, page.post(f"/test{MANAGE}key/", {"grace": "0"}))
    token = shown_token(page)
    page.post(f"{MANAGE}token/")
    changed, sandbox = shown_token(page), shown_token(page, "/test")
    for key in (first, second):
        call(key, changed, monkeypatch)
    secrets = {
        **{"a live key": first, "the changed live key": second, "a test key": test},
        **{"a token": token, "the changed token": changed, "the sandbox's token": sandbox},
        **{"a password": PASSWORD, "a wrong password": WRONG_PASSWORD, "the app's seed": seed},
        **{f"signing secret {n}": one for n, one in enumerate(send_a_callback(page, monkeypatch))},
    }
    recording.tidy()
    cache.set("canary", 1)
    secrets |= {f"the secret part of {name}": text[20:63] for name, text in secrets.items() if KEY.fullmatch(text)}
    written = places(as_written(caplog), tasks)

    assert leaks(secrets, written) == []
    assert codes_in({code, app_code}, written) == []
    assert Message.objects.filter(channel="mail").count() > 5  # the mails to Admins were there to be searched
    assert "general/balance" in written["the database"]
    assert "Traceback" in written["logs"]
    for place, planted in {**written, "base64": forms_of(first).pop()}.items():
        assert leaks({"planted": first}, {place: f"{planted} {first}"}) == [f"planted in {place}"]


def codes_in(codes: set[str], written: dict[str, str]) -> list[str]:
    """Return where a code of six digits stands as a word of its own: figures may have it inside of them."""
    return [
        f"a code in {place}"
        for place, text in written.items()
        for code in codes
        if re.search(rf"(?<![\w.:-]){code}(?![\w.:-])", text)
    ]


def send_a_callback(page, monkeypatch) -> list[str]:
    """Save an address in Test Mode, see and change its secret, and send a test that comes back whole."""
    here = f"/test{MANAGE}callbacks/top-up/"
    with receiver(echo) as got, monkeypatch.context() as patch:
        patch.setattr("socket.getaddrinfo", found_at("127.0.0.1"))
        page.post(f"{here}address/", {"url": f"http://hooks.kopikita.co.id:{got.port}/flipdash"})
        secrets = [found(SECRET, page.post(f"{here}secret/text/"))]
        page.post(f"{here}test/")
        secrets.append(found(SECRET, page.post(f"{here}secret/")))
        page.post(f"{here}test/")
    assert len(got.got) == 2
    return secrets


def test_what_watches_the_whole_run_sees_a_secret_in_a_log_and_in_valkey():
    """It stands in tests/conftest.py; the site's own formatter would mask a key before it sees one."""
    watched = Watched(logging.Formatter("%(message)s"))
    for text in ("all is well", f"key fd_live_{'a' * 61}", "whsec_" + "b" * 43, f"typed {SIGN_IN_PASSWORD}"):
        watched.handle(logging.makeLogRecord({"name": "site", "msg": text, "lineno": len(text)}))
    assert (watched.lines, len(watched.leaks)) == (4, 3)
    cache.set("kept", {"it": ["hush-hush"]})
    assert any("hush-hush" in text for text in valkey())


def test_the_search_finds_what_is_planted_in_each_place(people, tasks, caplog):
    """Else it would find nothing for ever, and be content."""
    caplog.set_level(logging.DEBUG)
    secret = "whsec_planted/Ab+9="
    factories.make_call(people[Role.DEVELOPER], path="/x", answer_body=f"it is {secret}")
    logging.getLogger("anything").debug("see %s %s", "hush-hush", secret)
    cache.set("kept", {"it": [secret]})
    app.send_task("nobody.hears", args=[secret])
    session = Client().session
    session["x"] = secret
    session.save()
    written = places(as_written(caplog), tasks)
    assert leaks({"it": secret}, written) == [f"it in {place}" for place in written if place != "logs"]
    assert leaks({"it": "hush-hush"}, written) == ["it in logs"]  # what reads as a secret of ours is masked there
    assert leaks({"it": secret}, {"Valkey": written["Valkey"].replace("kept", "")}) == ["it in Valkey"]
    assert codes_in({"123456"}, {"logs": "code 123456 sent", "ids": "1234567, 12.123456"}) == ["a code in logs"]
