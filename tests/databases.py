"""The test database: made once, by its owner; with several processes, each works on a copy of it."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.test.utils import setup_databases, teardown_databases

from deposits import demo
from tests.superuser import connect


@contextmanager
def made() -> Iterator[None]:
    """Make one test database as its owner, which the other aliases mirror."""
    config = setup_databases(verbosity=0, interactive=False, aliases=set(connections))
    demo.add_bank_accounts(using="owner")
    let_tests_make_staff()
    connections.close_all()  # or it could be neither copied nor dropped
    yield
    connections.close_all()
    teardown_databases(config, verbosity=0)


def let_tests_make_staff() -> None:
    """Make `tests.make_staff`: the app role may make nobody the operator's, and what another role makes a test that
    never commits can't see."""
    with connect("FLIPDASH_SUPERUSER_URL") as superuser:
        superuser.execute(
            "CREATE SCHEMA tests; GRANT USAGE ON SCHEMA tests TO flipdash_app; "
            "CREATE FUNCTION tests.make_staff(p_user bigint, p_is boolean DEFAULT true) RETURNS void "
            "LANGUAGE sql SECURITY DEFINER "
            "SET search_path = pg_catalog SET session_replication_role = replica "
            "AS $$ UPDATE public.accounts_user SET is_staff = p_is WHERE id = p_user $$"
        )


@contextmanager
def copied(suffix: str) -> Iterator[None]:
    """Work on a copy of the test database that another process has made."""
    owner = connections["owner"]
    template = TEST_DATABASE_PREFIX + owner.settings_dict["NAME"]
    owner.settings_dict["NAME"] = template
    owner.creation.clone_test_db(suffix, verbosity=0)
    for connection in connections.all():
        connection.settings_dict["NAME"] = f"{template}_{suffix}"
    yield
    connections.close_all()
    end_sessions(f"{template}_{suffix}")
    owner.settings_dict["NAME"] = template
    owner.creation.destroy_test_db(suffix=suffix, verbosity=0)


def end_sessions(database: str) -> None:
    """End what still uses a database that is to be dropped: a worker of the last test may be a moment late."""
    with psycopg.connect(os.environ["FLIPDASH_SUPERUSER_URL"], autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database])


SMALL = 2**20  # bytes: to truncate a table costs more than to delete so few rows, but takes the room of dead ones back


def empty(superuser: psycopg.Connection, *, but: Collection[str]) -> None:
    """Empty the tables that have rows: most tests write to few of them."""
    tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    each = " UNION ALL ".join(
        f"SELECT '{table}', pg_relation_size('{table}') WHERE EXISTS (SELECT FROM \"{table}\")"
        for (table,) in tables
        if table not in but
    )
    used = dict(superuser.execute(each).fetchall())
    with superuser.transaction():
        large = ", ".join(f'"{table}"' for table, size in used.items() if size > SMALL)
        if large:
            superuser.execute(f"TRUNCATE {large} CASCADE")
        for table, size in used.items():
            if size <= SMALL:
                superuser.execute(f'DELETE FROM "{table}"')
