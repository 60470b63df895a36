"""How requests are met before any page: odd clients, what is away, and what is written down (issue 18)."""

import errno
import http.client
import json
import logging
import os
import runpy
import socket
import subprocess
import sys
from contextlib import closing, suppress

import pytest
import redis
from django.conf import settings as ours
from django.db import InterfaceError, OperationalError, connection, connections
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.client import FakePayload
from django.urls import URLPattern, URLResolver, get_resolver
from psycopg.errors import LockNotAvailable, QueryCanceled

from developer.calls.logs import Masked, MaskedLines
from flipdash import db, processes, wsgi
from flipdash import settings as module
from flipdash.serving import requests
from flipdash.serving.lines import Lines
from flipdash.serving.log import without_what_was_typed
from tests.factories import make_transfer
from tests.test_project import ROOT, SAFE, SERVICES

pytestmark = pytest.mark.django_db
CODECS = ["hex", "utf-7", "utf-16", "idna", "punycode", "rot13", "zlib", "base64", "latin-1", "undefined", "no-such"]


# --- Odd clients (attack.md A11, A12) ------------------------------------------------------------------------------


@pytest.fixture
def asked(db, monkeypatch):
    """Answers as the web server's own entry point does; the test client makes requests of another class."""
    monkeypatch.setattr("django.db.close_old_connections", lambda **kwargs: None)

    def ask(method, path, kind, body=b""):
        environment = RequestFactory()._base_environ(
            REQUEST_METHOD=method, PATH_INFO=path, QUERY_STRING="next=%2F", CONTENT_TYPE=kind
        )
        environment |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": FakePayload(body)}
        return wsgi.application.get_response(wsgi.application.request_class(environment))

    return ask


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_text_that_isnt_utf_8_is_refused_before_it_is_read(asked, codec, kind):
    for method, body in (("POST", b"login=a"), ("GET", b"")):
        assert asked(method, "/sign-in/", f"{kind}; charset={codec}", body).status_code == 415


@pytest.mark.parametrize("parameters", ["charset*=foo''x", "a*=x; a*0=y", "charset*=utf-8''%ff; charset=hex"])
def test_parameters_that_nobody_can_read_are_refused_too(asked, parameters):
    assert asked("POST", "/sign-in/", f"text/plain; {parameters}", b"a=b").status_code == 415
    assert asked("GET", "/api/v2/general/maintenance", f"text/plain; {parameters}").status_code in (200, 415)


def test_so_are_those_of_a_part_of_a_form(asked):
    part = b'--x\r\nContent-Disposition: form-data; name="a"; a*=x; a*0=y\r\n\r\nb\r\n--x--\r\n'
    assert asked("POST", "/sign-in/", "multipart/form-data; boundary=x", part).status_code in (400, 403)


@pytest.mark.parametrize("kind", ["; charset=utf-8", '; charset="UTF-8"', ";charset=utf8", ""])
def test_utf_8_is_taken(asked, kind):
    answer = asked("POST", "/sign-in/", f"application/x-www-form-urlencoded{kind}", "login=é".encode())
    assert answer.status_code == 403  # it is read, and found to have no CSRF token


@pytest.mark.parametrize("codec", CODECS)
def test_the_merchant_api_refuses_it_in_its_own_form(asked, codec):
    answer = asked("GET", "/api/v2/general/maintenance", f"text/plain; charset={codec}")
    assert answer.status_code == 415
    assert json.loads(answer.content)["name"] == "Unsupported Media Type"


def test_no_header_of_a_client_says_where_we_are():
    command = processes.web()
    assert command[command.index("--forwarder-headers") + 1] == ""


# --- What is away (A9, A8; production.md 4, 6) ---------------------------------------------------------------------


def raising(error):
    def broken(*args, **kwargs):
        raise error

    return broken


def away(message="server closed the connection unexpectedly"):
    return OperationalError(message)


AWAY = [away(), InterfaceError("connection already closed"), OSError(errno.ENOSPC, "No space left on device")]


