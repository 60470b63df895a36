"""What the tests of the ledger share."""

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection, connections

from deposits import ledger
from deposits.ledger import Source, checks
from flipdash import rls

LEDGERS_OWN = checks.registered()[:18]
"""The checks that ask nothing of top-ups and transactions: for tests whose postings are about nothing."""

_numbers = itertools.count(1)


def source(kind: str = "money_transfer") -> Source:
    """A source that nothing was posted for."""
    return Source(kind, next(_numbers))


@pytest.fixture
def inside(scope) -> Iterator[None]:
    """The test sees the rows of Kopi Kita in Live Mode."""
    with rls.inside(scope):
        yield


@pytest.fixture
def top_up(scope, inside) -> Callable[..., ledger.Posted]:
    """Give Kopi Kita a balance."""
    return lambda amount=1_000_000: ledger.top_up(scope, source("top_up"), amount=amount, bank="bca")


@pytest.fixture(scope="module")
def as_operator(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The tests of a module post as the operator, on the connection of whose transaction nothing is left."""
    served, operates = connections["default"].settings_dict, connections["operator"].settings_dict
    own = {name: served[name] for name in ("USER", "PASSWORD")}
    with django_db_blocker.unblock():
        connections["default"].close()
        served.update({name: operates[name] for name in own})
        yield
        connections["default"].close()
        served.update(own)


def check_deferred(using: str = "default") -> None:
    """Ask the checks that wait for COMMIT; in a test it never comes (traps.md)."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def connect(role: str) -> psycopg.Connection:
    """A connection of its own to the test database, as `superuser`, `owner`, `app` or `operator`."""
    names = {"superuser": "FLIPDASH_SUPERUSER_URL", "owner": "DATABASE_OWNER_URL", "app": "DATABASE_URL"}
    url = os.environ[names.get(role, f"DATABASE_{role.upper()}_URL")]
    name = connection.settings_dict["NAME"]
    return psycopg.connect(url.replace("/postgres?", f"/{name}?").replace("/flipdash?", f"/{name}?"))
