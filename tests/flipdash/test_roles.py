"""A role that passes row level security serves nothing, whichever variable names it."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections

from flipdash import roles
from flipdash.roles import WrongRole, prove, prove_same
from tests.deposits.conftest import connect
from tests.test_project import ROOT

pytestmark = pytest.mark.django_db
OPERATOR = "flipdash_operator"


@pytest.fixture
def connected():
    opened = []

    def open_as(role):
        opened.append(connect(role))
        return opened[-1]

    yield open_as
    for one in opened:
        one.close()


def test_right_ones_are_proved(connected):
    prove("default", connected("app"), OPERATOR)
    prove("operator", connected("operator"), OPERATOR)
    prove_same(connected("app"), connected("operator"))


@pytest.mark.parametrize(
    ("alias", "role", "words"),
    [
        ("default", "superuser", "^DATABASE_URL connects as postgres, which is a superuser"),
        ("default", "owner", "^DATABASE_URL connects as flipdash_owner, which may act as the owner"),
        ("default", "operator", "^DATABASE_URL connects as flipdash_operator, which may act as the operator"),
        ("operator", "superuser", "^DATABASE_OPERATOR_URL connects as postgres, which is a superuser"),
        ("operator", "owner", "^DATABASE_OPERATOR_URL connects as flipdash_owner, which may act as the owner"),
    ],
)
def test_a_role_that_may_more_is_named_with_its_variable(connected, alias, role, words):
    with pytest.raises(WrongRole, match=words):
        prove(alias, connected(role), OPERATOR)


def test_one_that_only_seems_to_be_another_is_seen(connected):
    """Whoever became the app role by SET ROLE may become a superuser again."""
    one = connected("superuser")
    one.execute("SET ROLE flipdash_app")
    with pytest.raises(WrongRole, match="is a superuser"):
        prove("default", one, OPERATOR)


def test_the_walls_themselves_may_not_be_passed(connected):
    one = connected("superuser")
    one.execute("CREATE ROLE passes BYPASSRLS; SET SESSION AUTHORIZATION passes")  # and never committed
    with pytest.raises(WrongRole, match="connects as passes, which bypasses row level security"):
        prove("default", one, OPERATOR)


def test_two_databases_are_told_apart(connected):
    there = connected("superuser").info.dsn
    with (
        psycopg.connect(there, dbname="postgres") as other,
        pytest.raises(WrongRole, match="are different databases"),
    ):
        prove_same(connected("operator"), other)


def test_the_first_connection_is_proved_and_a_bad_one_is_closed(monkeypatch, caplog):
    connection.ensure_connection()
    assert "default" in roles._proved
    monkeypatch.setattr(roles, "_proved", set())

    def refuse(*words):
        raise WrongRole("which may too much")

    closed = []
    monkeypatch.setattr(roles, "prove", refuse)
    opened = connections["default"]
    monkeypatch.setattr(opened, "close", lambda: closed.append(opened.alias))
    with pytest.raises(WrongRole):
        roles.prove_first_connection(type(opened), opened)
    assert closed == ["default"]
    assert roles._proved == set()
    assert "which may too much" in caplog.text


def test_a_process_with_a_superuser_serves_nothing():
    name = f"/{connection.settings_dict['NAME']}"
    url = urlsplit(os.environ["FLIPDASH_SUPERUSER_URL"])._replace(path=name).geturl()
    program = (
        "import django; django.setup(); from flipdash.serving import health; print(health.ready(None).status_code)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "flipdash.settings", "DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "503\n", done.stderr
    assert "DATABASE_URL connects as postgres, which is a superuser" in done.stderr