@pytest.mark.parametrize("error", [*AWAY, redis.ConnectionError("gone"), redis.TimeoutError("gone")], ids=repr)
@pytest.mark.parametrize(
    "place", ["deposits.overview.views.render", "django.contrib.sessions.middleware.SessionMiddleware.process_request"]
)
def test_what_is_away_is_said_with_503_and_when_to_come_back(web, monkeypatch, error, place):
    web.raise_request_exception = False
    monkeypatch.setattr(place, raising(error))
    answer = web.get("/deposit/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "FlipDash can’t be reached for a moment" in answer.content.decode()


def stopped():
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = QueryCanceled()
    return error


def locked():
    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = LockNotAvailable()
    return error


@pytest.mark.parametrize("error", [locked(), db.Busy()], ids=repr)
def test_what_somebody_else_holds_is_not_said_to_be_away(web, monkeypatch, error):
    web.raise_request_exception = False
    monkeypatch.setattr("deposits.overview.views.render", raising(error))
    answer = web.get("/deposit/")
    said = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Something large is being done for your business just now" in said
    assert "can’t be reached" not in said


@pytest.mark.parametrize("error", [ValueError("ours"), OSError(errno.ENOENT, "no such file"), stopped()], ids=repr)
def test_what_we_did_wrong_stays_a_500_and_has_its_number(web, monkeypatch, error):
    web.raise_request_exception = False
    monkeypatch.setattr("deposits.overview.views.render", raising(error))
    answer = web.get("/deposit/")
    assert answer.status_code == 500
    assert answer["Request-Id"] in answer.content.decode()


@pytest.mark.parametrize(("error", "status"), [(away(), 503), (ValueError("ours"), 500)])
def test_the_merchant_api_says_so_in_its_own_form(client, monkeypatch, error, status):
    client.raise_request_exception = False
    monkeypatch.setattr("developer.api.door.admitted", raising(error))
    answer = client.get("/api/v2/general/balance", headers={"Authorization": "Basic eDo="})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.fixture
def no_database(monkeypatch):
    for alias in connections:
        monkeypatch.setattr(connections[alias], "cursor", raising(away()))


def test_live_answers_whoever_asks_and_whatever_is_away(web, no_database, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["pay.example"]
    assert web.get("/health/live", headers={"Host": "10.0.0.7"}).json() == {"status": "live"}
    answer = web.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"database": "unreachable"})


def test_ready_is_about_postgres_alone(client, monkeypatch):
    monkeypatch.setattr(redis.Redis, "execute_command", raising(redis.ConnectionError("gone")))
    assert client.get("/health/ready").json() == {"database": "ok"}
    assert client.post("/health/ready").status_code == 405


def test_connections_are_told_how_long_they_may_wait(settings):
    settings.DATABASE_BOUNDS = {"default": {"statement_timeout": 1_500, "idle_in_transaction_session_timeout": 90_000}}
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            names = "statement_timeout", "idle_in_transaction_session_timeout"
            cursor.execute("SELECT current_setting(%s), current_setting(%s)", names)
            assert cursor.fetchone() == ("1500ms", "90s")
    finally:
        other.close()
    for alias in ours.DATABASES:
        assert ours.DATABASES[alias]["OPTIONS"]["tcp_user_timeout"] == 10_000


def test_web_alone_bounds_its_statements_and_a_command_beside_it_does_not(monkeypatch):
    """`docker compose exec web python manage.py import_history` has the environment of web's container."""
    monkeypatch.setenv("STATEMENT_TIMEOUT_MS", "")
    monkeypatch.setenv("RES_OPTIONS", "")
    for name, process in processes.ALL.items():
        monkeypatch.setattr(module, "DATABASE_BOUNDS", {"default": {"statement_timeout": 0}})
        process.set_environment()
        process.bound_statements()
        assert module.DATABASE_BOUNDS["default"]["statement_timeout"] == (30_000 if name == "web" else 0), name
        assert module.DATABASE_BOUNDS["default"].get("lock_timeout") == (5_000 if name == "web" else None), name
    monkeypatch.setenv("STATEMENT_TIMEOUT_MS", "1")
    found = runpy.run_path(module.__file__)
    assert found["DATABASE_BOUNDS"]["default"]["statement_timeout"] == 0


# --- What is written down (A15; production.md 5) -------------------------------------------------------------------


@pytest.fixture
def lines():
    written = []
    logger = logging.getLogger("flipdash.serving.requests")
    before = logger.level
    logger.setLevel(logging.INFO)
    handler = logging.Handler()
    handler.emit = lambda record: written.append(json.loads(MaskedLines().format(record)))
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_each_request_is_one_line(web, admin, kopi_kita, lines):
    transfer = make_transfer(kopi_kita, mode="test")
    answer = web.get(f"/test/money-transfers/{transfer.pk}/?list=q%3Dsecret-name")
    [line] = lines
    assert line["request"] == answer["Request-Id"]
    assert line["time"].endswith("+00:00")
    assert line["statements"] > 3
    assert line["milliseconds"] > 0
    assert {name: line[name] for name in ("method", "route", "mode", "status", "business", "person")} == {
        "method": "GET",
        "route": "transactions:transfer-detail",
        "mode": "test",
        "status": 200,
        "business": kopi_kita.pk,
        "person": admin.user_id,
    }
    assert "secret-name" not in json.dumps(line)
    assert str(transfer.pk) not in json.dumps(line)


def test_a_request_of_nobody_and_of_no_route_is_a_line_too(client, lines):
    client.generic("FOO", "/nowhere/Rp1/")
    [line] = lines
    assert (line["method"], line["route"], line["status"], line["business"]) == ("other", "", 404, None)


def test_a_call_of_the_merchant_api_has_one_number_only(client, lines):
    answer = client.get("/api/v2/general/maintenance")
    assert [line["request"] for line in lines] == [answer["Request-Id"]]


