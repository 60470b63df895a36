"""A database of another version, or half of one, is said plainly, and nothing of it is changed."""

import os

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from flipdash.sql.history import Unusable


def all_tables(cursor):
    cursor.execute("SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY 1, 2")
    tables = cursor.fetchall()
    cursor.execute("SELECT app, name, applied FROM django_migrations ORDER BY id")
    return tables, cursor.fetchall()


SPOILT = {
    "older": (
        "UPDATE django_migrations SET name = '0001_ground' WHERE app = 'flipdash'",
        "made by an older version of FlipDash, by flipdash.0001_ground for one",
    ),
    "newer": (
        "INSERT INTO django_migrations (app, name, applied) VALUES ('deposits', '9001_interest', now())",
        "made by a newer version of FlipDash, by deposits.9001_interest for one",
    ),
    "half noted": (
        "DELETE FROM django_migrations WHERE app = 'accounts'",
        "only half migrated.* before its dependency accounts.0001_initial",
    ),
    "half lost": (
        "DELETE FROM django_migrations WHERE app = 'imports'",
        "only half migrated: nothing notes what made imports_columnmapping.business_id",
    ),
    "half made": (
        "ALTER TABLE transactions_payment DROP COLUMN title CASCADE",
        "other tables than this version: transactions_payment.title is missing",
    ),
}


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize(("spoil", "why"), SPOILT.values(), ids=SPOILT)
def test_what_migrate_cant_go_on_from_is_said_and_left_as_it_is(spoil, why):
    with connections["owner"].cursor() as cursor:
        cursor.execute(spoil)
        before = all_tables(cursor)
        with pytest.raises(Unusable, match=rf"{why}.*Nothing was changed.*make reset"):
            call_command("migrate", verbosity=0)
        assert all_tables(cursor) == before


@pytest.fixture
def empty_database(django_db_setup, django_db_blocker):
    """A database with nothing in it, which is `owner` meanwhile."""
    owner = connections["owner"]
    name = f"{owner.settings_dict['NAME']}_empty"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    make = sql.SQL("CREATE DATABASE {} OWNER flipdash_owner TEMPLATE template0").format(sql.Identifier(name))
    with (
        django_db_blocker.unblock(),
        psycopg.connect(os.environ["FLIPDASH_SUPERUSER_URL"], autocommit=True) as superuser,
    ):
        superuser.execute(drop)
        superuser.execute(make)
        empty = owner.copy()
        empty.settings_dict = owner.settings_dict | {"NAME": name}
        connections["owner"] = empty
        yield empty
        connections["owner"] = owner
        empty.close()
        superuser.execute(drop)


def test_a_migration_that_was_interrupted_goes_on(empty_database, capsys):
    """Without its last app no database code is made yet, and migrate says so; the next one brings all of it."""
    call_command("migrate", "accounts", verbosity=1)
    assert "Some migrations are left" in capsys.readouterr().out
    call_command("migrate", verbosity=1)
    assert "Made deposits/sql/ledger_post.sql" in capsys.readouterr().out
    call_command("migrate", verbosity=1)
    assert "The database code is up to date." in capsys.readouterr().out
    with empty_database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'entry_append_only'")
        assert cursor.fetchone() == (1,)
