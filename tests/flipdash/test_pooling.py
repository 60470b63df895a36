"""A pooler that shares server processes between transactions opens row level security: nothing is served behind one."""

from itertools import cycle

import pytest
from django.db import connection, connections

from flipdash import pooling
from flipdash.pooling import PooledByTransaction, Raw, prove
from tests.deposits.conftest import connect


@pytest.fixture
def servers():
    """Three server processes, as a pooler has them."""
    opened = [connect("app") for _number in range(3)]
    for server in opened:
        server.autocommit = True
    yield opened
    for server in opened:
        server.close()


class Pooled:
    """A client of a pooler by transaction: each statement is run by whichever process is next."""

    def __init__(self, servers):
        self.servers = servers

    def first(self, statement, values):
        return Raw(next(self.servers)).first(statement, values)


@pytest.mark.django_db
def test_two_sessions_of_their_own_are_proved(servers):
    prove(Raw(servers[0]), Raw(servers[1]))


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 3])
def test_processes_that_are_shared_are_refused(servers, size):
    """One process for all; two that are handed out in turn, so that each client always meets the same; and three."""
    shared = cycle(servers[:size])
    with pytest.raises(PooledByTransaction):
        prove(Pooled(shared), Pooled(shared))


@pytest.mark.django_db
def test_settings_that_are_wiped_between_transactions_are_refused(servers):
    """A pooler may reset a process after each transaction: then the setting is gone before the next query."""

    class Wiped(Raw):
        def first(self, statement, values):
            row = super().first(statement, values)
            self.connection.execute("RESET ALL")
            return row

    with pytest.raises(PooledByTransaction):
        prove(Wiped(servers[0]), Wiped(servers[1]))


@pytest.mark.django_db
def test_the_first_connection_of_a_process_is_proved_and_a_bad_one_is_closed(monkeypatch, caplog):
    connection.ensure_connection()
    assert pooling._proved == {"default"}
    monkeypatch.setattr(pooling, "_proved", set())

    def refuse(one, other):
        raise PooledByTransaction("pooled")

    closed = []
    monkeypatch.setattr(pooling, "prove", refuse)
    opened = connections["default"]
    monkeypatch.setattr(opened, "close", lambda: closed.append(opened.alias))
    with pytest.raises(PooledByTransaction):
        pooling.prove_first_connection(type(opened), opened)
    assert closed == ["default"]
    assert pooling._proved == set()
    assert "pooled" in caplog.text