def test_every_answer_keeps_to_our_own_site(web, client):
    for answer in (web.get("/deposit/"), client.get("/nowhere/"), client.get("/sign-in/")):
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def record(message, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("any", logging.WARNING, __file__, 1, message, (), info)


def opening():
    """The addresses that open something for whoever has them, found by the names of their parts."""

    def walk(patterns, before=""):
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and any(f":{name}>" in path for name in ("token", "key", "slug")):
                yield path

    return sorted(set(walk(get_resolver().url_patterns)))


def test_no_link_that_opens_something_stands_in_a_log():
    paths = [path for path in opening() if not path.startswith(("admin/", "views/"))]
    assert {"invitations/<str:token>/", "account/password/<str:uidb36>/<str:key>/"} <= set(paths)
    for path in paths:
        said = "Forbidden: /" + path.replace("<str:uidb36>", "3")
        for name in ("token", "key", "slug"):
            said = said.replace(f"<str:{name}>", "SUWs-Very1Secret").replace(f"<slug:{name}>", "SUWs-Very1Secret")
        for formatter in (Masked(), MaskedLines()):
            assert "Very1Secret" not in formatter.format(record(said, ValueError(said))), path


def test_a_line_is_json_in_utc_with_its_traceback():
    line = json.loads(Lines().format(record('said "so"\n', ValueError("why"))))
    assert line["message"] == 'said "so"\n'
    assert "ValueError: why" in line["traceback"]
    assert line["level"] == "warning"


def test_workers_and_beat_write_as_the_web_does():
    """Celery would put a writer of its own there, which masks nothing and tells of each sweep."""
    said = run(
        "import flipdash.celery as c, logging; c.app.log.setup('INFO'); print(logging.root.handlers[0].formatter)"
    )
    assert "developer.calls.logs.Masked" in said


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"BEHIND_PROXY": "off"}, "0"),
        ({"BEHIND_PROXY": "on"}, "1"),
        ({"BEHIND_PROXY": "on", "TRUSTED_PROXIES": ""}, "1"),
        ({"BEHIND_PROXY": "on", "TRUSTED_PROXIES": "2"}, "2"),
    ],
)
def test_one_proxy_is_trusted_where_there_is_one(given, expected):
    assert (
        run("from flipdash import settings; print(settings.ALLAUTH_TRUSTED_PROXY_COUNT)", **given).strip() == expected
    )


@pytest.mark.parametrize(
    ("trusted", "address", "forwarded", "warnings"),
    [
        (0, "172.17.0.1", "203.0.113.7", 1),
        (0, "127.0.0.1", "203.0.113.7", 1),
        (1, "172.17.0.1", "203.0.113.7", 0),
        (0, "9.9.9.9", "127.0.0.1", 0),
        (0, "", "203.0.113.7", 0),
        (0, "172.17.0.1", None, 0),
    ],
)
def test_a_proxy_that_nobody_believes_is_told_of_once(settings, rf, lines, trusted, address, forwarded, warnings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = trusted
    given = {"REMOTE_ADDR": address} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    middleware = requests.RequestLogMiddleware(lambda request: HttpResponse())
    for _ in range(2):
        middleware(rf.get("/", **given))
    told = [line["message"] for line in lines if line["level"] == "warning"]
    assert len(told) == warnings
    assert all(address in message and "BEHIND_PROXY=on" in message for message in told)


BREAKS = """
def application(environ, start):
    start("200 OK", [("Content-Length", "9")])
    yield b"half"
    raise OSError("the disk /receipts/SUWs-Very1Secret/")
"""


def test_gunicorns_lines_are_as_all_others(tmp_path):
    """JSON in UTC, a line for each, masked, from both kinds of its processes: of starts, ends, and what broke."""
    (tmp_path / "breaks.py").write_text(BREAKS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**SAFE, **SERVICES, "PYTHONPATH": f"{ROOT}:{tmp_path}", "BIND": f"127.0.0.1:{port}"}
    command = processes.web()
    command[1:2] = ["breaks"]
    command[command.index("--bind") + 1] = environment["BIND"]
    web = subprocess.Popen(
        [sys.executable, "-m", *command, "--workers", "1"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        first = web.stderr.readline()
        lines = [first]
        while "Booting worker" not in lines[-1]:
            lines.append(web.stderr.readline())
            assert lines[-1], lines
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as asked, suppress(Exception):
            asked.request("GET", "/receipts/SUWs-Very1Secret/?search=Typed1Words")
            asked.getresponse().read()
    finally:
        web.terminate()
        rest = web.communicate(timeout=30)[1]
    written = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert all(line["time"].endswith("+00:00") and line["logger"] == "gunicorn.error" for line in written)
    assert {"info", "error"} <= {line["level"] for line in written}
    [broken] = [line for line in written if "traceback" in line]
    assert "OSError: the disk" in broken["traceback"]
    assert not any(word in str(written) for word in ("Very1Secret", "Typed1Words"))


def test_what_gunicorn_repeats_of_an_address_ends_before_what_was_typed():
    said = record("Error handling request %s %s")
    said.args = ("GET", "/transfers/?search=Typed1Words")
    assert without_what_was_typed(said)
    assert said.getMessage() == "Error handling request GET /transfers/?…"


def run(program, **environment):
    """Run a program of Python in a process of its own, and return what it prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment).stdout
